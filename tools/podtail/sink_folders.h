// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_SINK_FOLDERS_H_
#define PODTAIL_TOOLS_SINK_FOLDERS_H_
// What the commands that look at a checkpoint directory have in common: DIR is
// what `podtail run` was given, or the folder of one sink in it.
#include <functional>
#include <string>
#include <string_view>

#include "tools/podtail/flags.h"
namespace podtail {

// Where a sink's state lies: DIR/<sink name>.
struct SinkFolder {
  std::string directory;
  std::string sink;
};

// Parses the flags and one DIR, then calls `show` for every sink in it, which
// prints to stdout and says whether all was well. Returns the exit status.
int ForEachSink(Flags* flags, int argc, char** argv,
                const std::function<bool(const SinkFolder&)>& show);

// One line on stderr: podtail COMMAND: WHERE: WHAT.
void SayOfState(std::string_view command, std::string_view where, std::string_view what);

}  // namespace podtail
#endif
