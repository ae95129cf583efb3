// SPDX-License-Identifier: Apache-2.0
// sources.md B.2; metadata_cache.h and pod_resource.h.
#include "podtail/metadata_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace podtail {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

class FakeLabels final : public PodLabelSource {
 public:
  Labels LabelsOf(const PodLogPath& path) override {
    ++calls;
    return {{"zone", "z"}, {"app", std::string(path.pod_name)}, {"app", "second"}, {"b", ""}};
  }
  int calls = 0;
};

std::string PathOf(const std::string& uid, const std::string& file = "0.log") {
  return "/var/log/pods/ns_web_" + uid + "/app/" + file;
}

TEST(MetadataCache, SaysAboutAFileWhatItsPathSays) {
  MetadataCache cache(8, "node-7", nullptr);
  const auto got = cache.Get("/var/log/pods/kube-system_etcd-n_own.uid_1/etcd/12.log");
  ASSERT_TRUE(got);
  const PodResource& resource = **got;
  EXPECT_EQ(resource.namespace_name, "kube-system");
  EXPECT_EQ(resource.pod_name, "etcd-n");
  EXPECT_EQ(resource.pod_uid, "own.uid_1");
  EXPECT_EQ(resource.container_name, "etcd");
  EXPECT_EQ(resource.restart_count, 12u);
  EXPECT_EQ(resource.node_name, "node-7");
  EXPECT_EQ(resource.log_path, "/var/log/pods/kube-system_etcd-n_own.uid_1/etcd/12.log");
  EXPECT_TRUE(resource.labels.empty());
}

TEST(MetadataCache, SortsLabelsAndKeepsTheFirstOfEqualKeys) {
  FakeLabels labels;
  MetadataCache cache(8, "n", &labels);
  EXPECT_EQ((*cache.Get(PathOf("u")))->labels, (Labels{{"app", "web"}, {"b", ""}, {"zone", "z"}}));
}

TEST(MetadataCache, GivesAllFilesOfAnInstanceOneResource) {
  FakeLabels labels;
  MetadataCache cache(8, "n", &labels);
  const auto current = cache.Get(PathOf("u"));
  const auto rotated = cache.Get(PathOf("u", "0.log.20260918-130000"));
  const auto zipped = cache.Get(PathOf("u", "0.log.20260918-120000.gz"));
  ASSERT_TRUE(current && rotated && zipped);
  EXPECT_EQ(*current, *rotated);
  EXPECT_EQ(*current, *zipped);
  EXPECT_EQ((*zipped)->log_path, PathOf("u"));
  EXPECT_EQ(labels.calls, 1);
  EXPECT_NE(*cache.Get(PathOf("u", "1.log")), *current);
  EXPECT_EQ(cache.stats().hits, 2u);
  EXPECT_EQ(cache.stats().misses, 2u);
}

TEST(MetadataCache, SaysTheSameWhenARotatedFileComesFirst) {
  MetadataCache cache(8, "n", nullptr);
  EXPECT_EQ((*cache.Get(PathOf("u", "0.log.20260918-120000.gz")))->log_path, PathOf("u"));
}

TEST(MetadataCache, PassesOnWhyAPathIsRefusedAndKeepsNothingOfIt) {
  MetadataCache cache(8, "n", nullptr);
  const auto refused = cache.Get("/var/log/pods/ns_web_u/app/0.log.tmp");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), PodLogPathError::kFile);
  EXPECT_EQ(cache.Get("x").error(), PodLogPathError::kDirectory);
  EXPECT_EQ(cache.stats().misses, 0u);
}

TEST(MetadataCache, EvictsTheLeastRecentlyUsedAndLeavesGivenOnesAlone) {
  MetadataCache cache(2, "n", nullptr);
  const PodResourceRef a = *cache.Get(PathOf("a"));
  const PodResourceRef b = *cache.Get(PathOf("b"));
  EXPECT_EQ(*cache.Get(PathOf("a")), a);
  EXPECT_TRUE(cache.Get(PathOf("c")));
  EXPECT_EQ(cache.stats().evictions, 1u);
  EXPECT_EQ(b->pod_uid, "b");
  EXPECT_EQ(*cache.Get(PathOf("a")), a);
  EXPECT_NE(*cache.Get(PathOf("b")), b);  // made anew
}

TEST(MetadataCache, ForgetsAllInstancesOfOnePod) {
  FakeLabels labels;
  MetadataCache cache(8, "n", &labels);
  const PodResourceRef first = *cache.Get(PathOf("a"));
  EXPECT_TRUE(cache.Get(PathOf("a", "1.log")));
  EXPECT_TRUE(cache.Get(PathOf("b")));
  cache.Forget("a");
  EXPECT_EQ(cache.stats().evictions, 0u);
  EXPECT_TRUE(cache.Get(PathOf("b")));
  EXPECT_EQ(labels.calls, 3);
  EXPECT_NE(*cache.Get(PathOf("a")), first);
  EXPECT_TRUE(cache.Get(PathOf("a", "1.log")));
  EXPECT_EQ(labels.calls, 5);
}

}  // namespace
}  // namespace podtail
