// SPDX-License-Identifier: Apache-2.0
#include "engine/base/glob.h"

#include <cstddef>

namespace podtail {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

// Matches one byte against the set that starts at pattern[p] == '['. Returns the
// position behind the set, or kNone if it is not closed; `*matches` says whether.
std::size_t MatchSet(std::string_view pattern, std::size_t p, char c, bool* matches) {
  std::size_t i = p + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) {
      *matches = found != negated && c != '/';
      return i + 1;
    }
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    const char low = pattern[i++];
    char high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      high = pattern[i++];
    }
    found = found || (static_cast<unsigned char>(low) <= static_cast<unsigned char>(c) &&
                      static_cast<unsigned char>(c) <= static_cast<unsigned char>(high));
  }
  return kNone;
}

// Matches one byte of the path against the pattern at p, which is not a star.
// Returns the pattern position behind it, or kNone.
std::size_t MatchOne(std::string_view pattern, std::size_t p, char c) {
  if (pattern[p] == '?') return c == '/' ? kNone : p + 1;
  if (pattern[p] == '[') {
    bool matches = false;
    const std::size_t behind = MatchSet(pattern, p, c, &matches);
    if (behind != kNone) return matches ? behind : kNone;
  }
  if (pattern[p] == '\\' && ++p == pattern.size()) return kNone;
  return pattern[p] == c ? p + 1 : kNone;
}

}  // namespace

bool MatchGlob(std::string_view pattern, std::string_view path) noexcept {
  std::size_t p = 0;
  std::size_t s = 0;
  // Where to go on when a byte does not match: behind the last star of either
  // kind, one byte of the path later. "**" is kept apart, because it may still
  // swallow what the '*' behind it could not.
  std::size_t star = kNone, star_at = 0;
  std::size_t deep = kNone, deep_at = 0;
  for (;;) {
    if (p < pattern.size() && pattern[p] == '*') {
      if (p + 1 < pattern.size() && pattern[p + 1] == '*') {
        p += 2;
        deep = p, deep_at = s, star = kNone;
      } else {
        star = ++p, star_at = s;
      }
      continue;
    }
    if (s == path.size() && p == pattern.size()) return true;
    if (s < path.size() && p < pattern.size()) {
      const std::size_t behind = MatchOne(pattern, p, path[s]);
      if (behind != kNone) {
        p = behind;
        ++s;
        continue;
      }
    }
    if (star != kNone && star_at < path.size() && path[star_at] != '/') {
      p = star, s = ++star_at;
    } else if (deep != kNone && deep_at < path.size()) {
      p = deep, s = ++deep_at, star = kNone;
    } else {
      return false;
    }
  }
}

}  // namespace podtail
