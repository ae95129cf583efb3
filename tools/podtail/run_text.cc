// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_text.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace podtail {
namespace {

// One character of UTF-8, or one byte that is none.
struct Character {
  std::size_t length = 1;
  std::uint32_t code = 0;
  bool valid = false;
};

std::uint32_t At(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Unicode 3.9, table 3-7, by its arithmetic: shortest form, no surrogates.
Character Decode(std::string_view bytes) {
  const std::uint32_t first = At(bytes, 0);
  if (first < 0x80) return {1, first, true};
  std::size_t length = 0;
  std::uint32_t code = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, code = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, code = first & 0x0F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, code = first & 0x07;
  }
  if (length == 0 || bytes.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((At(bytes, i) & 0xC0) != 0x80) return {};
    code = code << 6 | (At(bytes, i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {length, code, true};
}

// Moves a cursor, ends a line, hides or reorders what stands beside it.
bool IsTreacherous(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) return true;
  if (code == 0x061C || code == 0xFEFF) return true;
  if (code >= 0x200B && code <= 0x200F) return true;
  if (code >= 0x2028 && code <= 0x202E) return true;
  return code >= 0x2060 && code <= 0x206F;
}

void AppendFormatted(const char* format, std::uint32_t value, std::string* out) {
  std::array<char, 16> text;
  const int length = std::snprintf(text.data(), text.size(), format, value);
  out->append(text.data(), static_cast<std::size_t>(length));
}

}  // namespace

void AppendVisible(std::string_view bytes, std::string* out) {
  while (!bytes.empty()) {
    const Character c = Decode(bytes);
    if (!c.valid) {
      AppendFormatted("\\x%02x", At(bytes, 0), out);
    } else if (c.code == '\\') {
      out->append("\\\\");
    } else if (c.code == '\n') {
      out->append("\\n");
    } else if (c.code == '\t') {
      out->append("\\t");
    } else if (c.code == '\r') {
      out->append("\\r");
    } else if (IsTreacherous(c.code)) {
      AppendFormatted(c.code < 0x100 ? "\\x%02x" : "\\u%04x", c.code, out);
    } else {
      out->append(bytes.substr(0, c.length));
    }
    bytes.remove_prefix(c.length);
  }
}

void AppendTextValue(std::string_view bytes, std::string* out) {
  const bool quoted = bytes.empty() || bytes.find_first_of(" \"=") != std::string_view::npos;
  if (!quoted) return AppendVisible(bytes, out);
  out->push_back('"');
  for (;;) {
    const std::size_t quote = bytes.find('"');
    AppendVisible(bytes.substr(0, quote), out);
    if (quote == std::string_view::npos) break;
    out->append("\\\"");
    bytes.remove_prefix(quote + 1);
  }
  out->push_back('"');
}

void AppendJsonString(std::string_view bytes, std::string* out) {
  out->push_back('"');
  while (!bytes.empty()) {
    const Character c = Decode(bytes);
    if (!c.valid) {
      out->append("\xEF\xBF\xBD");
    } else if (c.code == '"' || c.code == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c.code));
    } else if (IsTreacherous(c.code)) {
      AppendFormatted("\\u%04x", c.code, out);
    } else {
      out->append(bytes.substr(0, c.length));
    }
    bytes.remove_prefix(c.length);
  }
  out->push_back('"');
}

void AppendTime(Timestamp time, int digits, std::string* out) {
  using std::chrono::floor, std::chrono::seconds;
  // Not the time itself: the day before Timestamp::min(), which stands for "none", has no
  // Timestamp.
  const std::chrono::sys_seconds second(floor<seconds>(time.time_since_epoch()));
  const auto day = floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  std::array<char, 48> text;
  int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  out->append(text.data(), static_cast<std::size_t>(length));
  if (digits > 0) {
    std::int64_t fraction = time.time_since_epoch().count() % 1'000'000'000;
    if (fraction < 0) fraction += 1'000'000'000;
    length = std::snprintf(text.data(), text.size(), ".%09lld", static_cast<long long>(fraction));
    out->append(text.data(), static_cast<std::size_t>(digits < 9 ? digits + 1 : length));
  }
  out->push_back('Z');
}

}  // namespace podtail
