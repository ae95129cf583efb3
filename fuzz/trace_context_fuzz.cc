// SPDX-License-Identifier: Apache-2.0
// Property: ParseTraceId and ParseTraceparent accept exactly what the grammar of
// sources.md C.4 and C.5 (RE2, bytes) does, with the bytes that the digits say.
#include <re2/re2.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "fuzz/support/slow_rfc3339.h"
#include "podtail/trace_context.h"

namespace {

template <class Id>
std::string PrintContext(const Id& id) {
  std::string text;
  for (const std::uint8_t byte : id.bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool AllZero(const std::string& text) {
  return text.find_first_not_of('0') == std::string::npos;
}

void CheckTraceId(const std::string& text) {
  static const re2::RE2 pattern("[0-9a-fA-F]{32}", podtail_fuzz::Bytes());
  const auto got = podtail::ParseTraceId(text);
  const bool valid = re2::RE2::FullMatch(text, pattern) && !AllZero(text);
  if (got.has_value() != valid) __builtin_trap();
  if (got && PrintContext(*got) != LowerCase(text)) __builtin_trap();
}

void CheckTraceparent(const std::string& text) {
  static const re2::RE2 pattern(
      "(?s)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", podtail_fuzz::Bytes());
  std::string version, trace, span, flags, rest;
  const auto got = podtail::ParseTraceparent(text);
  const bool valid = re2::RE2::FullMatch(text, pattern, &version, &trace, &span, &flags, &rest) &&
                     version != "ff" && !AllZero(trace) && !AllZero(span) &&
                     (version != "00" || rest.empty());
  if (got.has_value() != valid) __builtin_trap();
  if (!got) return;
  char printed[3];
  std::snprintf(printed, sizeof printed, "%02x", got->flags);
  if (PrintContext(got->trace_id) != trace || PrintContext(got->span_id) != span ||
      printed != flags) {
    __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 128) return 0;  // twice a header, so that what follows one is reached
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckTraceId(text);
  CheckTraceparent(text);
  return 0;
}
