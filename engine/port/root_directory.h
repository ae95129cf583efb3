// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_ROOT_DIRECTORY_H_
#define PODTAIL_ENGINE_PORT_ROOT_DIRECTORY_H_
// A directory beneath which files are opened, and nothing else.
//
//   root, as the user named it        followed wherever it leads, links included
//   path, as containers made it       no link, no "..", no way out
//
// Containers may write into their log directories. Whatever they plant there, a
// link above all, must not make podtail, which often runs as root, read a file
// elsewhere on the node. Two ways lead to the same promise: openat2(2), one call
// that the kernel keeps, and, where a kernel or a seccomp filter has no openat2,
// one openat(2) with O_NOFOLLOW per component.
//
// Errors are errno values here; errno_status.h turns them into words. Links answer
// ELOOP or EXDEV, and so do ".." and absolute paths, in both ways.
// Not thread-safe.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/port/file_descriptor.h"
#include "podtail/log_file_system.h"

namespace podtail {

enum class BeneathMethod : std::uint8_t {
  kOpenat2 = 1,  // and the walk where openat2 is missing or refused
  kWalk = 2,
};

class RootDirectory {
 public:
  RootDirectory(std::string root, BeneathMethod method) : root_(std::move(root)), method_(method) {}

  const std::string& root() const noexcept { return root_; }
  // For messages: the root with `path` behind it.
  std::string Describe(std::string_view path) const;

  // Looks the root up again, so that one that was made anew is noticed. 0 or errno.
  int Reopen();
  // Opens `path` with O_CLOEXEC and `flags`; "" is the root itself. Opens the
  // root if that was not done yet. With O_PATH | O_NOFOLLOW a link at the end of
  // the path is itself opened. 0 or errno.
  int Open(const std::string& path, int flags, FileDescriptor* opened);

 private:
  int OpenByWalk(const std::string& path, int flags, FileDescriptor* opened) const;

  std::string root_;
  BeneathMethod method_;
  FileDescriptor fd_;  // O_PATH; none until it is needed
};

// The entries of an open directory, which is consumed, without "." and "..",
// sorted by name. 0 or errno.
int ReadEntries(FileDescriptor directory, std::vector<DirectoryEntry>* entries);
// What readdir(3) says a name is, or, where it does not know, what stat says.
// False: the name is gone.
bool KindOf(int directory, const char* name, unsigned char d_type, FileKind* kind);

}  // namespace podtail
#endif
