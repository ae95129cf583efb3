// SPDX-License-Identifier: Apache-2.0
// The lines of `--stdout json` and `--stdout text` (spec/cli.md).
#include "podtail/record_text.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/record/record_batch_builder.h"

namespace podtail {
namespace {

constexpr Timestamp kTime{Duration(1'795'355'969'967'213'710)};

PodResource Web() {
  PodResource resource;
  resource.namespace_name = "default";
  resource.pod_name = "web-0";
  resource.pod_uid = "11111111-2222-4333-8444-555555555501";
  resource.container_name = "web";
  resource.restart_count = 2;
  resource.log_path = "/var/log/pods/default_web-0_1/web/2.log";
  return resource;
}

struct Made {
  LogRecord fields{};  // flags, part, stream, severity, trace
  std::string body = "hello";
  std::uint64_t offset = 12;
  Timestamp time = kTime;
};

RecordBatchRef Batch(const Made& made, PodResource resource = Web()) {
  RecordBatchBuilder builder(Lane{}, std::make_shared<const PodResource>(std::move(resource)));
  const Piece pieces[] = {{SourceId{1}, {made.offset, made.offset + 100}, 50},
                          {SourceId{2}, {0, 70}, 20}};
  RecordDraft draft;
  draft.raw = made.body;
  draft.body = made.body;
  draft.time = made.time;
  draft.pieces = pieces;
  draft.part = made.fields.part;
  draft.stream = made.fields.stream;
  draft.flags = made.fields.flags;
  LogRecord& record = builder.Add(draft);
  record.severity = made.fields.severity;
  record.trace = made.fields.trace;
  for (const Piece& piece : pieces) {
    Hold hold{piece.source, {}};
    hold.begin.offset = piece.extent.begin;
    builder.Need(hold, Marker{});
  }
  return builder.Seal(BatchSequence{1});
}

Made Plain() {
  Made made;
  made.fields.stream = LogStream::kStdout;
  made.fields.flags = RecordFlags::kNone;
  return made;
}

std::string Json(const Made& made, const StaticLabels& labels = {}, PodResource resource = Web()) {
  std::string out;
  AppendRecordJson(*Batch(made, std::move(resource)), 0, labels, &out);
  return out;
}
std::string Text(const Made& made, const StaticLabels& labels = {}, PodResource resource = Web()) {
  std::string out;
  AppendRecordText(*Batch(made, std::move(resource)), 0, labels, &out);
  return out;
}

constexpr char kJsonHead[] =
    R"({"time":"2026-11-22T13:59:29.967213710Z","stream":"stdout","namespace":"default",)"
    R"("pod":"web-0","pod_uid":"11111111-2222-4333-8444-555555555501","container":"web",)"
    R"("restart_count":2)";
constexpr char kJsonPath[] = R"(,"path":"/var/log/pods/default_web-0_1/web/2.log","offset":12)";
constexpr char kTextHead[] = "2026-11-22T13:59:29.967213710Z default/web-0/web stdout ";

TEST(RecordJson, LeavesAbsentValuesOut) {
  EXPECT_EQ(Json(Plain()), std::string(kJsonHead) + kJsonPath + ",\"body\":\"hello\"}\n");
  Made nothing = Plain();
  nothing.body.clear();
  nothing.offset = 0;
  nothing.time = Timestamp{};
  EXPECT_EQ(Json(nothing, {}, PodResource{}),
            R"({"time":"1970-01-01T00:00:00.000000000Z","stream":"stdout","restart_count":0,)"
            "\"offset\":0,\"body\":\"\"}\n");
}

Made Everything() {
  Made made = Plain();
  made.fields.stream = LogStream::kStderr;
  made.fields.severity = {.number = 17, .text = "err"};
  for (std::uint8_t i = 0; i < 16; ++i) made.fields.trace.trace_id.bytes[i] = i;
  made.fields.trace.span_id.bytes[7] = 0xAB;
  made.fields.trace.flags = 1;
  made.fields.part = 3;
  made.fields.flags = static_cast<RecordFlags>(15);
  return made;
}

TEST(RecordJson, HasEveryKeyInTheOrderOfTheContract) {
  std::string head = kJsonHead;
  head.replace(head.find("stdout"), 6, "stderr");
  EXPECT_EQ(Json(Everything(), {{"cluster", "mini\"kube"}, {"a", ""}}),
            head + R"(,"severity":17,"severity_text":"err")" +
                R"(,"trace_id":"000102030405060708090a0b0c0d0e0f","span_id":"00000000000000ab")" +
                R"(,"trace_flags":1)" +
                R"(,"flags":["joined","part","malformed","unterminated","time_clamped"],"part":3)" +
                R"(,"labels":{"cluster":"mini\"kube","a":""})" + kJsonPath +
                ",\"body\":\"hello\"}\n");
}

TEST(RecordJson, EachFlagStandsAlone) {
  const std::pair<RecordFlags, std::string> flags[] = {{RecordFlags::kJoined, "joined"},
                                                       {RecordFlags::kMalformed, "malformed"},
                                                       {RecordFlags::kUnterminated, "unterminated"},
                                                       {RecordFlags::kTimeClamped, "time_clamped"}};
  for (const auto& [flag, name] : flags) {
    Made made = Plain();
    made.fields.flags = flag;
    EXPECT_EQ(Json(made), std::string(kJsonHead) + ",\"flags\":[\"" + name + "\"]" + kJsonPath +
                              ",\"body\":\"hello\"}\n");
  }
  Made part = Plain();
  part.fields.part = 1;
  EXPECT_EQ(Json(part), std::string(kJsonHead) + ",\"flags\":[\"part\"],\"part\":1" + kJsonPath +
                            ",\"body\":\"hello\"}\n");
}

TEST(RecordJson, ASpanOrFlagsWithoutATraceAreNothing) {
  Made made = Plain();
  made.fields.trace.span_id.bytes[0] = 1;
  made.fields.trace.flags = 1;
  EXPECT_EQ(Json(made), Json(Plain()));
  Made trace = Plain();
  trace.fields.trace.trace_id.bytes[15] = 1;
  EXPECT_EQ(Json(trace), std::string(kJsonHead) +
                             R"(,"trace_id":"00000000000000000000000000000001")" + kJsonPath +
                             ",\"body\":\"hello\"}\n");
}

// B11, S9: whoever makes pod names and lines may put any bytes into them.
TEST(RecordJson, IsOneLineOfValidJsonWhateverTheBytes) {
  Made made = Plain();
  made.body = "a\nb\xFF\x1b[2J\"\\";
  made.fields.severity = {.number = 9, .text = "\x1b"};
  PodResource resource = Web();
  resource.namespace_name = "n\"\n\xFE";
  resource.log_path = "/p\x7F";
  const std::string line = Json(made, {}, resource);
  EXPECT_NE(line.find(R"("namespace":"n\"\n)"
                      "\xEF\xBF\xBD\""),
            std::string::npos)
      << line;
  EXPECT_NE(line.find(R"("severity_text":"\u001b")"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("path":"/p\u007f")"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("body":"a\nb)"
                      "\xEF\xBF\xBD"
                      R"(\u001b[2J\"\\"})"),
            std::string::npos)
      << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(RecordText, IsALineForPeople) {
  EXPECT_EQ(Text(Plain()), std::string(kTextHead) + "- hello\n");
  EXPECT_EQ(Text(Everything(), {{"cluster", "minikube"}, {"zone", "a"}}),
            "2026-11-22T13:59:29.967213710Z default/web-0/web{cluster=minikube,zone=a} stderr "
            "ERROR [part 3] [malformed] [unterminated] [time_clamped] hello\n");
}

TEST(RecordText, NamesTheLevelOfEverySeverity) {
  const char* names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
  for (unsigned number = 0; number < 256; ++number) {
    Made made = Plain();
    made.fields.severity.number = static_cast<std::uint8_t>(number);
    const std::string level = number == 0 || number > 24 ? "-" : names[(number - 1) / 4];
    EXPECT_EQ(Text(made), kTextHead + level + " hello\n");
  }
}

// S9: no log line moves the cursor, sets the title or turns the text around.
TEST(RecordText, EscapesWhatATerminalWouldObey) {
  const std::pair<std::string, std::string> bodies[] = {
      {"\x1b]0;owned\a\x1b[2J", "\\x1b]0;owned\\x07\\x1b[2J"},
      {"a\r\nb", "a\\r\\nb"},
      {"a\tb\\n", "a\tb\\n"},
      {std::string("\0\x7F", 2), "\\x00\\x7f"},
      {"\xC2\x9B"
       "31m",
       "\\u009b31m"},
      {"a\xE2\x80\xAE"
       "b\xD8\x9C",
       "a\\u202eb\\u061c"},
      {"\x9B\xFF\xE2\x82", "\\x9b\\xff\\xe2\\x82"},
      {"\xEB\xA1\x9C \xF0\x9F\x98\x80", "\xEB\xA1\x9C \xF0\x9F\x98\x80"},
  };
  for (const auto& [body, shown] : bodies) {
    Made made = Plain();
    made.body = body;
    EXPECT_EQ(Text(made), std::string(kTextHead) + "- " + shown + "\n");
  }
  PodResource resource = Web();
  resource.pod_name = "web\x1b[0m\n";
  EXPECT_EQ(Text(Plain(), {{"a", "\x1b"}}, resource),
            "2026-11-22T13:59:29.967213710Z default/web\\x1b[0m\\n/web{a=\\x1b} stdout - hello\n");
}

TEST(RecordText, AppendsToWhatIsThere) {
  std::string out = "before|";
  AppendRecordText(*Batch(Plain()), 0, {}, &out);
  AppendRecordJson(*Batch(Plain()), 0, {}, &out);
  EXPECT_EQ(out, "before|" + Text(Plain()) + Json(Plain()));
}

}  // namespace
}  // namespace podtail
