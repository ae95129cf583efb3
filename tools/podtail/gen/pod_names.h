// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_POD_NAMES_H_
#define PODTAIL_TOOLS_GEN_POD_NAMES_H_
// Pods like a cluster names them: deployments (name, template hash, suffix), a
// name with dots, and from four pods on a static pod, whose uid is 32 hex digits
// without dashes. A function of the seed; more pods do not rename the first ones.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace podtail::gen {

struct PodName {
  std::string name_space;
  std::string pod;
  std::string uid;
  std::vector<std::string> containers;

  // namespace_pod_uid, the folder of the pod.
  std::string Directory() const { return name_space + "_" + pod + "_" + uid; }
};

std::vector<PodName> NamePods(std::uint64_t seed, std::size_t pods, std::size_t containers);

}  // namespace podtail::gen
#endif
