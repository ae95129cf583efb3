// SPDX-License-Identifier: Apache-2.0
// sources.md C.1, C.5, C.6; sinks.md D.3; the Grafana field of the shared seed.
#include "podtail/message_extractor.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "engine/base/hex.h"

namespace podtail {
namespace {

const std::string kTraceText = "3da10366856c6de59f31ca4f86cb7339";
const std::string kSpanText = "c4a815594a37a5da";

// Padding of hex digits, so that reading behind the message shows.
class Message {
 public:
  explicit Message(const std::string& text)
      : bytes_(text + std::string(kPadding, 'a')), size_(text.size()) {}
  PaddedView view() const { return {kAssumePadded, std::string_view(bytes_.data(), size_)}; }

 private:
  std::string bytes_;
  std::size_t size_;
};

// "<trace>/<span>/<flags>/<number>/<level text>"
std::string ShowMessage(const std::string& text, const MessageExtractorOptions& options = {}) {
  auto extractor = MessageExtractor::Create(options);
  const Message message(text);
  const MessageFields fields = extractor->Extract(message.view());
  std::string shown;
  if (fields.trace.valid()) AppendHex(fields.trace.trace_id.bytes, &shown);
  shown += "/";
  if (fields.trace.span_id.valid()) AppendHex(fields.trace.span_id.bytes, &shown);
  return shown + "/" + std::to_string(fields.trace.flags) + "/" +
         std::to_string(fields.severity.number) + "/" + std::string(fields.severity.text);
}

struct MessageRow {
  std::string text;
  std::string shown;
};

const std::string kIds = "[trace_id=" + kTraceText + " span_id=" + kSpanText + "] ";
const std::string kPython = "2026-11-22 14:03:54,695 INFO [app.main] [main.py:7] ";

const MessageRow kNest[] = {
    {"[INFO] [trace_id=undefined span_id=undefined] Nest application successfully started "
     "{\"context\":\"NestApplication\",\"level\":\"info\",\"message\":\"Nest application "
     "successfully started\",\"timestamp\":\"2026-11-22T14:03:54.481Z\",\"ms\":\"+0ms\"}",
     "//0/9/INFO"},
    {"[INFO] " + kIds +
         "hello {\"context\":\"AppController\",\"level\":\"info\",\"message\":\"hello\","
         "\"timestamp\":\"2026-11-22T14:03:54.484Z\",\"ms\":\"+2ms\"}",
     kTraceText + "/" + kSpanText + "/0/9/INFO"},
    {"[WARN] " + kIds + "w {\"context\":\"C\",\"level\":\"warn\",\"message\":\"w\"}",
     kTraceText + "/" + kSpanText + "/0/13/WARN"},
    {"[ERROR] " + kIds + "boom {\"stack\":[\"Error: bad\\n    at x\"],\"level\":\"error\"}",
     kTraceText + "/" + kSpanText + "/0/17/ERROR"},
    {"[VERBOSE] " + kIds + "v {\"level\":\"verbose\",\"message\":\"v\"}",
     kTraceText + "/" + kSpanText + "/0/6/VERBOSE"},
};

const MessageRow kPythonLines[] = {
    {kPython + "[trace_id=0 span_id=0 resource.service.name=api-python trace_sampled=False] - no",
     "//0/9/INFO"},
    {kPython + "[trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 "
               "resource.service.name=api-python trace_sampled=True] - hello world!",
     "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7/1/9/INFO"},
    {"2026-11-22 14:03:54,696 ERROR [app.main] [main.py:9] "
     "[trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 "
     "resource.service.name= trace_sampled=True] - failed",
     "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7/1/17/ERROR"},
    {"Traceback (most recent call last):", "//0/0/"},
    {"  File \"main.py\", line 8, in <module>", "//0/0/"},
    {"ZeroDivisionError: division by zero", "//0/0/"},
    {"INFO:     10.0.0.1:51234 - \"GET / HTTP/1.1\" 200 OK", "//0/9/INFO"},
};

TEST(MessageExtractor, ReadsTheLinesOfTheNodeApplication) {  // C.1
  for (const MessageRow& row : kNest) EXPECT_EQ(ShowMessage(row.text), row.shown) << row.text;
}

TEST(MessageExtractor, ReadsTheLinesOfThePythonApplication) {  // C.1
  for (const MessageRow& row : kPythonLines)
    EXPECT_EQ(ShowMessage(row.text), row.shown) << row.text;
}

TEST(MessageExtractor, FindsTheIdThatGrafanasFieldLinks) {
  const std::regex field("trace_id=(\\w+)");
  int linked = 0;
  const auto check = [&](const MessageRow& row) {
    const std::string id = row.shown.substr(0, row.shown.find('/'));
    std::smatch match;
    if (id.empty() || !std::regex_search(row.text, match, field)) return;
    EXPECT_EQ(match[1].str(), id) << row.text;
    ++linked;
  };
  for (const MessageRow& row : kNest) check(row);
  for (const MessageRow& row : kPythonLines) check(row);
  EXPECT_EQ(linked, 6);
}

TEST(MessageExtractor, ReadsATrailingObjectOnlyWhenTheBracketHasNoId) {  // C.6.6
  const std::string other = "0af7651916cd43dd8448eb211c80319c";
  EXPECT_EQ(ShowMessage("[INFO] " + kIds + "x {\"trace_id\":\"" + other + "\"}"),
            kTraceText + "/" + kSpanText + "/0/9/INFO");
  EXPECT_EQ(ShowMessage("[INFO] [trace_id=undefined span_id=undefined] x {\"trace_id\":\"" + other +
                        "\",\"span_id\":\"" + kSpanText + "\",\"trace_flags\":\"01\"}"),
            other + "/" + kSpanText + "/1/9/INFO");
}

TEST(MessageExtractor, LeavesJsonObjectsAlone) {  // C.6.1
  const std::string keys = "\"trace_id\":\"" + kTraceText + "\",\"level\":\"info\"";
  EXPECT_EQ(ShowMessage("{" + keys + "}"), "//0/0/");
  EXPECT_EQ(ShowMessage(" \t{" + keys + "} \r"), "//0/0/");
  EXPECT_EQ(ShowMessage("{\"message\":\"[INFO] " + kIds + "\"}"), "//0/0/");
  // Text that only begins like one, for example the front part of a split record.
  EXPECT_EQ(ShowMessage("{app} " + kIds + "x"), kTraceText + "/" + kSpanText + "/0/0/");
}

TEST(MessageExtractor, BorrowsTheLevelFromTheMessage) {
  auto extractor = MessageExtractor::Create({});
  const Message message("[WARN] x");
  const Severity severity = extractor->Extract(message.view()).severity;
  EXPECT_EQ(severity.text.data(), message.view().view().data() + 1);
}

TEST(MessageExtractor, ReadsNoMoreThanItMay) {  // C.6.2: the first 4 KiB
  const std::string id = "trace_id=" + kTraceText;
  const std::string found = kTraceText + "//0/0/";
  EXPECT_EQ(ShowMessage(std::string(4096 - id.size(), ' ') + id), found);
  EXPECT_EQ(ShowMessage(std::string(4096 - id.size() - 1, ' ') + id + " and more text"), found);
  EXPECT_EQ(ShowMessage(std::string(4096 - id.size() + 1, ' ') + id), "//0/0/");
  EXPECT_EQ(ShowMessage(std::string(8192, ' ') + id), "//0/0/");
  // The limit may not make an id out of 33 digits, a half one or a level's front.
  EXPECT_EQ(ShowMessage(std::string(4096 - id.size(), ' ') + id + "f"), "//0/0/");
  EXPECT_EQ(ShowMessage(id, {.scan_bytes_max = 9 + 16}), "//0/0/");
  EXPECT_EQ(ShowMessage("ERR: x", {.scan_bytes_max = 3}), "//0/0/");
  EXPECT_EQ(ShowMessage("[INFO] " + kIds, {.scan_bytes_max = 7}), "//0/9/INFO");
}

TEST(MessageExtractor, FindsNothingInAnEmptyMessage) {
  EXPECT_EQ(ShowMessage(""), "//0/0/");
  EXPECT_EQ(ShowMessage(" "), "//0/0/");
  auto extractor = MessageExtractor::Create({});
  EXPECT_FALSE(extractor->Extract(PaddedView()).trace.valid());
}

TEST(MessageExtractor, RefusesToReadNothing) {
  const auto refused = MessageExtractor::Create({.scan_bytes_max = 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.error().message().find("scan_bytes_max"), std::string_view::npos);
}

TEST(MessageExtractor, CanBeMoved) {
  auto first = MessageExtractor::Create({});
  MessageExtractor second = std::move(*first);
  const Message message("[INFO] x");
  EXPECT_EQ(second.Extract(message.view()).severity.number, 9);
}

}  // namespace
}  // namespace podtail
