// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace podtail::gen {

Status SystemError(const char* what, const std::string& path) {
  const int error = errno;
  const StatusCode code = error == ENOENT ? StatusCode::kNotFound : StatusCode::kUnavailable;
  return Status(code, std::string("cannot ") + what + " " + path + ": " +
                          std::generic_category().message(error));
}

Expected<LogFile> LogFile::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return Unexpected(SystemError("open", path));
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    Status status = SystemError("stat", path);
    ::close(fd);
    return Unexpected(std::move(status));
  }
  return LogFile(fd, path, static_cast<std::uint64_t>(info.st_size));
}

LogFile::LogFile(LogFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      written_(other.written_),
      pending_(std::move(other.pending_)) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  path_.swap(other.path_);
  std::swap(written_, other.written_);
  pending_.swap(other.pending_);
  return *this;
}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status LogFile::Flush() {
  std::size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t wrote = ::write(fd_, pending_.data() + done, pending_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return SystemError("write", path_);
    done += static_cast<std::size_t>(wrote);
  }
  written_ += done;
  pending_.clear();
  return Status();
}

}  // namespace podtail::gen
