// SPDX-License-Identifier: Apache-2.0
// podtail checkpoints DIR: what a checkpoint directory holds, read-only.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/state_reader.h"
#include "tools/podtail/commands.h"
#include "tools/podtail/flags.h"
#include "tools/podtail/run_text.h"
#include "tools/podtail/sink_folders.h"
#include "tools/podtail/text_table.h"

namespace podtail {
namespace {

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

std::string Table(const std::string& sink, const std::vector<Checkpoint>& checkpoints) {
  TextTable table(
      {{"OFFSET", true}, {"INODE", true}, {"LAST STDOUT"}, {"LAST STDERR"}, {"CUTS"}, {"PATH"}});
  for (const Checkpoint& checkpoint : checkpoints) {
    const ResumePoint& committed = checkpoint.committed;
    table.Add({std::to_string(committed.offset), std::to_string(checkpoint.file.inode),
               TimeText(committed.replay.streams[0].last_raw),
               TimeText(committed.replay.streams[1].last_raw), CutsText(checkpoint.cuts),
               checkpoint.path});
  }
  return "sink " + sink + ", " + std::to_string(checkpoints.size()) + " files\n" + table.Text();
}

bool List(const SinkFolder& folder, bool json) {
  const Expected<LoadedCheckpoints> loaded = ReadCheckpoints(folder.directory, folder.sink);
  if (!loaded) {
    SayOfState("checkpoints", folder.sink, loaded.error().message());
    return false;
  }
  if (json) {
    for (const Checkpoint& checkpoint : loaded->checkpoints) {
      std::fputs(JsonLine(folder.sink, checkpoint).c_str(), stdout);
    }
  } else {
    std::fputs(Table(folder.sink, loaded->checkpoints).c_str(), stdout);
  }
  if (!loaded->damage.ok()) {
    SayOfState("checkpoints", folder.sink, loaded->damage.message());
  }
  return loaded->damage.ok();
}

}  // namespace

int CmdCheckpoints(int argc, char** argv) {
  bool json = false;
  Flags flags("checkpoints", "DIR: list a checkpoint directory");
  flags.Switch("--json", "one JSON object per file and line", &json);
  return ForEachSink(&flags, argc, argv,
                     [&json](const SinkFolder& folder) { return List(folder, json); });
}

}  // namespace podtail
