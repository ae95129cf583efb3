// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_METADATA_CACHE_H_
#define PODTAIL_METADATA_CACHE_H_
// Path -> PodResource, least recently used first out.
//
//   default_web-0_6ce9.../app/3.log  ->  {default, web-0, 6ce9..., app, 3}
//
// Looked up once per opened file, not per line. Evicting an entry never
// invalidates a PodResourceRef already given out. Not thread-safe: one per
// engine. It never touches the disk: a path says it all, but for labels.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/pod_log_path.h"
#include "podtail/pod_resource.h"
namespace podtail {

// Supplies what a path cannot say (labels). Called on a cache miss, on the
// polling thread; must not block. Returning nothing is not an error. REQUIRES:
// the same pod gives the same labels again, or a replayed record differs.
class PODTAIL_EXPORT PodLabelSource {
 public:
  virtual ~PodLabelSource() = default;
  // `path` is valid during the call. Sorted and made unique by the caller.
  virtual std::vector<std::pair<std::string, std::string>> LabelsOf(const PodLogPath& path) = 0;
};

// Bounded, so that a node with churning pods does not grow it.
class PODTAIL_EXPORT MetadataCache {
 public:
  // Since construction.
  struct Stats {
    std::uint64_t hits = 0, misses = 0, evictions = 0;
  };
  // `entries_max` container instances are kept; what is in use stays alive beyond
  // them. `labels` may be null and must outlive the cache.
  MetadataCache(std::size_t entries_max, std::string node_name, PodLabelSource* labels);
  ~MetadataCache();  // references given out stay valid
  MetadataCache(const MetadataCache&) = delete;
  MetadataCache& operator=(const MetadataCache&) = delete;

  // One entry for all generations of an instance, rotated and compressed ones
  // included. Never null on success; an error names what is wrong with the path.
  // Cost on a hit: one hash lookup, no allocation.
  Expected<PodResourceRef, PodLogPathError> Get(std::string_view path);
  // Forget one pod, e.g. after its directory went away. A pod of the same name
  // that comes later has another uid, and is another pod.
  void Forget(std::string_view pod_uid);
  Stats stats() const noexcept;  // misses that keep growing: entries_max is too small

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podtail
#endif
