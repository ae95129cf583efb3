// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_LOG_FILE_SYSTEM_H_
#define PODTAIL_LOG_FILE_SYSTEM_H_
// The read-only slice of an operating system that tailing needs. The tailer
// cannot write: there is no method for it.
//
// Every call names a root and a path beneath it and follows no symbolic link
// and no "..": what lies outside cannot be opened, whatever a container plants
// among its logs. A link is read as text; where it may lead is the tailer's
// decision. kNotFound means gone since it was listed: not worth a message.
// Not thread-safe; one per engine.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/tick.h"
namespace podtail {

// What can be told of a file without reading it.
struct FileStat {
  std::uint64_t inode = 0;              // given to another file after deletion
  Timestamp birth_time{};               // the epoch: this file system has none
  std::uint64_t handle_generation = 0;  // 0: this file system has none
  std::uint64_t device = 0;             // changes over reboots
  std::uint64_t size = 0;               // bytes on disk: compressed ones, if it is
  Timestamp modify_time{};              // a reason to look, never identity
  bool deleted = false;                 // no name left
};

enum class FileKind : std::uint8_t { kRegular = 1, kDirectory = 2, kLink = 3, kOther = 4 };
// What a listing says; the file may be gone, or another, when it is opened.
struct DirectoryEntry {
  std::string name;  // without the directory
  FileKind kind;
};

// Paths that may have changed, root included. Spurious ones do no harm.
struct ChangeHints {
  std::vector<std::string> paths = {};
  bool complete = true;  // false: some were lost, or none are available; look yourself
};

// An open log file. Keeps reading the same inode after rename or unlink.
class PODTAIL_EXPORT LogFile {
 public:
  virtual ~LogFile() = default;
  // Reads at most `into.size()` bytes at `offset`. 0 means end of file for now.
  virtual Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) = 0;
  virtual Expected<FileStat> Stat() = 0;
};

class PODTAIL_EXPORT LogFileSystem {
 public:
  virtual ~LogFileSystem() = default;
  // kFailedPrecondition for anything but a regular file; never hangs on one.
  virtual Expected<std::unique_ptr<LogFile>> Open(const std::string& root,
                                                  const std::string& path) = 0;
  virtual Expected<FileStat> Stat(const std::string& root, const std::string& path) = 0;
  virtual Expected<std::string> ReadLink(const std::string& root, const std::string& path) = 0;
  // Sorted by name. Also begins to watch the directory, if it can.
  virtual Expected<std::vector<DirectoryEntry>> List(const std::string& root,
                                                     const std::string& path) = 0;
  // Since the last call. Hints may be missing; a periodic List() is the truth.
  virtual ChangeHints TakeChangeHints() = 0;
  // Becomes readable when TakeChangeHints() has news; -1 if there are none.
  virtual int readiness_fd() const noexcept = 0;
};
// pread(2), openat2(2), statx(2), inotify(7). Never mmap: a truncated file
// would SIGBUS.
PODTAIL_EXPORT std::unique_ptr<LogFileSystem> NewPosixLogFileSystem();

}  // namespace podtail
#endif
