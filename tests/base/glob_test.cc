// SPDX-License-Identifier: Apache-2.0
#include "engine/base/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/base/glob_reference.h"

namespace podtail {
namespace {

struct GlobCase {
  std::string_view pattern;
  std::string_view path;
  bool matches;
};

TEST(MatchGlob, ReadsPatternsAsAShellDoes) {
  const GlobCase cases[] = {
      {"*/*/*.log", "default_web-0_uid/web/0.log", true},
      {"*/*/*.log", "default_web-0_uid/web/0.log.20261122-135929", false},
      {"*/*/*.log", "web/0.log", false},
      {"kube-system_*/*/*.log", "kube-system_dns_1/dns/0.log", true},
      {"kube-system_*/*/*.log", "default_dns_1/dns/0.log", false},
      {"**/0.log", "a/b/0.log", true},
      {"**.log", "a/b/0.log", true},
      {"**", "a/b/0.log", true},
      {"**", "", true},
      {"a/**/c", "a/b/b/c", true},
      {"a/**/c", "a/c", false},  // both '/' are in the pattern
      {"a**c", "a/b/c", true},
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", ".hidden", true},
      {"?", "", false},
      {"?", "/", false},
      {"[0-9].log", "7.log", true},
      {"[!0-9].log", "7.log", false},
      {"[^0-9].log", "a.log", true},
      {"a[!b]c", "a/c", false},
      {"[]]", "]", true},
      {"[!]]", "]", false},
      {"[]-a]", "^", true},
      {"[a-]", "-", true},
      {"[\\]]", "]", true},
      {"[", "[", true},
      {"[a-", "[a-", true},
      {"a[", "a[", true},
      {"[z-a]", "m", false},
      {"[Z-\\]]", "[", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"*\\/x", "a/x", true},
      {"a\\", "a\\", false},
      {"a\\", "a", false},
      {"\\\\", "\\", true},
      {"caf\xE9*", "caf\xE9.log", true},  // bytes are bytes
      {"?", "\xE9", true},
      {"??", "\xC3\xA9", true},
      {"[\x80-\xFF]", "\xE9", true},
  };
  for (const GlobCase& c : cases) {
    EXPECT_EQ(MatchGlob(c.pattern, c.path), c.matches) << c.pattern << " on " << c.path;
  }
}

// All strings of at most `length` bytes of `alphabet`.
std::vector<std::string> AllStrings(std::string_view alphabet, std::size_t length) {
  std::vector<std::string> strings = {""};
  for (std::size_t begin = 0; strings.back().size() < length;) {
    const std::size_t end = strings.size();
    for (; begin < end; ++begin) {
      for (const char c : alphabet) strings.push_back(strings[begin] + c);
    }
  }
  return strings;
}

TEST(MatchGlob, AgreesWithFnmatchOnAllShortPatterns) {
  const std::vector<std::string> paths = AllStrings("ab/-]\\", 2);
  std::size_t compared = 0;
  for (const std::string& pattern : AllStrings("ab/*?[]!-\\", 5)) {
    if (!FnmatchKnows(pattern)) continue;
    for (const std::string& path : paths) {
      ASSERT_EQ(MatchGlob(pattern, path), FnmatchSays(pattern, path)) << pattern << " on " << path;
      ++compared;
    }
  }
  EXPECT_GT(compared, 3'000'000u);
}

TEST(MatchGlob, AgreesWithFnmatchOnLongerPaths) {
  const std::vector<std::string> paths = AllStrings("ab/", 5);
  for (const std::string& pattern : AllStrings("ab/*?", 5)) {
    if (!FnmatchKnows(pattern)) continue;
    for (const std::string& path : paths) {
      ASSERT_EQ(MatchGlob(pattern, path), FnmatchSays(pattern, path)) << pattern << " on " << path;
    }
  }
}

TEST(MatchGlob, DeepStarsAgreeWithTheRecursion) {
  const std::vector<std::string> paths = AllStrings("ab/", 5);
  for (const std::string& pattern : AllStrings("a/*?", 6)) {
    if (pattern.find("***") != std::string::npos) continue;
    for (const std::string& path : paths) {
      ASSERT_EQ(MatchGlob(pattern, path), ReferenceGlob(pattern, path))
          << pattern << " on " << path;
    }
  }
}

// A recursion over the stars would take longer than the universe has.
TEST(MatchGlob, ManyStarsOnALongPathEnd) {
  const std::string path(4096, 'a');
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_TRUE(MatchGlob(pattern, path));
  EXPECT_FALSE(MatchGlob(pattern + "b", path));
}

}  // namespace
}  // namespace podtail
