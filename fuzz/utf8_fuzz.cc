// SPDX-License-Identifier: Apache-2.0
// Property: AppendUtf8 replaces exactly what a table-driven automaton replaces,
// and what JsonWriter writes is the JSON string of that text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/hex.h"
#include "engine/base/json_writer.h"
#include "engine/base/utf8.h"

namespace podtail {
namespace {

// The automaton of table 3-7: a state for each set of bytes that may follow.
enum State : std::uint8_t { kStart, kOne, kTwo, kE0, kED, kThree, kF0, kF4, kBad };

State Step(State state, std::uint8_t byte) {
  const bool tail = byte >= 0x80 && byte <= 0xBF;
  switch (state) {
    case kStart:
      if (byte <= 0x7F) return kStart;
      if (byte >= 0xC2 && byte <= 0xDF) return kOne;
      if (byte == 0xE0) return kE0;
      if (byte == 0xED) return kED;
      if (byte >= 0xE1 && byte <= 0xEF) return kTwo;
      if (byte == 0xF0) return kF0;
      if (byte >= 0xF1 && byte <= 0xF3) return kThree;
      return byte == 0xF4 ? kF4 : kBad;
    case kOne:
      return tail ? kStart : kBad;
    case kTwo:
      return tail ? kOne : kBad;
    case kThree:
      return tail ? kTwo : kBad;
    case kE0:
      return tail && byte >= 0xA0 ? kOne : kBad;
    case kED:
      return tail && byte <= 0x9F ? kOne : kBad;
    case kF0:
      return tail && byte >= 0x90 ? kTwo : kBad;
    case kF4:
      return tail && byte <= 0x8F ? kTwo : kBad;
    case kBad:
      break;
  }
  return kBad;
}

constexpr char kReplacement[] = "\xEF\xBF\xBD";

std::string SlowReplace(std::string_view bytes, std::size_t* replaced) {
  std::string out;
  std::string open;  // a sequence that may still become well-formed
  State state = kStart;
  for (const char c : bytes) {
    State next = Step(state, static_cast<std::uint8_t>(c));
    if (next == kBad && !open.empty()) {  // it did not; the byte begins anew
      out += kReplacement;
      ++*replaced;
      open.clear();
      next = Step(kStart, static_cast<std::uint8_t>(c));
    }
    open += c;
    if (next == kBad) {
      out += kReplacement;
      ++*replaced;
      open.clear();
      next = kStart;
    } else if (next == kStart) {
      out += open;
      open.clear();
    }
    state = next;
  }
  if (!open.empty()) {
    out += kReplacement;
    ++*replaced;
  }
  return out;
}

// Reads a JSON string back; traps on what no JSON string has.
std::string Unquote(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') __builtin_trap();
  json = json.substr(1, json.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(json[i]);
    if (byte < 0x20 || byte == '"') __builtin_trap();
    if (byte != '\\') {
      out += json[i];
      continue;
    }
    if (++i == json.size()) __builtin_trap();
    switch (json[i]) {
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case '"':
      case '\\':
        out += json[i];
        break;
      case 'u': {
        if (i + 4 >= json.size()) __builtin_trap();
        unsigned code = 0;
        for (int digit = 0; digit < 4; ++digit) {
          const int value = HexValue(json[++i]);
          if (value < 0) __builtin_trap();
          code = code << 4 | static_cast<unsigned>(value);
        }
        if (code >= 0x800) out += static_cast<char>(0xE0 | code >> 12);
        if (code >= 0x80) {
          out += static_cast<char>(code >= 0x800 ? 0x80 | (code >> 6 & 63) : 0xC0 | code >> 6);
        }
        out += static_cast<char>(code >= 0x80 ? 0x80 | (code & 63) : code);
        break;
      }
      default:
        __builtin_trap();
    }
  }
  return out;
}

}  // namespace
}  // namespace podtail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podtail;
  if (size > 4096) return 0;  // a sequence has four bytes: longer inputs say nothing new
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t expected_replaced = 0;
  const std::string expected = SlowReplace(bytes, &expected_replaced);
  std::string out;
  if (AppendUtf8(bytes, &out) != expected_replaced || out != expected) __builtin_trap();
  if (AppendUtf8(expected, &out) != 0 || out != expected + expected) __builtin_trap();
  std::string json;
  if (JsonWriter(&json).String(bytes) != expected_replaced) __builtin_trap();
  if (Unquote(json) != expected) __builtin_trap();
  return 0;
}
