// SPDX-License-Identifier: Apache-2.0
#include "engine/base/json_writer.h"

#include <array>
#include <charconv>
#include <cstring>

#include "engine/base/utf8.h"

namespace podtail {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

// Bytes that can stand in a JSON string as they are: printable ASCII but for
// the quote and the backslash.
constexpr std::array<bool, 256> PlainBytes() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = PlainBytes();

// Whether all of eight bytes are plain, looked at together. It may say no where
// it should say yes (a borrow from the byte before), never the other way round.
bool EightPlain(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  std::uint64_t x;
  std::memcpy(&x, bytes, sizeof(x));
  const auto holds = [x](std::uint64_t byte) {
    const std::uint64_t zero = x ^ byte * kOnes;
    return (zero - kOnes) & ~zero;
  };
  const std::uint64_t below_blank = (x - 0x20 * kOnes) & ~x;
  return ((x | below_blank | holds('"') | holds('\\') | holds(0x7F)) & kHigh) == 0;
}

// The position of the first byte from `i` on that is not plain, or the size.
std::size_t SkipPlain(std::string_view value, std::size_t i) {
  while (value.size() - i >= 8 && EightPlain(value.data() + i)) i += 8;
  while (i < value.size() && kPlain[static_cast<unsigned char>(value[i])]) ++i;
  return i;
}

// `c` is one well-formed sequence of at most three bytes.
void AppendEscaped(std::string_view c, std::string* out) {
  switch (c[0]) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      break;
  }
  const unsigned code = Utf8CodePoint(c);
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kDigits[code >> shift & 15]);
}

}  // namespace

void JsonWriter::Separate() {
  if (!first_) out_->push_back(',');
  first_ = false;
}

void JsonWriter::Open(char bracket) {
  Separate();
  out_->push_back(bracket);
  first_ = true;
}

void JsonWriter::Close(char bracket) {
  out_->push_back(bracket);
  first_ = false;
}

void JsonWriter::Key(std::string_view name) {
  String(name);
  out_->push_back(':');
  first_ = true;
}

std::size_t JsonWriter::String(std::string_view value) {
  Separate();
  out_->push_back('"');
  std::size_t replaced = 0;
  std::size_t i = 0;
  std::size_t begin = 0;  // [begin, i) goes out as it is
  for (;;) {
    i = SkipPlain(value, i);
    if (i == value.size()) break;
    std::size_t bad = 0;
    std::size_t length = Utf8SequenceLength(value.substr(i), &bad);
    if (length > 1 && !IsTerminalControl(value.substr(i, length))) {
      i += length;
      continue;
    }
    out_->append(value.substr(begin, i - begin));
    if (length > 0) {
      AppendEscaped(value.substr(i, length), out_);
    } else {
      out_->append("\xEF\xBF\xBD");
      ++replaced;
      length = bad;
    }
    i += length;
    begin = i;
  }
  out_->append(value.substr(begin));
  out_->push_back('"');
  return replaced;
}

void JsonWriter::Number(std::uint64_t value) {
  Separate();
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out_->append(text, end);
}

void JsonWriter::Number(std::int64_t value) {
  Separate();
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out_->append(text, end);
}

}  // namespace podtail
