// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_POD_RESOURCE_H_
#define PODTAIL_POD_RESOURCE_H_
// The container instance a record came from: the owned, interned form of a
// PodLogPath plus whatever a PodLabelSource added. Immutable once shared, so any
// thread may read it. Made once per container instance, not per record: records
// reach it through their batch.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>
namespace podtail {
struct PodResource {
  std::string namespace_name;
  std::string pod_name;
  std::string pod_uid;  // of a static pod any text, see pod_log_path.h
  std::string container_name;
  std::uint32_t restart_count = 0;  // tells the instances of a container apart
  std::string node_name;            // EngineOptions::node_name
  // Without rotation suffix, for all files of the instance: a record read again
  // from a rotated file must not change.
  std::string log_path;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by key
};
using PodResourceRef = std::shared_ptr<const PodResource>;
}  // namespace podtail
#endif
