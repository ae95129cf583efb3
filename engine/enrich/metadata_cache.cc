// SPDX-License-Identifier: Apache-2.0
#include "podtail/metadata_cache.h"

#include <algorithm>

#include "engine/enrich/lru_map.h"

namespace podtail {
namespace {

// All files of an instance have one resource: the path up to and with ".log".
std::string_view WithoutRotation(std::string_view path, const PodLogPath& parsed) noexcept {
  if (parsed.rotation.empty()) return path;
  const char* const dot = parsed.rotation.data() - 1;
  return path.substr(0, static_cast<std::size_t>(dot - path.data()));
}

// Of equal keys the first one stays.
void SortByKey(std::vector<std::pair<std::string, std::string>>* labels) {
  std::stable_sort(labels->begin(), labels->end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto last = std::unique(labels->begin(), labels->end(),
                                [](const auto& a, const auto& b) { return a.first == b.first; });
  labels->erase(last, labels->end());
}

}  // namespace

struct MetadataCache::Impl {
  Impl(std::size_t entries_max, std::string node, PodLabelSource* source)
      : entries(entries_max), node_name(std::move(node)), labels(source) {}

  PodResourceRef Make(std::string_view log_path, const PodLogPath& parsed) {
    auto resource = std::make_shared<PodResource>();
    resource->namespace_name = parsed.namespace_name;
    resource->pod_name = parsed.pod_name;
    resource->pod_uid = parsed.pod_uid;
    resource->container_name = parsed.container_name;
    resource->restart_count = parsed.restart_count;
    resource->node_name = node_name;
    resource->log_path = log_path;
    if (labels != nullptr) resource->labels = labels->LabelsOf(parsed);
    SortByKey(&resource->labels);
    return resource;
  }

  LruMap<PodResourceRef> entries;  // by log_path
  const std::string node_name;
  PodLabelSource* const labels;
  Stats stats;
};

MetadataCache::MetadataCache(std::size_t entries_max, std::string node_name, PodLabelSource* labels)
    : impl_(std::make_unique<Impl>(entries_max, std::move(node_name), labels)) {}
MetadataCache::~MetadataCache() = default;

Expected<PodResourceRef, PodLogPathError> MetadataCache::Get(std::string_view path) {
  const auto parsed = ParsePodLogPath(path);
  if (!parsed) return Unexpected(parsed.error());
  const std::string_view log_path = WithoutRotation(path, *parsed);
  if (const PodResourceRef* found = impl_->entries.Find(log_path)) {
    ++impl_->stats.hits;
    return *found;
  }
  ++impl_->stats.misses;
  PodResourceRef resource = impl_->Make(log_path, *parsed);
  impl_->stats.evictions += impl_->entries.Insert(log_path, resource);
  return resource;
}

void MetadataCache::Forget(std::string_view pod_uid) {
  impl_->entries.EraseIf(
      [pod_uid](const PodResourceRef& resource) { return resource->pod_uid == pod_uid; });
}

MetadataCache::Stats MetadataCache::stats() const noexcept {
  return impl_->stats;
}

}  // namespace podtail
