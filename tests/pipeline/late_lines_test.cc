// SPDX-License-Identifier: Apache-2.0
// Lines that come into a rotated file when the next one is being read already
// (reliability.md A1, A2): delivered, and joined or not joined the same way in every
// life.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

constexpr char kMiddle[] = "/r/ns_pod_uid/c/0.log.20240101-000002";
using Bodies = std::vector<std::string>;

class LateLinesTest : public testing::Test {
 protected:
  void Start() {
    options.tailer.root = "/r";
    options.batch_age_max = std::chrono::milliseconds(100);
    options.commit_interval = std::chrono::hours(1);  // what is durable was written for a reason
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
  Bodies Sorted() const {
    Bodies bodies = arrived.bodies;
    std::sort(bodies.begin(), bodies.end());
    return bodies;
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

TEST_F(LateLinesTest, AreNotJoinedWithWhatWasReadBeforeThem) {
  Write(kLive, "stdout F x");
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kLive, "stdout F y");
  Turns(10);
  EXPECT_EQ(arrived.bodies, (Bodies{"x", "y"}));
  Write(kOld, "stdout P late");
  Turns(2);
  Write(kLive, "stdout F z");
  Turns(60);
  EXPECT_EQ(Sorted(), (Bodies{"late", "x", "y", "z"}));
}

TEST_F(LateLinesTest, AreReadTheSameWayAfterACrash) {
  Write(kLive, "stdout F x");
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kLive, "stdout F y");
  Turns(10);
  ASSERT_EQ(arrived.bodies, (Bodies{"x", "y"}));
  for (int life = 0; life < 3; ++life) {
    Write(kOld, "stdout P late" + std::to_string(life));
    Start();  // as after kill -9: nothing was committed by the clock
    Turns(30);
  }
  EXPECT_TRUE(arrived.differing.empty());
  for (const std::string& body : arrived.bodies) {
    EXPECT_EQ(body.find('y') != std::string::npos, body == "y") << body;
  }
  std::string all;
  for (const std::string& body : Sorted()) all += body + " ";
  for (const char* part : {"late0", "late1", "late2", "x", "y"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part;
  }
}

TEST_F(LateLinesTest, AreJoinedAmongThemselves) {
  Write(kLive, "stdout P x");
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kLive, "stdout F y");  // ends the run that came over
  Turns(12);
  EXPECT_EQ(arrived.bodies, (Bodies{"xy"}));
  Write(kOld, "stdout P a");
  Write(kOld, "stderr F between");
  Write(kOld, "stdout F b");
  Write(kLive, "stdout F z");
  Turns(10);
  EXPECT_EQ(Sorted(), (Bodies{"ab", "between", "xy", "z"}));
  Start();
  Turns(60);
  EXPECT_TRUE(arrived.differing.empty());
  EXPECT_EQ(Sorted(), (Bodies{"ab", "between", "xy", "z"}));
}

// The head of a record was committed; the file with its end vanished unread by the
// next life. What comes next is no end of it.
TEST_F(LateLinesTest, ARunDoesNotGoOnInAnotherFileThanItDid) {
  options.commit_bytes_max = 1;  // what is accepted is committed
  Write(kLive, "stderr P head");
  Write(kLive, "stdout P open");  // keeps the rest of the file uncommitted
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kLive, "stderr F end");
  Turns(12);
  ASSERT_EQ(arrived.bodies, (Bodies{"headend"}));
  engine.reset();
  files.Unlink(kLive);
  Write(kLive, "stderr F another");
  Write(kLive, "stdout F too");
  Start();
  Turns(40);
  EXPECT_EQ(Sorted(), (Bodies{"another", "headend", "open", "too"}));
}

// A rotation that nothing was written before: the file in the middle has no identity
// when the one behind it is read, and whatever it gets is late.
TEST_F(LateLinesTest, AllOfAFileThatWasEmptyWhenTheNextOneBeganIsLate) {
  Write(kLive, "stdout P x");
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  files.Append(kLive, "");
  Turns(2);
  files.Rename(kLive, kMiddle);
  Write(kLive, "stdout F y");
  Turns(12);
  ASSERT_EQ(arrived.bodies, (Bodies{"xy"}));
  Write(kMiddle, "stdout F late");
  Start();  // as after kill -9, before anybody saw that line
  Turns(12);
  EXPECT_TRUE(arrived.differing.empty()) << arrived.differing[0];
  EXPECT_EQ(Sorted(), (Bodies{"late", "xy"}));
  Write(kMiddle, "stdout P open");
  Turns(5);
  Start();
  Turns(60);
  EXPECT_TRUE(arrived.differing.empty()) << arrived.differing[0];
  EXPECT_EQ(Sorted(), (Bodies{"late", "open", "xy"}));
}

TEST_F(LateLinesTest, AFileThatIsReadBehindANewerOneTakesNoPartInItsRuns) {
  Write(kLive, "stdout P x");
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  files.Append(kLive, "");
  Turns(2);
  files.Rename(kLive, kMiddle);
  Write(kLive, "stdout P y");
  Turns(12);
  Write(kMiddle, "stdout F late");
  Turns(5);
  EXPECT_EQ(arrived.bodies, (Bodies{"late"}));
  Write(kLive, "stdout F z");
  Turns(5);
  EXPECT_EQ(Sorted(), (Bodies{"late", "xyz"}));
  Start();
  Turns(60);
  EXPECT_TRUE(arrived.differing.empty()) << arrived.differing[0];
  EXPECT_EQ(Sorted(), (Bodies{"late", "xyz"}));
}

TEST_F(LateLinesTest, NothingLeavesBeforeItIsDurableWhichLinesCameInTime) {
  Write(kLive, "stdout F x");
  Start();
  Turns(5);
  files.Rename(kLive, kOld);
  Write(kLive, "stdout F y");
  Turns(5);  // switch_grace is over, y waits in its batch or is with the sink
  const std::size_t before = store.size();
  Turns(5);
  ASSERT_EQ(arrived.bodies.back(), "y");
  EXPECT_GE(store.size(), before);
  bool known = false;
  const LoadedCheckpoints loaded = store.Load().value();
  for (const Checkpoint& checkpoint : loaded.checkpoints) {
    known = known || checkpoint.late_from.has_value();
  }
  EXPECT_TRUE(known) << "y was sent, so the old file's end was written down";
}

}  // namespace
}  // namespace podtail
