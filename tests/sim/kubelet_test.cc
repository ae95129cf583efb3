// SPDX-License-Identifier: Apache-2.0
// The simulated node keeps the promises that the oracle relies on.
#include "engine/sim/sim_kubelet.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "engine/sim/sim_cri_reader.h"

namespace podtail {
namespace {

// What a file's last complete lines say of a run that is open on each stream.
std::array<bool, 2> OpenRunsOf(std::string_view bytes) {
  std::array<bool, 2> open{};
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    const SimLine line = ReadSimLine(bytes.substr(0, end));
    if (line.cri) open[line.stream] = line.partial;
    bytes.remove_prefix(end + 1);
  }
  return open;
}

// In the end everything is sent: no run may wait for a line that nobody writes.
TEST(SimKubelet, EndsEveryRunInTheEnd) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ChoiceTape tape = ChoiceTape::FromSeed(seed);
    SimTrace trace(0);
    SimOracle oracle(&trace);
    SimLogFileSystem files(&tape, &oracle);
    SimKubelet kubelet(&tape, &trace, &files, &oracle);
    kubelet.writer.partial_in = 2;
    kubelet.writer.odd_time_in = 2;
    kubelet.writer.torn_in = 3;
    kubelet.Begin();
    for (int i = 0; i < 20; ++i) kubelet.Write();
    kubelet.Finish({});
    for (const auto& node : files.nodes()) {
      if (node->kind != FileKind::kRegular) continue;
      EXPECT_EQ(OpenRunsOf(node->bytes), (std::array<bool, 2>{})) << "seed " << seed;
    }
  }
}

// Nobody could tell such a file from a copy of the first one.
TEST(SimKubelet, WritesNoLineTwiceIntoFilesOfOneName) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ChoiceTape tape = ChoiceTape::FromSeed(seed);
    SimTrace trace(0);
    SimOracle oracle(&trace);
    SimLogFileSystem files(&tape, &oracle);
    SimKubelet kubelet(&tape, &trace, &files, &oracle);
    kubelet.writer.equal_heads = true;
    kubelet.writer.odd_in = kubelet.writer.odd_time_in = kubelet.writer.malformed_in = 0;
    kubelet.Begin();
    for (int i = 0; i < 200; ++i) {
      kubelet.Write();
      if (i % 5 == 0) kubelet.ReplacePod();
    }
    std::set<std::string> heads;
    for (const auto& node : files.nodes()) {
      const std::string head = node->bytes.substr(0, node->bytes.find('\n'));
      if (head.empty()) continue;
      EXPECT_TRUE(heads.insert(node->last_path + " " + head).second) << head << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace podtail
