// SPDX-License-Identifier: Apache-2.0
// reliability.md, appendix B.
#include "engine/tail/file_identity.h"

#include <gtest/gtest.h>

#include <string>

namespace podtail {
namespace {

TEST(HeadMarker, IsOfTheFirstCompleteLine) {
  EXPECT_EQ(HeadMarker("", false), std::nullopt);
  EXPECT_EQ(HeadMarker("no end yet", false), std::nullopt);
  const auto one = HeadMarker("line\n", false);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->bytes, 5U);
  EXPECT_EQ(one, HeadMarker("line\nand what came later\n", false)) << "growth changes nothing";
  EXPECT_NE(one, HeadMarker("Line\n", false));
}

TEST(HeadMarker, IsOfTheFirst4KiBOfALongerLine) {
  const std::string almost(kHeadBytesMax - 1, 'x');
  EXPECT_EQ(HeadMarker(almost, false), std::nullopt);
  const auto full = HeadMarker(almost + "x", false);
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->bytes, kHeadBytesMax);
  EXPECT_EQ(full, HeadMarker(almost + "xyz\n", false));
  EXPECT_EQ(HeadMarker(almost + "\n", false)->bytes, kHeadBytesMax);
}

TEST(HeadMarker, TakesWhatThereIsOfASealedFile) {
  EXPECT_EQ(HeadMarker("", true), std::nullopt);
  EXPECT_EQ(HeadMarker("half", true)->bytes, 4U);
}

TEST(TailMarker, IsOfTheLast256Bytes) {
  const std::string bytes(1000, 'a');
  const char* end = bytes.data() + bytes.size();
  EXPECT_EQ(TailMarker(end, 0), Marker{});
  EXPECT_EQ(TailMarker(end, 10).bytes, 10U);
  EXPECT_EQ(TailMarker(end, 1000).bytes, kTailBytesMax);
  EXPECT_EQ(TailMarker(end, 1000), TailMarker(end, 300));
  EXPECT_NE(TailMarker(end, 10), TailMarker(end, 11));
}

}  // namespace
}  // namespace podtail
