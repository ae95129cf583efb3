// SPDX-License-Identifier: Apache-2.0
// What the oracle makes of the engine's words.
#include "engine/sim/sim_oracle.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/hash.h"

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

}  // namespace
}  // namespace podtail
