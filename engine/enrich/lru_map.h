// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_ENRICH_LRU_MAP_H_
#define PODTAIL_ENGINE_ENRICH_LRU_MAP_H_
// A map from strings that holds at most `entries_max` values and evicts the one
// that was not used for the longest time. Finding and inserting are uses.
//
//   front  used last  <->  ...  <->  used longest ago  back
//
// Find and Insert are O(1), EraseIf is O(n). Not thread-safe.
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace podtail {

template <class Value>
class LruMap {
 public:
  explicit LruMap(std::size_t entries_max) : entries_max_(entries_max) {}
  LruMap(const LruMap&) = delete;
  LruMap& operator=(const LruMap&) = delete;

  // Null when absent. Valid until the next call that is not Find or size.
  Value* Find(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // Returns how many entries were evicted: 0 or 1. With entries_max 0 nothing is
  // kept, which counts as evicting `value` itself. REQUIRES: `key` is absent.
  std::size_t Insert(std::string_view key, Value value) {
    entries_.emplace_front(std::string(key), std::move(value));
    index_.emplace(entries_.front().first, entries_.begin());
    if (entries_.size() <= entries_max_) return 0;
    index_.erase(entries_.back().first);
    entries_.pop_back();
    return 1;
  }

  template <class Predicate>
  void EraseIf(Predicate&& predicate) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      if (predicate(std::as_const(entry->second))) {
        index_.erase(entry->first);
        entry = entries_.erase(entry);
      } else {
        ++entry;
      }
    }
  }

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<const std::string, Value>>;

  const std::size_t entries_max_;
  Entries entries_;
  // Keys borrow from entries_, whose nodes never move.
  std::unordered_map<std::string_view, typename Entries::iterator> index_;
};

}  // namespace podtail
#endif
