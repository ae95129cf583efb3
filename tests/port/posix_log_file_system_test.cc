// SPDX-License-Identifier: Apache-2.0
// The file system port over real file systems, by both ways of staying beneath a
// root (reliability.md S1, S2). Where a container may plant things: see
// hostile_tree_test.cc.
#include "engine/port/posix_log_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "engine/port/errno_status.h"
#include "tests/port/log_tree.h"

namespace podtail {
namespace {

class PosixLogFileSystem : public testing::TestWithParam<BeneathMethod> {
 protected:
  LogTree tree_{std::filesystem::current_path()};
  std::unique_ptr<LogFileSystem> files_ = NewPosixLogFileSystem(GetParam());
};

INSTANTIATE_TEST_SUITE_P(By, PosixLogFileSystem,
                         testing::Values(BeneathMethod::kOpenat2, BeneathMethod::kWalk),
                         [](const testing::TestParamInfo<BeneathMethod>& suite) {
                           return suite.param == BeneathMethod::kOpenat2 ? "Openat2" : "Walk";
                         });

std::vector<std::string> NamesOf(const std::vector<DirectoryEntry>& entries) {
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : entries) names.push_back(entry.name);
  return names;
}

TEST_P(PosixLogFileSystem, ReadsAtOffsetsUpToTheEnd) {
  tree_.Write("pod/web/0.log", "0123456789");
  auto file = files_->Open(tree_.root(), "pod/web/0.log");
  ASSERT_TRUE(file) << MessageOf(file);
  std::array<char, 4> into{};
  ASSERT_EQ((*file)->ReadAt(3, into).value(), 4u);
  EXPECT_EQ(std::string(into.data(), 4), "3456");
  ASSERT_EQ((*file)->ReadAt(8, into).value(), 2u);
  EXPECT_EQ(std::string(into.data(), 2), "89");
  EXPECT_EQ((*file)->ReadAt(10, into).value(), 0u);
  EXPECT_EQ((*file)->ReadAt(1ull << 62, into).value(), 0u);
  EXPECT_EQ((*file)->ReadAt(~0ull, into).value(), 0u);
  EXPECT_EQ((*file)->ReadAt(3, {}).value(), 0u);
}

TEST_P(PosixLogFileSystem, SeesWhatIsAppendedBehindItsEnd) {
  tree_.Write("0.log", "one\n");
  auto file = files_->Open(tree_.root(), "0.log").value();
  EXPECT_EQ(ReadAll(file.get()), "one\n");
  std::ofstream(tree_.At("0.log"), std::ios::app) << "two\n";
  EXPECT_EQ(ReadAll(file.get()), "one\ntwo\n");
  EXPECT_EQ(file->Stat().value().size, 8u);
  std::filesystem::resize_file(tree_.At("0.log"), 2);
  EXPECT_EQ(ReadAll(file.get()), "on");
}

// Rotation renames the file and deletion unlinks it; what was opened stays.
// Every read would cost a write of the inode, on the node's disk.
TEST_P(PosixLogFileSystem, ReadingLeavesNoAccessTime) {
  tree_.Write("0.log", "one\n");
  const std::string path = tree_.root() + "/0.log";
  const timespec long_ago[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 2, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), long_ago, 0), 0);
  auto file = files_->Open(tree_.root(), "0.log").value();
  EXPECT_EQ(ReadAll(file.get()), "one\n");
  struct stat after {};
  ASSERT_EQ(stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_atim.tv_sec, 1);
}

TEST_P(PosixLogFileSystem, KeepsReadingTheInodeThroughRenameAndUnlink) {
  tree_.Write("0.log", "first");
  auto file = files_->Open(tree_.root(), "0.log").value();
  const FileStat before = file->Stat().value();
  EXPECT_FALSE(before.deleted);
  std::filesystem::rename(tree_.At("0.log"), tree_.At("0.log.20261122-135929"));
  tree_.Write("0.log", "second");
  EXPECT_EQ(ReadAll(file.get()), "first");
  EXPECT_EQ(files_->Stat(tree_.root(), "0.log.20261122-135929").value().inode, before.inode);
  std::filesystem::remove(tree_.At("0.log.20261122-135929"));
  const FileStat after = file->Stat().value();
  EXPECT_TRUE(after.deleted);
  EXPECT_EQ(after.inode, before.inode);
  EXPECT_EQ(after.birth_time, before.birth_time);
  EXPECT_EQ(after.handle_generation, before.handle_generation);
  EXPECT_EQ(ReadAll(file.get()), "first");
  EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "0.log"), "second");
}

TEST_P(PosixLogFileSystem, StatOfANameAndOfTheOpenFileAgree) {
  tree_.Write("0.log", "12345");
  timespec times[2] = {{.tv_sec = 1'700'000'000, .tv_nsec = 123456789}, {}};
  times[1] = times[0];
  ASSERT_EQ(utimensat(AT_FDCWD, tree_.At("0.log").c_str(), times, 0), 0);
  struct stat expected {};
  ASSERT_EQ(stat(tree_.At("0.log").c_str(), &expected), 0);
  const FileStat named = files_->Stat(tree_.root(), "0.log").value();
  const FileStat opened = files_->Open(tree_.root(), "0.log").value()->Stat().value();
  for (const FileStat& found : {named, opened}) {
    EXPECT_EQ(found.inode, expected.st_ino);
    EXPECT_EQ(found.device, expected.st_dev);
    EXPECT_EQ(found.size, 5u);
    EXPECT_EQ(found.modify_time.time_since_epoch().count(), 1'700'000'000'123'456'789);
    EXPECT_FALSE(found.deleted);
    EXPECT_EQ(found.birth_time, named.birth_time);
    EXPECT_EQ(found.handle_generation, named.handle_generation);
  }
}

// B16: years that 64 bits of nanoseconds do not reach are moved, not wrapped.
TEST_P(PosixLogFileSystem, MovesModifyTimesOutOfRangeToTheNearestOne) {
  tree_.Write("0.log", "x");
  const std::pair<time_t, Timestamp::rep> cases[] = {
      {0, 0}, {4'291'747'200, 4'291'747'200'000'000'000}, {-1, -1'000'000'000}};
  for (const auto& [seconds, nanoseconds] : cases) {
    const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0},
                               {.tv_sec = seconds, .tv_nsec = 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, tree_.At("0.log").c_str(), times, 0), 0);
    const FileStat found = files_->Stat(tree_.root(), "0.log").value();
    EXPECT_EQ(found.modify_time.time_since_epoch().count(), nanoseconds);
  }
  const timespec far[2] = {{.tv_sec = 15'000'000'000, .tv_nsec = 0},
                           {.tv_sec = 15'000'000'000, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, tree_.At("0.log").c_str(), far, 0), 0);
  struct stat kept {};
  ASSERT_EQ(stat(tree_.At("0.log").c_str(), &kept), 0);
  if (kept.st_mtim.tv_sec != 15'000'000'000) GTEST_SKIP() << "this file system has no such year";
  EXPECT_EQ(files_->Stat(tree_.root(), "0.log").value().modify_time, Timestamp::max());
}

// reliability.md 0.1, 0.2: the inode alone does not tell two files apart.
TEST_P(PosixLogFileSystem, ReusedInodeShowsAnotherBirthTimeOrHandleGeneration) {
  tree_.Write("0.log", "first");
  const FileStat first = files_->Stat(tree_.root(), "0.log").value();
  for (int i = 0; i < 2000; ++i) {
    std::filesystem::remove(tree_.At("0.log"));
    tree_.Write("0.log", "again");
    const FileStat next = files_->Stat(tree_.root(), "0.log").value();
    if (next.inode != first.inode) continue;
    EXPECT_TRUE(next.birth_time != first.birth_time ||
                next.handle_generation != first.handle_generation);
    struct statfs kind {};
    ASSERT_EQ(statfs(tree_.root().c_str(), &kind), 0);
    if (kind.f_type == 0xEF53) {  // ext4 gives both; the clock of birth times is coarse
      EXPECT_NE(next.handle_generation, first.handle_generation);
      EXPECT_NE(next.birth_time, Timestamp{});
    }
    return;
  }
  GTEST_SKIP() << "this file system never gave the inode again in 2000 files";
}

TEST_P(PosixLogFileSystem, ListsEveryKindSortedByTheBytesOfTheName) {
  tree_.Write("dir/b", "");
  tree_.Write("dir/a\n\x1b[31m\"\\", "");
  tree_.Write("dir/\xff\xfe", "");
  tree_.Write("dir/a", "");
  tree_.Write("dir/...", "");
  std::filesystem::create_directory(tree_.At("dir/Z"));
  std::filesystem::create_symlink("nowhere", tree_.At("dir/link"));
  ASSERT_EQ(mkfifo(tree_.At("dir/pipe").c_str(), 0600), 0);
  const auto entries = files_->List(tree_.root(), "dir");
  ASSERT_TRUE(entries) << MessageOf(entries);
  const std::vector<std::pair<std::string, FileKind>> expected = {
      {"...", FileKind::kRegular}, {"Z", FileKind::kDirectory},
      {"a", FileKind::kRegular},   {"a\n\x1b[31m\"\\", FileKind::kRegular},
      {"b", FileKind::kRegular},   {"link", FileKind::kLink},
      {"pipe", FileKind::kOther},  {"\xff\xfe", FileKind::kRegular}};
  ASSERT_EQ(entries->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(entries.value()[i].name, expected[i].first);
    EXPECT_EQ(entries.value()[i].kind, expected[i].second) << expected[i].first;
  }
}

// B11: what List() names can be opened, whatever bytes it is made of.
TEST_P(PosixLogFileSystem, OpensOddNames) {
  const std::string names[] = {"new\nline",
                               "\x1b]0;title\a",
                               "quote\"back\\slash",
                               "\xff\xc0\xaf",
                               "..log",
                               "...",
                               std::string(255, 'n'),
                               " ",
                               "-rf",
                               "*"};
  for (const std::string& name : names) {
    tree_.Write("pod/" + name + "/" + name, "in " + name);
    EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "pod/" + name + "/" + name), "in " + name);
  }
  EXPECT_EQ(files_->List(tree_.root(), "pod").value().size(), std::size(names));
  EXPECT_EQ(CodeOf(files_->Open(tree_.root(), std::string(256, 'n'))),
            StatusCode::kFailedPrecondition);
}

// B11: a container can nest directories deeper than one path may name.
TEST_P(PosixLogFileSystem, OpensPathsLongerThanThePathMaximum) {
  const std::string name(250, 'd');
  std::string path;
  FileDescriptor at(open(tree_.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(mkdirat(at.get(), name.c_str(), 0755), 0);
    at = FileDescriptor(openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    path.append(name).push_back('/');
  }
  const FileDescriptor log(openat(at.get(), "0.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(write(log.get(), "deep", 4), 4);
  EXPECT_EQ(ReadFile(files_.get(), tree_.root(), path + "0.log"), "deep");
  EXPECT_EQ(NamesOf(files_->List(tree_.root(), path).value()), std::vector<std::string>{"0.log"});
  EXPECT_EQ(CodeOf(files_->Open(tree_.root(), path + "1.log")), StatusCode::kNotFound);
}

TEST_P(PosixLogFileSystem, FollowsALinkOnlyWhereTheRootItselfIsOne) {
  tree_.Write("0.log", "through the link");
  const std::string link = tree_.outside() + "/link";
  std::filesystem::create_directory_symlink(tree_.root(), link);
  EXPECT_EQ(ReadFile(files_.get(), link, "0.log"), "through the link");
  EXPECT_EQ(NamesOf(files_->List(link, "").value()), std::vector<std::string>{"0.log"});
}

TEST_P(PosixLogFileSystem, NoticesARootThatWasMadeAnew) {
  tree_.Write("0.log", "old");
  EXPECT_EQ(files_->List(tree_.root(), "").value().size(), 1u);
  std::filesystem::rename(tree_.root(), tree_.outside() + "/moved");
  EXPECT_EQ(CodeOf(files_->List(tree_.root(), "")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->Open(tree_.root(), "0.log")), StatusCode::kNotFound);
  tree_.Write("1.log", "new");
  EXPECT_EQ(NamesOf(files_->List(tree_.root(), "").value()), std::vector<std::string>{"1.log"});
  EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "1.log"), "new");
}

TEST_P(PosixLogFileSystem, SaysWhatIsNotThere) {
  tree_.Write("0.log", "x");
  EXPECT_EQ(CodeOf(files_->Open(tree_.root(), "1.log")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->Open(tree_.root(), "0.log/x")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->Open(tree_.root(), "0.log/")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->Stat(tree_.root(), "no/1.log")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->ReadLink(tree_.root(), "link")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->List(tree_.root(), "0.log")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->List(tree_.root() + "/none", "")), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(files_->List("", "")), StatusCode::kNotFound);
  EXPECT_EQ(MessageOf(files_->Open(tree_.root(), "no/1.log")),
            "open " + tree_.root() + "/no/1.log: No such file or directory");
}

TEST_P(PosixLogFileSystem, LeavesOutEmptyAndDotComponents) {
  tree_.Write("pod/0.log", "x");
  EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "./pod//./0.log"), "x");
  EXPECT_EQ(NamesOf(files_->List(tree_.root(), "pod/").value()), std::vector<std::string>{"0.log"});
  EXPECT_EQ(NamesOf(files_->List(tree_.root(), ".").value()), std::vector<std::string>{"pod"});
}

// B7: /proc/self/mem is a regular file whose first page cannot be read.
TEST_P(PosixLogFileSystem, AnInputErrorIsUnavailableAndNamesThePath) {
  auto file = files_->Open("/proc/self", "mem");
  ASSERT_TRUE(file) << MessageOf(file);
  std::array<char, 16> into{};
  const auto got = (*file)->ReadAt(0, into);
  EXPECT_EQ(CodeOf(got), StatusCode::kUnavailable);
  EXPECT_EQ(MessageOf(got), "read /proc/self/mem: Input/output error");
}

TEST_P(PosixLogFileSystem, RunningOutOfDescriptorsIsExhaustion) {
  tree_.Write("0.log", "x");
  ASSERT_TRUE(files_->List(tree_.root(), "").has_value());
  ASSERT_EQ(ReadFile(files_.get(), tree_.root(), "0.log"), "x");
  const Status expected = StatusOf(EMFILE, "open", tree_.At("0.log"));
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto open = files_->Open(tree_.root(), "0.log");
  const StatusCode list = CodeOf(files_->List(tree_.root(), ""));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(CodeOf(open), StatusCode::kResourceExhausted);
  EXPECT_EQ(MessageOf(open), expected.message());
  EXPECT_EQ(list, StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "0.log"), "x");
}

std::size_t OpenDescriptors() {
  return NewPosixLogFileSystem()->List("/proc/self", "fd").value().size();
}

TEST_P(PosixLogFileSystem, ClosesWhatItOpened) {
  tree_.Write("pod/0.log", "x");
  std::filesystem::create_symlink("0.log", tree_.At("pod/link"));
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "pod/0.log"), "x");
    EXPECT_FALSE(files_->Open(tree_.root(), "pod").has_value());
    EXPECT_FALSE(files_->Open(tree_.root(), "pod/link").has_value());
    EXPECT_FALSE(files_->List(tree_.root(), "pod/0.log").has_value());
    EXPECT_TRUE(files_->List(tree_.root(), "").has_value());
    EXPECT_TRUE(files_->Stat(tree_.root(), "pod/0.log").has_value());
    EXPECT_TRUE(files_->ReadLink(tree_.root(), "pod/link").has_value());
  }
  EXPECT_EQ(OpenDescriptors(), before + 1);  // the root
  files_.reset();
  EXPECT_EQ(OpenDescriptors(), before - 1);  // inotify's, which was there before
}

// Some file systems leave the kind of an entry out.
TEST(KindOf, AsksTheFileSystemWhenReaddirDoesNotKnow) {
  const LogTree tree(std::filesystem::current_path());
  tree.Write("file", "");
  std::filesystem::create_directory(tree.At("dir"));
  std::filesystem::create_directory_symlink("dir", tree.At("link"));
  ASSERT_EQ(mkfifo(tree.At("pipe").c_str(), 0600), 0);
  const FileDescriptor root(open(tree.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::pair<const char*, FileKind> cases[] = {{"file", FileKind::kRegular},
                                                    {"dir", FileKind::kDirectory},
                                                    {"link", FileKind::kLink},
                                                    {"pipe", FileKind::kOther}};
  for (const auto& [name, expected] : cases) {
    FileKind kind{};
    EXPECT_TRUE(KindOf(root.get(), name, DT_UNKNOWN, &kind));
    EXPECT_EQ(kind, expected) << name;
  }
  FileKind kind{};
  EXPECT_FALSE(KindOf(root.get(), "gone", DT_UNKNOWN, &kind));
}

}  // namespace
}  // namespace podtail
