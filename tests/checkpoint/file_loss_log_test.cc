// SPDX-License-Identifier: Apache-2.0
// The loss log: its lines, and what becomes of them on a disk that is slow, full
// or tampered with (decisions 19a, 19b; reliability.md C24).
#include "engine/checkpoint/file_loss_log.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/checkpoint/loss_line.h"
#include "podtail/log_record.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

LossEntry GapEntry(std::string_view path = "/var/log/pods/ns_web_uid/app/0.log") {
  LossEntry entry;
  entry.file = IdentityOf(1);
  entry.path = path;
  entry.extent = {100, 250};
  entry.bytes = 150;
  entry.time = Timestamp(std::chrono::nanoseconds(1'714'558'830'123'456'789));
  entry.reason = LossReason::kTruncated;
  return entry;
}

std::string LineOf(const LossEntry& entry) {
  std::string line;
  AppendLossLine(entry, &line);
  return line;
}

std::string PathOf(int number) {
  std::string path(1, '/');
  return path += std::to_string(number);
}

struct LogWorld {
  explicit LogWorld(FakeDurableDirectory* where, std::uint64_t bytes_max = 1 << 20)
      : directory(where), log(std::move(*FileLossLog::Create(where, bytes_max))) {}
  // False: full.
  bool Append(const LossEntry& entry) {
    const auto sequence = log->Append(entry);
    if (sequence) return true;
    EXPECT_EQ(sequence.error().code(), StatusCode::kResourceExhausted);
    return false;
  }
  void Settle() {
    for (int i = 0; i < 10; ++i) {
      milliseconds += 60'000;
      progress = log->Poll(TickAt(milliseconds));
    }
  }
  std::uint64_t durable() const { return static_cast<std::uint64_t>(progress.durable); }

  FakeDurableDirectory* directory;
  std::unique_ptr<FileLossLog> log;
  WriteProgress progress;
  std::int64_t milliseconds = 0;
};

TEST(LossLine, TellsAllOfAGap) {
  EXPECT_EQ(LineOf(GapEntry()), R"({"time":"2024-05-01T10:20:30.123456789Z","reason":"truncated",)"
                                R"("path":"/var/log/pods/ns_web_uid/app/0.log","inode":1001,)"
                                R"("born":"2023-11-14T22:13:20.000000001Z","handle":7,)"
                                R"("head":"01010101010101010101010101010101:57",)"
                                R"("begin":100,"end":250,"bytes":150})"
                                "\n");
}

TEST(LossLine, CarriesTheRefusedRecord) {
  LogRecord record{};
  const std::string body = std::string("a\n\"b\" \xff") + std::string(64, '\0');
  record.body = PaddedView(kAssumePadded, std::string_view(body).substr(0, 7));
  record.time = Timestamp(std::chrono::nanoseconds(-1));
  record.stream = LogStream::kStderr;
  record.flags = static_cast<RecordFlags>(5);
  record.part = 2;
  record.severity = {17, "ERROR"};
  record.trace.trace_id.bytes.fill(0xab);
  record.trace.span_id.bytes.fill(0xcd);
  record.trace.flags = 1;
  LossEntry entry = GapEntry("/a\xff");
  entry.reason = LossReason::kRefused;
  entry.detail = "entry too far behind";
  entry.record = &record;
  EXPECT_EQ(LineOf(entry),
            R"({"time":"2024-05-01T10:20:30.123456789Z","reason":"refused",)"
            "\"path\":\"/a\xEF\xBF\xBD\",\"path_hex\":\"2f61ff\",\"inode\":1001,"
            R"("born":"2023-11-14T22:13:20.000000001Z","handle":7,)"
            R"("head":"01010101010101010101010101010101:57",)"
            R"("begin":100,"end":250,"bytes":150,"detail":"entry too far behind",)"
            R"("record":{"time":"1969-12-31T23:59:59.999999999Z","stream":"stderr",)"
            R"("flags":["joined","unterminated"],"part":2,"severity":17,)"
            R"("severity_text":"ERROR","trace_id":"abababababababababababababababab",)"
            R"("span_id":"cdcdcdcdcdcdcdcd","trace_flags":1,)"
            "\"body\":\"a\\n\\\"b\\\" \xEF\xBF\xBD\",\"body_hex\":\"610a22622220ff\"}}\n");
}

TEST(LossLine, NamesEveryReason) {
  const std::pair<LossReason, const char*> kReasonNames[] = {
      {LossReason::kTruncated, "truncated"},   {LossReason::kUnpinned, "unpinned"},
      {LossReason::kUnreadable, "unreadable"}, {LossReason::kNulRun, "nul_run"},
      {LossReason::kOverflow, "overflow"},     {LossReason::kRefused, "refused"},
      {LossReason::kTooOld, "too_old"},        {LossReason::kTooLarge, "too_large"},
      {LossReason::kPoison, "poison"}};
  for (const auto& [reason, name] : kReasonNames) EXPECT_EQ(LossReasonName(reason), name);
}

TEST(FileLossLog, IsDurableInOrder) {
  FakeDurableDirectory directory;
  LogWorld world(&directory);
  world.Settle();
  EXPECT_EQ(directory.submitted, 0U);
  directory.slow = true;
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    const std::string path = PathOf(i);
    EXPECT_TRUE(world.Append(GapEntry(path)));
    expected += LineOf(GapEntry(path));
    world.Settle();
  }
  EXPECT_EQ(world.durable(), 0U);
  EXPECT_EQ(directory.queue.size(), 1U);
  directory.RunOne();
  world.Settle();
  EXPECT_EQ(world.durable(), 1U);
  directory.RunOne();
  world.Settle();
  EXPECT_EQ(world.durable(), 3U);
  EXPECT_EQ(directory.files["losses"], expected);
}

TEST(FileLossLog, CutsOffALineThatACrashHasTorn) {
  const std::string line = LineOf(GapEntry());
  for (const std::string& torn : {std::string("{\"time\":\"20"), std::string(200'000, '\0')}) {
    FakeDurableDirectory directory(FileMap{{"losses", line + torn}});
    LogWorld world(&directory);
    EXPECT_TRUE(world.Append(GapEntry("/2")));
    world.Settle();
    EXPECT_EQ(directory.files["losses"], line + LineOf(GapEntry("/2")));
  }
  FakeDurableDirectory directory(FileMap{{"losses", "torn from the first byte on"}});
  LogWorld world(&directory);
  EXPECT_TRUE(world.Append(GapEntry()));
  world.Settle();
  EXPECT_EQ(directory.files["losses"], line);
}

TEST(FileLossLog, LeavesNoTraceOfAFailedWrite) {
  for (const FailedJob effect : {FailedJob::kNothing, FailedJob::kHalf, FailedJob::kAll}) {
    for (std::uint64_t fail_at = 1; fail_at <= 3; ++fail_at) {
      FakeDurableDirectory directory;
      directory.effect = effect;
      directory.fail_at = fail_at;
      LogWorld world(&directory);
      std::string expected;
      for (int i = 0; i < 4; ++i) {
        const std::string path = PathOf(i);
        EXPECT_TRUE(world.Append(GapEntry(path)));
        expected += LineOf(GapEntry(path));
        world.Settle();
        EXPECT_EQ(directory.files["losses"], expected);
      }
      EXPECT_EQ(world.durable(), 4U);
      EXPECT_TRUE(world.progress.trouble.ok());
    }
  }
}

TEST(FileLossLog, KeepsTheOrderWhenAWriteFails) {
  FakeDurableDirectory directory;
  directory.slow = true;
  directory.fail_at = 1;
  LogWorld world(&directory);
  EXPECT_TRUE(world.Append(GapEntry("/1")));
  world.Settle();
  EXPECT_TRUE(world.Append(GapEntry("/2")));  // while the first is under way
  directory.slow = false;
  directory.RunOne();
  world.Settle();
  EXPECT_EQ(world.durable(), 2U);
  EXPECT_EQ(directory.files["losses"], LineOf(GapEntry("/1")) + LineOf(GapEntry("/2")));
}

TEST(FileLossLog, RotatesOnceThenHoldsUntilThereIsRoom) {
  FakeDurableDirectory directory;
  const std::uint64_t line = LineOf(GapEntry()).size();
  LogWorld world(&directory, 2 * (3 * line + 10));  // three lines a file
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(world.Append(GapEntry())) << i;
    world.Settle();
  }
  EXPECT_EQ(world.durable(), 6U);
  EXPECT_EQ(directory.files["losses"].size(), 3 * line);
  EXPECT_EQ(directory.files["losses.1"].size(), 3 * line);
  EXPECT_FALSE(world.Append(GapEntry()));
  world.Settle();
  EXPECT_EQ(world.progress.trouble.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(world.progress.trouble.message().find("losses.1"), std::string::npos);
  EXPECT_LT(world.progress.next, Instant::max());
  EXPECT_FALSE(world.Append(GapEntry()));
  directory.files.erase("losses.1");  // somebody has read it
  world.Settle();
  EXPECT_TRUE(world.progress.trouble.ok());
  EXPECT_TRUE(world.Append(GapEntry()));
  world.Settle();
  EXPECT_EQ(world.durable(), 7U);
  EXPECT_EQ(directory.files["losses"].size(), line);
  EXPECT_EQ(directory.files["losses.1"].size(), 3 * line);
}

TEST(FileLossLog, IsFullAgainAfterARestart) {
  FakeDurableDirectory directory;
  const std::string line = LineOf(GapEntry());
  directory.files["losses"] = line + line;
  directory.files["losses.1"] = line;
  LogWorld world(&directory, 2 * 2 * line.size());
  EXPECT_FALSE(world.Append(GapEntry()));
  world.Settle();
  EXPECT_EQ(world.progress.trouble.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(directory.files["losses"], line + line);
}

TEST(FileLossLog, TakesOneEntryThatIsLargerThanAFile) {
  FakeDurableDirectory directory;
  LogWorld world(&directory, 10);
  EXPECT_TRUE(world.Append(GapEntry("/1")));
  world.Settle();
  EXPECT_TRUE(world.Append(GapEntry("/2")));
  world.Settle();
  EXPECT_EQ(world.durable(), 2U);
  EXPECT_EQ(directory.files["losses.1"], LineOf(GapEntry("/1")));
  EXPECT_EQ(directory.files["losses"], LineOf(GapEntry("/2")));
  EXPECT_FALSE(world.Append(GapEntry("/3")));
}

TEST(FileLossLog, TakesOneMebibyteWhileTheDiskStandsStill) {
  FakeDurableDirectory directory;
  directory.slow = true;
  LogWorld world(&directory, 64 << 20);
  EXPECT_TRUE(world.Append(GapEntry()));
  world.Settle();
  std::uint64_t taken = 1;
  while (world.Append(GapEntry())) ++taken;
  EXPECT_NEAR(static_cast<double>(taken * LineOf(GapEntry()).size()), 1 << 20, 2000.0);
  directory.slow = false;
  directory.RunOne();
  world.Settle();
  EXPECT_TRUE(world.Append(GapEntry()));
  world.Settle();
  EXPECT_EQ(world.durable(), taken + 1);
}

TEST(FileLossLog, BeginsAgainWhenItsFileWasDeleted) {  // C15
  FakeDurableDirectory directory;
  LogWorld world(&directory);
  EXPECT_TRUE(world.Append(GapEntry("/1")));
  world.Settle();
  directory.files.clear();
  EXPECT_TRUE(world.Append(GapEntry("/2")));
  world.Settle();
  EXPECT_EQ(world.durable(), 2U);
  EXPECT_EQ(directory.files["losses"], LineOf(GapEntry("/2")));
}

TEST(FileLossLog, SetsAsideWhatSomebodyHasCut) {
  FakeDurableDirectory directory;
  LogWorld world(&directory);
  EXPECT_TRUE(world.Append(GapEntry("/1")));
  world.Settle();
  directory.files["losses"].resize(10);
  EXPECT_TRUE(world.Append(GapEntry("/2")));
  world.Settle();
  EXPECT_EQ(world.durable(), 2U);
  EXPECT_EQ(directory.files["losses"], LineOf(GapEntry("/2")));
  EXPECT_EQ(directory.files["losses.1"].size(), 10U);
}

}  // namespace
}  // namespace podtail
