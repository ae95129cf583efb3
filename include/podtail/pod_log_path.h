// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_POD_LOG_PATH_H_
#define PODTAIL_POD_LOG_PATH_H_
// What the kubelet encodes in a container's log path:
//
//   /var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log[.<rotation>]
//
// Pure, like cri_line.h. All views borrow from the parsed path.
#include <cstdint>
#include <string_view>
#include "podtail/expected.h"
#include "podtail/export.h"
namespace podtail {

enum class PodLogPathError : std::uint8_t { kDirectory = 1, kPod = 2, kFile = 3 };

struct PodLogPath {
  std::string_view namespace_name;  // k8s.namespace.name
  std::string_view pod_name;        // k8s.pod.name
  std::string_view pod_uid;         // k8s.pod.uid; of a static pod any text, '_' included
  std::string_view container_name;  // k8s.container.name
  std::uint32_t restart_count;      // k8s.container.restart_count
  std::string_view rotation;        // "" for the file being written
  bool compressed;                  // a rotated file ending in ".gz"
};

// Only the last three components are read, so any log root works.
PODTAIL_EXPORT Expected<PodLogPath, PodLogPathError> ParsePodLogPath(
    std::string_view path) noexcept;

}  // namespace podtail
#endif
