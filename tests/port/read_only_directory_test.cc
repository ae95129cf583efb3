// SPDX-License-Identifier: Apache-2.0
#include "engine/port/read_only_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace podtail {
namespace {

namespace fs = std::filesystem;

class ReadOnlyDirectoryTest : public testing::Test {
 protected:
  ReadOnlyDirectoryTest() {
    std::string name = testing::TempDir() + "podtail-look-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~ReadOnlyDirectoryTest() override { fs::remove_all(path_); }

  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
  }

  std::string path_;
};

TEST_F(ReadOnlyDirectoryTest, ListsFilesOfStateAndReadsThemInPieces) {
  Write("journal", "0123456789");
  Write("lock", "");
  Write("journal.new", "half");
  fs::create_directory(path_ + "/folder");
  fs::create_symlink("journal", path_ + "/link");
  const auto directory = OpenReadOnlyDirectory(path_);
  ASSERT_TRUE(directory) << directory.error().ToString();
  const auto files = (*directory)->List();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front().name, "journal");
  EXPECT_EQ(files->front().bytes, 10u);
  EXPECT_EQ(*(*directory)->Read("journal", 0, 4), "0123");
  EXPECT_EQ(*(*directory)->Read("journal", 8, 4), "89");
  EXPECT_EQ(*(*directory)->Read("journal", 10, 4), "");
  EXPECT_EQ((*directory)->Read("nothing", 0, 4).error().code(), StatusCode::kNotFound);
}

TEST_F(ReadOnlyDirectoryTest, RefusesJobs) {
  const auto directory = OpenReadOnlyDirectory(path_);
  ASSERT_TRUE(directory);
  const auto id = (*directory)->Submit({DurableJob::Kind::kReplace, "journal", "bytes"});
  const auto result = (*directory)->TakeResult(id);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(path_ + "/journal"));
}

TEST_F(ReadOnlyDirectoryTest, FollowsNoLinkAndHangsOnNoFifo) {
  Write("target", "secret");
  fs::create_symlink("target", path_ + "/link");
  ASSERT_EQ(mkfifo((path_ + "/fifo").c_str(), 0600), 0);
  const auto directory = OpenReadOnlyDirectory(path_);
  ASSERT_TRUE(directory);
  EXPECT_FALSE((*directory)->Read("link", 0, 4));
  // Nobody writes to it: the end at once.
  const auto fifo = (*directory)->Read("fifo", 0, 4);
  EXPECT_TRUE(!fifo || fifo->empty());
}

TEST_F(ReadOnlyDirectoryTest, ListsFoldersByName) {
  fs::create_directory(path_ + "/b");
  fs::create_directory(path_ + "/a");
  fs::create_directory_symlink("a", path_ + "/link");
  Write("file", "");
  const auto folders = ListFolders(path_);
  ASSERT_TRUE(folders);
  EXPECT_EQ(*folders, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ListFolders(path_ + "/nowhere").error().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace podtail
