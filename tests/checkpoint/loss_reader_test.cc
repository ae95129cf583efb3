// SPDX-License-Identifier: Apache-2.0
// `podtail ledger` reads what the loss log wrote: all of it, each place once, and
// whatever somebody did to the file.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/checkpoint/loss_line.h"
#include "engine/checkpoint/loss_line_reader.h"
#include "podtail/log_record.h"
#include "podtail/state_reader.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

namespace fs = std::filesystem;

LossEntry Gap(std::uint64_t begin, std::uint64_t end) {
  LossEntry entry;
  entry.file = IdentityOf(1);
  entry.path = "/var/log/pods/ns_web_uid/app/0.log";
  entry.extent = {begin, end};
  entry.bytes = end - begin;
  entry.time = Timestamp(std::chrono::nanoseconds(1'714'558'830'123'456'789));
  entry.reason = LossReason::kTruncated;
  return entry;
}

std::string LossLineOf(const LossEntry& entry) {
  std::string line;
  AppendLossLine(entry, &line);
  line.pop_back();
  return line;
}

TEST(ParseLossLine, ReadsWhatAppendLossLineWrote) {
  LossEntry entry = Gap(100, 250);
  entry.bytes = 90;
  entry.path = "/p/\"quoted\\ \n\x1b[31m\xe2\x80\xae\xc3\xa4";
  entry.detail = "said \t no\x7f";
  const auto read = ParseLossLine(LossLineOf(entry));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->path, entry.path);
  EXPECT_EQ(read->detail, entry.detail);
  EXPECT_EQ(read->time, "2024-05-01T10:20:30.123456789Z");
  EXPECT_EQ(read->reason, "truncated");
  EXPECT_EQ(read->extent, entry.extent);
  EXPECT_EQ(read->bytes, 90U);
  EXPECT_EQ(read->inode, entry.file.inode);
  EXPECT_FALSE(read->dead_letter);
  EXPECT_FALSE(read->has_record);
}

TEST(ParseLossLine, TellsDeadLettersByTheirReason) {
  for (unsigned value = 1; value < 20; ++value) {
    LossEntry entry = Gap(1, 2);
    entry.reason = static_cast<LossReason>(value);
    const bool known = LossReasonName(entry.reason) != "unknown";
    const auto read = ParseLossLine(LossLineOf(entry));
    ASSERT_EQ(read.has_value(), known) << value;
    if (known) {
      EXPECT_EQ(read->dead_letter, value >= 16) << value;
    }
  }
}

TEST(ParseLossLine, PassesOverTheRecordWhateverIsInIt) {
  std::string line = LossLineOf(Gap(1, 2));
  line.pop_back();
  const auto read = ParseLossLine(
      line + R"(,"record":{"flags":["joined"],"body":"}]\",\"begin\":9","x":{"begin":7}}})");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->has_record);
  EXPECT_EQ(read->extent.begin, 1U);
}

// Every cut, and every byte turned into every kind of other one: an answer, and
// never a line that a terminal obeys.
TEST(ParseLossLine, IsTotalOverDamage) {
  const std::string line = LossLineOf(Gap(100, 250));
  for (std::size_t i = 0; i < line.size(); ++i) {
    EXPECT_FALSE(ParseLossLine(line.substr(0, i))) << i;
    for (const char c : {'\0', '\x1b', '"', '\\', '{', '}', '[', ',', '9', '\x80', '\xff'}) {
      std::string changed = line;
      changed[i] = c;
      const auto read = ParseLossLine(changed);
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x80) {
        EXPECT_FALSE(read) << i;
      }
    }
  }
  for (const char* bad :
       {"", "{}", "null", "[]", R"({"begin":1,"end":2,"reason":"nonsense"})",
        R"({"begin":3,"end":2,"reason":"overflow"})", R"({"begin":1,"reason":"overflow"})",
        R"({"begin":-1,"end":2,"reason":"overflow"})",
        R"({"begin":99999999999999999999,"end":2,"reason":"overflow"})",
        R"({"begin":1,"end":2,"reason":"overflow"}})",
        R"({"begin":1,"end":2,"reason":"overflow"} )",
        R"({"a":"\ud800","begin":1,"end":2,"reason":"overflow"})"}) {
    EXPECT_FALSE(ParseLossLine(bad)) << bad;
  }
}

class ReadLossesTest : public testing::Test {
 protected:
  ReadLossesTest() {
    std::string name = testing::TempDir() + "podtail-losses-XXXXXX";
    directory_ = mkdtemp(name.data());
    fs::create_directory(directory_ + "/sink");
  }
  ~ReadLossesTest() override { fs::remove_all(directory_); }
  void Write(const std::string& file, const std::string& bytes) const {
    std::ofstream(directory_ + "/sink/" + file, std::ios::binary) << bytes;
  }
  std::string directory_;
};

TEST_F(ReadLossesTest, ReadsTheOlderFileFirstAndEachPlaceOnce) {
  LossEntry again = Gap(1, 2);
  again.time += std::chrono::seconds(5);
  Write("losses.1", LossLineOf(Gap(5, 9)) + "\n" + LossLineOf(Gap(1, 2)) + "\n");
  Write("losses",
        LossLineOf(again) + "\n" + LossLineOf(Gap(0, 1)) + "\n" + LossLineOf(again) + "\n");
  const auto read = ReadLosses(directory_, "sink");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->entries.size(), 3U);
  EXPECT_EQ(read->entries[0].extent.begin, 5U);
  EXPECT_EQ(read->entries[1].extent.begin, 1U);
  EXPECT_EQ(read->entries[1].written, 3U);
  EXPECT_EQ(read->entries[2].extent.begin, 0U);
  EXPECT_EQ(read->damaged_lines, 0U);
  const auto sinks = ListSinks(directory_);
  ASSERT_TRUE(sinks);
  EXPECT_EQ(*sinks, std::vector<std::string>{"sink"});
}

TEST_F(ReadLossesTest, NamesDamagedLinesAndGoesOnAndKeepsQuietAboutATornEnd) {
  Write("losses",
        "garbage\n" + LossLineOf(Gap(1, 2)) + "\n\x1b[2J\n\n" + LossLineOf(Gap(3, 4)).substr(9));
  const auto read = ReadLosses(directory_, "sink");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entries.size(), 1U);
  EXPECT_EQ(read->damaged_lines, 3U);
  EXPECT_EQ(read->damaged,
            (std::vector<std::string>{"losses line 1", "losses line 3", "losses line 4"}));
}

TEST_F(ReadLossesTest, ReadsLinesAcrossItsPiecesAndNamesOnlyTheFirstHundred) {
  std::string bytes;
  for (std::uint64_t i = 0; i < 5000; ++i) bytes += LossLineOf(Gap(i, i + 1)) + "\n";
  for (int i = 0; i < 150; ++i) bytes += std::string(20'000, 'x') + "\n";
  Write("losses", bytes);
  const auto read = ReadLosses(directory_, "sink");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entries.size(), 5000U);
  EXPECT_EQ(read->damaged_lines, 150U);
  EXPECT_EQ(read->damaged.size(), 100U);
}

TEST_F(ReadLossesTest, HasNothingToSayWithoutALog) {
  const auto read = ReadLosses(directory_, "sink");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->entries.empty());
  EXPECT_EQ(ReadLosses(directory_, "other").error().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace podtail
