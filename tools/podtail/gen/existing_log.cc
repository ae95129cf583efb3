// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/existing_log.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "podtail/timestamp.h"
#include "tools/podtail/gen/time_text.h"

namespace podtail::gen {
namespace {

constexpr std::int64_t kTailBytes = 64 << 10;  // the longest line has 16 KiB

// The time of the last whole line, or 0.
std::int64_t LastTime(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::int64_t size = file.tellg();
  if (!file || size <= 0) return 0;
  const std::int64_t begin = std::max<std::int64_t>(0, size - kTailBytes);
  std::string tail(static_cast<std::size_t>(size - begin), '\0');
  file.seekg(begin);
  file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  if (!file || tail.back() != '\n') return 0;
  tail.pop_back();
  const std::string_view line = std::string_view(tail).substr(tail.rfind('\n') + 1);
  const auto parsed = ParseRfc3339(line.substr(0, line.find(' ')));
  return parsed ? parsed->time.time_since_epoch().count() : 0;
}

}  // namespace

Expected<ExistingLog> FindExistingLog(const std::string& directory, int zone_minutes) {
  ExistingLog log;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error == std::errc::no_such_file_or_directory) return log;
  for (; !error && entries != std::filesystem::end(entries); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::uint64_t instance = 0;
    const char* const end = name.data() + name.size();
    const auto number = std::from_chars(name.data(), end, instance);
    const std::string_view rest(number.ptr, static_cast<std::size_t>(end - number.ptr));
    if (number.ec != std::errc() || !rest.starts_with(".log")) continue;
    if (rest == ".log") {
      log.exists = true;
      log.instance = std::max(log.instance, instance);
      log.newest = std::max(log.newest, LastTime(entries->path()));
    } else if (const auto stamp = StampSeconds(rest.substr(std::min(rest.size(), 5UL), 15))) {
      log.newest = std::max(log.newest, (*stamp - zone_minutes * 60) * kSecond);
    }
  }
  if (error) {
    return Unexpected(
        Status(StatusCode::kUnavailable, "cannot list " + directory + ": " + error.message()));
  }
  return log;
}

}  // namespace podtail::gen
