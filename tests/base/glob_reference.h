// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_BASE_GLOB_REFERENCE_H_
#define PODTAIL_TESTS_BASE_GLOB_REFERENCE_H_
// What glob.h is compared with: fnmatch(3) where that has an answer, and a plain
// recursion for "**", which it does not know.
#include <fnmatch.h>

#include <string>
#include <string_view>

namespace podtail {

// Patterns that glibc reads differently, for reasons in glob.h: "**", "\/" behind
// a '*', an unclosed set before a '-' at the end, and everything [: [= [. begin.
inline bool FnmatchKnows(std::string_view pattern) {
  if (pattern.find('\0') != std::string_view::npos) return false;
  if (pattern.find("**") != std::string_view::npos) return false;
  if (pattern.find("\\/") != std::string_view::npos) return false;
  const std::size_t set = pattern.find('[');
  if (set == std::string_view::npos) return true;
  return !pattern.ends_with('-') && pattern.find_first_of(":=.", set) == std::string_view::npos;
}

inline bool FnmatchSays(const std::string& pattern, const std::string& path) {
  return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
}

// For patterns of letters, '/', '?', '*' and "**" only.
inline bool ReferenceGlob(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern[0] != '*') {
    if (path.empty()) return false;
    if (pattern[0] == '?' ? path[0] == '/' : path[0] != pattern[0]) return false;
    return ReferenceGlob(pattern.substr(1), path.substr(1));
  }
  const bool deep = pattern.starts_with("**");
  const std::string_view rest = pattern.substr(deep ? 2 : 1);
  for (std::size_t taken = 0;; ++taken) {
    if (ReferenceGlob(rest, path.substr(taken))) return true;
    if (taken == path.size() || (path[taken] == '/' && !deep)) return false;
  }
}

// Without sets and escapes.
inline bool ReferenceKnows(std::string_view pattern) {
  return pattern.find_first_of("[\\") == std::string_view::npos;
}

}  // namespace podtail
#endif
