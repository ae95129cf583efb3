// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hex.h"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <string>

namespace podtail {
namespace {

TEST(Hex, KnowsTheDigitsAndNothingElse) {
  for (int c = 0; c < 256; ++c) {
    const char text[] = {static_cast<char>(c), '\0'};
    const bool digit = c < 128 && std::isxdigit(c) != 0;
    EXPECT_EQ(HexValue(text[0]), digit ? static_cast<int>(std::strtol(text, nullptr, 16)) : -1)
        << c;
  }
}

TEST(Hex, ReadsBackWhatItWrote) {
  std::array<std::uint8_t, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  std::string hex = "x";
  AppendHex(bytes, &hex);
  ASSERT_EQ(hex.size(), 513u);
  EXPECT_EQ(hex.substr(0, 9), "x00010203");
  EXPECT_EQ(hex.substr(505), "fcfdfeff");
  std::array<std::uint8_t, 256> read{};
  EXPECT_TRUE(DecodeHex(hex.substr(1), read));
  EXPECT_EQ(read, bytes);
  for (char& c : hex) c = static_cast<char>(std::toupper(c));
  read = {};
  EXPECT_TRUE(DecodeHex(hex.substr(1), read));
  EXPECT_EQ(read, bytes);
}

TEST(Hex, RefusesWhatIsNotTwoDigitsPerByte) {
  std::array<std::uint8_t, 2> out{};
  for (const char* hex :
       {"", "0", "012", "01234", "012345", "012g", "g123", "01 2", "0x12", "-123"}) {
    EXPECT_FALSE(DecodeHex(hex, out)) << hex;
  }
  EXPECT_TRUE(DecodeHex("", {}));
}

}  // namespace
}  // namespace podtail
