// SPDX-License-Identifier: Apache-2.0
#include "engine/enrich/key_value_trace.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "engine/base/hex.h"
#include "engine/enrich/word_bytes.h"

namespace podtail {
namespace {

constexpr std::size_t kTraceDigits = 32, kSpanDigits = 16, kFlagDigitsMax = 3;

// A trace key is kStem and an ending; its span key is spelled alike, because
// keys of different families never belong together.
constexpr std::string_view kStem = "trace";
struct Family {
  std::string_view trace_ending;
  std::string_view span_key;
};
constexpr Family kFamilies[] = {
    {"_id", "span_id"}, {"Id", "spanId"}, {"ID", "spanID"}, {".id", "span.id"}};

std::size_t Find(std::string_view text, std::string_view needle, std::size_t from) noexcept {
  if (from >= text.size()) return std::string_view::npos;
  const void* const found =
      memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// Whether a key may start here: "parent_trace_id" and "dd.trace_id" are others.
bool IsKeyStart(std::string_view text, std::size_t at) noexcept {
  return at == 0 || !(IsWordByte(text[at - 1]) || text[at - 1] == '.');
}

bool IsQuote(std::string_view text) noexcept {
  return !text.empty() && (text[0] == '"' || text[0] == '\'');
}

// The word behind the separator that `text` starts with: '=', ':' or ": ", with
// optional quotes around key and value. Its boundaries are the end of the text
// and bytes that no id can hold, so 33 digits are never taken for 32.
std::optional<std::string_view> ReadValue(std::string_view text) noexcept {
  if (IsQuote(text)) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  if (text[0] == ':') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  } else if (text[0] == '=') {
    text.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  if (IsQuote(text)) text.remove_prefix(1);
  return LeadingWord(text);
}

// The value of the first `key` in `group`; what it holds decides, later ones
// are not looked at.
std::optional<std::string_view> FindValue(std::string_view group, std::string_view key) noexcept {
  for (std::size_t at = Find(group, key, 0); at != std::string_view::npos;
       at = Find(group, key, at + key.size())) {
    if (!IsKeyStart(group, at)) continue;
    const auto value = ReadValue(group.substr(at + key.size()));
    if (value) return value;
  }
  return std::nullopt;
}

// 16 digits are a 64-bit id of B3, widened with zeros on the left.
bool ReadTraceId(std::string_view value, TraceId* id) noexcept {
  *id = {};
  if (value.size() == kTraceDigits) return DecodeHex(value, id->bytes) && id->valid();
  if (value.size() != kTraceDigits / 2) return false;
  return DecodeHex(value, std::span(id->bytes).subspan<8>()) && id->valid();
}

SpanId ReadSpanId(std::optional<std::string_view> value) noexcept {
  SpanId id;
  if (!value || value->size() != kSpanDigits || !DecodeHex(*value, id.bytes)) return {};
  return id;
}

// "01", or "010" as winston prints flags from 0x10 on: the low eight bits count.
std::optional<std::uint8_t> ReadFlags(std::optional<std::string_view> value) noexcept {
  if (!value || value->empty() || value->size() > kFlagDigitsMax) return std::nullopt;
  unsigned flags = 0;
  for (const char c : *value) {
    const int digit = HexValue(c);
    if (digit < 0) return std::nullopt;
    flags = flags << 4 | static_cast<unsigned>(digit);
  }
  return static_cast<std::uint8_t>(flags);
}

std::uint8_t ReadSampled(std::optional<std::string_view> value) noexcept {
  return value && (*value == "True" || *value == "true" || *value == "1") ? 1 : 0;
}

// `text` starts behind the trace id.
void ReadRestOfGroup(std::string_view text, const Family& family, TraceContext* trace) noexcept {
  std::string_view group = text.substr(0, text.find_first_of("]}"));
  // Python prints a service name here that may hold blanks, brackets and
  // anything else; it ends where the next key starts (sources.md C.1).
  constexpr std::string_view kService = " resource.service.name=";
  constexpr std::string_view kSampled = " trace_sampled=";
  const std::size_t service = Find(group, kService, 0);
  std::string_view behind_service = group;
  if (service != std::string_view::npos) {
    group = group.substr(0, service);
    const std::size_t sampled = Find(text, kSampled, service + kService.size());
    behind_service = sampled == std::string_view::npos ? std::string_view() : text.substr(sampled);
  }
  trace->span_id = ReadSpanId(FindValue(group, family.span_key));
  const auto flags = ReadFlags(FindValue(group, "trace_flags"));
  trace->flags = flags ? *flags : ReadSampled(FindValue(behind_service, "trace_sampled"));
}

}  // namespace

TraceContext FindKeyValueTrace(std::string_view text) noexcept {
  TraceContext trace;
  for (std::size_t at = Find(text, kStem, 0); at != std::string_view::npos;
       at = Find(text, kStem, at + kStem.size())) {
    if (!IsKeyStart(text, at)) continue;
    const std::string_view ending = text.substr(at + kStem.size());
    for (const Family& family : kFamilies) {
      if (!ending.starts_with(family.trace_ending)) continue;
      const auto value = ReadValue(ending.substr(family.trace_ending.size()));
      if (!value || !ReadTraceId(*value, &trace.trace_id)) break;
      const char* const behind = value->data() + value->size();
      ReadRestOfGroup(text.substr(static_cast<std::size_t>(behind - text.data())), family, &trace);
      return trace;
    }
  }
  return {};
}

}  // namespace podtail
