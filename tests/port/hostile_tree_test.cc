// SPDX-License-Identifier: Apache-2.0
// What a container that may write into its log directory can plant there, on
// every file system at hand: the posix log file system reads nothing outside the
// root and hangs on nothing (reliability.md S1, S2, B1 to B6).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <tuple>
#include <vector>

#include "engine/port/posix_log_file_system.h"
#include "tests/port/log_tree.h"

namespace podtail {
namespace {

constexpr char kCanary[] = "canary: no reader may see this";

std::vector<std::string> Places() {
  std::vector<std::string> places = {std::filesystem::current_path()};
  if (access("/dev/shm", W_OK) == 0) places.emplace_back("/dev/shm");
  return places;
}

class HostileTree : public testing::TestWithParam<std::tuple<BeneathMethod, std::string>> {
 protected:
  HostileTree() { tree_.WriteOutside("secret", kCanary); }

  // Open, Stat and (where it must be no directory either) List refuse `path`.
  void ExpectRefused(const std::string& path) {
    const auto opened = files_->Open(tree_.root(), path);
    EXPECT_EQ(CodeOf(opened), StatusCode::kFailedPrecondition) << path << MessageOf(opened);
    const auto found = files_->Stat(tree_.root(), path);
    EXPECT_EQ(CodeOf(found), StatusCode::kFailedPrecondition) << path << MessageOf(found);
  }

  LogTree tree_{std::get<1>(GetParam())};
  std::unique_ptr<LogFileSystem> files_ = NewPosixLogFileSystem(std::get<0>(GetParam()));
};

INSTANTIATE_TEST_SUITE_P(
    By, HostileTree,
    testing::Combine(testing::Values(BeneathMethod::kOpenat2, BeneathMethod::kWalk),
                     testing::ValuesIn(Places())),
    [](const testing::TestParamInfo<HostileTree::ParamType>& suite) {
      const bool tmpfs = std::get<1>(suite.param) == "/dev/shm";
      return std::string(std::get<0>(suite.param) == BeneathMethod::kWalk ? "Walk" : "Openat2") +
             (tmpfs ? "InShm" : "Here");
    });

TEST_P(HostileTree, LinksAtTheEndOfAPathAreNotFollowed) {
  tree_.Write("pod/real.log", "x");
  std::filesystem::create_symlink(tree_.outside() + "/secret", tree_.At("pod/0.log"));
  std::filesystem::create_symlink("../../outside/secret", tree_.At("pod/1.log"));
  std::filesystem::create_symlink("real.log", tree_.At("pod/2.log"));
  std::filesystem::create_symlink("nowhere", tree_.At("pod/3.log"));
  std::filesystem::create_symlink("4.log", tree_.At("pod/4.log"));
  for (int i = 0; i < 5; ++i) ExpectRefused("pod/" + std::to_string(i) + ".log");
  EXPECT_EQ(MessageOf(files_->Stat(tree_.root(), "pod/0.log")),
            "stat " + tree_.At("pod/0.log") + ": not a regular file but a symbolic link");
}

TEST_P(HostileTree, LinksOnTheWayAreNotFollowed) {
  tree_.Write("pod/web/0.log", "x");
  tree_.WriteOutside("pod/web/0.log", kCanary);
  std::filesystem::create_directory_symlink(tree_.outside() + "/pod", tree_.At("pod1"));
  std::filesystem::create_directory_symlink("web", tree_.At("pod/link"));
  ExpectRefused("pod1/web/0.log");
  ExpectRefused("pod/link/0.log");
  for (const char* path : {"pod1", "pod1/web", "pod/link"}) {
    EXPECT_EQ(CodeOf(files_->List(tree_.root(), path)), StatusCode::kFailedPrecondition) << path;
  }
  EXPECT_EQ(CodeOf(files_->ReadLink(tree_.root(), "pod1/web")), StatusCode::kFailedPrecondition);
}

TEST_P(HostileTree, MagicLinksAreNotFollowed) {
  const FileDescriptor secret(open((tree_.outside() + "/secret").c_str(), O_RDONLY | O_CLOEXEC));
  const std::string path = "fd/" + std::to_string(secret.get());
  EXPECT_EQ(CodeOf(files_->Open("/proc/self", path)), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(files_->List("/proc/self", "cwd")), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(files_->List("/proc/self", "root/etc")), StatusCode::kFailedPrecondition);
}

TEST_P(HostileTree, LinksAreReadAsText) {
  const std::string odd = "/var/lib/\x1b[31m\n\xff";
  std::filesystem::create_symlink(odd, tree_.At("0.log"));
  EXPECT_EQ(files_->ReadLink(tree_.root(), "0.log").value(), odd);
  const std::string longest(4095, 't');
  std::filesystem::create_symlink(longest, tree_.At("1.log"));
  EXPECT_EQ(files_->ReadLink(tree_.root(), "1.log").value(), longest);
  tree_.Write("2.log", "x");
  EXPECT_EQ(CodeOf(files_->ReadLink(tree_.root(), "2.log")), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(files_->ReadLink(tree_.root(), "")), StatusCode::kFailedPrecondition);
}

TEST_P(HostileTree, PathsThatLeadOutAreRefused) {
  tree_.Write("pod/0.log", "x");
  const std::string paths[] = {"..",
                               "../outside/secret",
                               "pod/../../outside/secret",
                               "pod/..",
                               "pod/../pod/0.log",
                               "/",
                               tree_.outside() + "/secret",
                               std::string("pod/0.log\0", 10)};
  for (const std::string& path : paths) {
    ExpectRefused(path);
    EXPECT_EQ(CodeOf(files_->List(tree_.root(), path)), StatusCode::kFailedPrecondition) << path;
  }
}

// B2: opening a FIFO without O_NONBLOCK waits for a writer for ever.
TEST_P(HostileTree, NothingButRegularFilesIsOpened) {
  std::filesystem::create_directory(tree_.At("dir.log"));
  ASSERT_EQ(mkfifo(tree_.At("fifo.log").c_str(), 0666), 0);
  ASSERT_EQ(mknod(tree_.At("socket.log").c_str(), S_IFSOCK | 0666, 0), 0);
  for (const char* path : {"dir.log", "fifo.log", "socket.log", ""}) ExpectRefused(path);
  EXPECT_EQ(MessageOf(files_->Open(tree_.root(), "fifo.log")),
            "open " + tree_.At("fifo.log") + ": not a regular file but a FIFO");
  if (mknod(tree_.At("device.log").c_str(), S_IFCHR | 0666, makedev(1, 5)) != 0) {
    GTEST_SKIP() << "devices not tried: creating one takes more rights";
  }
  ExpectRefused("device.log");
}

// A FIFO's writer waits for a reader: opening it, if only to close it again,
// would let it go on and then kill it.
TEST_P(HostileTree, AFifoIsRefusedWithoutBeingOpened) {
  ASSERT_EQ(mkfifo(tree_.At("0.log").c_str(), 0666), 0);
  std::atomic<bool> stop = false;
  std::atomic<int> readers_seen = 0;
  std::thread writer([&] {
    while (!stop) {
      const FileDescriptor fd(open(tree_.At("0.log").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
      if (fd.valid()) ++readers_seen;
    }
  });
  for (int i = 0; i < 2000; ++i) EXPECT_FALSE(files_->Open(tree_.root(), "0.log").has_value());
  stop = true;
  writer.join();
  EXPECT_EQ(readers_seen, 0);
}

// Exchanges `a` and `b` so many times, or as often as 5 s allow on a slow disk, while
// `look` runs again and again.
template <class Look>
void WhileSwapping(const std::string& a, const std::string& b, int swaps, Look look) {
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::thread swapper([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (int i = 0; i < swaps && std::chrono::steady_clock::now() < end; ++i) {
      failures += renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0;
    }
    done = true;
  });
  while (!done) look();
  swapper.join();
  EXPECT_EQ(failures, 0);
}

// B1, I11: what is looked at and what is opened may differ.
TEST_P(HostileTree, NoSwapOfFileAndLinkLeadsOut) {
  tree_.Write("pod/0.log", "good");
  std::filesystem::create_symlink(tree_.outside() + "/secret", tree_.At("pod/link"));
  std::size_t opened = 0;
  std::size_t refused = 0;
  WhileSwapping(tree_.At("pod/0.log"), tree_.At("pod/link"), 100'000, [&] {
    auto file = files_->Open(tree_.root(), "pod/0.log");
    if (file) {
      EXPECT_EQ(ReadAll(file->get()), "good");
    } else {
      EXPECT_EQ(CodeOf(file), StatusCode::kFailedPrecondition) << MessageOf(file);
    }
    ++(file ? opened : refused);
  });
  RecordProperty("opened", std::to_string(opened));
  RecordProperty("refused", std::to_string(refused));
}

TEST_P(HostileTree, NoSwapOfDirectoryAndLinkLeadsOut) {
  tree_.Write("pod/web/0.log", "good");
  tree_.WriteOutside("web/0.log", kCanary);
  tree_.WriteOutside("web/only-outside.log", kCanary);
  std::filesystem::create_directory_symlink(tree_.outside() + "/web", tree_.At("pod/link"));
  WhileSwapping(tree_.At("pod/web"), tree_.At("pod/link"), 20'000, [&] {
    auto file = files_->Open(tree_.root(), "pod/web/0.log");
    if (file) {
      EXPECT_EQ(ReadAll(file->get()), "good");
    }
    const auto entries = files_->List(tree_.root(), "pod/web");
    if (entries) {
      EXPECT_EQ(entries->size(), 1u);
    }
  });
}

TEST_P(HostileTree, NoSwapOfFileAndFifoHangs) {
  tree_.Write("0.log", "good");
  ASSERT_EQ(mkfifo(tree_.At("fifo").c_str(), 0666), 0);
  WhileSwapping(tree_.At("0.log"), tree_.At("fifo"), 20'000, [&] {
    auto file = files_->Open(tree_.root(), "0.log");
    if (file) {
      EXPECT_EQ(ReadAll(file->get()), "good");
    }
  });
}

// B5, B6: rights that come and go.
TEST_P(HostileTree, PermissionDeniedIsUnavailableUntilItIsGranted) {
  if (geteuid() != 0) GTEST_SKIP() << "takes root to become another user";
  tree_.Write("0.log", "later");
  ASSERT_EQ(chmod(tree_.At("0.log").c_str(), 0600), 0);
  const int failed_step = InChild([&] {
    constexpr uid_t kNobody = 65534;
    if (chdir(tree_.root().c_str()) != 0 || setegid(kNobody) != 0 || seteuid(kNobody) != 0)
      return 1;
    const auto refused = files_->Open(".", "0.log");
    if (CodeOf(refused) != StatusCode::kUnavailable) return 2;
    if (MessageOf(refused) != "open ./0.log: Permission denied") return 3;
    if (!files_->Stat(".", "0.log")) return 4;  // looking takes no right to read
    if (seteuid(0) != 0 || chmod("0.log", 0644) != 0 || seteuid(kNobody) != 0) return 5;
    auto granted = files_->Open(".", "0.log");
    if (!granted) return 6;
    if (seteuid(0) != 0 || chmod("0.log", 0) != 0 || seteuid(kNobody) != 0) return 7;
    if (ReadAll(granted->get()) != "later") return 8;
    return CodeOf(files_->Open(".", "0.log")) == StatusCode::kUnavailable ? 0 : 9;
  });
  EXPECT_EQ(failed_step, 0);
}

// From here on openat2(2) answers `error` in this process. 0 or errno.
int DenyOpenat2(unsigned error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 ? 0 : errno;
}

// S2: old kernels answer ENOSYS, the seccomp filters of old runtimes EPERM.
TEST_P(HostileTree, WorksWhereOpenat2IsMissingOrRefused) {
  tree_.Write("pod/0.log", "good");
  std::filesystem::create_symlink(tree_.outside() + "/secret", tree_.At("pod/1.log"));
  std::filesystem::create_directory_symlink(tree_.outside(), tree_.At("out"));
  for (const unsigned error : {unsigned{ENOSYS}, unsigned{EPERM}}) {
    const int failed_step = InChild([&] {
      if (DenyOpenat2(error) != 0) return 1;
      if (ReadFile(files_.get(), tree_.root(), "pod/0.log") != "good") return 2;
      const auto link = files_->Open(tree_.root(), "pod/1.log");
      if (CodeOf(link) != StatusCode::kFailedPrecondition) return 3;
      const auto way = files_->Open(tree_.root(), "out/secret");
      if (CodeOf(way) != StatusCode::kFailedPrecondition) return 4;
      if (CodeOf(files_->Open(tree_.root(), "pod/2.log")) != StatusCode::kNotFound) return 5;
      return files_->List(tree_.root(), "pod") ? 0 : 6;
    });
    EXPECT_EQ(failed_step, 0) << "errno " << error;
  }
}

}  // namespace
}  // namespace podtail
