// SPDX-License-Identifier: Apache-2.0
// The whole path over a file system in memory: what becomes of lines (sources.md A),
// of refusals (decision 19a), of memory (decisions 12a-12d).
#include "podtail/engine.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <string>

#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

// Says what it is told to say, and keeps what it was given.
class Script : public Exporter {
 public:
  struct State {
    std::vector<std::string> bodies;
    std::vector<RecordFlags> flags;
    std::vector<Refusal> refuse_next;
    bool blocked = false;
    SinkNeeds needs;
    std::size_t held = 0;
  };
  explicit Script(State* state) : state_(state) {}
  std::string_view name() const noexcept override { return "script"; }
  SinkNeeds needs() const noexcept override { return state_->needs; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    if (state_->blocked) return OfferResult::kFull;
    taken_.push_back(batch);
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick&, std::vector<Delivery>* answered) override {
    for (const RecordBatchRef& batch : taken_) {
      for (const LogRecord& record : batch->records()) {
        state_->bodies.emplace_back(record.body.view());
        state_->flags.push_back(record.flags);
      }
      Delivery delivery{batch->sequence(), DeliveryOutcome::kDelivered, {}, {}, {}};
      if (!state_->refuse_next.empty()) {
        delivery.outcome = DeliveryOutcome::kRefused;
        delivery.refused = std::exchange(state_->refuse_next, {});
      }
      answered->push_back(std::move(delivery));
    }
    taken_.clear();
    return Instant::max();
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  State* state_;
  std::vector<RecordBatchRef> taken_;
};

class LossList : public LossLog {
 public:
  Expected<WriteSequence> Append(const LossEntry& entry) override {
    if (full || reasons.size() >= room) {
      return Unexpected(Status(StatusCode::kResourceExhausted, "the loss log is full"));
    }
    reasons.push_back(entry.reason);
    extents.push_back(entry.extent);
    bodies.emplace_back(entry.record == nullptr ? "" : entry.record->body.view());
    return static_cast<WriteSequence>(reasons.size());
  }
  WriteProgress Poll(const Tick& tick) override {
    return {static_cast<WriteSequence>(durable), {}, tick.now};
  }
  int readiness_fd() const noexcept override { return -1; }
  bool full = false;
  std::size_t room = SIZE_MAX;
  std::uint64_t durable = 0;
  std::vector<LossReason> reasons;
  std::vector<Extent> extents;
  std::vector<std::string> bodies;
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    options.tailer.root = "/r";
    options.batch_age_max = std::chrono::milliseconds(100);
  }
  void Start() {
    auto made = Engine::Create(options, {.files = &files,
                                         .checkpoints = &store,
                                         .losses = &losses,
                                         .exporter = std::make_unique<Script>(&script)});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  void Turns(int n, Duration each = std::chrono::milliseconds(200)) {
    for (int i = 0; i < n; ++i) {
      now += each;
      files.now += each;
      const auto next = engine->Poll({Instant(now), files.now});
      ASSERT_TRUE(next.has_value());
      due = *next;
    }
  }
  // Without those that are due all the time.
  void StartWithoutState() {
    auto made =
        Engine::Create(options, {.files = &files, .exporter = std::make_unique<Script>(&script)});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  // While it is due at this very time, and no longer.
  int TurnsThatAreDue() {
    int turns = 0;
    for (; turns < 10 && due <= Instant(now); ++turns) Turns(1, Duration::zero());
    return turns;
  }

  MemoryLogFileSystem files;
  LaterStore store{nullptr};
  LossList losses;
  Script::State script;
  EngineOptions options;
  std::unique_ptr<Engine> engine;
  Duration now{};
  Instant due{};  // as of the last turn
};

using Bodies = std::vector<std::string>;

TEST_F(EngineTest, RefusesOptionsThatCannotWork) {
  const auto create = [&](const EngineOptions& given) {
    return Engine::Create(given, {.files = &files, .exporter = std::make_unique<Script>(&script)});
  };
  EngineOptions bad = options;
  bad.memory_bytes_max = 1024;
  EXPECT_EQ(create(bad).error().code(), StatusCode::kInvalidArgument);
  bad = options;
  bad.tailer.root = "";
  EXPECT_EQ(create(bad).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Engine::Create(options, {.files = &files}).error().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, DeliversCommitsAndHasNothingLeft) {
  files.Append(kLive, std::string(kHead) + "F one\n" + kHead + "P tw\n" + kHead + "F o\nraw\n");
  Start();
  Turns(20);
  EXPECT_EQ(script.bodies, (Bodies{"one", "two", "raw"}));
  EXPECT_TRUE(HasFlag(script.flags[2], RecordFlags::kMalformed));
  EXPECT_TRUE(engine->idle());
  const EngineCounters counters = engine->counters();
  EXPECT_EQ(counters.lines_read, 4U);
  EXPECT_EQ(counters.records_delivered, 3U);
  EXPECT_EQ(counters.malformed_lines, 1U);
  EXPECT_EQ(counters.waiting_bytes, 0U);
  const std::uint64_t writes = store.submitted();
  Turns(50);
  EXPECT_EQ(store.submitted(), writes) << "nothing moved, nothing is written";
}

// Nobody else wakes it: what it read must not wait for the next line to come.
TEST_F(EngineTest, IsDueAtOnceForABatchOfAge0) {
  options.batch_age_max = Duration::zero();
  options.commit_interval = std::chrono::hours(1);
  StartWithoutState();
  files.Append(kLive, std::string(kHead) + "F first\n");
  Turns(20);  // its commit was at once; for the next one there is an hour
  files.Append(kLive, std::string(kHead) + "F one\n");
  Turns(1);
  EXPECT_EQ(TurnsThatAreDue(), 2) << "sealed and offered, then answered";
  EXPECT_EQ(script.bodies, (Bodies{"first", "one"}));
}

TEST_F(EngineTest, IsDueAtOnceForABatchThatBecameFull) {
  options.batch_records_max = 1;
  options.batch_age_max = std::chrono::hours(1);
  options.commit_interval = std::chrono::hours(1);
  StartWithoutState();
  files.Append(kLive, std::string(kHead) + "F first\n" + kHead + "F next\n");
  Turns(20);
  files.Append(kLive, std::string(kHead) + "F one\n" + kHead + "F two\n");
  Turns(1);
  EXPECT_EQ(TurnsThatAreDue(), 2);
  EXPECT_EQ(script.bodies, (Bodies{"first", "next", "one"}));
}

// Something is written down before the record may leave: whoever sleeps until the
// engine is due must not sleep through that.
TEST_F(EngineTest, IsDueForABatchThatWaitsForItsJournal) {
  files.hints = true;
  options.batch_age_max = std::chrono::seconds(1);
  files.Append("/r/ns_pod_uid/c/0.log", "no CRI line\n");
  StartWithoutState();
  for (int turns = 0; turns < 100 && script.bodies.empty(); ++turns) {
    // Somebody may wake it up, for nothing, at the most unlucky moment.
    if (turns == 3) Turns(1, std::chrono::milliseconds(960) - now);
    Turns(1, std::max(Duration::zero(), due.time_since_epoch() - now));
  }
  EXPECT_EQ(script.bodies, (Bodies{"no CRI line"}));
  EXPECT_LT(now, std::chrono::seconds(3));
}

// Says that there are hints, all the time.
class Hinting : public MemoryLogFileSystem {
 public:
  Hinting() {
    EXPECT_EQ(pipe(ends_), 0);
    EXPECT_EQ(write(ends_[1], "x", 1), 1);
  }
  ~Hinting() override {
    for (const int end : ends_) close(end);
  }
  int readiness_fd() const noexcept override { return ends_[0]; }

 private:
  int ends_[2] = {-1, -1};
};

// The first hint wakes the engine, those behind it are answered together.
TEST(EngineHints, ArePacedWhileTheyBringSomething) {
  Hinting files;
  Script::State script;
  EngineOptions options;
  options.tailer.root = "/r";
  options.batch_age_max = std::chrono::hours(1);
  options.commit_interval = std::chrono::hours(1);
  const auto engine =
      Engine::Create(options, {.files = &files, .exporter = std::make_unique<Script>(&script)})
          .value();
  const auto heeds_hints = [&] {
    pollfd watched{.fd = engine->readiness_fd(), .events = POLLIN, .revents = 0};
    return poll(&watched, 1, 0) > 0;
  };
  Instant now{};
  const auto turn = [&] { return engine->Poll({now, files.now}).value(); };
  files.Append(kLive, std::string(kHead) + "F one\n");
  for (int i = 0; i < 10; ++i, now += std::chrono::seconds(1)) turn();
  Instant due = turn();
  const auto until_it_heeds = [&] {
    for (int turns = 0; turns < 100 && !heeds_hints(); ++turns) {
      now = std::max(now, due);
      due = turn();
    }
  };
  until_it_heeds();
  files.Append(kLive, std::string(kHead) + "F two\n");
  now += std::chrono::milliseconds(200);
  due = turn();
  ASSERT_EQ(engine->counters().lines_read, 2U);
  EXPECT_FALSE(heeds_hints());
  const Instant paced = now;
  until_it_heeds();
  EXPECT_TRUE(heeds_hints()) << "nothing came in the pause";
  EXPECT_GT(now, paced);
  EXPECT_LE(now, paced + std::chrono::milliseconds(80));
}

TEST_F(EngineTest, ReportsADanglingRunAndAnUnterminatedLineAsWaiting) {
  files.Append(kLive, std::string(kHead) + "F done\n" + kHead + "P half\n" + "no end");
  Start();
  Turns(20);
  EXPECT_EQ(script.bodies, (Bodies{"done"}));
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(engine->counters().waiting_bytes, std::string(kHead).size() + 7 + 6);
}

TEST_F(EngineTest, SettlesARefusedRecordOnlyWhenTheLossIsDurable) {
  files.Append(kLive, std::string(kHead) + "F good\n" + kHead + "F bad\n");
  script.refuse_next = {{1, LossReason::kRefused, "said no"}};
  Start();
  Turns(20);
  ASSERT_EQ(losses.bodies, (Bodies{"bad"}));
  EXPECT_FALSE(engine->idle());
  EXPECT_EQ(engine->counters().waiting_bytes, files.BytesOf(kLive).size()) << "nothing committed";
  losses.durable = 1;
  Turns(20);
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(engine->counters().records_refused, 1U);
  EXPECT_EQ(engine->counters().records_delivered, 1U);
}

TEST_F(EngineTest, HoldsTheLaneWhileTheLossLogIsFull) {
  files.Append(kLive, std::string(kHead) + "F bad\n");
  script.refuse_next = {{0, LossReason::kRefused, ""}};
  losses.full = true;
  Start();
  Turns(20);
  EXPECT_FALSE(engine->idle());
  losses.full = false;
  losses.durable = 1;
  Turns(20);
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(losses.bodies.size(), 1U);
}

// The log has room for two entries, then for the rest: none is written twice.
TEST_F(EngineTest, GoesOnWhereAFullLossLogStoppedIt) {
  files.Append(kLive, std::string(kHead) + "F a\n" + kHead + "F b\n" + kHead + "F c\n");
  script.refuse_next = {
      {0, LossReason::kRefused, ""}, {1, LossReason::kRefused, ""}, {2, LossReason::kRefused, ""}};
  losses.room = 2;
  losses.durable = 3;
  Start();
  Turns(20);
  EXPECT_EQ(losses.bodies, (Bodies{"a", "b"}));
  EXPECT_EQ(engine->counters().lanes_blocked, 1U);
  losses.room = SIZE_MAX;
  Turns(20);
  EXPECT_EQ(losses.bodies, (Bodies{"a", "b", "c"}));
  EXPECT_TRUE(engine->idle());
}

TEST_F(EngineTest, DropsOverflowIntoTheLossLogWhenAsked) {
  options.record_bytes_max = 10;
  options.line_overflow = LineOverflow::kDrop;
  const std::string head = kHead;
  files.Append(kLive, head + "F 0123456789abcdef\n" + head + "F next\n");
  Start();
  Turns(20);
  EXPECT_EQ(script.bodies, (Bodies{"0123456789", "next"}));
  ASSERT_EQ(losses.reasons, std::vector<LossReason>{LossReason::kOverflow});
  EXPECT_EQ(losses.extents[0].begin, head.size() + 2 + 10);
  EXPECT_EQ(losses.extents[0].end, head.size() + 2 + 16 + 1);
  EXPECT_EQ(engine->counters().gap_bytes, 0U) << "not before it is durable";
  losses.durable = 1;
  Turns(20);
  EXPECT_EQ(engine->counters().gap_bytes, 7U);
  EXPECT_TRUE(engine->idle());
}

TEST_F(EngineTest, ClosesADanglingRunWhenItsInstanceIsFinishedAndWritesItDownFirst) {
  files.Append(kLive, std::string(kHead) + "P no newline at exit\n");
  Start();
  Turns(10);
  EXPECT_TRUE(script.bodies.empty());
  files.Append("/r/ns_pod_uid/c/1.log", std::string(kHead) + "F restarted\n");
  Turns(60);
  EXPECT_EQ(script.bodies, (Bodies{"restarted", "no newline at exit"}));
  EXPECT_EQ(script.flags.back(), RecordFlags::kUnterminated);
  EXPECT_EQ(engine->counters().waiting_bytes, 0U);
}

TEST_F(EngineTest, EndsALineThatCameInPiecesBeforeWhatTheFileHoldsNow) {
  options.tailer.read_buffer_bytes = 16 * 1024;
  files.Append(kLive, std::string(kHead) + "F " + std::string(100'000, 'a'));
  Start();
  Turns(20);
  files.Truncate(kLive, 0);
  files.Append(kLive, std::string(kHead) + "F x\n");
  Turns(20);
  ASSERT_EQ(script.bodies.size(), 2U);
  EXPECT_EQ(script.bodies[0].find_first_not_of('a'), std::string::npos);
  EXPECT_EQ(script.bodies[1], "x");
}

// Nobody seals an empty file aloud: it must not be what the others wait for.
TEST_F(EngineTest, ClosesADanglingRunOfAnInstanceWhoseLastFileStayedEmpty) {
  files.Append(kLive, std::string(kHead) + "P no newline at exit\n");
  Start();
  Turns(10);
  files.Rename(kLive, std::string(kLive) + ".20240101-000001");
  files.Append(kLive, "");
  Turns(10);
  files.Append("/r/ns_pod_uid/c/1.log", std::string(kHead) + "F restarted\n");
  Turns(60);
  EXPECT_EQ(script.bodies, (Bodies{"restarted", "no newline at exit"}));
  EXPECT_EQ(engine->counters().waiting_bytes, 0U);
}

// The same directory, and restarts counted from 0 again.
TEST_F(EngineTest, DoesNotJoinAStaticPodsRunWithTheOneThatWasMadeAgain) {
  const std::string restarted = "/r/ns_pod_uid/c/1.log";
  files.Append(kLive, std::string(kHead) + "P no newline at exit\n");
  files.Append(restarted, std::string(kHead) + "F restarted\n");
  Start();
  Turns(2);
  files.Unlink(kLive);
  files.Unlink(restarted);
  files.Append(kLive, std::string(kHead) + "F made again\n");
  Turns(60);
  EXPECT_EQ(std::count(script.bodies.begin(), script.bodies.end(), "made again"), 1);
  EXPECT_EQ(std::count(script.bodies.begin(), script.bodies.end(), "no newline at exit"), 1);
  EXPECT_EQ(script.bodies.size(), 3U);
}

// A run began in a file that was never committed and is gone after the restart:
// what there still is of it must come out.
TEST_F(EngineTest, DeliversTheRestOfARunWhoseFirstFileVanishedWhileItWasDown) {
  const std::string rotated = std::string(kLive) + ".20240101-000001";
  const std::string other = "2024-01-01T00:00:00Z stderr F between\n";
  for (const bool second_fragment : {false, true}) {
    script.bodies.clear();
    files.Append(kLive, std::string(kHead) + "P lost head\n");
    Start();
    Turns(10);
    files.Rename(kLive, rotated);
    files.Append(kLive, other);
    if (second_fragment) files.Append(kLive, std::string(kHead) + "P middle \n");
    Turns(20);
    ASSERT_EQ(script.bodies, (Bodies{"between"}));
    engine.reset();  // killed; the open run of the rotated file was not committed
    files.Unlink(rotated);
    files.Append(kLive, std::string(kHead) + "F tail\n");
    script.bodies.clear();
    Start();
    Turns(20);
    EXPECT_EQ(script.bodies.back(), second_fragment ? "middle tail" : "tail");
    EXPECT_TRUE(engine->idle());
    engine.reset();
    files.Unlink(kLive);
  }
}

TEST_F(EngineTest, ClosesARunByAgeOnlyWhenAsked) {
  files.Append(kLive, std::string(kHead) + "P prompt> \n");
  options.run_age_max = std::chrono::seconds(2);
  Start();
  Turns(5);
  EXPECT_TRUE(script.bodies.empty());
  Turns(10);
  EXPECT_EQ(script.bodies, (Bodies{"prompt> "}));
}

TEST_F(EngineTest, StaysWithinItsMemoryWhenTheSinkIsBlocked) {
  options.memory_bytes_max = 8 * 1024 * 1024;
  script.blocked = true;
  std::string bytes;
  while (bytes.size() < 20 * 1024 * 1024)
    bytes += std::string(kHead) + "F " + std::string(9, 'x') + "\n";
  files.Append(kLive, bytes);
  files.Append("/r/ns_pod_uid/empty/0.log", std::string(3'000'000, '\n'));
  Start();
  for (int i = 0; i < 200; ++i) {
    Turns(1);
    ASSERT_LE(engine->counters().memory_bytes, options.memory_bytes_max);
  }
  EXPECT_FALSE(engine->at_end());
  script.blocked = false;
  Turns(2000, std::chrono::milliseconds(20));
  EXPECT_TRUE(engine->idle());
  EXPECT_EQ(engine->counters().records_delivered, bytes.size() / 40 + 3'000'000)
      << bytes.size() % 40;
}

TEST_F(EngineTest, GivesBackMemoryThatOnlyDanglingRunsHold) {
  options.memory_bytes_max = 8 * 1024 * 1024;
  const std::string part = std::string(kHead) + "P " + std::string(16'384, 'p') + "\n";
  std::string run;
  for (int i = 0; i < 60; ++i) run += part;
  for (int i = 0; i < 20; ++i) {
    files.Append("/r/ns_pod_uid/c" + std::to_string(i) + "/0.log", run);
  }
  files.now += std::chrono::hours(1);
  Start();
  for (int i = 0; i < 400; ++i) {
    Turns(1, std::chrono::milliseconds(50));
    ASSERT_LE(engine->counters().memory_bytes, options.memory_bytes_max);
  }
  EXPECT_GT(engine->counters().sheds, 0U);
  EXPECT_TRUE(script.bodies.empty());
  for (int i = 0; i < 20; ++i) {
    files.Append("/r/ns_pod_uid/c" + std::to_string(i) + "/0.log", std::string(kHead) + "F end\n");
  }
  Turns(3000, std::chrono::milliseconds(100));
  EXPECT_EQ(script.bodies.size(), 20U);
  for (const std::string& body : script.bodies) EXPECT_EQ(body.size(), 60U * 16'384 + 3);
}

TEST(OptionsForShard, DividesWhatIsPerProcess) {
  EngineOptions whole;
  const EngineOptions part = OptionsForShard(whole, {1, 2}, 4);
  EXPECT_EQ(part.memory_bytes_max, whole.memory_bytes_max / 4);
  EXPECT_EQ(part.tailer.open_files_max, whole.tailer.open_files_max / 4);
  EXPECT_EQ(part.tailer.shard.index, 1U);
  EXPECT_EQ(part.tailer.shard.count, 2U);
}

}  // namespace
}  // namespace podtail
