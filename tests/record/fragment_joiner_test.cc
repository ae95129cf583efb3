// SPDX-License-Identifier: Apache-2.0
// sources.md A.7, decisions 10 and 11.
#include "engine/record/fragment_joiner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace podtail {
namespace {

struct Given : JoinerOutput {
  struct Record {
    std::string body;
    std::string raw;
    Timestamp time;
    std::uint32_t part;
    RecordFlags flags;
    std::vector<Piece> pieces;
    std::vector<std::uint64_t> holds;
  };
  void TakeRecord(const RecordDraft& draft, std::span<const Hold> holds) override {
    Record record{std::string(draft.body),
                  std::string(draft.raw),
                  draft.time,
                  draft.part,
                  draft.flags,
                  {draft.pieces.begin(), draft.pieces.end()},
                  {}};
    for (const Hold& hold : holds) record.holds.push_back(hold.begin.offset);
    records.push_back(record);
  }
  void TakeOverflow(const Piece& piece, const Hold& hold) override {
    overflow.push_back(piece);
    overflow_from.push_back(hold.begin.offset);
  }
  std::vector<Record> records;
  std::vector<Piece> overflow;
  std::vector<std::uint64_t> overflow_from;
};

// A file of CRI lines with a ten-byte head each.
class Feeder {
 public:
  explicit Feeder(JoinerLimits joiner_limits) : limits(joiner_limits) {}

  void Line(std::string_view message, bool full) { Pieces({message}, full); }
  // One line in several pieces, as of one longer than the read buffer.
  void Pieces(const std::vector<std::string_view>& messages, bool full) {
    Fragment fragment;
    fragment.line = {source, {}};
    fragment.line.begin.offset = at;
    fragment.source = source;
    fragment.time = Timestamp(std::chrono::seconds(++seconds));
    fragment.times = &times;
    fragment.full = full;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      fragment.begins = i == 0;
      fragment.ends = i + 1 == messages.size();
      fragment.head = fragment.begins ? std::string_view("head head ") : std::string_view();
      fragment.time_text = fragment.begins ? fragment.head.substr(0, 4) : std::string_view();
      fragment.message = messages[i];
      const std::uint64_t bytes =
          fragment.head.size() + messages[i].size() + (fragment.ends ? 1U : 0U);
      fragment.extent = {at, at + bytes};
      at += bytes;
      joiner.Feed(fragment, limits, &given);
    }
  }
  void NextFile() {
    source = static_cast<SourceId>(static_cast<std::uint32_t>(source) + 1);
    at = 0;
  }

  JoinerLimits limits;
  FragmentJoiner joiner;
  Given given;
  ReplayState::Stream times;
  SourceId source{1};
  std::uint64_t at = 0;
  int seconds = 0;
};

TEST(FragmentJoiner, JoinsARunByteForByteWithTheTimeOfItsFirstFragment) {
  Feeder feeder({});
  feeder.Line("first part ", false);
  feeder.Line(" second part ", false);
  EXPECT_TRUE(feeder.joiner.open());
  EXPECT_EQ(feeder.joiner.part(), 1U);
  EXPECT_EQ(feeder.joiner.part_bytes(), 24U);
  feeder.Line("last", true);
  ASSERT_EQ(feeder.given.records.size(), 1U);
  const auto& record = feeder.given.records[0];
  EXPECT_EQ(record.body, "first part  second part last");
  EXPECT_EQ(record.raw, "head head ");
  EXPECT_EQ(record.time, Timestamp(std::chrono::seconds(1)));
  EXPECT_EQ(record.part, 0U);
  EXPECT_EQ(record.flags, RecordFlags::kJoined);
  ASSERT_EQ(record.pieces.size(), 1U);
  EXPECT_EQ(record.pieces[0].extent.begin, 0U);
  EXPECT_EQ(record.pieces[0].extent.end, feeder.at);
  EXPECT_EQ(record.pieces[0].bytes, feeder.at);
  EXPECT_FALSE(feeder.joiner.open());
  EXPECT_TRUE(feeder.joiner.holds().empty());
}

TEST(FragmentJoiner, CountsOnlyItsOwnBytesWhenOtherLinesLieBetween) {
  Feeder feeder({});
  feeder.Line("a", false);  // [0, 12)
  feeder.at += 100;         // of the other stream
  feeder.Line("b", true);   // [112, 124)
  const auto& piece = feeder.given.records.at(0).pieces.at(0);
  EXPECT_EQ(piece.extent.begin, 0U);
  EXPECT_EQ(piece.extent.end, 124U);
  EXPECT_EQ(piece.bytes, 24U);
}

TEST(FragmentJoiner, CrossesARotationWithAPieceAndAHoldInEachFile) {
  Feeder feeder({});
  feeder.at = 500;
  feeder.Line("old ", false);
  feeder.NextFile();
  feeder.Line("new", true);
  const auto& record = feeder.given.records.at(0);
  EXPECT_EQ(record.body, "old new");
  ASSERT_EQ(record.pieces.size(), 2U);
  EXPECT_EQ(record.pieces[0].source, SourceId{1});
  EXPECT_EQ(record.pieces[1].source, SourceId{2});
  EXPECT_EQ(record.holds, (std::vector<std::uint64_t>{500, 0}));
}

TEST(FragmentJoiner, SplitsBetweenFragmentsAboveTheLimit) {
  Feeder feeder({.record_bytes_max = 10});
  feeder.Line("aaaaaa", false);
  feeder.Line("bbbb", false);  // exactly ten: still one part
  feeder.Line("c", false);
  feeder.Line("d", true);
  ASSERT_EQ(feeder.given.records.size(), 2U);
  EXPECT_EQ(feeder.given.records[0].body, "aaaaaabbbb");
  EXPECT_EQ(feeder.given.records[0].part, 1U);
  EXPECT_EQ(feeder.given.records[1].body, "cd");
  EXPECT_EQ(feeder.given.records[1].part, 2U);
  // The second part begins at its own first fragment, with that one's time.
  EXPECT_EQ(feeder.given.records[1].holds, (std::vector<std::uint64_t>{32}));
  EXPECT_EQ(feeder.given.records[1].time, Timestamp(std::chrono::seconds(3)));
}

TEST(FragmentJoiner, CutsInsideALineThatIsTooLongAlone) {
  for (const std::size_t first : {1U, 9U, 10U, 11U, 25U}) {
    Feeder feeder({.record_bytes_max = 10, .unique_times = true});
    const std::string line = "0123456789abcdefghijABCDE";
    const std::string_view all = line;
    if (first == line.size()) {
      feeder.Line(all, true);
    } else {
      feeder.Pieces({all.substr(0, first), all.substr(first)}, true);
    }
    ASSERT_EQ(feeder.given.records.size(), 3U) << first;
    std::string joined;
    std::uint64_t begin = 0, bytes = 0;
    for (std::uint32_t i = 0; i < 3; ++i) {
      const auto& record = feeder.given.records[i];
      joined += record.body;
      EXPECT_EQ(record.part, i + 1);
      EXPECT_EQ(record.holds, (std::vector<std::uint64_t>{0})) << "needs the whole line";
      EXPECT_EQ(record.pieces.at(0).extent.begin, begin);
      begin = record.pieces.at(0).extent.end;
      bytes += record.pieces.at(0).bytes;
      EXPECT_EQ(record.time, Timestamp(std::chrono::seconds(1)) + std::chrono::nanoseconds(i));
    }
    EXPECT_EQ(joined, line);
    EXPECT_EQ(begin, feeder.at);
    EXPECT_EQ(bytes, feeder.at);
  }
}

TEST(FragmentJoiner, DropsWhatIsAboveTheLimitWhenAsked) {
  Feeder feeder({.record_bytes_max = 10, .drop_overflow = true});
  feeder.Line("aaaaaaaaaa", false);  // [0, 21)
  feeder.Line("bbb", false);         // [21, 35)
  feeder.Line("cccccccccccccc", true);
  ASSERT_EQ(feeder.given.records.size(), 1U);
  EXPECT_EQ(feeder.given.records[0].body, "aaaaaaaaaa");
  EXPECT_EQ(feeder.given.records[0].part, 1U);
  ASSERT_EQ(feeder.given.overflow.size(), 1U);
  EXPECT_EQ(feeder.given.overflow[0].extent.begin, 21U);
  EXPECT_EQ(feeder.given.overflow[0].extent.end, feeder.at);
  EXPECT_EQ(feeder.given.overflow[0].bytes, feeder.at - 21);
  EXPECT_FALSE(feeder.joiner.open());
}

TEST(FragmentJoiner, ClosesWithoutItsEndAsUnterminated) {
  Feeder feeder({});
  feeder.Line("prompt> ", false);
  feeder.joiner.Close(&feeder.given);
  ASSERT_EQ(feeder.given.records.size(), 1U);
  EXPECT_EQ(feeder.given.records[0].body, "prompt> ");
  EXPECT_EQ(feeder.given.records[0].flags, RecordFlags::kUnterminated);
  EXPECT_FALSE(feeder.joiner.open());
}

ReplayState::Stream Inside(std::uint32_t part, std::uint64_t bytes) {
  ReplayState::Stream state;
  state.part = part;
  state.part_bytes = bytes;
  state.run_gap = 77;
  return state;
}

TEST(FragmentJoiner, ShadowGivesOutNothingOfAPartThatWasGivenOut) {
  Feeder feeder({.record_bytes_max = 10});
  feeder.joiner.BecomeShadow(LogStream::kStdout, Inside(3, 6));
  EXPECT_TRUE(feeder.joiner.open());
  EXPECT_EQ(feeder.joiner.gap(), 77U);
  EXPECT_TRUE(feeder.joiner.holds().empty());
  feeder.Line("ab", false);
  EXPECT_EQ(feeder.joiner.part_bytes(), 8U);
  EXPECT_EQ(feeder.joiner.gap(), 0U);
  feeder.Line("cd", true);
  EXPECT_TRUE(feeder.given.records.empty()) << "its F completed the part that was given out";
  EXPECT_FALSE(feeder.joiner.open());
}

TEST(FragmentJoiner, ShadowEndsWhereTheNextPartBegins) {
  Feeder feeder({.record_bytes_max = 10});
  feeder.joiner.BecomeShadow(LogStream::kStdout, Inside(3, 6));
  feeder.Line("abcde", false);
  feeder.Line("f", true);
  ASSERT_EQ(feeder.given.records.size(), 1U);
  EXPECT_EQ(feeder.given.records[0].part, 4U);
  EXPECT_EQ(feeder.given.records[0].body, "abcdef");
}

TEST(FragmentJoiner, ShadowThatIsClosedGivesNothing) {
  Feeder feeder({});
  feeder.joiner.BecomeShadow(LogStream::kStderr, Inside(1, 5));
  feeder.joiner.Close(&feeder.given);
  EXPECT_TRUE(feeder.given.records.empty());
  EXPECT_FALSE(feeder.joiner.open());
}

// A restart at any line that the first life had settled everything before gives
// the rest of the records, and none of them differently.
TEST(FragmentJoiner, GoesOnFromTheStateBehindAnyLine) {
  const std::vector<std::pair<std::string, bool>> lines = {{"aaaa", false},
                                                           {"bbbbbb", false},
                                                           {"c", false},
                                                           {"", false},
                                                           {"ddddddddddddddd", false},
                                                           {"eee", true},
                                                           {"f", false},
                                                           {"", true},
                                                           {"g", true},
                                                           {"hhhhhhhhhhhhhhhhhhhhhh", true}};
  for (const bool drop : {false, true}) {
    const JoinerLimits limits{.record_bytes_max = 10, .drop_overflow = drop};
    Feeder whole(limits);
    std::vector<ReplayState::Stream> states;
    std::vector<std::size_t> given;  // records whose bytes all lie before the line
    for (const auto& [text, full] : lines) {
      ReplayState::Stream state = whole.times;
      state.part = whole.joiner.part();
      state.part_bytes = whole.joiner.part_bytes();
      states.push_back(state);
      given.push_back(whole.given.records.size() +
                      (whole.joiner.holds().empty() || drop ? 0U : 1U));
      whole.Line(text, full);
    }
    for (std::size_t from = 0; from < lines.size(); ++from) {
      Feeder again(limits);
      again.times = states[from];
      again.seconds = static_cast<int>(from);
      if (states[from].part != 0) again.joiner.BecomeShadow(LogStream::kStdout, states[from]);
      for (std::size_t i = from; i < lines.size(); ++i) again.Line(lines[i].first, lines[i].second);
      ASSERT_LE(again.given.records.size(), whole.given.records.size());
      const std::size_t skipped = whole.given.records.size() - again.given.records.size();
      if (!drop) {
        EXPECT_EQ(skipped, given[from]) << "from line " << from;
      }
      for (std::size_t i = 0; i < again.given.records.size(); ++i) {
        EXPECT_EQ(again.given.records[i].body, whole.given.records[skipped + i].body);
        EXPECT_EQ(again.given.records[i].part, whole.given.records[skipped + i].part);
        EXPECT_EQ(again.given.records[i].time, whole.given.records[skipped + i].time);
        EXPECT_EQ(again.given.records[i].flags, whole.given.records[skipped + i].flags);
      }
    }
  }
}

}  // namespace
}  // namespace podtail
