// SPDX-License-Identifier: Apache-2.0
#include "podtail/cri_line.h"

#include <cstring>

#include "engine/parse/rfc3339.h"

namespace podtail {
namespace {

constexpr std::size_t kStreamBytes = 6;  // of "stdout" and of "stderr"

// Everything behind the blank that ends the stream. An empty tag and one that
// the line ends with are accepted: sources.md A.1, parser rules 2 and 3.
void ReadTagAndMessage(const char* p, const char* end, CriLine* line) noexcept {
  const std::size_t left = static_cast<std::size_t>(end - p);
  const char* blank = end;
  if (left != 0) {
    const void* found = std::memchr(p, ' ', left);
    if (found != nullptr) blank = static_cast<const char*>(found);
  }
  const bool partial = blank != p && p[0] == 'P' && (blank - p == 1 || p[1] == ':');
  line->tag = partial ? CriTag::kPartial : CriTag::kFull;
  const char* const message = blank == end ? end : blank + 1;
  line->message = std::string_view(message, static_cast<std::size_t>(end - message));
}

}  // namespace

Expected<CriLine, CriError> ParseCriLine(std::string_view line) noexcept {
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  ParsedTime time;
  const char* p = ConsumeRfc3339(begin, end, &time);
  if (p == nullptr || (p != end && *p != ' ')) return Unexpected(CriError::kTimestamp);

  CriLine result;
  result.time = time.time;
  result.time_clamped = time.clamped;
  result.time_text = std::string_view(begin, static_cast<std::size_t>(p - begin));
  if (static_cast<std::size_t>(end - p) < 1 + kStreamBytes) return Unexpected(CriError::kStream);
  ++p;
  if (std::memcmp(p, "stdout", kStreamBytes) == 0) {
    result.stream = LogStream::kStdout;
  } else if (std::memcmp(p, "stderr", kStreamBytes) == 0) {
    result.stream = LogStream::kStderr;
  } else {
    return Unexpected(CriError::kStream);
  }
  p += kStreamBytes;
  if (p == end) return Unexpected(CriError::kTag);
  if (*p != ' ') return Unexpected(CriError::kStream);
  ReadTagAndMessage(p + 1, end, &result);
  return result;
}

}  // namespace podtail
