// SPDX-License-Identifier: Apache-2.0
// podtail replay: runs one simulated world again and shows what happened in it.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "engine/sim/sim_runner.h"
#include "engine/sim/sim_tape.h"
#include "tools/podtail/commands.h"
#include "tools/podtail/flags.h"

namespace podtail {
namespace {

constexpr std::size_t kEventsShown = 30;

std::optional<SimTape> ReadTape(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "podtail replay: cannot read the tape\n");
    return std::nullopt;
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto tape = ParseTape(text);
  if (!tape) {
    std::fprintf(stderr, "podtail replay: %s\n", std::string(tape.error().message()).c_str());
    return std::nullopt;
  }
  return std::move(*tape);
}

}  // namespace

int CmdReplay(int argc, char** argv) {
  std::uint64_t seed = 0, until = 0, steps = 2000, crash_at = 0;
  std::string tape_path;
  std::vector<std::string> with;
  bool all = false;
  Flags flags("replay", "run a simulated world again, from a seed or a tape");
  flags.Number("--seed", "N", "the seed that a failure names", 0, UINT64_MAX, &seed);
  flags.Text("--tape", "FILE",
             "a tape of choices (tests/sim/tapes); it says its own steps and crash", &tape_path);
  flags.Number("--until", "STEP", "stop in front of this step; 0: at the end", 0, UINT64_MAX,
               &until);
  flags.Number("--steps", "N", "actions before all is healed", 0, 1'000'000, &steps);
  flags.Number("--crash-at", "TURN", "crash behind this turn of the engine; 0: do not", 0,
               UINT64_MAX, &crash_at);
  flags.Repeated("--with", "FEATURE", "switch on a family of events", &with);
  flags.Switch("--all", "show every event, not the last 30", &all);
  flags.Note("Exit status 1: an invariant broke. For podtail's developers: HACKING.md.");
  if (auto status = flags.Parse(argc, argv)) return *status;
  if ((seed == 0) == tape_path.empty()) return flags.Refuse("needs one of --seed and --tape");
  std::optional<SimTape> tape;
  if (tape_path.empty()) {
    tape = SimTape{SimWorldOptions{}, ChoiceTape::FromSeed(seed)};
    tape->options.steps = steps;
    tape->options.crash_at_effect = crash_at;
  } else {
    tape = ReadTape(tape_path);
  }
  if (!tape) return kExitFailure;
  if (until > 0) tape->options.until = until;
  for (const std::string& feature : with) {
    if (!SwitchOn(feature, &tape->options.features)) {
      return flags.Refuse("no such feature: " + feature);
    }
  }
  const SimResult result =
      RunTape(std::move(tape->choices), tape->options, all ? SIZE_MAX : kEventsShown);
  std::fputs(result.timeline.c_str(), stdout);
  if (result.ok()) {
    std::printf("nothing broke; events %016llx\n", static_cast<unsigned long long>(result.hash));
    return kExitOk;
  }
  std::printf("%s\n", FailureLine(result, tape_path.empty() ? "seed " + std::to_string(seed)
                                                            : "tape " + tape_path)
                          .c_str());
  return kExitFailure;
}

}  // namespace podtail
