// SPDX-License-Identifier: Apache-2.0
// The podtail binary: finds the command, hands it the rest.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "tools/podtail/commands.h"
#include "tools/podtail/run_text.h"

namespace {

struct Command {
  std::string_view name;
  int (*run)(int argc, char** argv);  // null: does not work yet
  std::string_view summary;
};

constexpr std::array<Command, 11> kCommands = {{
    {"run", podtail::CmdRun, "tail, parse, export, checkpoint"},
    {"gen", podtail::CmdGen, "write a kubelet-like log tree (rotation, gzip, partial lines)"},
    {"checkpoints", podtail::CmdCheckpoints, "list a checkpoint directory"},
    {"ledger", podtail::CmdLedger, "list what was lost: gaps and dead letters"},
    {"replay", podtail::CmdReplay, "run a simulated world again (for developers)"},
    {"version", podtail::CmdVersion, "print the version, the compiler and the build type"},
    {"check", nullptr, ""},
    {"tap", nullptr, ""},
    {"explain", nullptr, ""},
    {"top", nullptr, ""},
    {"audit", nullptr, ""},
}};

std::string Help() {
  std::string out = "podtail: tails the container logs of a Kubernetes node\n\n";
  for (const Command& command : kCommands) {
    if (command.run == nullptr) continue;
    out.append("  podtail ").append(command.name).append(13 - command.name.size(), ' ');
    out.append(command.summary).append("\n");
  }
  return out + "\nEvery command has --help.\n";
}

int Refuse(std::string_view problem) {
  std::fprintf(stderr, "podtail: %.*s\n", static_cast<int>(problem.size()), problem.data());
  return podtail::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return Refuse("which command? (see podtail --help)");
  const std::string_view name = argv[1];
  if (name == "--help" || name == "-h" || name == "help") {
    return std::fputs(Help().c_str(), stdout) < 0 ? podtail::kExitFailure : podtail::kExitOk;
  }
  for (const Command& command : kCommands) {
    if (name != command.name && (name != "--version" || command.name != "version")) continue;
    if (command.run != nullptr) return command.run(argc - 1, argv + 1);
    return Refuse("`" + std::string(name) + "` does not work yet");
  }
  std::string shown;
  podtail::AppendVisible(name, &shown);
  return Refuse("unknown command " + shown + " (see podtail --help)");
}
