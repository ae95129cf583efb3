// SPDX-License-Identifier: Apache-2.0
#include "engine/base/json_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace podtail {
namespace {

std::string Quoted(std::string_view value) {
  std::string out;
  JsonWriter(&out).String(value);
  return out;
}

TEST(JsonWriter, PutsCommasAndColonsWhereTheyBelong) {
  std::string out = "x";
  JsonWriter json(&out);
  json.BeginObject();
  json.Member("a", std::uint64_t{1});
  json.Key("list");
  json.BeginArray();
  json.EndArray();
  json.Key("b");
  json.BeginArray();
  json.Number(std::uint64_t{1});
  json.String("two");
  json.BeginObject();
  json.EndObject();
  json.BeginObject();
  json.Member("k", "v");
  json.EndObject();
  json.EndArray();
  json.Key("c");
  json.BeginObject();
  json.EndObject();
  json.Member("d", "");
  json.EndObject();
  EXPECT_EQ(out, R"(x{"a":1,"list":[],"b":[1,"two",{},{"k":"v"}],"c":{},"d":""})");
}

TEST(JsonWriter, WritesNumbersToTheirLimits) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  json.Number(std::numeric_limits<std::uint64_t>::max());
  json.Number(std::numeric_limits<std::int64_t>::min());
  json.Number(std::uint64_t{0});
  json.EndArray();
  EXPECT_EQ(out, "[18446744073709551615,-9223372036854775808,0]");
}

TEST(JsonWriter, EscapesWhatJsonMustAndATerminalWouldObey) {
  for (unsigned c = 0; c < 0x80; ++c) {
    const char byte = static_cast<char>(c);
    std::string expected(1, byte);
    if (c < 0x20 || c == 0x7F) {
      const char* digits = "0123456789abcdef";
      expected = std::string("\\u00") + digits[c >> 4] + digits[c & 15];
    }
    if (byte == '\n') expected = "\\n";
    if (byte == '\r') expected = "\\r";
    if (byte == '\t') expected = "\\t";
    if (byte == '"') expected = "\\\"";
    if (byte == '\\') expected = "\\\\";
    EXPECT_EQ(Quoted(std::string(1, byte)), "\"" + expected + "\"") << c;
    EXPECT_EQ(Quoted(std::string(3, byte)), "\"" + expected + expected + expected + "\"") << c;
  }
  EXPECT_EQ(Quoted("\xC2\x9B"
                   "31m"),
            "\"\\u009b31m\"");  // C1: CSI in one
  EXPECT_EQ(Quoted("a\xE2\x80\xAE"
                   "b\xE2\x81\xA9"),
            "\"a\\u202eb\\u2069\"");                      // direction
  EXPECT_EQ(Quoted("\xE2\x80\xA8"), "\"\xE2\x80\xA8\"");  // U+2028 moves nothing
}

TEST(JsonWriter, KeepsOtherTextAndReplacesInvalidBytes) {
  const std::string text = "r\xC3\xA9sum\xC3\xA9 \xEB\xA1\x9C\xEA\xB7\xB8 \xF0\x9F\x98\x80 / '";
  EXPECT_EQ(Quoted(text), "\"" + text + "\"");
  const std::string replacement = "\xEF\xBF\xBD";
  std::string out;
  EXPECT_EQ(JsonWriter(&out).String("a\xFF"
                                    "b\xE2\x82\n\x80"),
            3u);
  EXPECT_EQ(out, "\"a" + replacement + "b" + replacement + "\\n" + replacement + "\"");
  EXPECT_EQ(JsonWriter(&out).String("good"), 0u);
}

// Bytes are looked at in groups of eight: every byte, at every place of a group.
TEST(JsonWriter, FindsWhatToEscapeAtEveryPlace) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned c = 0; c < 0x100; ++c) {
        std::string value(size, 'x');
        value[at] = static_cast<char>(c);
        std::string alone;
        const std::size_t replaced = JsonWriter(&alone).String(value.substr(at, 1));
        std::string expected = "\"" + std::string(at, 'x') + alone.substr(1, alone.size() - 2) +
                               std::string(size - at - 1, 'x') + "\"";
        std::string out;
        ASSERT_EQ(JsonWriter(&out).String(value), replaced);
        ASSERT_EQ(out, expected) << size << " " << at << " " << c;
      }
    }
  }
}

TEST(JsonWriter, EscapesKeysToo) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Member("a\"b", "c");
  json.EndObject();
  EXPECT_EQ(out, R"({"a\"b":"c"})");
}

}  // namespace
}  // namespace podtail
