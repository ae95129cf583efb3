// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_cri_reader.h"

#include <chrono>
#include <optional>

namespace podtail {
namespace {

using std::chrono::days;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// `count` digits at `at`.
std::optional<int> Number(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool Has(std::string_view text, std::size_t at, std::string_view any_of) {
  return at < text.size() && any_of.find(text[at]) != std::string_view::npos;
}

// Minutes east of UTC. Moves *at behind it.
std::optional<int> Offset(std::string_view text, std::size_t* at) {
  if (Has(text, *at, "Zz")) {
    ++*at;
    return 0;
  }
  if (!Has(text, *at, "+-") || !Has(text, *at + 3, ":")) return std::nullopt;
  const auto hours = Number(text, *at + 1, 2);
  const auto minutes = Number(text, *at + 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int east = *hours * 60 + *minutes;
  const bool west = text[*at] == '-';
  *at += 6;
  return west ? -east : east;
}

bool ReadTime(std::string_view text, SimLine* line) {
  const auto year = Number(text, 0, 4), month = Number(text, 5, 2), day = Number(text, 8, 2);
  const auto hour = Number(text, 11, 2), minute = Number(text, 14, 2), second = Number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return false;
  if (!Has(text, 4, "-") || !Has(text, 7, "-") || !Has(text, 10, "Tt") || !Has(text, 13, ":") ||
      !Has(text, 16, ":")) {
    return false;
  }
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return false;
  std::size_t at = 19;
  std::int64_t nanos = 0;
  if (Has(text, at, ".")) {
    std::size_t digits = 0;
    for (++at; at < text.size() && IsDigit(text[at]); ++at, ++digits) {
      if (digits < 9) nanos = nanos * 10 + (text[at] - '0');
    }
    if (digits == 0) return false;
    for (; digits < 9; ++digits) nanos *= 10;
  }
  const auto east = Offset(text, &at);
  if (!east || at != text.size()) return false;
  auto minutes = std::chrono::sys_days(date) + std::chrono::minutes(*hour * 60 + *minute - *east);
  int seconds = *second;
  if (seconds == 60) {
    // A leap second ends the last day of a month in UTC.
    const auto next = std::chrono::floor<days>(minutes) + days(1);
    if (next - minutes != std::chrono::minutes(1) ||
        std::chrono::year_month_day(next).day() != std::chrono::day(1)) {
      return false;
    }
    line->clamped = true;
    seconds = 59;
    nanos = 999'999'999;
  }
  // Only years whose every nanosecond has 64 bits are compared.
  const int in_utc =
      static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(minutes)).year());
  if (in_utc < 1678 || in_utc > 2261) {
    line->clamped = true;
    return true;
  }
  line->time = Timestamp(minutes + std::chrono::seconds(seconds)) + std::chrono::nanoseconds(nanos);
  return true;
}

}  // namespace

SimLine ReadSimLine(std::string_view text) {
  SimLine line;
  line.end = text.size();
  const std::size_t time = text.find(' ');
  if (time == std::string_view::npos || !ReadTime(text.substr(0, time), &line)) return line;
  const std::size_t stream = text.find(' ', time + 1);
  if (stream == std::string_view::npos) return line;
  const std::string_view name = text.substr(time + 1, stream - time - 1);
  if (name != "stdout" && name != "stderr") return line;
  line.cri = true;
  line.stream = name == "stdout" ? 0 : 1;
  const std::size_t blank = text.find(' ', stream + 1);
  const std::string_view tag = text.substr(
      stream + 1, blank == std::string_view::npos ? std::string_view::npos : blank - stream - 1);
  line.partial = tag == "P" || tag.starts_with("P:");
  line.message = blank == std::string_view::npos ? text.size() : blank + 1;
  return line;
}

}  // namespace podtail
