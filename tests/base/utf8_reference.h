// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_BASE_UTF8_REFERENCE_H_
#define PODTAIL_TESTS_BASE_UTF8_REFERENCE_H_
// UTF-8 by the book, slowly: table 3-7 of the Unicode Standard as it is printed,
// one row per line, and nothing clever about it. What utf8.h is compared with.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace podtail {

struct Utf8Row {
  std::size_t bytes;
  std::uint8_t low[4];
  std::uint8_t high[4];
};
inline constexpr Utf8Row kUtf8Table[] = {
    {1, {0x00}, {0x7F}},
    {2, {0xC2, 0x80}, {0xDF, 0xBF}},
    {3, {0xE0, 0xA0, 0x80}, {0xE0, 0xBF, 0xBF}},
    {3, {0xE1, 0x80, 0x80}, {0xEC, 0xBF, 0xBF}},
    {3, {0xED, 0x80, 0x80}, {0xED, 0x9F, 0xBF}},
    {3, {0xEE, 0x80, 0x80}, {0xEF, 0xBF, 0xBF}},
    {4, {0xF0, 0x90, 0x80, 0x80}, {0xF0, 0xBF, 0xBF, 0xBF}},
    {4, {0xF1, 0x80, 0x80, 0x80}, {0xF3, 0xBF, 0xBF, 0xBF}},
    {4, {0xF4, 0x80, 0x80, 0x80}, {0xF4, 0x8F, 0xBF, 0xBF}},
};

// How many bytes at the start of `bytes` could begin a sequence of this row.
inline std::size_t PrefixBytes(const Utf8Row& row, std::string_view bytes) {
  std::size_t n = 0;
  while (n < row.bytes && n < bytes.size() && row.low[n] <= static_cast<std::uint8_t>(bytes[n]) &&
         static_cast<std::uint8_t>(bytes[n]) <= row.high[n]) {
    ++n;
  }
  return n;
}

// Definition D93b: the longest beginning of a well-formed sequence, or one byte.
inline std::size_t ReferenceSequenceLength(std::string_view bytes, std::size_t* bad) {
  *bad = 1;
  for (const Utf8Row& row : kUtf8Table) {
    const std::size_t n = PrefixBytes(row, bytes);
    if (n == row.bytes) return n;
    if (n > *bad) *bad = n;
  }
  return 0;
}

inline std::string ReferenceReplace(std::string_view bytes, std::size_t* replaced) {
  std::string out;
  *replaced = 0;
  while (!bytes.empty()) {
    std::size_t bad = 0;
    const std::size_t length = ReferenceSequenceLength(bytes, &bad);
    out += length > 0 ? std::string(bytes.substr(0, length)) : "\xEF\xBF\xBD";
    if (length == 0) ++*replaced;
    bytes.remove_prefix(length > 0 ? length : bad);
  }
  return out;
}

}  // namespace podtail
#endif
