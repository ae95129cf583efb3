// SPDX-License-Identifier: Apache-2.0
#include "engine/port/posix_log_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "engine/base/hash.h"
#include "engine/port/errno_status.h"
#include "engine/port/inotify_hints.h"

namespace podtail {
namespace {

// O_NONBLOCK: a FIFO that replaced a file must not stop the agent. O_NOCTTY: nor
// may a terminal become its own.
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;

Timestamp TimestampOf(const statx_timestamp& time) {
  // A file may claim a year that has no Timestamp: the nearest one then.
  constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  if (time.tv_sec > kSecondsMax) return Timestamp::max();
  if (time.tv_sec < -kSecondsMax) return Timestamp::min();
  return Timestamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

// Unlike the inode number, the handle of a file is not handed on to the next
// one. 0 where the file system gives none (overlayfs).
std::uint64_t HandleGenerationOf(int fd) {
  constexpr std::size_t kHandleBytesMax = 128;  // the kernel's own limit
  alignas(file_handle) char space[sizeof(file_handle) + kHandleBytesMax] = {};
  auto* handle = reinterpret_cast<file_handle*>(space);
  handle->handle_bytes = kHandleBytesMax;
  int mount_id = 0;
  if (name_to_handle_at(fd, "", handle, &mount_id, AT_EMPTY_PATH) != 0) return 0;
  std::string hashed(sizeof(handle->handle_type), '\0');
  std::memcpy(hashed.data(), &handle->handle_type, hashed.size());
  hashed.append(space + offsetof(file_handle, f_handle), handle->handle_bytes);
  const std::uint64_t hash = HashBytes64(hashed);
  return hash != 0 ? hash : 1;
}

// 0 or errno. `fd` may be one of O_PATH.
int StatDescriptor(int fd, struct statx* found) {
  const unsigned wanted = STATX_BASIC_STATS | STATX_BTIME;
  return statx(fd, "", AT_EMPTY_PATH, wanted, found) == 0 ? 0 : errno;
}

FileStat FileStatOf(const struct statx& found, std::uint64_t handle_generation) {
  FileStat stat;
  stat.inode = found.stx_ino;
  if ((found.stx_mask & STATX_BTIME) != 0) stat.birth_time = TimestampOf(found.stx_btime);
  stat.handle_generation = handle_generation;
  stat.device = makedev(found.stx_dev_major, found.stx_dev_minor);
  stat.size = found.stx_size;
  stat.modify_time = TimestampOf(found.stx_mtime);
  stat.deleted = found.stx_nlink == 0;
  return stat;
}

Status NotRegular(std::string_view action, std::string_view path, std::uint16_t mode) {
  std::string_view what = "a special file";
  if (S_ISLNK(mode)) what = "a symbolic link";
  if (S_ISDIR(mode)) what = "a directory";
  if (S_ISFIFO(mode)) what = "a FIFO";
  if (S_ISSOCK(mode)) what = "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) what = "a device";
  std::string message(action);
  message.append(" ").append(path).append(": not a regular file but ").append(what);
  return {StatusCode::kFailedPrecondition, message};
}

class PosixLogFile final : public LogFile {
 public:
  PosixLogFile(FileDescriptor fd, std::string path)
      : fd_(std::move(fd)),
        handle_generation_(HandleGenerationOf(fd_.get())),
        path_(std::move(path)) {
    // Reading a log writes nothing, as far as we may say so: its owner may, and root.
    fcntl(fd_.get(), F_SETFL, O_NONBLOCK | O_NOATIME);
  }

  Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return {0};
    for (;;) {
      const ssize_t got = pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (got >= 0) return {static_cast<std::size_t>(got)};
      if (errno != EINTR) return Unexpected(StatusOf(errno, "read", path_));
    }
  }

  Expected<FileStat> Stat() override {
    struct statx found;
    if (const int error = StatDescriptor(fd_.get(), &found)) {
      return Unexpected(StatusOf(error, "stat", path_));
    }
    return FileStatOf(found, handle_generation_);
  }

 private:
  FileDescriptor fd_;
  std::uint64_t handle_generation_;  // of an open file it stays the same
  std::string path_;                 // where it was opened; for messages
};

class PosixLogFileSystem final : public LogFileSystem {
 public:
  explicit PosixLogFileSystem(BeneathMethod method) : method_(method) {}

  Expected<std::unique_ptr<LogFile>> Open(const std::string& root,
                                          const std::string& path) override {
    RootDirectory& directory = Root(root);
    // Looked at before it is opened: merely opening a device can do something.
    // Looked at again behind that, because the name may lead elsewhere by then.
    for (const int flags : {O_PATH | O_NOFOLLOW, kReadFlags}) {
      FileDescriptor fd;
      struct statx found;
      int error = directory.Open(path, flags, &fd);
      if (error == 0) error = StatDescriptor(fd.get(), &found);
      if (error != 0) return Unexpected(StatusOf(error, "open", directory.Describe(path)));
      if (!S_ISREG(found.stx_mode)) {
        return Unexpected(NotRegular("open", directory.Describe(path), found.stx_mode));
      }
      if (flags == kReadFlags) {
        WatchDirectoryOf(path, &directory);
        return {std::make_unique<PosixLogFile>(std::move(fd), directory.Describe(path))};
      }
    }
    return Unexpected(Status(StatusCode::kInternal, "open: no flags"));
  }

  Expected<FileStat> Stat(const std::string& root, const std::string& path) override {
    RootDirectory& directory = Root(root);
    FileDescriptor fd;
    struct statx found;
    int error = directory.Open(path, O_PATH | O_NOFOLLOW, &fd);
    if (error == 0) error = StatDescriptor(fd.get(), &found);
    if (error != 0) return Unexpected(StatusOf(error, "stat", directory.Describe(path)));
    if (!S_ISREG(found.stx_mode)) {
      return Unexpected(NotRegular("stat", directory.Describe(path), found.stx_mode));
    }
    return FileStatOf(found, HandleGenerationOf(fd.get()));
  }

  Expected<std::string> ReadLink(const std::string& root, const std::string& path) override {
    RootDirectory& directory = Root(root);
    FileDescriptor fd;
    if (const int error = directory.Open(path, O_PATH | O_NOFOLLOW, &fd)) {
      return Unexpected(StatusOf(error, "read link", directory.Describe(path)));
    }
    char target[PATH_MAX];  // the kernel takes no longer one
    const ssize_t bytes = readlinkat(fd.get(), "", target, sizeof(target));
    if (bytes >= 0) return std::string(target, static_cast<std::size_t>(bytes));
    // With an empty path this is what anything but a link answers.
    const int error = errno == ENOENT ? EINVAL : errno;
    return Unexpected(StatusOf(error, "read link", directory.Describe(path)));
  }

  Expected<std::vector<DirectoryEntry>> List(const std::string& root,
                                             const std::string& path) override {
    RootDirectory& directory = Root(root);
    std::vector<DirectoryEntry> entries;
    FileDescriptor fd;
    int error = path.empty() ? directory.Reopen() : 0;
    if (error == 0) error = directory.Open(path, kReadFlags | O_DIRECTORY, &fd);
    if (error == 0) {
      hints_.Watch(fd.get(), NameOf(root, path));
      error = ReadEntries(std::move(fd), &entries);
      if (error == 0) hints_.Keep(NameOf(root, path), entries);
    } else if (error == ENOENT || error == ENOTDIR || error == ELOOP) {
      hints_.Forget(NameOf(root, path));
    }
    if (error != 0) return Unexpected(StatusOf(error, "list", directory.Describe(path)));
    return entries;
  }

  ChangeHints TakeChangeHints() override { return hints_.Take(); }
  int readiness_fd() const noexcept override { return hints_.fd(); }

 private:
  RootDirectory& Root(const std::string& root) {
    return roots_.try_emplace(root, root, method_).first->second;
  }

  // As hints name it.
  static std::string NameOf(const std::string& root, std::string_view path) {
    return path.empty() ? root : std::string(root).append("/").append(path);
  }

  // A file may lie where nobody lists: its path came from a link.
  void WatchDirectoryOf(const std::string& path, RootDirectory* root) {
    const std::string parent = path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/'));
    const std::string name = NameOf(root->root(), parent);
    if (hints_.Watches(name)) return;
    FileDescriptor fd;
    if (root->Open(parent, kReadFlags | O_DIRECTORY, &fd) == 0) hints_.Watch(fd.get(), name);
  }

  const BeneathMethod method_;
  std::map<std::string, RootDirectory> roots_;  // as many as the user named
  InotifyHints hints_;
};

}  // namespace

std::unique_ptr<LogFileSystem> NewPosixLogFileSystem(BeneathMethod method) {
  return std::make_unique<PosixLogFileSystem>(method);
}

std::unique_ptr<LogFileSystem> NewPosixLogFileSystem() {
  return NewPosixLogFileSystem(BeneathMethod::kOpenat2);
}

}  // namespace podtail
