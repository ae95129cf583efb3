// SPDX-License-Identifier: Apache-2.0
// Property: ParsePodLogPath equals the two expressions of sources.md B.2 (RE2,
// bytes) applied to the last three components, and its fields give the path back.
#include <re2/re2.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/support/slow_rfc3339.h"
#include "podtail/pod_log_path.h"

namespace {

using podtail::PodLogPathError;

struct SlowPath {
  std::optional<PodLogPathError> error;
  std::string name_space, pod, uid, container, count, stamp, gz;
};

SlowPath SlowPodLogPath(const std::string& path) {
  static const re2::RE2 pod("(?s)^([^_/]+)_([^_/]+)_([^/]+)$", podtail_fuzz::Bytes());
  static const re2::RE2 file("(?s)^(0|[1-9][0-9]*)\\.log(?:\\.([0-9]{8}-[0-9]{6})(\\.gz)?)?$",
                             podtail_fuzz::Bytes());
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  // A leading slash is the root, not an empty component.
  if (parts.front().empty()) parts.erase(parts.begin());
  SlowPath slow;
  const std::size_t n = parts.size();
  if (n < 3 || parts[n - 2].empty()) {
    slow.error = PodLogPathError::kDirectory;
  } else if (!re2::RE2::FullMatch(parts[n - 3], pod, &slow.name_space, &slow.pod, &slow.uid)) {
    slow.error = PodLogPathError::kPod;
  } else if (!re2::RE2::FullMatch(parts[n - 1], file, &slow.count, &slow.stamp, &slow.gz) ||
             slow.count.size() > 10 ||
             std::strtoull(slow.count.c_str(), nullptr, 10) >
                 std::numeric_limits<std::uint32_t>::max()) {
    slow.error = PodLogPathError::kFile;
  } else {
    slow.container = parts[n - 2];
  }
  return slow;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;  // a component has 255 bytes, a whole path about 350 (B.2)
  const std::string path(reinterpret_cast<const char*>(data), size);
  const SlowPath slow = SlowPodLogPath(path);
  const auto got = podtail::ParsePodLogPath(path);
  if (got.has_value() == slow.error.has_value()) __builtin_trap();
  if (!got) {
    if (got.error() != *slow.error) __builtin_trap();
    return 0;
  }
  if (got->namespace_name != slow.name_space || got->pod_name != slow.pod) __builtin_trap();
  if (got->pod_uid != slow.uid || got->container_name != slow.container) __builtin_trap();
  if (std::to_string(got->restart_count) != slow.count) __builtin_trap();
  if (got->rotation != slow.stamp || got->compressed == slow.gz.empty()) __builtin_trap();

  std::string again = slow.name_space + "_" + slow.pod + "_" + slow.uid + "/" + slow.container +
                      "/" + slow.count + ".log";
  if (!got->rotation.empty()) again.append(".").append(got->rotation);
  if (got->compressed) again += ".gz";
  if (!path.ends_with(again)) __builtin_trap();
  return 0;
}
