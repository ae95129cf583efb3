// SPDX-License-Identifier: Apache-2.0
// Runs a program in a world without openat2(2) (reliability.md S2).
//
//   without_openat2 missing PROGRAM...    as before Linux 5.6: ENOSYS
//   without_openat2 refused PROGRAM...    as under the seccomp filter of an old runtime: EPERM
//
// Exit status 77 where no filter may be installed, otherwise that of the program.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>
#include <string_view>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const unsigned error = std::string_view(argv[1]) == "missing" ? ENOSYS : EPERM;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 77;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 77;
  // Else the program would prove nothing.
  open_how how{};
  how.flags = O_PATH;
  if (syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) != -1) return 3;
  if (errno != static_cast<int>(error)) return 4;
  execv(argv[2], argv + 2);
  return 5;
}
