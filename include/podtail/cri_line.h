// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_CRI_LINE_H_
#define PODTAIL_CRI_LINE_H_
// One line of a container log as the Kubernetes CRI defines it:
//
//   2024-05-01T10:20:30.123456789+09:00 stdout F hello world
//   <time>                              <stream> <tag> <message>
//
// The fields end at the first three blanks; the rest is the message, verbatim.
// A line that ends right after its tag has an empty message.
// Pure and total: any bytes give either a CriLine or a CriError. No
// allocation, no locale, no exceptions; safe from any thread. The cost is one
// pass over the first ~50 bytes, independent of the message length.
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/tick.h"
namespace podtail {

enum class LogStream : std::uint8_t { kStdout = 1, kStderr = 2 };

// kPartial: the runtime cut a long line here; the next line of the same stream
// continues it. kFull: the last (usually only) fragment. The field is a list
// separated by ':'; as in the kubelet a first tag "P" is partial, any other full.
enum class CriTag : std::uint8_t { kFull = 1, kPartial = 2 };

// Which field could not be read. The line is then kept as an opaque message by
// callers that prefer a malformed record over a lost one.
enum class CriError : std::uint8_t { kTimestamp = 1, kStream = 2, kTag = 3 };

struct CriLine {
  Timestamp time;     // when the runtime read the line: see timestamp.h
  bool time_clamped;  // as ParsedTime::clamped
  LogStream stream;
  CriTag tag;
  std::string_view time_text;  // as printed; points into the parsed line,
  std::string_view message;    //   like this one, which may hold any bytes
};

// `line` is one line without its '\n'. The result borrows from `line`.
PODTAIL_EXPORT Expected<CriLine, CriError> ParseCriLine(std::string_view line) noexcept;

// A temporary string would leave `message` dangling.
template <std::same_as<std::string> S>
Expected<CriLine, CriError> ParseCriLine(S&& line) = delete;

}  // namespace podtail
#endif
