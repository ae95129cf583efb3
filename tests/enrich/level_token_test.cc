// SPDX-License-Identifier: Apache-2.0
// sinks.md D.3, "Where to look"; sources.md C.1.
#include "engine/enrich/level_token.h"

#include <gtest/gtest.h>

#include <string>

namespace podtail {
namespace {

struct LevelRow {
  std::string line;
  int number;
  std::string text;
};

void Expect(const LevelRow& row) {
  const Severity severity = FindLeadingLevel(row.line);
  EXPECT_EQ(severity.number, row.number) << row.line;
  EXPECT_EQ(severity.text, row.text) << row.line;
}

TEST(FindLeadingLevel, ReadsNpmLevelsInBrackets) {  // C.1
  const LevelRow table[] = {
      {"[ERROR] [trace_id=undefined", 17, "ERROR"},
      {"[WARN] w", 13, "WARN"},
      {"[INFO] hello", 9, "INFO"},
      {"[HTTP] GET /", 7, "HTTP"},
      {"[VERBOSE] v", 6, "VERBOSE"},
      {"[verbose] v", 6, "verbose"},
      {"[DEBUG] d", 5, "DEBUG"},
      {"[SILLY] s", 1, "SILLY"},
      {"[FATAL] f", 21, "FATAL"},
      {"[LOG] l", 9, "LOG"},
      {"[Info]", 9, "Info"},
      {"[E]x", 17, "E"},
  };
  for (const LevelRow& row : table) Expect(row);
}

TEST(FindLeadingLevel, ReadsAPrefixWithColon) {
  const LevelRow table[] = {
      {"INFO:     10.0.0.1:51234 - \"GET / HTTP/1.1\" 200 OK", 9, "INFO"},
      {"WARNING:  x", 13, "WARNING"},
      {"ERROR:", 17, "ERROR"},
      {"CRITICAL:root:no blank behind the colon", 0, ""},
      {"error: x", 17, "error"},
      {"panic: runtime error", 19, "panic"},
      {"fatal:\tx", 21, "fatal"},
      {"LOG:  statement", 9, "LOG"},
      {"VERBOSE: v", 5, "VERBOSE"},
      // Words that begin sentences of ordinary programs.
      {"http: Server closed", 0, ""},
      {"config: reloaded", 0, ""},
      {"log: rotated", 0, ""},
      {"http://10.0.0.1/", 0, ""},
      {"E: Unable to locate package", 0, ""},
      {"INFO 10.0.0.1", 0, ""},
      {" INFO: x", 0, ""},
  };
  for (const LevelRow& row : table) Expect(row);
}

TEST(FindLeadingLevel, ReadsTheTokenBehindDateAndTime) {  // C.1
  const LevelRow table[] = {
      {"2026-11-22 14:03:54,695 INFO [app.main] [main.py:7] x", 9, "INFO"},
      {"2026-11-22 14:03:54,696 ERROR [app.main] x", 17, "ERROR"},
      {"2026-11-22 14:03:54 WARNING [x", 13, "WARNING"},
      {"2026-11-22 14:03:54.123456     DEBUG [x", 5, "DEBUG"},
      {"2026-11-22T14:03:54.123+09:00 CRITICAL x", 18, "CRITICAL"},
      {"2026-11-22T14:03:54Z info: x", 9, "info"},
      {"2026-11-22 14:03:54,695 INFO", 9, "INFO"},
      {"2026-11-22 14:03:54,695 verbose x", 5, "verbose"},
      {"2026-11-22 14:03:54,695 http request", 0, ""},
      {"2026-11-22 14:03:54,695 I am up", 0, ""},
      {"2026-11-22 14:03:54,695 INFORM x", 0, ""},
      {"2026-11-22 14:03:54,695 INFO/x", 0, ""},
      {"2026-11-22 14:03:54,695 [INFO] x", 0, ""},
      {"2026-11-22 14:03:54,695 name INFO x", 0, ""},
      {"2026-11-22 INFO x", 0, ""},
      {"14:03:54 INFO x", 0, ""},
      {"2026/11/22 14:03:54 INFO x", 0, ""},
      {"2026-11-22  14:03:54 INFO x", 0, ""},
      {"2026-11-22 14:03:5", 0, ""},
      {"2026-11-22 14:03:54", 0, ""},
      {"2026-11-22 14:03:54 ", 0, ""},
  };
  for (const LevelRow& row : table) Expect(row);
}

TEST(FindLeadingLevel, FindsNothingElsewhere) {
  for (const char* line :
       {"", "[", "[]", "[INFO", "[INFO ] x", "[ INFO] x", "[INFO_X] x", "[app] x", "[30] x",
        "x [ERROR] y", "error", "Traceback (most recent call last):", "ValueError: boom",
        "  File \"main.py\", line 8", "((INFO)) x", "INFO"}) {
    Expect({line, 0, ""});
  }
}

TEST(FindLeadingLevel, NeverReadsBehindACut) {
  for (const std::string line :
       {"[VERBOSE] x", "INFO:     x", "2026-11-22 14:03:54,695 INFO [app.main]"}) {
    for (std::size_t cut = 0; cut <= line.size(); ++cut) {
      const std::string part(line, 0, cut);
      const Severity severity = FindLeadingLevel(part);
      if (severity.number == 0) continue;
      EXPECT_GE(severity.text.data(), part.data());
      EXPECT_LE(severity.text.data() + severity.text.size(), part.data() + part.size());
    }
  }
}

}  // namespace
}  // namespace podtail
