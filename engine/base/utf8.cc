// SPDX-License-Identifier: Apache-2.0
#include "engine/base/utf8.h"

#include <cstdint>

namespace podtail {
namespace {

std::uint8_t Byte(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

}  // namespace

std::size_t Utf8SequenceLength(std::string_view bytes, std::size_t* bad) noexcept {
  const std::uint8_t lead = Byte(bytes, 0);
  *bad = 1;
  if (lead < 0x80) return 1;
  // Table 3-7: the lead byte fixes the length and narrows the second byte.
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= bytes.size() || Byte(bytes, i) < low || Byte(bytes, i) > high) return 0;
    *bad = i + 1;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

char32_t Utf8CodePoint(std::string_view sequence) noexcept {
  const std::uint8_t lead = Byte(sequence, 0);
  if (lead < 0x80) return lead;
  // The lead byte of n bytes has n ones, a zero, and then the first bits.
  char32_t code = lead & (0x7Fu >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) code = code << 6 | (Byte(sequence, i) & 0x3Fu);
  return code;
}

bool IsTerminalControl(std::string_view sequence) noexcept {
  const char32_t code = Utf8CodePoint(sequence);
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return true;
  if (code < 0x061C) return false;
  return code == 0x061C || code == 0x200E || code == 0x200F ||  // direction marks
         (code >= 0x202A && code <= 0x202E) ||                  // embeddings
         (code >= 0x2066 && code <= 0x2069);                    // isolates
}

std::size_t AppendUtf8(std::string_view bytes, std::string* out) {
  std::size_t replaced = 0;
  std::size_t good = 0;  // [good, i) is well-formed and not yet appended
  std::size_t i = 0;
  while (i < bytes.size()) {
    std::size_t bad = 0;
    const std::size_t length = Utf8SequenceLength(bytes.substr(i), &bad);
    if (length > 0) {
      i += length;
      continue;
    }
    out->append(bytes.substr(good, i - good)).append("\xEF\xBF\xBD");
    ++replaced;
    i += bad;
    good = i;
  }
  out->append(bytes.substr(good));
  return replaced;
}

}  // namespace podtail
