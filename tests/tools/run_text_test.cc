// SPDX-License-Identifier: Apache-2.0
// Decision 22: what podtail prints on its own behalf cannot move a cursor.
#include "tools/podtail/run_text.h"

#include <gtest/gtest.h>

#include <string>

namespace podtail {
namespace {

std::string Visible(std::string_view bytes) {
  std::string out;
  AppendVisible(bytes, &out);
  return out;
}

std::string Json(std::string_view bytes) {
  std::string out;
  AppendJsonString(bytes, &out);
  return out;
}

std::string Value(std::string_view bytes) {
  std::string out;
  AppendTextValue(bytes, &out);
  return out;
}

TEST(RunText, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(Visible("/var/log/pods/a_b_c/0.log"), "/var/log/pods/a_b_c/0.log");
  EXPECT_EQ(Visible("한글 naïve 🚀"), "한글 naïve 🚀");
  EXPECT_EQ(Json("한글 naïve 🚀"), "\"한글 naïve 🚀\"");
}

TEST(RunText, EscapesEveryControlCharacter) {
  for (int c = 0; c < 0x20; ++c) {
    const std::string byte(1, static_cast<char>(c));
    EXPECT_EQ(Visible(byte).front(), '\\') << c;
    EXPECT_EQ(Json(byte).substr(0, 5), "\"\\u00") << c;
  }
  EXPECT_EQ(Visible("a\nb\tc\rd\x1b\x7f"), "a\\nb\\tc\\rd\\x1b\\x7f");
  EXPECT_EQ(Visible("\\"), "\\\\");
  // C1 in UTF-8: U+009B is a CSI on some terminals.
  EXPECT_EQ(Visible("\xC2\x9B"), "\\x9b");
  EXPECT_EQ(Json("\xC2\x9B"), "\"\\u009b\"");
}

TEST(RunText, EscapesWhatReordersOrHidesText) {
  EXPECT_EQ(Visible("\xE2\x80\xAE"), "\\u202e");  // right-to-left override
  EXPECT_EQ(Visible("\xE2\x81\xA6"), "\\u2066");  // left-to-right isolate
  EXPECT_EQ(Visible("\xD8\x9C"), "\\u061c");      // Arabic letter mark
  EXPECT_EQ(Visible("\xE2\x80\xA8"), "\\u2028");  // line separator
  EXPECT_EQ(Visible("\xE2\x80\x8B"), "\\u200b");  // zero width space
  EXPECT_EQ(Json("\xE2\x80\xAE"), "\"\\u202e\"");
}

// Unicode 3.9, table 3-7: no surrogates, nothing overlong, nothing beyond U+10FFFF.
TEST(RunText, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(Visible("\xFF"), "\\xff");
  EXPECT_EQ(Visible("\x80"), "\\x80");
  EXPECT_EQ(Visible("\xC0\x80"), "\\xc0\\x80");
  EXPECT_EQ(Visible("\xED\xA0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(Visible("\xE0\x80\x80"), "\\xe0\\x80\\x80");
  EXPECT_EQ(Visible("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(Visible("\xE2\x82"), "\\xe2\\x82");
  EXPECT_EQ(Json("a\xFF"), "\"a\xEF\xBF\xBD\"");
}

TEST(RunText, QuotesAValueThatHoldsBlanks) {
  EXPECT_EQ(Value("plain"), "plain");
  EXPECT_EQ(Value(""), "\"\"");
  EXPECT_EQ(Value("two words"), "\"two words\"");
  EXPECT_EQ(Value("a=b"), "\"a=b\"");
  EXPECT_EQ(Value("say \"no\"\n"), "\"say \\\"no\\\"\\n\"");
  EXPECT_EQ(Json("\"\\"), "\"\\\"\\\\\"");
}

TEST(RunText, WritesTimesWithTheDigitsAskedFor) {
  const Timestamp time(Duration(1'700'000'000'123'456'789));
  std::string out;
  AppendTime(time, 9, &out);
  EXPECT_EQ(out, "2023-11-14T22:13:20.123456789Z");
  out.clear();
  AppendTime(time, 3, &out);
  EXPECT_EQ(out, "2023-11-14T22:13:20.123Z");
  out.clear();
  AppendTime(time, 0, &out);
  EXPECT_EQ(out, "2023-11-14T22:13:20Z");
  out.clear();
  AppendTime(Timestamp(Duration(-1)), 9, &out);
  EXPECT_EQ(out, "1969-12-31T23:59:59.999999999Z");
  out.clear();
  AppendTime(Timestamp::min(), 9, &out);
  EXPECT_EQ(out, "1677-09-21T00:12:43.145224192Z");
}

}  // namespace
}  // namespace podtail
