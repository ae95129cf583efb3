// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_ENRICH_WORD_BYTES_H_
#define PODTAIL_ENGINE_ENRICH_WORD_BYTES_H_
// Bytes that make up words, ids and keys: [0-9A-Za-z_]. An id or a level counts
// only as a whole word (sources.md C.5).
#include <cstddef>
#include <string_view>

namespace podtail {

constexpr bool IsAsciiLetter(char c) noexcept {
  return static_cast<unsigned char>((c | 0x20) - 'a') < 26;
}
constexpr bool IsAsciiDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool IsWordByte(char c) noexcept {
  return IsAsciiLetter(c) || IsAsciiDigit(c) || c == '_';
}

// The longest word that `text` starts with; may be empty.
constexpr std::string_view LeadingWord(std::string_view text) noexcept {
  std::size_t bytes = 0;
  while (bytes < text.size() && IsWordByte(text[bytes])) ++bytes;
  return text.substr(0, bytes);
}

}  // namespace podtail
#endif
