// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/hex.h"

namespace podtail {
namespace {

std::string Hex(const Hash128& hash) {
  std::string out;
  AppendHex(hash, &out);
  return out;
}

// Markers are stored and uids are sent: these values never change.
TEST(Hash, HasTheValuesOfXxh3) {
  EXPECT_EQ(Hex(HashBytes("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(HashBytes64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(Hex(HashBytes("a")), "a96faf705af16834e6c632b61e964e1f");
  EXPECT_EQ(HashBytes64("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(Hex(HashBytes("abc")), "06b05ab6733a618578af5f94892f3950");
  EXPECT_EQ(HashBytes64("abc"), 0x78af5f94892f3950u);
}

TEST(Hash, DependsOnEveryByteAndTheLength) {
  const std::string bytes(4096, 'x');
  const Hash128 whole = HashBytes(bytes);
  EXPECT_EQ(HashBytes(bytes), whole);
  EXPECT_NE(HashBytes(std::string_view(bytes).substr(1)), whole);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = 'y';
    ASSERT_NE(HashBytes(other), whole) << i;
    ASSERT_NE(HashBytes64(other), HashBytes64(bytes)) << i;
  }
}

}  // namespace
}  // namespace podtail
