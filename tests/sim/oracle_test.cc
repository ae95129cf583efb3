// SPDX-License-Identifier: Apache-2.0
// What the oracle makes of the engine's words.
#include "engine/sim/sim_oracle.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/hash.h"
#include "engine/record/record_batch_builder.h"

namespace podtail {
namespace {

// The engine declares one of them lost, and has no file to show: its name says which it is.
TEST(SimOracle, TellsFilesThatAreGoneApartByTheirNames) {
  ChoiceTape tape = ChoiceTape::FromSeed(1);
  SimTrace trace(30);
  SimOracle oracle(&trace);
  SimLogFileSystem files(&tape, &oracle);
  oracle.BeginLife({}, false);
  files.MakeDirectory("/r/p/c");
  for (const char* name : {"/r/p/c/1.log", "/r/p/c/2.log"}) {
    files.Append(files.Create(name), std::string(60, 'x') + "\n");
  }
  for (const auto& generation : oracle.generations()) {
    generation->opened_life = 1;
    generation->put = 50;
    generation->Mark({0, 50}, SimGeneration::kSettled);
  }
  files.Unlink("/r/p/c/1.log");
  files.Unlink("/r/p/c/2.log");
  oracle.OnSeen(*files.Create("/r/p/c/3.log"), 0, false);
  oracle.OnFileOpened("/r/p/c/2.log", 50);
  EXPECT_FALSE(trace.failed());
  EXPECT_NE(trace.Timeline().find("announced /r/p/c/2.log 2 50"), std::string::npos)
      << trace.Timeline();
}

// A plain file that went unopened held more than its archive: nobody could have read that.
TEST(SimOracle, CallsNothingInTimeThatNobodyCouldRead) {
  ChoiceTape tape = ChoiceTape::FromSeed(1);
  SimTrace trace(30);
  SimOracle oracle(&trace);
  SimLogFileSystem files(&tape, &oracle);
  oracle.BeginLife({}, false);
  trace.turns = 9;
  files.MakeDirectory("/r/p/c");
  const std::string live = "/r/p/c/0.log", rotated = live + ".20240101-000001";
  const std::string line = std::string(60, 'x') + "\n";
  SimNode* plain = files.Create(live);
  files.Append(plain, line);
  files.Rename(live, rotated);
  (void)files.CreateCompressed(rotated + ".gz", *plain, line.size());
  files.Create(live);
  files.Append(plain, line);
  CheckpointEdit edit;
  edit.put.emplace_back();
  const FileStat& stat = plain->stat;
  const Marker head{HashBytes(line), static_cast<std::uint32_t>(line.size())};
  edit.put[0].file = {stat.inode, stat.birth_time, stat.handle_generation, head};
  edit.put[0].late_from = line.size();
  files.Unlink(rotated);
  oracle.Submitted(edit);
  EXPECT_FALSE(trace.failed()) << trace.failure().message;
  edit.put[0].late_from = line.size() - 1;
  oracle.Submitted(edit);
  EXPECT_TRUE(trace.failed()) << "the archive's lines came in time";
}

struct Sent {
  std::string_view body;
  std::vector<Piece> pieces;
  std::uint32_t part;
  RecordFlags flags = RecordFlags::kNone;
};

void Offer(const std::vector<Sent>& all, Timestamp time, std::uint64_t sequence,
           SimOracle* oracle) {
  RecordBatchBuilder builder({ContainerId{0}, std::nullopt}, std::make_shared<PodResource>());
  for (const Sent& sent : all) {
    RecordDraft draft;
    draft.body = sent.body;
    draft.pieces = sent.pieces;
    draft.part = sent.part;
    draft.flags = sent.flags;
    draft.time = time;
    builder.Add(draft);
    for (const Piece& piece : sent.pieces) builder.Need({piece.source, {}}, {});
    time += std::chrono::nanoseconds(1);
  }
  oracle->Offered(*builder.Seal(static_cast<BatchSequence>(sequence)));
}

// Behind a run whose first file has vanished times are given anew, in each of its files.
TEST(SimOracle, AllowsOtherTimesBehindARunThatLostItsBeginning) {
  ChoiceTape tape = ChoiceTape::FromSeed(1);
  SimTrace trace(30);
  SimOracle oracle(&trace);
  oracle.options.unique_times = true;
  SimLogFileSystem files(&tape, &oracle);
  const std::string lost = "/r/p/c/0.log.1", older = "/r/p/c/0.log.2", live = "/r/p/c/0.log";
  files.MakeDirectory("/r/p/c");
  files.Append(files.Create(lost), "2024-01-01T00:00:01Z stdout P z\n");
  files.Append(files.Create(older), "2024-01-01T00:00:01Z stdout P a\n");
  files.Append(files.Create(live),
               "2024-01-01T00:00:01Z stdout F b\n2024-01-01T00:00:01Z stdout F c\n");
  const auto begin = [&] {
    oracle.BeginLife({}, false);
    for (const std::string& path : {older, live}) {
      oracle.OnSeen(*files.Find(path), 0, false);
      oracle.OnFileOpened(path, 0);
    }
  };
  const SourceId a{0}, b{1};
  const Timestamp time{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1) +
                       std::chrono::seconds(1)};
  begin();
  Offer({{"a", {{a, {0, 32}, 32}}, 1}, {"b", {{b, {0, 32}, 32}}, 2}}, time, 1, &oracle);
  ASSERT_FALSE(trace.failed()) << trace.failure().message;
  files.Unlink(lost);
  oracle.EndLife();
  begin();
  // "b" had the time that "c" has now.
  Offer({{"ab", {{a, {0, 32}, 32}, {b, {0, 32}, 32}}, 0}, {"c", {{b, {32, 64}, 32}}, 0}}, time, 1,
        &oracle);
  EXPECT_FALSE(trace.failed()) << trace.failure().message;
}

// Half a line was sent, and the rest that came behind it is a log line; a life that begins anew
// finds one line that is none, and sends it in parts.
TEST(SimOracle, TakesALineThatWasSplitForOneWhenItIsFoundWhole) {
  ChoiceTape tape = ChoiceTape::FromSeed(1);
  SimTrace trace(30);
  SimOracle oracle(&trace);
  SimLogFileSystem files(&tape, &oracle);
  const std::string live = "/r/p/c/0.log", rest = "2024-01-01T00:00:01Z stdout F a";
  files.MakeDirectory("/r/p/c");
  SimNode* node = files.Create(live);
  files.Append(node, "2024" + rest + "\n");
  const auto begin = [&](bool state_lost) {
    oracle.BeginLife({}, state_lost);
    oracle.OnSeen(*node, 0, false);
    oracle.OnFileOpened(live, 0);
  };
  const SourceId a{0};
  const Timestamp time{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)};
  const RecordFlags torn = RecordFlags::kMalformed;
  begin(false);
  Offer({{"2024", {{a, {0, 4}, 4}}, 0, torn | RecordFlags::kUnterminated}}, time, 1, &oracle);
  ASSERT_FALSE(trace.failed()) << trace.failure().message;
  oracle.EndLife();
  begin(true);
  const std::string whole = "2024" + rest;
  Offer({{whole.substr(0, 30), {{a, {0, 30}, 30}}, 1, torn},
         {whole.substr(30), {{a, {30, 36}, 6}}, 2, torn}},
        time, 1, &oracle);
  EXPECT_FALSE(trace.failed()) << trace.failure().message;
  oracle.EndLife();
  begin(true);
  // Behind the split it is a log line, to whoever begins there.
  Offer({{rest, {{a, {4, 36}, 32}}, 0, torn}}, time, 1, &oracle);
  EXPECT_TRUE(trace.failed());
}

}  // namespace
}  // namespace podtail
