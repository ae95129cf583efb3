// SPDX-License-Identifier: Apache-2.0
// Property: MatchGlob says what fnmatch(3) says, and for "**" what a recursion
// over the path says.
#include <fnmatch.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/glob.h"

namespace {

// Patterns that glibc reads as engine/base/glob.h does; there are its reasons.
bool FnmatchKnows(std::string_view pattern) {
  if (pattern.find("**") != std::string_view::npos) return false;
  if (pattern.find("\\/") != std::string_view::npos) return false;
  const std::size_t set = pattern.find('[');
  if (set == std::string_view::npos) return true;
  return !pattern.ends_with('-') && pattern.find_first_of(":=.", set) == std::string_view::npos;
}

// Without sets and escapes.
bool SlowMatch(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern[0] != '*') {
    if (path.empty()) return false;
    if (pattern[0] == '?' ? path[0] == '/' : path[0] != pattern[0]) return false;
    return SlowMatch(pattern.substr(1), path.substr(1));
  }
  const bool deep = pattern.size() > 1 && pattern[1] == '*';
  const std::string_view rest = pattern.substr(deep ? 2 : 1);
  for (std::size_t taken = 0;; ++taken) {
    if (SlowMatch(rest, path.substr(taken))) return true;
    if (taken == path.size() || (path[taken] == '/' && !deep)) return false;
  }
}

}  // namespace

// Input: the pattern, a line feed, the path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 48) return 0;  // the recursion is exponential in the stars
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.find('\0') != std::string_view::npos) return 0;  // fnmatch would stop there
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string pattern(input.substr(0, end));
  const std::string path(input.substr(end + 1));
  const bool matches = podtail::MatchGlob(pattern, path);
  if (FnmatchKnows(pattern) &&
      matches != (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0)) {
    __builtin_trap();
  }
  // At most six stars: see the limit above.
  std::size_t stars = 0;
  for (const char c : pattern) stars += c == '*';
  const bool plain = pattern.find_first_of("[\\") == std::string::npos;
  if (plain && stars <= 6 && matches != SlowMatch(pattern, path)) __builtin_trap();
  return 0;
}
