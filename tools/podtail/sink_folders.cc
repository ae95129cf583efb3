// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/sink_folders.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "podtail/state_reader.h"
#include "tools/podtail/commands.h"
#include "tools/podtail/run_text.h"

namespace podtail {
namespace {

namespace fs = std::filesystem;

std::optional<std::vector<SinkFolder>> FindSinks(std::string_view command,
                                                 const std::string& given) {
  fs::path path = fs::path(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::error_code ignored;
  for (const char* file : {"journal", "snapshot.0", "snapshot.1", "losses", "losses.1"}) {
    if (!fs::is_regular_file(path / file, ignored)) continue;
    const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
    return std::vector<SinkFolder>{{parent, path.filename().string()}};
  }
  const Expected<std::vector<std::string>> sinks = ListSinks(path.string());
  if (!sinks) {
    SayOfState(command, given, sinks.error().message());
    return std::nullopt;
  }
  std::vector<SinkFolder> folders;
  for (const std::string& sink : *sinks) folders.push_back({path.string(), sink});
  return folders;
}

}  // namespace

int ForEachSink(Flags* flags, int argc, char** argv,
                const std::function<bool(const SinkFolder&)>& show) {
  std::vector<std::string> directories;
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    if (i == 0 || argv[i][0] == '-') {
      rest.push_back(argv[i]);
    } else {
      directories.emplace_back(argv[i]);
    }
  }
  flags->Note(
      "DIR is what `podtail run` was given as --checkpoint-dir, or the folder of one sink in it.\n"
      "Takes no lock and writes nothing: works while podtail runs.");
  if (auto status = flags->Parse(static_cast<int>(rest.size()), rest.data())) return *status;
  if (directories.size() != 1) return flags->Refuse("needs one DIR");
  const std::string_view command = argv[0];
  const std::optional<std::vector<SinkFolder>> folders = FindSinks(command, directories[0]);
  if (!folders) return kExitFailure;
  bool good = true;
  for (const SinkFolder& folder : *folders) good = show(folder) && good;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    SayOfState(command, directories[0], "cannot write to stdout");
    good = false;
  }
  return good ? kExitOk : kExitFailure;
}

void SayOfState(std::string_view command, std::string_view where, std::string_view what) {
  std::string line = "podtail ";
  line.append(command).append(": ");
  AppendVisible(where, &line);
  line.append(": ");
  AppendVisible(what, &line);
  line.push_back('\n');
  std::fputs(line.c_str(), stderr);
}

}  // namespace podtail
