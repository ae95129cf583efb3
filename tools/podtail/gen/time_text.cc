// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/time_text.h"

#include <chrono>
#include <cstdlib>

namespace podtail::gen {
namespace {

// `digits` digits of `value`, the highest first.
void AppendDigits(std::uint64_t value, int digits, std::string* out) {
  char text[20];
  for (int i = digits; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out->append(text, static_cast<std::size_t>(digits));
}

struct Civil {
  std::uint64_t year, month, day, hour, minute, second;
};

Civil ToCivil(std::int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto rest = static_cast<std::uint64_t>((time - day).count());
  return {static_cast<std::uint64_t>(static_cast<int>(date.year())),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          rest / 3600,
          rest / 60 % 60,
          rest % 60};
}

// A number of digits only, or nothing.
std::optional<int> Digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::uint64_t Fraction(std::int64_t time) {
  return static_cast<std::uint64_t>(time % kSecond);
}

}  // namespace

TimeText::TimeText(int zone_minutes) : zone_seconds_(zone_minutes * 60) {}

void TimeText::AppendSecond(std::int64_t time, std::string* out) {
  const std::int64_t second = time / kSecond + zone_seconds_;
  if (second != second_) {
    const Civil c = ToCivil(second);
    text_.clear();
    AppendDigits(c.year, 4, &text_);
    text_ += '-';
    AppendDigits(c.month, 2, &text_);
    text_ += '-';
    AppendDigits(c.day, 2, &text_);
    text_ += 'T';
    AppendDigits(c.hour, 2, &text_);
    text_ += ':';
    AppendDigits(c.minute, 2, &text_);
    text_ += ':';
    AppendDigits(c.second, 2, &text_);
    second_ = second;
  }
  out->append(text_);
}

void TimeText::AppendZone(std::string* out) const {
  const auto minutes = static_cast<std::uint64_t>(std::llabs(zone_seconds_)) / 60;
  out->push_back(zone_seconds_ < 0 ? '-' : '+');
  AppendDigits(minutes / 60, 2, out);
  out->push_back(':');
  AppendDigits(minutes % 60, 2, out);
}

void TimeText::AppendTrimmed(std::int64_t time, std::string* out) {
  AppendSecond(time, out);
  if (const std::uint64_t fraction = Fraction(time); fraction != 0) {
    out->push_back('.');
    AppendDigits(fraction, 9, out);
    while (out->back() == '0') out->pop_back();
  }
  if (zone_seconds_ == 0) {
    out->push_back('Z');
  } else {
    AppendZone(out);
  }
}

void TimeText::AppendFixed(std::int64_t time, std::string* out) {
  AppendSecond(time, out);
  out->push_back('.');
  AppendDigits(Fraction(time), 9, out);
  AppendZone(out);
}

void TimeText::AppendExact(std::int64_t time, std::string* out) {
  AppendSecond(time, out);
  out->push_back('.');
  AppendDigits(Fraction(time), 9, out);
  out->push_back('Z');
}

void TimeText::AppendMillis(std::int64_t time, std::string* out) {
  AppendSecond(time, out);
  out->push_back('.');
  AppendDigits(Fraction(time) / 1'000'000, 3, out);
  out->push_back('Z');
}

void TimeText::AppendAsctime(std::int64_t time, std::string* out) {
  const std::size_t begin = out->size();
  AppendSecond(time, out);
  (*out)[begin + 10] = ' ';
  out->push_back(',');
  AppendDigits(Fraction(time) / 1'000'000, 3, out);
}

std::string StampText(std::int64_t seconds) {
  const Civil c = ToCivil(seconds);
  std::string text;
  AppendDigits(c.year, 4, &text);
  AppendDigits(c.month, 2, &text);
  AppendDigits(c.day, 2, &text);
  text += '-';
  AppendDigits(c.hour, 2, &text);
  AppendDigits(c.minute, 2, &text);
  AppendDigits(c.second, 2, &text);
  return text;
}

std::optional<std::int64_t> StampSeconds(std::string_view stamp) {
  if (stamp.size() != 15 || stamp[8] != '-') return std::nullopt;
  const auto date = Digits(stamp.substr(0, 8));
  const auto time = Digits(stamp.substr(9));
  if (!date || !time) return std::nullopt;
  const std::chrono::year_month_day day{
      std::chrono::year(*date / 10000),
      std::chrono::month(static_cast<unsigned>(*date / 100 % 100)),
      std::chrono::day(static_cast<unsigned>(*date % 100))};
  if (!day.ok()) return std::nullopt;
  const std::int64_t seconds = *time / 10000 * 3600 + *time / 100 % 100 * 60 + *time % 100;
  return std::chrono::sys_days(day).time_since_epoch().count() * 86400 + seconds;
}

std::optional<int> ZoneMinutes(std::string_view zone) {
  if (zone == "Z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const auto hours = Digits(zone.substr(1, 2));
  const auto minutes = Digits(zone.substr(4));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int total = *hours * 60 + *minutes;
  return zone[0] == '-' ? -total : total;
}

}  // namespace podtail::gen
