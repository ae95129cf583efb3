// SPDX-License-Identifier: Apache-2.0
#include "engine/base/arena.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace podtail {
namespace {

// Under a sanitizer this also proves that the padding may be read.
unsigned SumOfPadding(const PaddedView& copy) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < kPadding; ++i) {
    sum += static_cast<unsigned char>(copy.view().data()[copy.view().size() + i]);
  }
  return sum;
}

TEST(Arena, CopiesStayWhereTheyAre) {
  Arena arena;
  std::vector<std::pair<std::string, PaddedView>> copies;
  for (std::size_t size = 0; size < 2000; ++size) {
    const std::string bytes(size, static_cast<char>('a' + size % 26));
    copies.emplace_back(bytes, arena.Copy(bytes));
  }
  for (const auto& [bytes, copy] : copies) EXPECT_EQ(copy.view(), bytes);
}

TEST(Arena, EveryCopyIsPadded) {
  Arena arena;
  // The first ends its block exactly, the second has one of its own.
  for (const std::size_t size : {std::size_t{512}, std::size_t{100'000}}) {
    EXPECT_EQ(SumOfPadding(arena.Copy(std::string(size, 'x'))), 0u);
  }
  Arena another;
  const PaddedView first = another.Copy(std::string(511, 'x'));
  another.Copy("y");
  EXPECT_EQ(SumOfPadding(first), static_cast<unsigned>('y'));
  EXPECT_EQ(SumOfPadding(another.Copy("")), 0u);
}

TEST(Arena, CountsWhatItAllocated) {
  Arena arena;
  EXPECT_EQ(arena.memory_bytes(), 0u);
  arena.Copy("");
  EXPECT_EQ(arena.memory_bytes(), 0u);
  arena.Copy("x");
  const std::size_t small = 512 + kPadding + sizeof(void*);
  EXPECT_EQ(arena.memory_bytes(), small);
  arena.Copy(std::string(511, 'x'));
  EXPECT_EQ(arena.memory_bytes(), small);
  arena.Copy("x");
  EXPECT_EQ(arena.memory_bytes(), small + 1024 + kPadding + sizeof(void*));
}

TEST(Arena, ALargeCopyWastesNothingOfTheBlockInUse) {
  Arena arena;
  arena.Copy(std::string(100, 'x'));
  const char* second = arena.Copy(std::string(100, 'x')).view().data();
  const std::size_t large_bytes = 1'000'000;
  const std::size_t before = arena.memory_bytes();
  arena.Copy(std::string(large_bytes, 'l'));
  EXPECT_LE(arena.memory_bytes(), before + large_bytes + kPadding + 4 * sizeof(void*));
  EXPECT_EQ(arena.Copy("x").view().data(), second + 100);
}

TEST(Arena, BlocksGrowToAMaximum) {
  Arena arena;
  for (int i = 0; i < 1'000'000 / 100; ++i) arena.Copy(std::string(100, 'x'));
  EXPECT_LT(arena.memory_bytes(), 1'000'000u + 64u * 1024 + 8192);
}

TEST(Arena, MovesWithItsCopiesAndLeavesAnEmptyOneBehind) {
  Arena from;
  const PaddedView copy = from.Copy("kept");
  const std::size_t bytes = from.memory_bytes();
  Arena to = std::move(from);
  EXPECT_EQ(to.memory_bytes(), bytes);
  // NOLINTNEXTLINE(bugprone-use-after-move): what it leaves behind is the question
  EXPECT_EQ(from.memory_bytes(), 0u);
  from.Copy("new");  // must not land in what it gave away
  EXPECT_EQ(to.Copy("next").view().data(), copy.view().data() + 4);
  to = Arena();
  EXPECT_EQ(to.memory_bytes(), 0u);
}

}  // namespace
}  // namespace podtail
