// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_TIME_TEXT_H_
#define PODTAIL_TOOLS_GEN_TIME_TEXT_H_
// Times as the runtimes, the applications and the kubelet print them.
//
// Remembers the text of the last second, because consecutive lines share it.
// Times are nanoseconds since the Unix epoch. Not thread-safe.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podtail::gen {

inline constexpr std::int64_t kSecond = 1'000'000'000;

class TimeText {
 public:
  // All texts are in this zone.
  explicit TimeText(int zone_minutes);

  // containerd: 2026-11-22T13:59:29.96721371Z, zeros at the end trimmed.
  void AppendTrimmed(std::int64_t time, std::string* out);
  // conmon: 2026-11-22T13:59:29.967213710+00:00, always nine digits, never Z.
  void AppendFixed(std::int64_t time, std::string* out);
  // The manifest: nine digits and Z. REQUIRES: the zone is UTC.
  void AppendExact(std::int64_t time, std::string* out);
  // 2026-11-22T13:59:29.967Z (JavaScript). REQUIRES: the zone is UTC.
  void AppendMillis(std::int64_t time, std::string* out);
  // 2026-11-22 13:59:29,967 (Python's asctime)
  void AppendAsctime(std::int64_t time, std::string* out);

 private:
  void AppendSecond(std::int64_t time, std::string* out);
  void AppendZone(std::string* out) const;

  const std::int64_t zone_seconds_;
  std::int64_t second_ = INT64_MIN;  // that text_ is of
  std::string text_;                 // 2026-11-22T13:59:29
};

// The kubelet's rotation stamp, 20261122-135929, and back.
std::string StampText(std::int64_t seconds);
std::optional<std::int64_t> StampSeconds(std::string_view stamp);

// "Z", "+09:00" or "-03:30" as minutes.
std::optional<int> ZoneMinutes(std::string_view zone);

}  // namespace podtail::gen
#endif
