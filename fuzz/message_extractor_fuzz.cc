// SPDX-License-Identifier: Apache-2.0
// Property: the trace id and the level of a message are those that regular
// expressions (RE2, bytes) for sources.md C.5, C.6.2 and sinks.md D.3 find; a
// line of the seed's form gives the id that the seed's Grafana field links.
#include <re2/re2.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "fuzz/support/slow_rfc3339.h"
#include "podtail/message_extractor.h"

namespace {

using podtail::MessageFields;

template <class Id>
std::string Print(const Id& id) {
  std::string text;
  for (const std::uint8_t byte : id.bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

struct SlowTrace {
  std::string trace, span;
};

// All candidates from left to right, until one is valid.
SlowTrace SlowFind(const std::string& text) {
  static const re2::RE2 candidate(
      R"((?s)^(.*?(?:^|[^0-9A-Za-z_.]))trace(_id|Id|ID|\.id)["']?(?:=|: ?)["']?([0-9A-Za-z_]*))",
      podtail_fuzz::Bytes());
  static const re2::RE2 id("[0-9a-fA-F]{32}|[0-9a-fA-F]{16}", podtail_fuzz::Bytes());
  std::size_t from = 0;
  while (from <= text.size()) {
    std::string before, ending, value;
    // One byte of what was read before, which may be no part of the key.
    const std::string rest = text.substr(from == 0 ? 0 : from - 1);
    if (!re2::RE2::PartialMatch(rest, candidate, &before, &ending, &value)) return {};
    const std::size_t key = (from == 0 ? 0 : from - 1) + before.size();
    if (re2::RE2::FullMatch(value, id) && value.find_first_not_of('0') != std::string::npos) {
      const std::string span_key = ending == "_id"  ? "span_id"
                                   : ending == "Id" ? "spanId"
                                   : ending == "ID" ? "spanID"
                                                    : R"(span\.id)";
      const std::size_t behind = text.find(value, key + 5 + ending.size() + 1) + value.size();
      std::string group = text.substr(behind);
      group = group.substr(0, group.find_first_of("]}"));
      group = group.substr(0, group.find(" resource.service.name="));
      const re2::RE2 span_pattern(
          "(?s)^.*?(?:^|[^0-9A-Za-z_.])" + span_key + R"(["']?(?:=|: ?)["']?([0-9A-Za-z_]*))",
          podtail_fuzz::Bytes());
      static const re2::RE2 span_id("[0-9a-fA-F]{16}", podtail_fuzz::Bytes());
      SlowTrace found;
      found.trace = Lower(value);
      if (found.trace.size() == 16) found.trace.insert(0, 16, '0');
      std::string span;
      // A blank in front: the group begins behind an id, never inside a word.
      if (re2::RE2::PartialMatch(group, span_pattern, &span) &&
          re2::RE2::FullMatch(span, span_id) && span.find_first_not_of('0') != std::string::npos) {
        found.span = Lower(span);
      }
      return found;
    }
    from = key + 5;
  }
  return {};
}

std::string SlowLevel(const std::string& text) {
  static const re2::RE2 bracket(R"((?s)^\[([A-Za-z]+)\].*)", podtail_fuzz::Bytes());
  static const re2::RE2 prefix(R"((?s)^([A-Za-z]{2,}):(?:[ \t\r].*)?)", podtail_fuzz::Bytes());
  static const re2::RE2 dated(
      R"((?s)^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^ ]* +([A-Za-z]{2,}):?(?:[ \t\r].*)?)",
      podtail_fuzz::Bytes());
  std::string word;
  if (re2::RE2::FullMatch(text, bracket, &word)) return word;
  if (!re2::RE2::FullMatch(text, prefix, &word) && !re2::RE2::FullMatch(text, dated, &word)) {
    return "";
  }
  return word == "http" || word == "log" || word == "config" ? "" : word;
}

void CheckSeedForm(const std::string& text, const MessageFields& fields) {
  static const re2::RE2 seed(
      R"((?s)^\[[A-Z]+\] \[trace_id=([0-9a-f]{32}) span_id=([0-9a-f]{16})\] .*)",
      podtail_fuzz::Bytes());
  static const re2::RE2 grafana(R"(trace_id=(\w+))", podtail_fuzz::Bytes());
  std::string trace, span, linked;
  if (!re2::RE2::FullMatch(text, seed, &trace, &span)) return;
  if (trace.find_first_not_of('0') == std::string::npos) return;
  if (!re2::RE2::PartialMatch(text, grafana, &linked)) __builtin_trap();
  if (linked != trace || Print(fields.trace.trace_id) != linked) __builtin_trap();
  if (Print(fields.trace.span_id) != span) __builtin_trap();
}

void Check(const std::string& text, std::size_t scan_bytes_max) {
  auto extractor = podtail::MessageExtractor::Create({.scan_bytes_max = scan_bytes_max});
  // Digits behind the message: taking one of them would change an id.
  const std::string padded = text + std::string(podtail::kPadding, 'a');
  const std::string_view view(padded.data(), text.size());
  const MessageFields fields =
      extractor->Extract(podtail::PaddedView(podtail::kAssumePadded, view));

  static const re2::RE2 json(R"((?s)[ \t\r]*\{.*\}[ \t\r]*)", podtail_fuzz::Bytes());
  const bool is_json = re2::RE2::FullMatch(text, json);
  std::string window = text;
  if (text.size() > scan_bytes_max) {
    window = text.substr(0, scan_bytes_max);
    static const re2::RE2 cut_word("[0-9A-Za-z_]*$", podtail_fuzz::Bytes());
    re2::RE2::Replace(&window, cut_word, "");
  }
  const SlowTrace trace = is_json ? SlowTrace{} : SlowFind(window);
  if (fields.trace.valid() == trace.trace.empty()) __builtin_trap();
  if (fields.trace.valid() && Print(fields.trace.trace_id) != trace.trace) __builtin_trap();
  if (fields.trace.span_id.valid() == trace.span.empty()) __builtin_trap();
  if (fields.trace.span_id.valid() && Print(fields.trace.span_id) != trace.span) __builtin_trap();

  const std::string level = is_json ? "" : SlowLevel(window);
  int number = podtail::SeverityNumberOf(level);
  if (Lower(level) == "verbose" && window[0] == '[') number = 6;
  if (fields.severity.number != number) __builtin_trap();
  if (fields.severity.text != (number == 0 ? "" : level)) __builtin_trap();
  if (number != 0 && (fields.severity.text.data() < view.data() ||
                      fields.severity.text.data() > view.data() + view.size())) {
    __builtin_trap();
  }
  if (scan_bytes_max > text.size() && !is_json) CheckSeedForm(text, fields);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;  // several groups fit; the oracle is quadratic
  const std::string text(reinterpret_cast<const char*>(data), size);
  Check(text, 4096);
  if (size > 1) Check(text, 1 + size / 2);
  return 0;
}
