// SPDX-License-Identifier: Apache-2.0
// sources.md B.1 to B.3; golden/seed/make_tree.py of the shared reference.
#include <gtest/gtest.h>

#include <string>

#include "podtail/pod_log_path.h"

namespace podtail {
namespace {

// namespace|pod|uid|container|restarts|rotation|gz, or the error.
std::string ShowPath(const std::string& path) {
  const auto parsed = ParsePodLogPath(path);
  if (!parsed) {
    static const char* const kNames[] = {"", "error:directory", "error:pod", "error:file"};
    return kNames[static_cast<int>(parsed.error())];
  }
  std::string shown;
  for (const auto field :
       {parsed->namespace_name, parsed->pod_name, parsed->pod_uid, parsed->container_name}) {
    shown += std::string(field) + "|";
  }
  return shown + std::to_string(parsed->restart_count) + "|" + std::string(parsed->rotation) +
         (parsed->compressed ? "|gz" : "|");
}

struct PathRow {
  std::string path;
  std::string shown;
};

const std::string kUid = "b959f382-f9f3-4c61-a794-4ddc1331ff1c";

TEST(ParsePodLogPath, ReadsTheExamplesOfTheSpecification) {  // B.2
  const PathRow table[] = {
      {"/var/log/pods/default_my-node-app-6d4b75cb6d-x7k2p_" + kUid + "/api-node/0.log",
       "default|my-node-app-6d4b75cb6d-x7k2p|" + kUid + "|api-node|0||"},
      {"/var/log/pods/kube-system_kube-apiserver-minikube_6c4f1f2f0f6c9b0f3a8d0d6a7a5b3c21/"
       "kube-apiserver/3.log",
       "kube-system|kube-apiserver-minikube|6c4f1f2f0f6c9b0f3a8d0d6a7a5b3c21|kube-apiserver|3||"},
      {"/var/log/pods/a_web.example.com_" + kUid + "/istio-init/0.log.20260918-130000.gz",
       "a|web.example.com|" + kUid + "|istio-init|0|20260918-130000|gz"},
      {"/var/log/pods/a_web.example.com_" + kUid + "/istio-init/12.log.20260918-130000",
       "a|web.example.com|" + kUid + "|istio-init|12|20260918-130000|"},
      // A static manifest that sets its uid itself (0.1, rule 19).
      {"/var/log/pods/kube-system_uidset-rn-node_own.uid_1/c/0.log",
       "kube-system|uidset-rn-node|own.uid_1|c|0||"},
      {"/var/log/pods/default_under_score_" + kUid + "/c/0.log",
       "default|under|score_" + kUid + "|c|0||"},
      {"/var/log/pods/default_web-0_" + kUid + "/with.dot/0.log",
       "default|web-0|" + kUid + "|with.dot|0||"},
  };
  for (const PathRow& row : table) EXPECT_EQ(ShowPath(row.path), row.shown) << row.path;
}

TEST(ParsePodLogPath, ReadsOnlyTheLastThreeComponents) {
  const std::string shown = "n|p|u|c|7||";
  EXPECT_EQ(ShowPath("n_p_u/c/7.log"), shown);
  EXPECT_EQ(ShowPath("/n_p_u/c/7.log"), shown);
  EXPECT_EQ(ShowPath("//x/../n_p_u/c/7.log"), shown);
  EXPECT_EQ(ShowPath("/data/a_b_c/x/n_p_u/c/7.log"), shown);
}

TEST(ParsePodLogPath, ReadsRestartCountsOf32BitsWithoutLeadingZeros) {  // B.2, "restart"
  const PathRow table[] = {
      {"0.log", "n|p|u|c|0||"},
      {"9.log", "n|p|u|c|9||"},
      {"10.log", "n|p|u|c|10||"},
      {"4294967295.log", "n|p|u|c|4294967295||"},
      {"4294967296.log", "error:file"},
      {"9999999999.log", "error:file"},
      {"18446744073709551616.log", "error:file"},
      {"00.log", "error:file"},
      {"01.log", "error:file"},
      {"0000000000.log", "error:file"},
      {"+1.log", "error:file"},
      {"-1.log", "error:file"},
      {" 1.log", "error:file"},
      {"1 .log", "error:file"},
      {".log", "error:file"},
      {"x.log", "error:file"},
      {"0x1.log", "error:file"},
  };
  for (const PathRow& row : table)
    EXPECT_EQ(ShowPath("n_p_u/c/" + row.path), row.shown) << row.path;
}

TEST(ParsePodLogPath, RefusesFilesThatAreNotTheRuntimesOwn) {  // B.1, B.2
  const char* const table[] = {
      "0.log.tmp",
      "0.log.20260918-130000.tmp",
      "0.log.20260918-130000.gz.tmp",
      "0.log.gz",
      "0.log.",
      "0.log.20260918-13000",
      "0.log.20260918-1300000",
      "0.log.20260918130000",
      "0.log.2026091a-130000",
      "0.log.20260918_130000",
      "0.log.20260918-130000.",
      "0.log.20260918-130000.gz.gz",
      "0.log.20260918-130000.GZ",
      "0.log20260918-130000",
      "0.log.1",
      "0.log.new",
      "0.logs",
      "0.lo",
      "0.LOG",
      "0",
      "",
      "..",
      "audit.bin",
      "0.log\n",
  };
  for (const char* file : table)
    EXPECT_EQ(ShowPath(std::string("n_p_u/c/") + file), "error:file") << file;
}

TEST(ParsePodLogPath, NamesTheDirectoryOrThePodThatDoesNotFit) {
  const PathRow table[] = {
      {"", "error:directory"},
      {"/", "error:directory"},
      {"0.log", "error:directory"},
      {"/0.log", "error:directory"},
      {"c/0.log", "error:directory"},
      {"/c/0.log", "error:directory"},
      {"n_p_u//0.log", "error:directory"},
      {"//0.log", "error:directory"},
      {"//c/0.log", "error:pod"},
      {"/b959f382-f9f3-4c61-a794-4ddc1331ff1c/c/0.log", "error:pod"},
      {"/n_p/c/0.log", "error:pod"},
      {"/_p_u/c/0.log", "error:pod"},
      {"/n__u/c/0.log", "error:pod"},
      {"/n_p_/c/0.log", "error:pod"},
      {"/___/c/0.log", "error:pod"},
      {"/n_p_u/c/0.log/", "error:pod"},
      {"/n_p_u/c/", "error:file"},
      // The pod is named before the file.
      {"/n_p/c/x", "error:pod"},
  };
  for (const PathRow& row : table) EXPECT_EQ(ShowPath(row.path), row.shown) << row.path;
}

TEST(ParsePodLogPath, NeverReadsBehindACut) {
  const std::string path = "/var/log/pods/n_p_u/c/0.log.20260918-130000.gz";
  for (std::size_t cut = 0; cut <= path.size(); ++cut) {
    const std::string part(path, 0, cut);
    const bool whole = part.ends_with("/0.log") || part.ends_with("0.log.20260918-130000") ||
                       part.size() == path.size();
    EXPECT_EQ(ParsePodLogPath(part).has_value(), whole) << part;
  }
}

}  // namespace
}  // namespace podtail
