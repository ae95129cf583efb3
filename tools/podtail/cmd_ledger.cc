// SPDX-License-Identifier: Apache-2.0
// podtail ledger DIR: what was not delivered, from the loss log, read-only.
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "podtail/state_reader.h"
#include "tools/podtail/commands.h"
#include "tools/podtail/flags.h"
#include "tools/podtail/run_text.h"
#include "tools/podtail/sink_folders.h"
#include "tools/podtail/text_table.h"

namespace podtail {
namespace {

struct Sum {
  std::uint64_t entries = 0, records = 0, bytes = 0, again = 0;
  void Add(const LoggedLoss& loss) {
    ++entries;
    records += loss.has_record ? 1 : 0;
    bytes += loss.bytes;
    again += loss.written - 1;
  }
};

std::string_view KindOf(bool dead_letter) {
  return dead_letter ? "dead letter" : "gap";
}

std::string EntryTable(const LoadedLosses& losses) {
  TextTable table({{"TIME"},
                   {"KIND"},
                   {"REASON"},
                   {"BYTES", true},
                   {"BEGIN", true},
                   {"END", true},
                   {"WRITTEN", true},
                   {"PATH"}});
  for (const LoggedLoss& loss : losses.entries) {
    std::string path = loss.path;
    if (!loss.detail.empty()) path.append("  ").append(loss.detail);
    table.Add({loss.time, std::string(KindOf(loss.dead_letter)), loss.reason,
               std::to_string(loss.bytes), std::to_string(loss.extent.begin),
               std::to_string(loss.extent.end), std::to_string(loss.written), std::move(path)});
  }
  return table.Text();
}

std::string SumTable(const LoadedLosses& losses) {
  std::map<std::pair<bool, std::string>, Sum> by_reason;
  std::map<bool, Sum> by_kind;
  for (const LoggedLoss& loss : losses.entries) {
    by_reason[{loss.dead_letter, loss.reason}].Add(loss);
    by_kind[loss.dead_letter].Add(loss);
  }
  TextTable table({{"KIND"},
                   {"REASON"},
                   {"ENTRIES", true},
                   {"RECORDS", true},
                   {"BYTES", true},
                   {"WRITTEN AGAIN"}});
  const auto add = [&table](bool dead_letter, std::string reason, const Sum& sum) {
    table.Add({std::string(KindOf(dead_letter)), std::move(reason), std::to_string(sum.entries),
               std::to_string(sum.records), std::to_string(sum.bytes), std::to_string(sum.again)});
  };
  for (const auto& [kind, sum] : by_kind) {
    for (const auto& [key, of_reason] : by_reason) {
      if (key.first == kind) add(kind, key.second, of_reason);
    }
    add(kind, "total", sum);
  }
  return table.Text();
}

void PrintJson(const std::string& sink, const LoadedLosses& losses) {
  for (const LoggedLoss& loss : losses.entries) {
    std::string line = "{\"sink\":";
    AppendJsonString(sink, &line);
    line.append(",").append(loss.json, 1);
    if (loss.written > 1) {
      line.pop_back();
      line.append(",\"written\":").append(std::to_string(loss.written)).append("}");
    }
    line.push_back('\n');
    std::fputs(line.c_str(), stdout);
  }
}

// Damage is named and never stops anything: the rest is as good as ever.
void SayDamage(const std::string& sink, const LoadedLosses& losses) {
  if (losses.damaged_lines == 0) return;
  std::string what = std::to_string(losses.damaged_lines) + " damaged lines passed over: ";
  for (std::size_t i = 0; i < losses.damaged.size(); ++i) {
    what.append(i == 0 ? "" : ", ").append(losses.damaged[i]);
  }
  if (losses.damaged.size() < losses.damaged_lines) what.append(", ...");
  SayOfState("ledger", sink, what);
}

bool Show(const SinkFolder& folder, bool json) {
  const Expected<LoadedLosses> losses = ReadLosses(folder.directory, folder.sink);
  if (!losses) {
    SayOfState("ledger", folder.sink, losses.error().message());
    return false;
  }
  if (json) {
    PrintJson(folder.sink, *losses);
  } else {
    std::string text = "sink " + folder.sink + ", ";
    if (losses->entries.empty()) {
      text.append("nothing lost\n");
    } else {
      text.append(std::to_string(losses->entries.size())).append(" entries\n");
      text.append(EntryTable(*losses)).append("\n").append(SumTable(*losses));
    }
    std::fputs(text.c_str(), stdout);
  }
  SayDamage(folder.sink, *losses);
  return true;
}

}  // namespace

int CmdLedger(int argc, char** argv) {
  bool json = false;
  Flags flags("ledger", "DIR: list what was not delivered: gaps and dead letters");
  flags.Switch("--json",
               "one JSON object per entry and line, as engine/checkpoint/FORMAT.md has it", &json);
  flags.Note("An entry that a crash made podtail write again is shown once, and counted as one.");
  return ForEachSink(&flags, argc, argv,
                     [&json](const SinkFolder& folder) { return Show(folder, json); });
}

}  // namespace podtail
