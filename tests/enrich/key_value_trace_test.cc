// SPDX-License-Identifier: Apache-2.0
// sources.md C.5 (validity) and C.6.2 (which one wins); reliability.md F11.
#include "engine/enrich/key_value_trace.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/hex.h"

namespace podtail {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kOther = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "00f067aa0ba902b7";
const std::string kUpper = "4BF92F3577B34DA6A3CE929D0E0E4736";

// "<trace>/<span>/<flags>" in lower case, a missing span as "-"; "" for no trace.
std::string Show(const std::string& text) {
  const TraceContext trace = FindKeyValueTrace(text);
  if (!trace.valid()) {
    EXPECT_FALSE(trace.span_id.valid()) << "a span without a trace: " << text;
    EXPECT_EQ(trace.flags, 0) << text;
    return "";
  }
  std::string shown;
  AppendHex(trace.trace_id.bytes, &shown);
  shown += "/";
  if (trace.span_id.valid()) {
    AppendHex(trace.span_id.bytes, &shown);
  } else {
    shown += "-";
  }
  return shown + "/" + std::to_string(trace.flags);
}

struct Row {
  std::string text;
  std::string shown;
};

TEST(FindKeyValueTrace, ReadsValidIds) {  // C.5
  const Row table[] = {
      {"trace_id=" + kTrace, kTrace + "/-/0"},
      {"trace_id=" + kTrace + " span_id=" + kSpan, kTrace + "/" + kSpan + "/0"},
      {"trace_id=" + kUpper + " span_id=00F067AA0BA902B7", kTrace + "/" + kSpan + "/0"},
      // 64-bit ids of B3 are widened.
      {"trace_id=" + kSpan, std::string(16, '0') + kSpan + "/-/0"},
      {"GET /?trace_id=" + kTrace + "&span_id=" + kSpan + " 200", kTrace + "/" + kSpan + "/0"},
      {"trace_id=" + kTrace + "-01", kTrace + "/-/0"},
  };
  for (const Row& row : table) EXPECT_EQ(Show(row.text), row.shown) << row.text;
}

TEST(FindKeyValueTrace, TakesWordsForNoTraceAsAbsence) {  // C.5
  const std::string words[] = {"0",
                               "",
                               "-",
                               "null",
                               "None",
                               "nil",
                               "undefined",
                               "NaN",
                               "<nil>",
                               "N/A",
                               "false",
                               "   ",
                               "00",
                               std::string(16, '0'),
                               std::string(32, '0')};
  for (const std::string& word : words) {
    EXPECT_EQ(Show("[trace_id=" + word + " span_id=" + kSpan + "]"), "") << word;
    // Absence does not stop the search (C.6).
    EXPECT_EQ(Show("[trace_id=" + word + " span_id=" + word + "] trace_id=" + kTrace),
              kTrace + "/-/0")
        << word;
  }
}

TEST(FindKeyValueTrace, RefusesWhatIsNoId) {  // C.5, "any other length", boundaries
  const std::string values[] = {
      kTrace + "f",
      kTrace + "0",
      kTrace + "g",
      kTrace + "_",
      kTrace.substr(1),
      kTrace.substr(0, 31) + "g",
      "x" + kTrace,
      "0x" + kTrace,
      kSpan + "0",
      "0HMV8KQ:00000001",
      "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
      "1-4bf92f35-77b34da6a3ce929d0e0e4736",
      "00-" + kTrace + "-" + kSpan + "-01",
      "1234567890123456789",
      "projects/p/traces/" + kTrace,
      " " + kTrace,
      "=" + kTrace,
      "\"\"" + kTrace,
  };
  for (const std::string& value : values) EXPECT_EQ(Show("trace_id=" + value), "") << value;
}

TEST(FindKeyValueTrace, KnowsTheFourSpellingsOfTheKey) {  // C.6.2
  const Row pairs[] = {{"trace_id", "span_id"},
                       {"traceId", "spanId"},
                       {"traceID", "spanID"},
                       {"trace.id", "span.id"}};
  for (const auto& [trace_key, span_key] : pairs) {
    for (const char* separator : {"=", ":", ": ", "=\"", ":\"", ": \"", "='"}) {
      EXPECT_EQ(Show("x " + trace_key + separator + kTrace + "\" " + span_key + separator + kSpan),
                kTrace + "/" + kSpan + "/0")
          << trace_key << separator;
    }
    EXPECT_EQ(Show("'" + trace_key + "': '" + kTrace + "', '" + span_key + "': '" + kSpan + "'"),
              kTrace + "/" + kSpan + "/0");
    EXPECT_EQ(Show(trace_key + " = " + kTrace), "");
    EXPECT_EQ(Show(trace_key + "= " + kTrace), "");
    EXPECT_EQ(Show(trace_key + ":  " + kTrace), "");
    EXPECT_EQ(Show(trace_key + " " + kTrace), "");
    EXPECT_EQ(Show(trace_key + kTrace), "");
  }
}

TEST(FindKeyValueTrace, KnowsNoOtherKey) {
  for (const std::string key :
       {"parent_trace_id", "dd.trace_id", "xtrace_id", "0trace_id", "_traceId", "trace_ids",
        "TRACE_ID", "Trace_id", "traceid", "trace-id", "trace", "trace_", "span_id", "tracetrace_i",
        "b3", "traceparent", "request_id"}) {
    EXPECT_EQ(Show(key + "=" + kTrace), "") << key;
  }
  EXPECT_EQ(Show(kTrace), "");  // bare hex is never taken (C.6.5)
  EXPECT_EQ(Show("sha256:" + kTrace + kTrace), "");
}

TEST(FindKeyValueTrace, TakesTheLeftmostValidId) {  // C.6.2
  EXPECT_EQ(Show("trace_id=" + kTrace + " trace_id=" + kOther), kTrace + "/-/0");
  EXPECT_EQ(Show("traceId=" + kTrace + " trace_id=" + kOther), kTrace + "/-/0");
  EXPECT_EQ(Show("trace_id=" + kTrace + "f trace_id=" + kOther), kOther + "/-/0");
  EXPECT_EQ(Show("parent_trace_id=" + kTrace + " trace_id=" + kOther), kOther + "/-/0");
  EXPECT_EQ(Show("tracetrace_id=" + kTrace + " trace trace_id=" + kOther), kOther + "/-/0");
}

TEST(FindKeyValueTrace, TakesASpanOnlyFromTheGroupAndFamilyOfItsTrace) {  // C.6.1
  const Row table[] = {
      {"[trace_id=" + kTrace + "] span_id=" + kSpan, kTrace + "/-/0"},
      {"{trace_id=" + kTrace + "} span_id=" + kSpan, kTrace + "/-/0"},
      {"trace_id=" + kTrace + " spanId=" + kSpan, kTrace + "/-/0"},
      {"span_id=" + kSpan + " trace_id=" + kTrace, kTrace + "/-/0"},
      {"trace_id=" + kTrace + " parent_span_id=" + kSpan, kTrace + "/-/0"},
      {"trace_id=" + kTrace + " user=x span_id=" + kSpan, kTrace + "/" + kSpan + "/0"},
      // The first span decides, whatever it holds.
      {"trace_id=" + kTrace + " span_id=0 span_id=" + kSpan, kTrace + "/-/0"},
      {"trace_id=" + kTrace + " span_id=0000000000000000", kTrace + "/-/0"},
      {"trace_id=" + kTrace + " span_id=" + kSpan + "0", kTrace + "/-/0"},
      {"trace_id=" + kTrace + " span_id=" + kSpan.substr(1), kTrace + "/-/0"},
      {"trace_id=" + kTrace + " span_id=" + kSpan + "g", kTrace + "/-/0"},
      {"trace_id=" + kTrace + " span_id=" + kTrace, kTrace + "/-/0"},
      // A span without a trace is nothing.
      {"trace_id=0 span_id=" + kSpan, ""},
  };
  for (const Row& row : table) EXPECT_EQ(Show(row.text), row.shown) << row.text;
}

TEST(FindKeyValueTrace, ReadsFlags) {  // C.1, C.5
  const Row table[] = {
      {"trace_flags=01", "1"},      {"trace_flags=00", "0"},     {"trace_flags=1", "1"},
      {"trace_flags=ff", "255"},    {"trace_flags=010", "16"},   {"trace_flags=fff", "255"},
      {"trace_flags=0001", "0"},    {"trace_flags=0g", "0"},     {"trace_flags=", "0"},
      {"trace_sampled=True", "1"},  {"trace_sampled=true", "1"}, {"trace_sampled=1", "1"},
      {"trace_sampled=False", "0"}, {"trace_sampled=0", "0"},    {"trace_sampled=Trueish", "0"},
      {"trace_sampled=maybe", "0"}, {"trace_flags=\"01\"", "1"}, {"xtrace_flags=01", "0"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(Show("[trace_id=" + kTrace + " " + row.text + "]"), kTrace + "/-/" + row.shown)
        << row.text;
    EXPECT_EQ(Show("[trace_id=" + kTrace + "] " + row.text), kTrace + "/-/0") << row.text;
  }
}

TEST(FindKeyValueTrace, StopsPythonsServiceNameAtTheNextKey) {  // C.1
  const std::string head = "[trace_id=" + kTrace + " span_id=" + kSpan + " resource.service.name=";
  for (const std::string& name :
       {std::string(), std::string("api-python"), std::string("two words"), std::string("a]b"),
        std::string("x trace_flags=ff"), "span_id=" + kTrace}) {
    EXPECT_EQ(Show(head + name + " trace_sampled=True] - text"), kTrace + "/" + kSpan + "/1")
        << name;
    EXPECT_EQ(Show(head + name + " trace_sampled=False] - text"), kTrace + "/" + kSpan + "/0")
        << name;
  }
  EXPECT_EQ(Show(head + "never ends"), kTrace + "/" + kSpan + "/0");
}

TEST(FindKeyValueTrace, GivesACutLineNoOtherIdThanTheWholeLine) {
  const std::string line = "[trace_id=" + kTrace + " span_id=" + kSpan + " trace_flags=01] x";
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    const std::string part(line, 0, cut);
    const TraceContext trace = FindKeyValueTrace(part);
    const bool widened = cut == 10 + 16;  // the first half of the digits is an id of B3
    EXPECT_EQ(trace.valid(), cut >= 10 + 32 || widened) << cut;
    if (!trace.valid() || widened) continue;
    EXPECT_EQ(Show(part).substr(0, 32), kTrace);
  }
}

}  // namespace
}  // namespace podtail
