// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/pod_names.h"

#include <array>
#include <string_view>
#include <utility>

#include "tools/podtail/gen/rng.h"

namespace podtail::gen {
namespace {

struct Application {
  std::string_view name_space, name, container;
};

constexpr std::array<Application, 8> kApplications = {{
    {"default", "my-node-app", "api-node"},
    {"default", "my-python-app", "api-python"},
    {"shop", "checkout", "checkout"},
    {"prod", "payments", "payments"},
    {"monitoring", "loki", "loki"},
    {"shop", "web.example.com", "nginx"},
    {"kube-system", "coredns", "coredns"},
    {"prod", "orders", "orders"},
}};
constexpr std::array<std::string_view, 3> kSidecars = {"istio-proxy", "istio-init", "sidecar"};
constexpr std::size_t kStaticPod = 3;  // the fourth

// Kubernetes leaves out vowels and look-alikes.
std::string Random(std::string_view letters, std::size_t length, Rng* rng) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += letters[rng->Below(letters.size())];
  return text;
}

std::string Hex(std::size_t length, Rng* rng) {
  return Random("0123456789abcdef", length, rng);
}

std::string Uuid(Rng* rng) {
  std::string uuid = Hex(8, rng) + "-" + Hex(4, rng) + "-4";
  uuid += Hex(3, rng) + "-" + Random("89ab", 1, rng) + Hex(3, rng) + "-";
  return uuid + Hex(12, rng);
}

std::vector<std::string> Containers(std::string_view first, std::size_t count) {
  std::vector<std::string> names = {std::string(first)};
  for (std::size_t i = 1; i < count; ++i) {
    std::string name(kSidecars[(i - 1) % kSidecars.size()]);
    if (i > kSidecars.size()) name += "-" + std::to_string(i);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::vector<PodName> NamePods(std::uint64_t seed, std::size_t pods, std::size_t containers) {
  Rng rng(seed ^ 0x706f6473);  // "pods": not the numbers that make the lines
  std::vector<PodName> names;
  names.reserve(pods);
  for (std::size_t i = 0; i < pods; ++i) {
    const Application& application = kApplications[i % kApplications.size()];
    const std::string hash = Random("bcdf456789", 10, &rng);
    const std::string suffix = Random("bcdfghjklmnpqrstvwxz2456789", 5, &rng);
    const std::string uuid = Uuid(&rng);
    const std::string md5 = Hex(32, &rng);
    if (i == kStaticPod) {
      names.push_back({"kube-system", "kube-apiserver-minikube", md5,
                       Containers("kube-apiserver", containers)});
      continue;
    }
    std::string pod(application.name);
    pod.append("-").append(hash).append("-").append(suffix);
    names.push_back({std::string(application.name_space), std::move(pod), uuid,
                     Containers(application.container, containers)});
  }
  return names;
}

}  // namespace podtail::gen
