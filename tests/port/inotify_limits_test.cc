// SPDX-License-Identifier: Apache-2.0
// The kernel grants no more watches, or no inotify at all. Each test lowers the limit
// in a user namespace of a child process; where that is not allowed, none of them runs.
#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <string>

#include "tests/port/log_tree.h"

namespace podtail {
namespace {

// In a child process only: it never gets back.
bool Limit(const std::string& what, int most) {
  if (unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream limit("/proc/sys/user/max_inotify_" + what);
  limit << most << std::flush;
  return limit.good();
}

// Answers with the number of the line that did not hold.
#define REQUIRE_LINE(condition) \
  if (!(condition)) return __LINE__ % 256

class InotifyLimits : public testing::Test {
 protected:
  void SetUp() override {
    if (InChild([] { return Limit("watches", 1) ? 0 : 1; }) != 0) {
      GTEST_SKIP() << "no user namespace, or no limits in it";
    }
  }
};

TEST_F(InotifyLimits, SaysIncompleteUntilWhatWasRefusedIsWatched) {
  const LogTree tree(std::filesystem::current_path());
  for (const char* pod : {"a", "b", "c"}) tree.Write(std::string(pod) + "/0.log", "");
  EXPECT_EQ(InChild([&] {
              REQUIRE_LINE(Limit("watches", 2));
              const auto files = NewPosixLogFileSystem();
              REQUIRE_LINE(files->List(tree.root(), "a") && files->List(tree.root(), "b"));
              REQUIRE_LINE(files->TakeChangeHints().complete);
              const auto entries = files->List(tree.root(), "c");
              REQUIRE_LINE(entries && entries->size() == 1);
              REQUIRE_LINE(files->Open(tree.root(), "c/0.log").has_value());
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              // What is watched is told meanwhile.
              tree.Write("a/0.log", "more");
              const ChangeHints hints = files->TakeChangeHints();
              REQUIRE_LINE(!hints.complete && hints.paths.size() == 1);
              std::filesystem::remove_all(tree.At("b"));
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              REQUIRE_LINE(files->List(tree.root(), "c").has_value());
              REQUIRE_LINE(files->TakeChangeHints().complete);
              tree.Write("c/0.log", "more");
              REQUIRE_LINE(files->TakeChangeHints().paths.size() == 1);
              return 0;
            }),
            0);
}

TEST_F(InotifyLimits, RemembersNothingBeneathADirectoryThatIsGone) {
  const LogTree tree(std::filesystem::current_path());
  for (const char* pod : {"p", "q"}) tree.Write(std::string(pod) + "/c/0.log", "");
  EXPECT_EQ(InChild([&] {
              REQUIRE_LINE(Limit("watches", 1));
              const auto files = NewPosixLogFileSystem();
              for (const char* path : {"", "p", "p/c", "q", "q/c"}) {
                REQUIRE_LINE(files->List(tree.root(), path).has_value());
              }
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              std::filesystem::remove_all(tree.At("p"));
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              std::filesystem::remove_all(tree.At("q"));
              REQUIRE_LINE(files->TakeChangeHints().complete);
              return 0;
            }),
            0);
}

// Nothing tells that something went away: the next listing does.
TEST_F(InotifyLimits, RemembersNothingThatAListingDoesNotShow) {
  const LogTree tree(std::filesystem::current_path());
  for (const char* pod : {"p", "q"}) tree.Write(std::string(pod) + "/c/0.log", "");
  EXPECT_EQ(InChild([&] {
              REQUIRE_LINE(Limit("watches", 1));
              const auto files = NewPosixLogFileSystem();
              for (const char* path : {"q", "p", "p/c"}) {
                REQUIRE_LINE(files->List(tree.root(), path).has_value());
              }
              std::filesystem::remove_all(tree.At("p"));
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              std::filesystem::remove_all(tree.At("q"));
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              tree.Write("r/c/0.log", "");
              REQUIRE_LINE(files->List(tree.root(), "").has_value());
              REQUIRE_LINE(files->TakeChangeHints().complete);
              return 0;
            }),
            0);
}

TEST_F(InotifyLimits, MissesNothingOfADirectoryThatIsGone) {
  const LogTree tree(std::filesystem::current_path());
  for (const char* pod : {"a", "b", "c"}) tree.Write(std::string(pod) + "/0.log", "");
  EXPECT_EQ(InChild([&] {
              REQUIRE_LINE(Limit("watches", 1));
              const auto files = NewPosixLogFileSystem();
              REQUIRE_LINE(files->List(tree.root(), "").has_value());
              REQUIRE_LINE(files->List(tree.root(), "a").has_value());
              REQUIRE_LINE(files->List(tree.root(), "b").has_value());
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              std::filesystem::remove_all(tree.At("a"));  // told by the root's watch
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              std::filesystem::rename(tree.At("b"), tree.At("d"));
              REQUIRE_LINE(files->TakeChangeHints().complete);
              REQUIRE_LINE(files->List(tree.root(), "c").has_value());
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              std::filesystem::remove_all(tree.At("c"));
              REQUIRE_LINE(!files->List(tree.root(), "c").has_value());
              REQUIRE_LINE(files->TakeChangeHints().complete);
              return 0;
            }),
            0);
}

TEST_F(InotifyLimits, WorksWithoutInotify) {
  const LogTree tree(std::filesystem::current_path());
  tree.Write("pod/0.log", "one\n");
  EXPECT_EQ(InChild([&] {
              REQUIRE_LINE(Limit("instances", 0));
              const auto files = NewPosixLogFileSystem();
              REQUIRE_LINE(files->readiness_fd() == -1);
              REQUIRE_LINE(!files->TakeChangeHints().complete);
              REQUIRE_LINE(files->List(tree.root(), "pod").has_value());
              REQUIRE_LINE(ReadFile(files.get(), tree.root(), "pod/0.log") == "one\n");
              tree.Write("pod/0.log", "more");
              const ChangeHints hints = files->TakeChangeHints();
              REQUIRE_LINE(!hints.complete && hints.paths.empty());
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace podtail
