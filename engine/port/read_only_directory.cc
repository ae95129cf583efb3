// SPDX-License-Identifier: Apache-2.0
#include "engine/port/read_only_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include "engine/port/errno_status.h"
#include "engine/port/file_descriptor.h"

namespace podtail {
namespace {

// Never through a link, and never waiting for the other end of a FIFO.
constexpr int kReadOnlyFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

// Calls `visit` for each entry that is still there.
Status ForEachEntry(int directory, const std::string& path,
                    const std::function<void(const char*, const struct stat&)>& visit) {
  FileDescriptor again(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* stream = again.valid() ? fdopendir(again.get()) : nullptr;
  if (stream == nullptr) return StatusOf(errno, "list", path);
  again.Release();  // closedir() closes it
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    struct stat info {};
    if (fstatat(dirfd(stream), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
      visit(entry->d_name, info);
    }
    errno = 0;
  }
  const int error = errno;
  closedir(stream);
  return error == 0 ? Status() : StatusOf(error, "list", path);
}

// Links are followed here: the path is the operator's own.
Expected<FileDescriptor> OpenFolder(const std::string& path) {
  FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Unexpected(StatusOf(errno, "open", path));
  return directory;
}

class ReadOnlyDirectory final : public DurableDirectory {
 public:
  ReadOnlyDirectory(std::string path, FileDescriptor directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string_view path() const noexcept override { return path_; }

  Expected<std::vector<DurableFile>> List() override {
    std::vector<DurableFile> files;
    Status listed = ForEachEntry(
        directory_.get(), path_, [&files](std::string_view name, const struct stat& info) {
          if (!S_ISREG(info.st_mode) || name == "lock" || name.ends_with(".new")) return;
          files.push_back({std::string(name), static_cast<std::uint64_t>(info.st_size)});
        });
    if (!listed.ok()) return Unexpected(std::move(listed));
    std::sort(files.begin(), files.end(),
              [](const DurableFile& a, const DurableFile& b) { return a.name < b.name; });
    return files;
  }

  Expected<std::string> Read(std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override {
    const std::string path = path_ + "/" + std::string(name);
    const FileDescriptor file(openat(directory_.get(), std::string(name).c_str(), kReadOnlyFlags));
    if (!file.valid()) return Unexpected(StatusOf(errno, "open", path));
    std::string bytes(bytes_max, '\0');
    std::size_t have = 0;
    while (have < bytes_max) {
      const ssize_t n = pread(file.get(), bytes.data() + have, bytes_max - have,
                              static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Unexpected(StatusOf(errno, "read", path));
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
  }

  DurableJobId Submit(DurableJob) override { return DurableJobId{1}; }
  std::optional<Status> TakeResult(DurableJobId) override {
    return Status(StatusCode::kFailedPrecondition, path_ + " is only looked at");
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  const std::string path_;
  const FileDescriptor directory_;
};

}  // namespace

Expected<std::unique_ptr<DurableDirectory>> OpenReadOnlyDirectory(const std::string& path) {
  Expected<FileDescriptor> directory = OpenFolder(path);
  if (!directory) return Unexpected(std::move(directory).error());
  return std::unique_ptr<DurableDirectory>(
      std::make_unique<ReadOnlyDirectory>(path, *std::move(directory)));
}

Expected<std::vector<std::string>> ListFolders(const std::string& path) {
  const Expected<FileDescriptor> directory = OpenFolder(path);
  if (!directory) return Unexpected(directory.error());
  std::vector<std::string> folders;
  Status listed = ForEachEntry(directory->get(), path,
                               [&folders](std::string_view name, const struct stat& info) {
                                 if (!S_ISDIR(info.st_mode) || name == "." || name == "..") return;
                                 folders.emplace_back(name);
                               });
  if (!listed.ok()) return Unexpected(std::move(listed));
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace podtail
