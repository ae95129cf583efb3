// SPDX-License-Identifier: Apache-2.0
#include "podtail/pod_log_path.h"

#include <limits>

namespace podtail {
namespace {

constexpr bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Cuts the last component off `*path`; false when there is none.
bool TakeLastComponent(std::string_view* path, std::string_view* component) noexcept {
  if (path->empty()) return false;
  const std::size_t slash = path->rfind('/');
  if (slash == std::string_view::npos) {
    *component = *path;
    *path = {};
  } else {
    *component = path->substr(slash + 1);
    *path = path->substr(0, slash);
  }
  return true;
}

// <namespace>_<pod>_<uid>, none of them empty. Neither namespace nor pod can
// hold a '_', so the first two cut; a static pod's uid may hold more.
bool ReadPod(std::string_view text, PodLogPath* result) noexcept {
  const std::size_t first = text.find('_');
  if (first == std::string_view::npos) return false;
  const std::size_t second = text.find('_', first + 1);
  if (second == std::string_view::npos) return false;
  result->namespace_name = text.substr(0, first);
  result->pod_name = text.substr(first + 1, second - first - 1);
  result->pod_uid = text.substr(second + 1);
  return !result->namespace_name.empty() && !result->pod_name.empty() && !result->pod_uid.empty();
}

// The CRI's attempt: 32 bits, written without leading zeros. "00.log" is not a
// second name of "0.log", or two files would claim to be one instance.
bool ReadRestartCount(std::string_view digits, std::uint32_t* count) noexcept {
  if (digits.empty() || digits.size() > 10) return false;
  if (digits[0] == '0' && digits.size() > 1) return false;
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (!IsDigit(digit)) return false;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (value > std::numeric_limits<std::uint32_t>::max()) return false;
  *count = static_cast<std::uint32_t>(value);
  return true;
}

// "20260918-130000", the kubelet's local time. Not checked against the
// calendar: it is a name, and ordering is all it is used for.
bool IsRotationStamp(std::string_view text) noexcept {
  constexpr std::size_t kStampBytes = 15, kDash = 8;
  if (text.size() != kStampBytes) return false;
  for (std::size_t i = 0; i < kStampBytes; ++i) {
    if (i == kDash ? text[i] != '-' : !IsDigit(text[i])) return false;
  }
  return true;
}

// <restarts>.log[.<stamp>[.gz]]
bool ReadFile(std::string_view name, PodLogPath* result) noexcept {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return false;
  if (!ReadRestartCount(name.substr(0, dot), &result->restart_count)) return false;
  name.remove_prefix(dot);
  if (!name.starts_with(".log")) return false;
  name.remove_prefix(4);
  result->rotation = {};
  result->compressed = false;
  if (name.empty()) return true;
  if (name[0] != '.') return false;
  name.remove_prefix(1);
  if (name.ends_with(".gz")) {
    result->compressed = true;
    name.remove_suffix(3);
  }
  result->rotation = name;
  return IsRotationStamp(name);
}

}  // namespace

Expected<PodLogPath, PodLogPathError> ParsePodLogPath(std::string_view path) noexcept {
  std::string_view file, pod;
  PodLogPath result;
  if (!TakeLastComponent(&path, &file) || !TakeLastComponent(&path, &result.container_name) ||
      !TakeLastComponent(&path, &pod) || result.container_name.empty()) {
    return Unexpected(PodLogPathError::kDirectory);
  }
  if (!ReadPod(pod, &result)) return Unexpected(PodLogPathError::kPod);
  if (!ReadFile(file, &result)) return Unexpected(PodLogPathError::kFile);
  return result;
}

}  // namespace podtail
