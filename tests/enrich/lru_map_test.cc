// SPDX-License-Identifier: Apache-2.0
#include "engine/enrich/lru_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace podtail {
namespace {

TEST(LruMap, EvictsTheEntryThatWasNotUsedForTheLongestTime) {
  LruMap<int> map(2);
  EXPECT_EQ(map.Insert("a", 1), 0u);
  EXPECT_EQ(map.Insert("b", 2), 0u);
  ASSERT_NE(map.Find("a"), nullptr);  // a use: now b is the oldest
  EXPECT_EQ(map.Insert("c", 3), 1u);
  EXPECT_EQ(map.Find("b"), nullptr);
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(*map.Find("a"), 1);
  EXPECT_EQ(*map.Find("c"), 3);
  EXPECT_EQ(map.size(), 2u);
}

TEST(LruMap, KeepsNothingWhenItMayHoldNothing) {
  LruMap<int> map(0);
  EXPECT_EQ(map.Insert("a", 1), 1u);
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_EQ(map.size(), 0u);
}

TEST(LruMap, OwnsItsKeys) {
  LruMap<int> map(1);
  std::string key = "key that is longer than any small string buffer";
  map.Insert(key, 1);
  key.assign(key.size(), 'x');
  EXPECT_NE(map.Find("key that is longer than any small string buffer"), nullptr);
}

TEST(LruMap, ErasesWhatThePredicateChooses) {
  LruMap<int> map(10);
  for (int i = 0; i < 10; ++i) map.Insert(std::to_string(i), i);
  map.EraseIf([](int value) { return value % 2 == 1; });
  EXPECT_EQ(map.size(), 5u);
  EXPECT_EQ(map.Find("3"), nullptr);
  ASSERT_NE(map.Find("4"), nullptr);
}

// The slowest right implementation: a vector, the last used key in front.
TEST(LruMap, AgreesWithANaiveModelOnRandomUse) {
  std::mt19937 random(1);
  LruMap<int> map(5);
  std::vector<std::pair<std::string, int>> model;
  for (int step = 0; step < 20000; ++step) {
    const std::string key = std::to_string(random() % 9);
    const auto found =
        std::find_if(model.begin(), model.end(), [&](const auto& e) { return e.first == key; });
    const int* value = map.Find(key);
    ASSERT_EQ(value != nullptr, found != model.end()) << step;
    if (found != model.end()) {
      ASSERT_EQ(*value, found->second);
      std::rotate(model.begin(), found, found + 1);
    } else {
      ASSERT_EQ(map.Insert(key, step), model.size() == 5 ? 1u : 0u);
      model.insert(model.begin(), {key, step});
      if (model.size() > 5) model.pop_back();
    }
  }
}

}  // namespace
}  // namespace podtail
