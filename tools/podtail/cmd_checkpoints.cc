// SPDX-License-Identifier: Apache-2.0
// podtail checkpoints DIR: what a checkpoint directory holds, read-only.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "podtail/state_reader.h"
#include "tools/podtail/commands.h"
#include "tools/podtail/flags.h"
#include "tools/podtail/run_text.h"

namespace podtail {
namespace {

namespace fs = std::filesystem;

// Where a sink's state lies: DIR/<sink name>.
struct SinkFolder {
  std::string directory;
  std::string sink;
};

// "-" where nothing was ever read: the epoch is no time of a log line.
std::string TimeText(Timestamp time) {
  if (time == Timestamp{}) return "-";
  std::string text;
  AppendTime(time, 9, &text);
  return text;
}

void AppendNumber(std::string_view key, std::uint64_t value, std::string* line) {
  line->append(",\"").append(key).append("\":").append(std::to_string(value));
}

void AppendTimeMember(std::string_view key, Timestamp time, std::string* line) {
  if (time == Timestamp{}) return;
  line->append(",\"").append(key).append("\":\"");
  AppendTime(time, 9, line);
  line->push_back('"');
}

void AppendStream(std::string_view name, const ReplayState::Stream& stream, std::string* line) {
  const std::string prefix(name);
  AppendTimeMember(prefix + "_time", stream.last_raw, line);
  if (stream.last_out != stream.last_raw) {
    AppendTimeMember(prefix + "_time_out", stream.last_out, line);
  }
  if (stream.part != 0) {
    AppendNumber(prefix + "_part", stream.part, line);
    AppendNumber(prefix + "_part_bytes", stream.part_bytes, line);
  }
  if (stream.run_gap != 0) AppendNumber(prefix + "_run_gap", stream.run_gap, line);
}

std::string JsonLine(const std::string& sink, const Checkpoint& checkpoint) {
  const ReplayState& replay = checkpoint.committed.replay;
  std::string line = "{\"sink\":";
  AppendJsonString(sink, &line);
  line.append(",\"path\":");
  AppendJsonString(checkpoint.path, &line);
  AppendNumber("inode", checkpoint.file.inode, &line);
  AppendTimeMember("birth_time", checkpoint.file.birth_time, &line);
  AppendNumber("offset", checkpoint.committed.offset, &line);
  AppendStream("stdout", replay.streams[0], &line);
  AppendStream("stderr", replay.streams[1], &line);
  AppendTimeMember("line_time", replay.line_time, &line);
  if (!checkpoint.cuts.empty()) {
    line.append(",\"cuts\":[");
    for (const std::uint64_t cut : checkpoint.cuts) {
      line.append(std::to_string(cut)).push_back(',');
    }
    line.back() = ']';
  }
  return line.append("}\n");
}

std::string CutsText(const std::vector<std::uint64_t>& cuts) {
  if (cuts.empty()) return "-";
  std::string text;
  for (const std::uint64_t cut : cuts) text.append(std::to_string(cut)).push_back(',');
  text.pop_back();
  return text;
}

// Columns as wide as their widest cell; the path, of any length, comes last.
std::string Table(const std::string& sink, const std::vector<Checkpoint>& checkpoints) {
  constexpr std::size_t kColumns = 6;
  using Row = std::array<std::string, kColumns>;
  std::vector<Row> rows = {{"OFFSET", "INODE", "LAST STDOUT", "LAST STDERR", "CUTS", "PATH"}};
  for (const Checkpoint& checkpoint : checkpoints) {
    const ResumePoint& committed = checkpoint.committed;
    std::string path;
    AppendVisible(checkpoint.path, &path);
    rows.push_back({std::to_string(committed.offset), std::to_string(checkpoint.file.inode),
                    TimeText(committed.replay.streams[0].last_raw),
                    TimeText(committed.replay.streams[1].last_raw), CutsText(checkpoint.cuts),
                    std::move(path)});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text = "sink " + sink + ", " + std::to_string(checkpoints.size()) + " files\n";
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) {
      if (i < 2) text.append(widths[i] - row[i].size(), ' ');
      text.append(row[i]);
      if (i >= 2) text.append(widths[i] - row[i].size(), ' ');
      text.append("  ");
    }
    text.append(row[kColumns - 1]).append("\n");
  }
  return text;
}

void Say(std::string_view where, std::string_view what) {
  std::string line = "podtail checkpoints: ";
  AppendVisible(where, &line);
  line.append(": ");
  AppendVisible(what, &line);
  line.push_back('\n');
  std::fputs(line.c_str(), stderr);
}

// DIR may also be the folder of one sink.
std::optional<std::vector<SinkFolder>> FindSinks(const std::string& given) {
  fs::path path = fs::path(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::error_code ignored;
  for (const char* file : {"journal", "snapshot.0", "snapshot.1"}) {
    if (!fs::exists(path / file, ignored)) continue;
    const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
    return std::vector<SinkFolder>{{parent, path.filename().string()}};
  }
  const Expected<std::vector<std::string>> sinks = ListSinks(path.string());
  if (!sinks) {
    Say(given, sinks.error().message());
    return std::nullopt;
  }
  std::vector<SinkFolder> folders;
  for (const std::string& sink : *sinks) folders.push_back({path.string(), sink});
  return folders;
}

bool List(const SinkFolder& folder, bool json) {
  const Expected<LoadedCheckpoints> loaded = ReadCheckpoints(folder.directory, folder.sink);
  if (!loaded) {
    Say(folder.sink, loaded.error().message());
    return false;
  }
  if (json) {
    for (const Checkpoint& checkpoint : loaded->checkpoints) {
      std::fputs(JsonLine(folder.sink, checkpoint).c_str(), stdout);
    }
  } else {
    std::fputs(Table(folder.sink, loaded->checkpoints).c_str(), stdout);
  }
  if (!loaded->damage.ok()) Say(folder.sink, loaded->damage.message());
  return loaded->damage.ok();
}

}  // namespace

int CmdCheckpoints(int argc, char** argv) {
  std::vector<std::string> directories;
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    if (i == 0 || argv[i][0] == '-') {
      rest.push_back(argv[i]);
    } else {
      directories.emplace_back(argv[i]);
    }
  }
  bool json = false;
  Flags flags("checkpoints", "DIR: list a checkpoint directory");
  flags.Switch("--json", "one JSON object per file and line", &json);
  flags.Note(
      "DIR is what `podtail run` was given as --checkpoint-dir, or the folder of one sink in it.\n"
      "Takes no lock and writes nothing: works while podtail runs.");
  if (auto status = flags.Parse(static_cast<int>(rest.size()), rest.data())) return *status;
  if (directories.size() != 1) return flags.Refuse("needs one DIR");
  const std::optional<std::vector<SinkFolder>> folders = FindSinks(directories[0]);
  if (!folders) return kExitFailure;
  bool good = true;
  for (const SinkFolder& folder : *folders) good = List(folder, json) && good;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    Say(directories[0], "cannot write to stdout");
    good = false;
  }
  return good ? kExitOk : kExitFailure;
}

}  // namespace podtail
