// SPDX-License-Identifier: Apache-2.0
// One U+FFFD per maximal ill-formed subsequence (spec/cli.md, Unicode 3.9).
#include "engine/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/base/utf8_reference.h"

namespace podtail {
namespace {

std::string Encode(char32_t code) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 63))};
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63))};
  }
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
          byte(0x80 | (code & 63))};
}

TEST(Utf8, KnowsEveryCodePointAndNoSurrogate) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    const std::string bytes = Encode(code);
    std::size_t bad = 0;
    const std::size_t length = Utf8SequenceLength(bytes, &bad);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    ASSERT_EQ(length, surrogate ? 0 : bytes.size()) << std::hex << static_cast<unsigned>(code);
    if (!surrogate) {
      ASSERT_EQ(Utf8CodePoint(bytes), code);
    }
  }
}

// Every byte that table 3-7 names, its neighbours, and some in between.
constexpr unsigned char kBoundaries[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                         0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                         0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};

void ExpectLikeReference(const std::string& bytes) {
  std::size_t bad = 0;
  std::size_t expected_bad = 0;
  const std::size_t length = Utf8SequenceLength(bytes, &bad);
  const std::size_t expected = ReferenceSequenceLength(bytes, &expected_bad);
  ASSERT_EQ(length, expected) << testing::PrintToString(bytes);
  if (expected == 0) {
    ASSERT_EQ(bad, expected_bad) << testing::PrintToString(bytes);
  }
}

TEST(Utf8, AgreesWithTheTableOnAllSequencesOfBoundaryBytes) {
  std::string bytes;
  for (const unsigned char a : kBoundaries) {
    ExpectLikeReference(bytes = {static_cast<char>(a)});
    for (const unsigned char b : kBoundaries) {
      bytes = {static_cast<char>(a), static_cast<char>(b)};
      ExpectLikeReference(bytes);
      for (const unsigned char c : kBoundaries) {
        bytes.resize(2);
        bytes.push_back(static_cast<char>(c));
        ExpectLikeReference(bytes);
        for (const unsigned char d : kBoundaries) {
          bytes.resize(3);
          bytes.push_back(static_cast<char>(d));
          ExpectLikeReference(bytes);
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(Utf8, AgreesWithTheTableOnAllPairsOfBytes) {
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    const std::string bytes = {static_cast<char>(pair >> 8), static_cast<char>(pair & 255)};
    ExpectLikeReference(bytes);
    if (testing::Test::HasFatalFailure()) return;
  }
}

struct Replacement {
  std::string bytes;
  std::string text;  // '?' stands for U+FFFD here
};

// What Python's bytes.decode("utf-8", "replace") makes of them.
TEST(Utf8, ReplacesAsPythonDoes) {
  const Replacement cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"\xEB\xA1\x9C\xEA\xB7\xB8", "\xEB\xA1\x9C\xEA\xB7\xB8"},                // "log", in Korean
      {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", "a???b?c??d"},  // table 3-8
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "????????A"},                   // table 3-8
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "????????A"},                   // table 3-9
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "?????A??B"},                   // table 3-10
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "????A"},                       // table 3-11
      {"\x80", "?"},
      {"\xFF\xFE", "??"},
      {"\xC2", "?"},
      {"\xE2\x82", "?"},
      {"\xE2\x82\x41", "?A"},
      {"\xF0\x9F\x98", "?"},
      {"\xF0\x9F\x98\xF0\x9F\x98\x80", "?\xF0\x9F\x98\x80"},
      {"\xF5\x80\x80\x80", "????"},
      {"\xF8\x88\x80\x80\x80", "?????"},
      {"\xE0\x9F\x80", "???"},
      {"\xEF\xBF\xBD", "\xEF\xBF\xBD"},  // U+FFFD itself is nothing to replace
      {std::string("\0\x7F", 2), std::string("\0\x7F", 2)},
  };
  for (const Replacement& c : cases) {
    std::string expected;
    std::size_t count = 0;
    for (const char byte : c.text) {
      expected += byte == '?' ? "\xEF\xBF\xBD" : std::string(1, byte);
      count += byte == '?';
    }
    std::string out = "before ";
    EXPECT_EQ(AppendUtf8(c.bytes, &out), count) << testing::PrintToString(c.bytes);
    EXPECT_EQ(out, "before " + expected);
  }
}

// S9: what a terminal would obey.
TEST(Utf8, KnowsWhatATerminalObeys) {
  for (char32_t code = 0; code < 0x3000; ++code) {
    const bool c0_or_c1 = code < 0x20 || (code >= 0x7F && code <= 0x9F);
    const bool direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    EXPECT_EQ(IsTerminalControl(Encode(code)), c0_or_c1 || direction)
        << std::hex << static_cast<unsigned>(code);
  }
  EXPECT_FALSE(IsTerminalControl(Encode(0x1F600)));
}

}  // namespace
}  // namespace podtail
