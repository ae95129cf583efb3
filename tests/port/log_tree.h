// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_PORT_LOG_TREE_H_
#define PODTAIL_TESTS_PORT_LOG_TREE_H_
// A directory on a real file system, gone with the object.
//
//   <place>/podtail-test-XXXXXX/root      the log root of a test
//                               outside   what nobody may reach from it
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "podtail/log_file_system.h"

namespace podtail {

class LogTree {
 public:
  explicit LogTree(const std::filesystem::path& place) {
    std::string pattern = place / "podtail-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "cannot create " << pattern;
    base_ = pattern;
    // Another user is to be stopped by the files, not on the way to them.
    std::filesystem::permissions(base_, std::filesystem::perms(0755));
    std::filesystem::create_directories(base_ / "root");
    std::filesystem::create_directories(base_ / "outside");
  }
  LogTree(const LogTree&) = delete;
  LogTree& operator=(const LogTree&) = delete;
  ~LogTree() {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  std::string root() const { return base_ / "root"; }
  std::string outside() const { return base_ / "outside"; }
  std::string At(const std::string& path) const { return base_ / "root" / path; }

  // Makes the directories on the way.
  void Write(const std::string& path, const std::string& bytes) const {
    WriteAt(base_ / "root" / path, bytes);
  }
  void WriteOutside(const std::string& path, const std::string& bytes) const {
    WriteAt(base_ / "outside" / path, bytes);
  }

 private:
  static void WriteAt(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

  std::filesystem::path base_;
};

// The first bytes of a file, or "<code>" of the error that came instead.
inline std::string ReadAll(LogFile* file) {
  std::string bytes(64 * 1024, '\0');
  const auto got = file->ReadAt(0, bytes);
  if (!got) return "<" + got.error().ToString() + ">";
  bytes.resize(*got);
  return bytes;
}
inline std::string ReadFile(LogFileSystem* files, const std::string& root,
                            const std::string& path) {
  auto file = files->Open(root, path);
  if (!file) return "<" + file.error().ToString() + ">";
  return ReadAll(file->get());
}

// OK when nothing was wrong.
template <class T>
StatusCode CodeOf(const Expected<T>& result) {
  return result ? StatusCode::kOk : result.error().code();
}
template <class T>
std::string MessageOf(const Expected<T>& result) {
  return result ? std::string() : std::string(result.error().message());
}

// Runs `steps` in a child process, which may give up rights for good, and returns
// what it returned, or -1 when a signal ended it.
template <class Steps>
int InChild(Steps steps) {
  const pid_t child = fork();
  if (child == 0) _exit(steps());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace podtail
#endif
