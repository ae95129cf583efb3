// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <string>
#include <map>
#include "engine/sim/sim_runner.h"
int main(int argc, char** argv) {
  using namespace podtail;
  unsigned long first = std::strtoul(argv[1], nullptr, 10), n = std::strtoul(argv[2], nullptr, 10);
  SimWorldOptions o;
  if (argc > 3) o.steps = std::strtoul(argv[3], nullptr, 10);
  bool show = argc > 4;
  if (show && std::string(argv[4]) == "shrink") {
    SimResult r = RunSeed(first, o);
    if (r.ok()) return 0;
    SimShrunk k = Shrink(r, o, n > 1 ? n : 4000);
    SimResult q = RunTape(ChoiceTape::FromNumbers(k.numbers), k.options, 60);
    std::printf("%s\n%s\n%zu numbers, %lu steps\n", FailureLine(q, "seed " + std::to_string(first)).c_str(), q.timeline.c_str(), k.numbers.size(), (unsigned long)k.options.steps);
    return 1;
  }
  std::map<std::string,int> kinds; std::bitset<kSimMarks> marks; int bad=0;
  for (unsigned long s = first; s < first + n; ++s) {
    SimResult r = RunSeed(s, o, show ? 400000 : 0);
    marks |= r.marks;
    if (show) std::fputs(r.timeline.c_str(), stdout);
    if (!r.ok()) { ++bad; ++kinds[r.failure.invariant + " " + r.failure.message.substr(0,38)];
      if (bad <= 12) std::printf("%s\n", FailureLine(r, "seed " + std::to_string(s)).c_str()); }
  }
  std::printf("%d of %lu bad\n", bad, n);
  for (auto& [k, c] : kinds) std::printf("%5d %s\n", c, k.c_str());
  for (std::size_t i = 0; i < kSimMarks; ++i) if (!marks[i]) std::printf("- %s\n", std::string(kSimMarkWords[i]).c_str());
}
