// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_LOG_FILE_H_
#define PODTAIL_TOOLS_GEN_LOG_FILE_H_
// A live log file as a runtime holds it: opened to append, written in whole
// lines, each write(2) as large as the caller lets it become.
// Movable; not thread-safe. Errors name the path.
#include <cstddef>
#include <cstdint>
#include <string>

#include "podtail/expected.h"
#include "podtail/status.h"

namespace podtail::gen {

class LogFile {
 public:
  // Creates what is missing (mode 0640), or goes on behind what is there.
  static Expected<LogFile> Open(const std::string& path);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  // Lines go in here; they are in the file after Flush().
  std::string* pending() { return &pending_; }
  [[nodiscard]] Status Flush();
  // What is in the file and what is pending.
  std::uint64_t size() const { return written_ + pending_.size(); }

 private:
  LogFile(int fd, std::string path, std::uint64_t written)
      : fd_(fd), path_(std::move(path)), written_(written) {}

  int fd_;
  std::string path_;
  std::uint64_t written_;
  std::string pending_;
};

// "cannot <what> <path>: <what the system said>", from errno.
Status SystemError(const char* what, const std::string& path);

}  // namespace podtail::gen
#endif
