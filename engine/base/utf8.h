// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_UTF8_H_
#define PODTAIL_ENGINE_BASE_UTF8_H_
// UTF-8 as Unicode 3.9 (table 3-7) defines it.
#include <cstddef>
#include <string>
#include <string_view>

namespace podtail {

// Length of the well-formed sequence at the start of `bytes`, 1 to 4, or 0.
// `*bad` is then the length of the maximal ill-formed subsequence, at least 1.
// REQUIRES: bytes is not empty.
std::size_t Utf8SequenceLength(std::string_view bytes, std::size_t* bad) noexcept;

// The code point of one well-formed sequence, which is all of `sequence`.
char32_t Utf8CodePoint(std::string_view sequence) noexcept;

// Whether a terminal would obey one well-formed sequence rather than show it:
// C0 ('\n' and '\t' too), DEL, C1, and the controls of writing direction.
bool IsTerminalControl(std::string_view sequence) noexcept;

// Appends `bytes`, each maximal ill-formed subsequence replaced by one U+FFFD,
// and returns how many were replaced.
std::size_t AppendUtf8(std::string_view bytes, std::string* out);

}  // namespace podtail
#endif
