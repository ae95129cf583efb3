// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/units.h"

#include <array>
#include <limits>
#include <string>

namespace podtail {
namespace {

constexpr std::uint64_t kLargest =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The first one of a factor is how it is printed. 1G is 1 GiB, as the standard
// corpus has it; only an explicit "B" without "i" means powers of 1000.
constexpr std::array<Unit, 18> kSizes = {{
    {"TiB", 1ULL << 40},
    {"GiB", 1ULL << 30},
    {"MiB", 1ULL << 20},
    {"KiB", 1ULL << 10},
    {"B", 1},
    {"Ti", 1ULL << 40},
    {"Gi", 1ULL << 30},
    {"Mi", 1ULL << 20},
    {"Ki", 1ULL << 10},
    {"T", 1ULL << 40},
    {"G", 1ULL << 30},
    {"M", 1ULL << 20},
    {"K", 1ULL << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1'000},
    {"", 1},
}};

constexpr std::array<Unit, 6> kTimes = {{
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// A decimal number cut from the front of a text.
struct Number {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;  // in units of 1 / scale
  std::uint64_t scale = 1;
  bool overflow = false;
};

std::uint64_t CutDigit(std::string_view* text) {
  const auto digit = static_cast<std::uint64_t>(text->front() - '0');
  text->remove_prefix(1);
  return digit;
}

// REQUIRES: `text` starts with a digit. A dot without a digit behind it stays.
Number CutNumber(std::string_view* text) {
  Number number;
  while (!text->empty() && IsDigit(text->front())) {
    const std::uint64_t digit = CutDigit(text);
    if (number.whole > (kLargest - digit) / 10) {
      number.overflow = true;
    } else {
      number.whole = number.whole * 10 + digit;
    }
  }
  if (text->size() < 2 || text->front() != '.' || !IsDigit((*text)[1])) return number;
  text->remove_prefix(1);
  while (!text->empty() && IsDigit(text->front())) {
    const std::uint64_t digit = CutDigit(text);
    if (number.scale >= 1'000'000'000) continue;
    number.fraction = number.fraction * 10 + digit;
    number.scale *= 10;
  }
  return number;
}

// number * factor, cut off to a whole; false when it does not fit.
bool Multiply(const Number& number, std::uint64_t factor, std::uint64_t* product) {
  if (number.overflow || number.whole > kLargest / factor) return false;
  // Below 10^9 * 2^40 in 128 bits; a double would lose nanoseconds.
  __extension__ using Wide = unsigned __int128;
  const auto part = static_cast<std::uint64_t>(Wide{number.fraction} * factor / number.scale);
  *product = number.whole * factor;
  if (*product > kLargest - part) return false;
  *product += part;
  return true;
}

bool SameWord(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != Lower(word[i])) return false;
  }
  return true;
}

template <std::size_t N>
std::string Shortest(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value);
}

}  // namespace

std::string_view Describe(UnitError error) {
  switch (error) {
    case UnitError::kNotANumber:
      return "not a number";
    case UnitError::kMissingUnit:
      return "no unit (ms, s, m, h)";
    case UnitError::kUnknownUnit:
      return "unknown unit";
    case UnitError::kTooLarge:
      return "too large";
  }
  return "";
}

Expected<std::uint64_t, UnitError> ParseBytes(std::string_view text) noexcept {
  if (text.empty() || !IsDigit(text.front())) return Unexpected(UnitError::kNotANumber);
  const Number number = CutNumber(&text);
  for (const Unit& unit : kSizes) {
    if (!SameWord(text, unit.name)) continue;
    std::uint64_t bytes = 0;
    if (!Multiply(number, unit.factor, &bytes)) return Unexpected(UnitError::kTooLarge);
    return bytes;
  }
  return Unexpected(UnitError::kUnknownUnit);
}

Expected<Duration, UnitError> ParseDuration(std::string_view text) noexcept {
  if (text == "0") return Duration(0);
  if (text.empty()) return Unexpected(UnitError::kNotANumber);
  std::uint64_t total = 0;
  while (!text.empty()) {
    if (!IsDigit(text.front())) return Unexpected(UnitError::kNotANumber);
    const Number number = CutNumber(&text);
    std::size_t length = 0;
    while (length < text.size() && !IsDigit(text[length])) ++length;
    const std::string_view name = text.substr(0, length);
    text.remove_prefix(length);
    if (name.empty()) return Unexpected(UnitError::kMissingUnit);
    const Unit* found = nullptr;
    for (const Unit& unit : kTimes) {
      if (unit.name == name) found = &unit;
    }
    if (found == nullptr) return Unexpected(UnitError::kUnknownUnit);
    std::uint64_t part = 0;
    if (!Multiply(number, found->factor, &part) || part > kLargest - total) {
      return Unexpected(UnitError::kTooLarge);
    }
    total += part;
  }
  return Duration(static_cast<Duration::rep>(total));
}

std::string BytesText(std::uint64_t bytes) {
  return bytes == 0 ? "0" : Shortest(bytes, kSizes);
}

std::string DurationText(Duration duration) {
  if (duration.count() <= 0) return "0";
  return Shortest(static_cast<std::uint64_t>(duration.count()), kTimes);
}

}  // namespace podtail
