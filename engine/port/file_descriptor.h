// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_FILE_DESCRIPTOR_H_
#define PODTAIL_ENGINE_PORT_FILE_DESCRIPTOR_H_
// A file descriptor with one owner, closed with it. -1: none.
// Not thread-safe.
#include <utility>

namespace podtail {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  // Takes `fd` over.
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.Release();
    }
    return *this;
  }
  ~FileDescriptor() { Close(); }

  bool valid() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  // The caller owns it from here on.
  int Release() noexcept { return std::exchange(fd_, -1); }
  // Leaves errno alone: it is called on error paths.
  void Close() noexcept;

 private:
  int fd_ = -1;
};

}  // namespace podtail
#endif
