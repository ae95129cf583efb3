// SPDX-License-Identifier: Apache-2.0
#include "engine/enrich/level_token.h"

#include <cstddef>
#include <cstdint>

#include "engine/enrich/word_bytes.h"

namespace podtail {
namespace {

constexpr std::uint8_t kNpmVerbose = 6;  // npm: http > verbose > debug

bool IsBlankOrEnd(std::string_view text) noexcept {
  return text.empty() || text[0] == ' ' || text[0] == '\t' || text[0] == '\r';
}

bool EqualsLowerCase(std::string_view word, std::string_view lower) noexcept {
  if (word.size() != lower.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((word[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

// Outside brackets a word can just as well begin a sentence: "http: Server
// closed", "log: rotated", "I am up". So single letters are no levels there, and
// these three only in capitals.
std::uint8_t NumberOutsideBrackets(std::string_view word) noexcept {
  if (word.size() < 2 || word == "http" || word == "log" || word == "config") return 0;
  return SeverityNumberOf(word);
}

Severity BracketedLevel(std::string_view text) noexcept {
  const std::string_view word = LeadingWord(text.substr(1));
  const std::string_view rest = text.substr(1 + word.size());
  if (rest.empty() || rest[0] != ']') return {};
  const std::uint8_t number =
      EqualsLowerCase(word, "verbose") ? kNpmVerbose : SeverityNumberOf(word);
  return number == 0 ? Severity{} : Severity{number, word};
}

Severity PrefixLevel(std::string_view text) noexcept {
  const std::string_view word = LeadingWord(text);
  const std::string_view rest = text.substr(word.size());
  if (rest.empty() || rest[0] != ':' || !IsBlankOrEnd(rest.substr(1))) return {};
  const std::uint8_t number = NumberOutsideBrackets(word);
  return number == 0 ? Severity{} : Severity{number, word};
}

// Whether `text` starts with `shape`, in which '0' stands for any digit.
bool HasShape(std::string_view text, std::string_view shape) noexcept {
  if (text.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == '0' ? !IsAsciiDigit(text[i]) : text[i] != shape[i]) return false;
  }
  return true;
}

std::string_view SkipToken(std::string_view text) noexcept {
  const std::size_t blank = text.find(' ');
  return blank == std::string_view::npos ? std::string_view() : text.substr(blank);
}

std::string_view SkipBlanks(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

Severity DatedLevel(std::string_view text) noexcept {
  constexpr std::string_view kDate = "0000-00-00", kTime = "00:00:00";
  if (!HasShape(text, kDate)) return {};
  text.remove_prefix(kDate.size());
  if (text.empty() || (text[0] != ' ' && text[0] != 'T')) return {};
  text.remove_prefix(1);
  if (!HasShape(text, kTime)) return {};
  text = SkipBlanks(SkipToken(text));
  const std::string_view word = LeadingWord(text);
  std::string_view rest = text.substr(word.size());
  if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
  const std::uint8_t number = IsBlankOrEnd(rest) ? NumberOutsideBrackets(word) : std::uint8_t{0};
  return number == 0 ? Severity{} : Severity{number, word};
}

}  // namespace

Severity FindLeadingLevel(std::string_view text) noexcept {
  if (text.empty()) return {};
  if (text[0] == '[') return BracketedLevel(text);
  if (IsAsciiDigit(text[0])) return DatedLevel(text);
  return PrefixLevel(text);
}

}  // namespace podtail
