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

// What may have changed: root + "/" + path of a file that was written, or of an
// entry that came, went, or was moved; list the directory that contains it. Each
// path once, in no order. Spurious ones do no harm.
struct ChangeHints {
  std::vector<std::string> paths = {};
  // False: look yourself. Once when some were lost; again and again while a directory
  // that was listed cannot be watched, or where there are no hints at all.
  bool complete = true;
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
  // kFailedPrecondition for anything but a regular file; never hangs on one. Begins
  // to watch the directory that it lies in, unless that was listed.
  virtual Expected<std::unique_ptr<LogFile>> Open(const std::string& root,
                                                  const std::string& path) = 0;
  virtual Expected<FileStat> Stat(const std::string& root, const std::string& path) = 0;
  virtual Expected<std::string> ReadLink(const std::string& root, const std::string& path) = 0;
  // Sorted by name. Begins to watch the directory first, if it can, so that a change
  // is in the listing or in the hints, or in both. One that was removed, or moved and
  // not listed where it is now, is watched no more; list again what was made anew.
  virtual Expected<std::vector<DirectoryEntry>> List(const std::string& root,
                                                     const std::string& path) = 0;
  // Since the last call. Writes to a file that is unlinked but open are told under its
  // last name. Hints may be missing (network file systems, a root that was removed); a
  // periodic List() is the truth. Bounded work and memory; what is left keeps
  // readiness_fd() readable.
  virtual ChangeHints TakeChangeHints() = 0;
  // Readable while TakeChangeHints() has news: with a busy log, after every write. The
  // same for the whole life; -1 if there are none.
  virtual int readiness_fd() const noexcept = 0;
};
// pread(2), openat2(2), statx(2), inotify(7). Never mmap: a truncated file
// would SIGBUS.
PODTAIL_EXPORT std::unique_ptr<LogFileSystem> NewPosixLogFileSystem();

}  // namespace podtail
#endif
