// SPDX-License-Identifier: Apache-2.0
// The directory on the real file system (reliability.md C8, C12-C17).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/port/durable_directory.h"

namespace podtail {
namespace {

using Kind = DurableJob::Kind;

DurableJob Replace(std::string name, std::string bytes) {
  return {Kind::kReplace, std::move(name), std::move(bytes)};
}
DurableJob Append(std::string name, std::uint64_t at, std::string bytes) {
  return {Kind::kAppend, std::move(name), std::move(bytes), at};
}
DurableJob Rename(std::string name, std::string target) {
  return {Kind::kRename, std::move(name), {}, 0, std::move(target)};
}

Status ResultOf(DurableDirectory* directory, DurableJobId id) {
  while (true) {
    if (auto result = directory->TakeResult(id)) return *std::move(result);
    pollfd event{directory->readiness_fd(), POLLIN, 0};
    if (poll(&event, 1, 60'000) != 1) return Status(StatusCode::kInternal, "no news in a minute");
  }
}

Status Do(DurableDirectory* directory, DurableJob job) {
  return ResultOf(directory, directory->Submit(std::move(job)));
}

class PosixDurableDirectory : public testing::Test {
 protected:
  PosixDurableDirectory() {
    std::string name = testing::TempDir() + "podtail-durable-XXXXXX";
    root_ = mkdtemp(name.data());
    path_ = root_ + "/deep/er/state";
  }
  ~PosixDurableDirectory() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<DurableDirectory> Open() {
    auto directory = OpenDurableDirectory(path_);
    EXPECT_TRUE(directory) << directory.error().ToString();
    return std::move(*directory);
  }
  std::string Contents(const std::string& name) const {
    std::ifstream in(path_ + "/" + name, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }
  mode_t ModeOf(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  std::string root_;
  std::string path_;
};

TEST_F(PosixDurableDirectory, IsMadeForItsOwnerAlone) {
  const auto directory = Open();
  ASSERT_TRUE(Do(directory.get(), Replace("journal", "x")).ok());
  EXPECT_EQ(ModeOf(root_ + "/deep"), 0700U);
  EXPECT_EQ(ModeOf(path_), 0700U);
  EXPECT_EQ(ModeOf(path_ + "/lock"), 0600U);
  EXPECT_EQ(ModeOf(path_ + "/journal"), 0600U);
  EXPECT_EQ(directory->path(), path_);
}

TEST_F(PosixDurableDirectory, OpensADirectoryThatIsThereWhateverItsSpelling) {
  path_ = root_ + "//a/./b//";
  Open();
  Open();
  EXPECT_TRUE(std::filesystem::is_directory(root_ + "/a/b"));
}

TEST_F(PosixDurableDirectory, DoesWhatJobsSay) {
  const auto directory = Open();
  EXPECT_TRUE(Do(directory.get(), Replace("a", "one")).ok());
  EXPECT_EQ(Contents("a"), "one");
  EXPECT_TRUE(Do(directory.get(), Replace("a", "two!")).ok());
  EXPECT_EQ(Contents("a"), "two!");
  EXPECT_TRUE(Do(directory.get(), Append("a", 4, "three")).ok());
  EXPECT_EQ(Contents("a"), "two!three");
  EXPECT_TRUE(Do(directory.get(), Rename("a", "b")).ok());
  EXPECT_EQ(Contents("b"), "two!three");
  EXPECT_FALSE(std::filesystem::exists(path_ + "/a"));
  EXPECT_TRUE(Do(directory.get(), {Kind::kRemove, "b"}).ok());
  EXPECT_FALSE(std::filesystem::exists(path_ + "/b"));
  EXPECT_TRUE(Do(directory.get(), {Kind::kRemove, "b"}).ok());
}

TEST_F(PosixDurableDirectory, RefusesWhatTheFilesContradict) {
  const auto directory = Open();
  EXPECT_EQ(Do(directory.get(), Append("a", 0, "x")).code(), StatusCode::kNotFound);
  EXPECT_EQ(Do(directory.get(), Rename("a", "b")).code(), StatusCode::kNotFound);
  ASSERT_TRUE(Do(directory.get(), Replace("a", "1234")).ok());
  EXPECT_EQ(Do(directory.get(), Append("a", 5, "x")).code(), StatusCode::kDataLoss);
  ASSERT_TRUE(Do(directory.get(), Replace("b", "other")).ok());
  const Status exists = Do(directory.get(), Rename("a", "b"));
  EXPECT_EQ(exists.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(exists.message().find(path_ + "/b"), std::string::npos);
  EXPECT_EQ(Contents("a"), "1234");
  EXPECT_EQ(Contents("b"), "other");
}

TEST_F(PosixDurableDirectory, AppendsWhereItIsToldTo) {
  const auto directory = Open();
  ASSERT_TRUE(Do(directory.get(), Replace("a", "whole lines\n")).ok());
  std::ofstream(path_ + "/a", std::ios::app) << "half a li";  // as a crash leaves it
  ASSERT_TRUE(Do(directory.get(), Append("a", 12, "next\n")).ok());
  EXPECT_EQ(Contents("a"), "whole lines\nnext\n");
}

TEST_F(PosixDurableDirectory, RunsJobsInOrderAndSaysWhenThereIsNews) {
  const auto directory = Open();
  pollfd event{directory->readiness_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&event, 1, 0), 0);
  std::vector<DurableJobId> ids;
  ids.push_back(directory->Submit(Replace("a", "")));
  for (std::uint64_t i = 0; i < 50; ++i) {
    ids.push_back(directory->Submit(Append("a", i, std::string(1, static_cast<char>('A' + i)))));
  }
  for (const DurableJobId id : ids) EXPECT_TRUE(ResultOf(directory.get(), id).ok());
  EXPECT_EQ(poll(&event, 1, 0), 0);
  EXPECT_FALSE(directory->TakeResult(ids.front()).has_value());
  EXPECT_EQ(Contents("a").size(), 50U);
  EXPECT_TRUE(Contents("a").starts_with("ABCDEF"));
}

TEST_F(PosixDurableDirectory, ListsAndReadsItsFiles) {
  {
    const auto directory = Open();
    ASSERT_TRUE(Do(directory.get(), Replace("b", "0123456789")).ok());
    ASSERT_TRUE(Do(directory.get(), Replace("a", "")).ok());
  }
  std::ofstream(path_ + "/c.new") << "half done";
  std::filesystem::create_directory(path_ + "/folder");
  std::filesystem::create_symlink("b", path_ + "/link");
  const auto directory = Open();
  EXPECT_FALSE(std::filesystem::exists(path_ + "/c.new"));
  const auto files = directory->List();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].name, "a");
  EXPECT_EQ((*files)[1].name, "b");
  EXPECT_EQ((*files)[1].bytes, 10U);
  EXPECT_EQ(*directory->Read("b", 0, 100), "0123456789");
  EXPECT_EQ(*directory->Read("b", 3, 4), "3456");
  EXPECT_EQ(*directory->Read("b", 10, 4), "");
  EXPECT_EQ(directory->Read("x", 0, 1).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(directory->Read("link", 0, 1).error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(directory->Read("folder", 0, 1).error().code(), StatusCode::kUnavailable);
}

TEST_F(PosixDurableDirectory, HasOneOwner) {  // C16
  auto directory = Open();
  const auto second = OpenDurableDirectory(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(second.error().message().find(path_), std::string::npos);
  // Another process, and it leaves without a word (C17).
  directory.reset();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = OpenDurableDirectory(path_);
    const char answer = held ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    while (true) pause();
  }
  char answer = 0;
  EXPECT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(OpenDurableDirectory(path_).error().code(), StatusCode::kFailedPrecondition);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(OpenDurableDirectory(path_));
  close(ready[0]);
  close(ready[1]);
}

TEST_F(PosixDurableDirectory, ComesBackWhenItWasDeleted) {  // C15
  const auto directory = Open();
  ASSERT_TRUE(Do(directory.get(), Replace("a", "x")).ok());
  std::filesystem::remove_all(root_ + "/deep");
  EXPECT_EQ(Do(directory.get(), Append("a", 1, "y")).code(), StatusCode::kNotFound);
  EXPECT_TRUE(Do(directory.get(), Replace("a", "again")).ok());
  EXPECT_EQ(Contents("a"), "again");
  EXPECT_FALSE(OpenDurableDirectory(path_));  // with its lock
  EXPECT_TRUE(Do(directory.get(), Append("a", 5, "!")).ok());
  EXPECT_EQ(Contents("a"), "again!");
}

TEST_F(PosixDurableDirectory, IsUnavailableWhereItCannotBe) {  // C14
  std::ofstream(root_ + "/file") << "x";
  for (const std::string& path :
       {root_ + "/file", root_ + "/file/state", root_ + "/" + std::string(300, 'x'),
        std::string("/proc/podtail")}) {
    const auto directory = OpenDurableDirectory(path);
    ASSERT_FALSE(directory) << path;
    EXPECT_EQ(directory.error().code(), StatusCode::kUnavailable) << directory.error().ToString();
    EXPECT_NE(directory.error().message().find(path), std::string::npos)
        << directory.error().ToString();
  }
}

TEST_F(PosixDurableDirectory, StaysUsableWhenAFileMayNotGrow) {  // C12, C13
  const auto directory = Open();
  ASSERT_TRUE(Do(directory.get(), Replace("a", "good")).ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  // The first pwrite is short, the second one fails: SIGXFSZ must not end us.
  const Status replaced = Do(directory.get(), Replace("a", std::string(5000, 'x')));
  const Status appended = Do(directory.get(), Append("a", 4, std::string(5000, 'x')));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(replaced.code(), StatusCode::kUnavailable) << replaced.ToString();
  EXPECT_EQ(appended.code(), StatusCode::kUnavailable) << appended.ToString();
  EXPECT_FALSE(std::filesystem::exists(path_ + "/a.new"));
  EXPECT_TRUE(Contents("a").starts_with("good"));
  EXPECT_TRUE(Do(directory.get(), Append("a", 4, " again")).ok());
  EXPECT_EQ(Contents("a"), "good again");
}

TEST_F(PosixDurableDirectory, StaysUsableWhenTheDiskIsFull) {  // C8
  const std::string disk = root_ + "/disk";
  std::filesystem::create_directory(disk);
  if (mount("podtail-test", disk.c_str(), "tmpfs", 0, "size=256k") != 0) {
    std::cout << "did not run: a full disk needs a tmpfs of its own, and mounting one needs root\n";
    return;
  }
  path_ = disk + "/state";
  {
    const auto directory = Open();
    ASSERT_TRUE(Do(directory.get(), Replace("a", "good")).ok());
    const Status full = Do(directory.get(), Replace("a", std::string(1 << 20, 'x')));
    EXPECT_EQ(full.code(), StatusCode::kUnavailable);
    EXPECT_NE(full.message().find("No space left"), std::string::npos) << full.ToString();
    EXPECT_EQ(Contents("a"), "good");
    EXPECT_EQ(Do(directory.get(), Append("a", 4, std::string(1 << 20, 'x'))).code(),
              StatusCode::kUnavailable);
    EXPECT_TRUE(Do(directory.get(), Append("a", 4, " again")).ok());
    EXPECT_EQ(Contents("a"), "good again");
  }
  EXPECT_EQ(umount(disk.c_str()), 0);
}

TEST_F(PosixDurableDirectory, LeavesJobsUndoneThatHadNotBegun) {
  auto directory = Open();
  for (int i = 0; i < 100; ++i) {
    directory->Submit(Replace("a", std::string(100'000, static_cast<char>('a' + i % 26))));
  }
  directory.reset();  // returns soon, and never in the middle of a job
  const std::string bytes = Contents("a");
  EXPECT_TRUE(bytes.empty() || bytes == std::string(100'000, bytes[0]));
}

}  // namespace
}  // namespace podtail
