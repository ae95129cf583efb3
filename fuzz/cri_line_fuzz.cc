// SPDX-License-Identifier: Apache-2.0
// Property: ParseCriLine equals a slow parser written from sources.md A.1 on
// every line, equals the seed's regular expression (RE2, bytes) wherever the
// time is valid and ends in 'Z', and what it accepts can be put together again.
#include <re2/re2.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/support/slow_rfc3339.h"
#include "podtail/cri_line.h"

namespace {

using podtail::CriError;
using podtail::CriLine;
using podtail::CriTag;
using podtail::LogStream;

struct Slow {
  std::optional<CriError> error;
  podtail_fuzz::SlowTime time{};
  std::string time_text, stream, tag, message;
};

// Cuts `*rest` at its first blank; false when it has none.
bool Cut(std::string* rest, std::string* field) {
  const std::size_t blank = rest->find(' ');
  *field = rest->substr(0, blank);
  *rest = blank == std::string::npos ? "" : rest->substr(blank + 1);
  return blank != std::string::npos;
}

Slow SlowCriLine(std::string rest) {
  Slow slow;
  const bool time_ended = Cut(&rest, &slow.time_text);
  const auto time = podtail_fuzz::SlowRfc3339(slow.time_text);
  if (!time) {
    slow.error = CriError::kTimestamp;
    return slow;
  }
  slow.time = *time;
  const bool stream_ended = Cut(&rest, &slow.stream);
  if (!time_ended || (slow.stream != "stdout" && slow.stream != "stderr")) {
    slow.error = CriError::kStream;
    return slow;
  }
  if (!stream_ended) {
    slow.error = CriError::kTag;
    return slow;
  }
  Cut(&rest, &slow.tag);
  slow.message = rest;
  return slow;
}

void CheckAgainstSeed(const std::string& line, bool accepted, const Slow& slow) {
  static const re2::RE2 seed(
      R"(^(?P<time>[^ ^Z]+Z) (?P<stream>stdout|stderr) (?P<logtag>[^ ]*) ?(?P<log>.*)$)",
      podtail_fuzz::Bytes());
  std::string time, stream, tag, message;
  const bool matched = re2::RE2::FullMatch(line, seed, &time, &stream, &tag, &message);
  // The expression takes any word that ends in 'Z' for a time.
  if (matched && !podtail_fuzz::SlowRfc3339(time)) {
    if (accepted) __builtin_trap();
    return;
  }
  if (matched && !accepted) __builtin_trap();
  if (!matched) {
    // What it wrongly refuses: other zones, and the lower case of RFC 3339.
    if (accepted && slow.time_text.back() == 'Z') __builtin_trap();
    return;
  }
  if (time != slow.time_text || stream != slow.stream) __builtin_trap();
  if (tag != slow.tag || message != slow.message) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1024) return 0;  // the parser stops looking behind the head; so may the fuzzer
  std::string line(reinterpret_cast<const char*>(data), size);
  line = line.substr(0, line.find('\n'));  // REQUIRES of ParseCriLine
  const Slow slow = SlowCriLine(line);
  const auto got = podtail::ParseCriLine(line);
  CheckAgainstSeed(line, got.has_value(), slow);
  if (got.has_value() == slow.error.has_value()) __builtin_trap();
  if (!got) {
    if (got.error() != *slow.error) __builtin_trap();
    return 0;
  }
  if (got->time.time_since_epoch().count() != slow.time.nanos) __builtin_trap();
  if (got->time_clamped != slow.time.clamped) __builtin_trap();
  if (got->time_text != slow.time_text || got->message != slow.message) __builtin_trap();
  if ((got->stream == LogStream::kStdout) != (slow.stream == "stdout")) __builtin_trap();
  const bool partial = slow.tag.substr(0, slow.tag.find(':')) == "P";
  if ((got->tag == CriTag::kPartial) != partial) __builtin_trap();

  std::string again = std::string(got->time_text) + " " + slow.stream + " " + slow.tag;
  if (again != line) again.append(" ").append(got->message);
  if (again != line) __builtin_trap();
  return 0;
}
