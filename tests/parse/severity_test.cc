// SPDX-License-Identifier: Apache-2.0
// sinks.md D.3, the table of tokens.
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

#include "podtail/severity.h"

namespace podtail {
namespace {

struct SeverityRow {
  int number;
  std::vector<std::string> tokens;
};

const std::vector<SeverityRow>& Table() {
  static const std::vector<SeverityRow> table = {
      {1, {"trace", "trc", "finest", "silly", "t"}},
      {5, {"debug", "dbg", "finer", "d", "verbose"}},
      {6, {"fine"}},
      {7, {"config", "http"}},
      {9, {"info", "inf", "information", "informational", "log", "i"}},
      {10, {"notice"}},
      {13, {"warn", "warning", "wrn", "w"}},
      {17, {"error", "err", "eror", "severe", "e"}},
      {18, {"critical", "crit", "dpanic"}},
      {19, {"alert", "panic"}},
      {21, {"fatal", "emerg", "emergency", "f"}},
  };
  return table;
}

TEST(SeverityNumberOf, KnowsEveryTokenOfTheTableInEitherCase) {
  for (const SeverityRow& row : Table()) {
    for (const std::string& token : row.tokens) {
      std::string upper = token, mixed = token;
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      mixed[0] = upper[0];
      for (const std::string& text : {token, upper, mixed}) {
        EXPECT_EQ(SeverityNumberOf(text), row.number) << text;
      }
    }
  }
}

TEST(SeverityNumberOf, KnowsNoWordThatIsOneByteOff) {
  for (const SeverityRow& row : Table()) {
    for (const std::string& token : row.tokens) {
      for (const char c : {'_', '0', ' ', '\0', ':', '\xe9', 'q'}) {
        EXPECT_EQ(SeverityNumberOf(token + c), 0) << token << " and " << c;
        EXPECT_EQ(SeverityNumberOf(c + token), 0) << c << " and " << token;
        std::string changed = token;
        changed.back() = c;
        EXPECT_EQ(SeverityNumberOf(changed), 0) << changed;
      }
    }
  }
}

TEST(SeverityNumberOf, KnowsNoOtherWord) {
  for (const char* text :
       {"", " ", "inform", "informatio", "informations", "emergenc", "emergencyy", "30", "INFO ",
        "stderr", "a", "success", "warnings", "undefined", "informationalinformational"}) {
    EXPECT_EQ(SeverityNumberOf(text), 0) << text;
  }
}

}  // namespace
}  // namespace podtail
