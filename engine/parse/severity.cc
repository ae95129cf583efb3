// SPDX-License-Identifier: Apache-2.0
#include "podtail/severity.h"

#include <cstddef>

namespace podtail {
namespace {

constexpr std::size_t kPackedBytesMax = 8;

// Up to eight letters, in lower case, as one number that a switch can compare.
// 0, which no word packs to, for anything else than letters.
constexpr std::uint64_t Pack(std::string_view word) noexcept {
  if (word.empty() || word.size() > kPackedBytesMax) return 0;
  std::uint64_t packed = 0;
  for (const char c : word) {
    const unsigned char lower = static_cast<unsigned char>(c | 0x20);
    if (lower < 'a' || lower > 'z') return 0;
    packed = packed << 8 | lower;
  }
  return packed;
}

// The few words that do not fit.
std::uint8_t NumberOfLongWord(std::string_view token) noexcept {
  const std::uint64_t head = Pack(token.substr(0, kPackedBytesMax));
  const std::uint64_t tail = Pack(token.substr(kPackedBytesMax));
  if (head == Pack("informat")) return tail == Pack("ion") || tail == Pack("ional") ? 9 : 0;
  if (head == Pack("emergenc")) return tail == Pack("y") ? 21 : 0;
  return 0;
}

}  // namespace

std::uint8_t SeverityNumberOf(std::string_view token) noexcept {
  if (token.size() > kPackedBytesMax) return NumberOfLongWord(token);
  switch (Pack(token)) {
    case Pack("trace"):
    case Pack("trc"):
    case Pack("finest"):
    case Pack("silly"):
    case Pack("t"):
      return 1;
    case Pack("debug"):
    case Pack("dbg"):
    case Pack("finer"):
    case Pack("verbose"):
    case Pack("d"):
      return 5;
    case Pack("fine"):
      return 6;
    case Pack("config"):
    case Pack("http"):
      return 7;
    case Pack("info"):
    case Pack("inf"):
    case Pack("log"):
    case Pack("i"):
      return 9;
    case Pack("notice"):
      return 10;
    case Pack("warn"):
    case Pack("warning"):
    case Pack("wrn"):
    case Pack("w"):
      return 13;
    case Pack("error"):
    case Pack("err"):
    case Pack("eror"):
    case Pack("severe"):
    case Pack("e"):
      return 17;
    case Pack("critical"):
    case Pack("crit"):
    case Pack("dpanic"):
      return 18;
    case Pack("alert"):
    case Pack("panic"):
      return 19;
    case Pack("fatal"):
    case Pack("emerg"):
    case Pack("f"):
      return 21;
    default:
      return 0;
  }
}

}  // namespace podtail
