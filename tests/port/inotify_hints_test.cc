// SPDX-License-Identifier: Apache-2.0
// What TakeChangeHints() says of a real file system. Hints may be spurious, so only
// those that must not be missing, and those that must not be there, are asked for.
// Limits of the kernel: see inotify_limits_test.cc.
#include "engine/port/inotify_hints.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdio.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/port/posix_log_file_system.h"
#include "tests/port/log_tree.h"

namespace podtail {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

class InotifyHintsTest : public testing::TestWithParam<BeneathMethod> {
 protected:
  bool Readable() {
    pollfd event{files_->readiness_fd(), POLLIN, 0};
    return poll(&event, 1, 0) == 1;
  }
  // The hints beneath the root, without it. Each must come once, and none be lost.
  Names Take() {
    const ChangeHints hints = files_->TakeChangeHints();
    EXPECT_TRUE(hints.complete);
    Names names;
    for (const std::string& path : hints.paths) {
      const std::string prefix = tree_.root() + "/";
      EXPECT_TRUE(path == tree_.root() || path.starts_with(prefix)) << path;
      const bool fresh = names.insert(path.substr(std::min(prefix.size(), path.size()))).second;
      EXPECT_TRUE(fresh) << path;
    }
    EXPECT_FALSE(Readable()) << "taken, and still readable: would spin";
    return names;
  }
  void List(const std::string& path) {
    const auto entries = files_->List(tree_.root(), path);
    EXPECT_TRUE(entries) << MessageOf(entries);
  }
  void Append(const std::string& path) { std::ofstream(tree_.At(path), std::ios::app) << "more\n"; }

  LogTree tree_{fs::current_path()};
  std::unique_ptr<LogFileSystem> files_ = NewPosixLogFileSystem(GetParam());
};

INSTANTIATE_TEST_SUITE_P(By, InotifyHintsTest,
                         testing::Values(BeneathMethod::kOpenat2, BeneathMethod::kWalk),
                         [](const testing::TestParamInfo<BeneathMethod>& suite) {
                           return suite.param == BeneathMethod::kOpenat2 ? "Openat2" : "Walk";
                         });

TEST_P(InotifyHintsTest, TellsOfWhatIsMadeWrittenMovedAndRemoved) {
  tree_.Write("pod/web/0.log", "one\n");
  List("");
  List("pod");
  List("pod/web");
  EXPECT_GE(files_->readiness_fd(), 0);
  EXPECT_FALSE(Readable());
  EXPECT_EQ(Take(), Names{});
  Append("pod/web/0.log");
  EXPECT_TRUE(Readable());
  EXPECT_EQ(Take(), Names{"pod/web/0.log"});
  fs::rename(tree_.At("pod/web/0.log"), tree_.At("pod/web/0.log.20261122-135929"));
  EXPECT_EQ(Take(), (Names{"pod/web/0.log", "pod/web/0.log.20261122-135929"}));
  tree_.Write("pod/web/0.log", "");
  EXPECT_EQ(Take(), Names{"pod/web/0.log"}) << "empty, and it is there";
  fs::remove(tree_.At("pod/web/0.log.20261122-135929"));
  EXPECT_EQ(Take(), Names{"pod/web/0.log.20261122-135929"});
  Append("pod/web/0.log");
  fs::resize_file(tree_.At("pod/web/0.log"), 1);
  EXPECT_EQ(Take(), Names{"pod/web/0.log"});
  fs::create_directory(tree_.At("pod/db"));
  EXPECT_EQ(Take(), Names{"pod/db"});
}

TEST_P(InotifyHintsTest, NamesEveryPathOnce) {
  tree_.Write("pod/0.log", "");
  tree_.Write("pod/1.log", "");
  List("pod");
  for (int i = 0; i < 200; ++i) Append("pod/" + std::to_string(i % 2) + ".log");
  EXPECT_EQ(Take(), (Names{"pod/0.log", "pod/1.log"}));
}

// What is read only, or looked at, changed nothing: else podtail would wake itself.
TEST_P(InotifyHintsTest, IsNotWokenByReading) {
  tree_.Write("pod/0.log", "one\n");
  List("");
  List("pod");
  EXPECT_EQ(ReadFile(files_.get(), tree_.root(), "pod/0.log"), "one\n");
  EXPECT_TRUE(files_->Stat(tree_.root(), "pod/0.log"));
  List("pod");
  fs::permissions(tree_.At("pod/0.log"), fs::perms(0600));
  EXPECT_FALSE(Readable());
  EXPECT_EQ(Take(), Names{});
}

TEST_P(InotifyHintsTest, SaysNothingOfDirectoriesThatNobodyListed) {
  tree_.Write("pod/web/0.log", "one\n");
  List("");
  Append("pod/web/0.log");
  EXPECT_EQ(Take(), Names{});
}

// Whoever lists a directory because of the hint for it misses nothing in it.
TEST_P(InotifyHintsTest, WatchesANewDirectoryFromItsFirstListingOn) {
  List("");
  tree_.Write("pod/0.log", "");
  EXPECT_EQ(Take(), Names{"pod"});
  List("pod");
  EXPECT_EQ(Take(), Names{});
  Append("pod/0.log");
  EXPECT_EQ(Take(), Names{"pod/0.log"});
}

// A runtime writes on into a file that rotation has removed already.
TEST_P(InotifyHintsTest, TellsOfWritesToAnUnlinkedFile) {
  tree_.Write("pod/0.log", "one\n");
  List("pod");
  std::ofstream writer(tree_.At("pod/0.log"), std::ios::app);
  fs::remove(tree_.At("pod/0.log"));
  EXPECT_EQ(Take(), Names{"pod/0.log"});
  writer << "two\n" << std::flush;
  EXPECT_EQ(Take(), Names{"pod/0.log"});
}

TEST_P(InotifyHintsTest, WatchesTheDirectoryOfAFileThatWasOpenedWithoutListing) {
  tree_.Write("a/b/0.log", "");
  tree_.Write("top.log", "");
  auto file = files_->Open(tree_.root(), "a/b/0.log");
  auto top = files_->Open(tree_.root(), "top.log");
  ASSERT_TRUE(file && top);
  Append("a/b/0.log");
  EXPECT_EQ(Take(), Names{"a/b/0.log"});
  Append("top.log");
  EXPECT_EQ(Take(), Names{"top.log"});
}

TEST_P(InotifyHintsTest, GivesADirectoryUpThatIsMovedAway) {
  tree_.Write("pod/0.log", "");
  List("");
  List("pod");
  fs::rename(tree_.At("pod"), tree_.At("gone"));
  Append("gone/0.log");
  EXPECT_EQ(Take(), (Names{"pod", "gone"})) << "nothing in pod: that is not where it is";
  Append("gone/0.log");
  EXPECT_EQ(Take(), Names{});
  // Neither the next directory of that name nor the next name of the directory is lost.
  tree_.Write("pod/0.log", "");
  Take();
  List("pod");
  List("gone");
  Append("pod/0.log");
  Append("gone/0.log");
  EXPECT_EQ(Take(), (Names{"pod/0.log", "gone/0.log"}));
}

// It was listed under its new name before the move was taken in.
TEST_P(InotifyHintsTest, KeepsADirectoryThatWasListedWhereItWasMovedTo) {
  tree_.Write("pod/0.log", "");
  List("");
  List("pod");
  fs::rename(tree_.At("pod"), tree_.At("gone"));
  List("gone");
  Take();
  Append("gone/0.log");
  EXPECT_EQ(Take(), Names{"gone/0.log"});
}

TEST_P(InotifyHintsTest, WatchesADirectoryThatWasRemovedAndMadeAnew) {
  tree_.Write("pod/0.log", "");
  List("pod");
  for (int i = 0; i < 3; ++i) {
    fs::remove_all(tree_.At("pod"));
    EXPECT_EQ(Take(), (Names{"pod", "pod/0.log"}));
    tree_.Write("pod/0.log", "");
    List("pod");
    Append("pod/0.log");
    EXPECT_EQ(Take(), Names{"pod/0.log"});
  }
}

TEST_P(InotifyHintsTest, TellsUnderEveryNameThatADirectoryWasListedBy) {
  tree_.Write("pod/0.log", "");
  List("pod");
  ASSERT_TRUE(files_->List(tree_.At("pod"), ""));
  ASSERT_TRUE(files_->List(tree_.root() + "/pod/../pod", ""));
  Append("pod/0.log");
  ChangeHints hints = files_->TakeChangeHints();
  std::sort(hints.paths.begin(), hints.paths.end());
  EXPECT_EQ(hints.paths, (std::vector<std::string>{tree_.root() + "/pod/../pod/0.log",
                                                   tree_.root() + "/pod/0.log"}));
  fs::remove_all(tree_.At("pod"));
  EXPECT_EQ(files_->TakeChangeHints().paths.size(), 2u) << "the roots are still open";
}

// A container replaces its log directory by a link to what podtail may read and it may not.
TEST_P(InotifyHintsTest, WatchesNothingBehindALink) {
  tree_.Write("pod/0.log", "");
  tree_.WriteOutside("secret", "");
  List("");
  List("pod");
  fs::remove_all(tree_.At("pod"));
  fs::create_symlink(tree_.outside(), tree_.At("pod"));
  EXPECT_FALSE(files_->List(tree_.root(), "pod"));
  EXPECT_FALSE(files_->Open(tree_.root(), "pod/secret"));
  Take();
  tree_.WriteOutside("secret", "more");
  EXPECT_EQ(Take(), Names{});
}

// Between the look at the directory and the watch on it there is no path to turn.
TEST_P(InotifyHintsTest, NoSwapOfDirectoryAndLinkIsWatchedThrough) {
  tree_.Write("pod/web/0.log", "");
  tree_.WriteOutside("secret", "");
  fs::create_directory_symlink(tree_.outside(), tree_.At("pod/link"));
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    std::ofstream secret(tree_.outside() + "/secret");
    for (int i = 0; i < 10'000; ++i) {
      renameat2(AT_FDCWD, tree_.At("pod/web").c_str(), AT_FDCWD, tree_.At("pod/link").c_str(),
                RENAME_EXCHANGE);
      secret << "more" << std::flush;
    }
    done = true;
  });
  std::size_t listed = 0;
  while (!done) {
    listed += files_->List(tree_.root(), "pod/web") ? 1 : 0;
    for (const std::string& path : files_->TakeChangeHints().paths) {
      EXPECT_EQ(path.find("secret"), path.npos) << path;
    }
  }
  swapper.join();
  RecordProperty("listed", std::to_string(listed));
}

TEST_P(InotifyHintsTest, FollowsTheRootWhereItsLinkLeads) {
  tree_.Write("first/0.log", "");
  tree_.Write("second/0.log", "");
  const std::string root = tree_.At("link");
  fs::create_directory_symlink("first", root);
  ASSERT_TRUE(files_->List(root, ""));
  Append("first/0.log");
  EXPECT_EQ(files_->TakeChangeHints().paths, std::vector<std::string>{root + "/0.log"});
  fs::remove(root);
  fs::create_directory_symlink("second", root);
  ASSERT_TRUE(files_->List(root, ""));
  Append("first/0.log");
  EXPECT_TRUE(files_->TakeChangeHints().paths.empty()) << "no longer beneath the root";
  Append("second/0.log");
  EXPECT_EQ(files_->TakeChangeHints().paths, std::vector<std::string>{root + "/0.log"});
}

TEST_P(InotifyHintsTest, SaysOnceThatMorePathsChangedThanItKeeps) {
  const bool in_memory = access("/dev/shm", W_OK) == 0;  // making files is faster there
  const LogTree tree(in_memory ? fs::path("/dev/shm") : fs::current_path());
  ASSERT_TRUE(files_->List(tree.root(), ""));
  for (std::size_t i = 0; i <= InotifyHints::kPathsMax; ++i) {
    std::ofstream(tree.At(std::to_string(i)));
  }
  const ChangeHints hints = files_->TakeChangeHints();
  EXPECT_FALSE(hints.complete);
  EXPECT_EQ(hints.paths.size(), InotifyHints::kPathsMax);
  EXPECT_EQ(Take(), Names{});
}

TEST_P(InotifyHintsTest, SaysOnceThatTheKernelsQueueWasTooShort) {
  std::size_t queue_max = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue_max;
  tree_.Write("0.log", "");
  tree_.Write("1.log", "");
  List("");
  // By turns, because the kernel merges an event with an equal one before it.
  std::ofstream writers[] = {std::ofstream(tree_.At("0.log"), std::ios::app),
                             std::ofstream(tree_.At("1.log"), std::ios::app)};
  for (std::size_t i = 0; i < queue_max + 100; ++i) writers[i % 2] << "." << std::flush;
  const ChangeHints hints = files_->TakeChangeHints();
  EXPECT_FALSE(hints.complete);
  EXPECT_EQ(hints.paths.size(), 2u);
  EXPECT_EQ(Take(), Names{});
  writers[0] << "." << std::flush;
  EXPECT_EQ(Take(), Names{"0.log"}) << "and goes on";
}

TEST_P(InotifyHintsTest, IsNotHandedOnToAnotherProgram) {
  EXPECT_NE(fcntl(files_->readiness_fd(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace podtail
