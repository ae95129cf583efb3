// SPDX-License-Identifier: Apache-2.0
// Runs over the end of a file that was compressed before its last lines were written
// (reliability.md 5A): those were read once, and nobody can read them again.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/pipeline/engine_world.h"
#include "tests/port/gzip_bytes.h"

namespace podtail {
namespace {

using Bodies = std::vector<std::string>;

class ArchiveRunsTest : public testing::Test {
 protected:
  void Start() {
    arrived = {};
    options.tailer.root = "/r";
    options.batch_age_max = std::chrono::milliseconds(100);
    auto made = Engine::Create(
        options, {.files = &files,
                  .checkpoints = &store,
                  .exporter = std::make_unique<LaterExporter>(nullptr, &arrived, SinkNeeds{})});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  void Turns(int n) {
    for (int i = 0; i < n; ++i) {
      now += std::chrono::milliseconds(200);
      files.now += std::chrono::milliseconds(200);
      ASSERT_TRUE(engine->Poll({Instant(now), files.now}).has_value());
    }
  }
  void Write(const std::string& path, const std::string& rest) {
    files.Append(path, "2024-01-01T00:00:" + std::to_string(10 + ++lines_) + "Z " + rest + "\n");
  }
  // The archive holds the first `bytes` of the old file.
  void Compress(std::size_t bytes) {
    files.Append(std::string(kOld) + ".gz", GzipBytes(files.BytesOf(kOld).substr(0, bytes)));
    files.Unlink(kOld);
  }
  bool Has(const std::string& body) const {
    return std::count(arrived.bodies.begin(), arrived.bodies.end(), body) == 1;
  }

  MemoryLogFileSystem files;
  LaterStore store{nullptr};
  Arrived arrived;
  EngineOptions options;
  std::unique_ptr<Engine> engine;
  Duration now{};

 private:
  int lines_ = 0;
};

// `ab` was given out, and `b` is not there any more: `c` is a line of its own.
TEST_F(ArchiveRunsTest, AShadowEndsWithTheFileThatLostWhatItWaitsFor) {
  Write(kLive, "stdout F x");
  Write(kLive, "stderr P a");
  Write(kLive, "stdout P open");
  const std::size_t archived = files.BytesOf(kLive).size();
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kOld, "stderr F b");
  Write(kLive, "stderr F c");
  Turns(20);
  EXPECT_EQ(arrived.bodies, (Bodies{"x", "ab", "c"}));
  engine.reset();
  Compress(archived);
  Start();
  Turns(5);
  Write(kLive, "stdout F d");
  Turns(60);
  EXPECT_TRUE(Has("c")) << "swallowed";
  // Its next part may have been in what is lost.
  EXPECT_TRUE(Has("open"));
  EXPECT_TRUE(Has("d"));
}

// As before, but that no life had seen the next file when `b` was lost: the one that finds it
// first says so to those after it, whether or not more of the shadow is there.
TEST_F(ArchiveRunsTest, AShadowThatHasEndedSwallowsNothingInLaterLives) {
  for (const bool fed : {false, true}) {
    const std::string name = fed ? " of two" : "";
    Write(kLive, "stdout F x");
    Write(kLive, "stderr P a");
    Write(kLive, "stdout P open");
    if (fed) Write(kLive, "stderr P and");
    const std::size_t archived = files.BytesOf(kLive).size();
    Write(kLive, "stderr F b");
    Start();
    Turns(20);
    EXPECT_EQ(arrived.bodies, (Bodies{"x", fed ? "aandb" : "ab"}));
    engine.reset();
    files.Rename(kLive, kOld);
    Compress(archived);
    Write(kLive, "stderr F c");
    for (int life = 2; life <= 4; ++life) {
      Start();
      Turns(20);
      EXPECT_TRUE(Has("c")) << "swallowed in life " << life << name;
      engine.reset();
    }
    files.Unlink(kLive);
    files.Unlink(std::string(kOld) + ".gz");
  }
}

// The old file was committed as a whole; what is there of it is shorter, and read again.
TEST_F(ArchiveRunsTest, ARunThatIsReadAgainDoesNotGoOnInAFileThatWasCommittedSince) {
  Write(kLive, "stdout F x");
  Write(kLive, "stderr P a");
  const std::size_t archived = files.BytesOf(kLive).size();
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kOld, "stderr F b");
  Write(kLive, "stderr F c");
  Turns(40);
  EXPECT_EQ(arrived.bodies, (Bodies{"x", "ab", "c"}));
  engine.reset();
  Compress(archived);
  Start();
  Turns(5);
  Write(kLive, "stderr F d");
  Turns(60);
  EXPECT_TRUE(Has("d")) << "joined with what an earlier life closed";
}

}  // namespace
}  // namespace podtail
