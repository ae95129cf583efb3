// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_options.h"

#include <unistd.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/podtail/flags.h"
#include "tools/podtail/units.h"

namespace podtail {
namespace {

constexpr std::uint64_t kShardsMax = 64;
constexpr std::uint64_t kEngineBytesMin = 8 * 1024 * 1024;  // see EngineOptions

// Where flags put what still has to be translated.
struct Given {
  std::vector<std::string> follow_into;
  std::vector<std::string> labels;
  std::uint64_t memory_bytes = 0, batch_bytes = 0, shards = 1;
  std::size_t start_at = 0, overflow = 0, stdout_format = 0, log_format = 0;
  std::size_t log_level = 1;
};

void AddFileFlags(Flags* flags, RunSettings* settings, Given* given) {
  TailerOptions& tailer = settings->engine.tailer;
  flags->Text("--root", "DIR", "log root", &tailer.root);
  flags->Repeated("--include", "GLOB",
                  "live files to read, relative to the root (*/*/*.log); every generation of a "
                  "matching N.log belongs to it; everything if not given",
                  &tailer.include);
  flags->Repeated("--exclude", "GLOB", "live files not to read", &tailer.exclude);
  flags->Choice("--start-at", "where files without a checkpoint begin while there is no state yet",
                {"beginning", "end"}, &given->start_at);
  flags->Repeated("--follow-into", "DIR",
                  "symbolic links may lead into DIR (default: /var/lib/docker/containers)",
                  &given->follow_into);
  flags->Text("--checkpoint-dir", "DIR",
              "where positions are kept, a folder per sink; if not given: in memory only",
              &settings->checkpoint_dir);
}

void AddFlowFlags(Flags* flags, RunSettings* settings, Given* given) {
  flags->Bytes("--memory-max", "everything podtail buffers, in all engines together",
               &given->memory_bytes);
  flags->Time("--batch-age", "a batch is sent when it is this old",
              &settings->engine.batch_age_max);
  flags->Bytes("--batch-bytes", "or this large", &given->batch_bytes);
  flags->Choice("--line-overflow", "what becomes of a record above 1 MiB: parts, or its first part",
                {"split", "drop"}, &given->overflow);
  flags->Number("--shards", "N", "engines per sink, each with its share of the pods and a thread",
                1, kShardsMax, &given->shards);
  flags->Switch("--once", "stop when every file is at its end and everything is settled",
                &settings->once);
}

void AddSinkFlags(Flags* flags, RunSettings* settings, Given* given) {
  flags->Choice("--stdout",
                "write records to stdout; the sink if none is given: text on a terminal, else json",
                {"json", "text"}, &given->stdout_format);
  flags->Switch("--null", "parse everything, export nothing (benchmarks)", &settings->null_sink);
  flags->Repeated("--label", "K=V", "static label, shown with every record", &given->labels);
}

void AddLogFlags(Flags* flags, Given* given) {
  flags->Choice("--log-format", "podtail's own log on stderr", {"text", "json"},
                &given->log_format);
  flags->Choice("--log-level", "the least that it says", {"debug", "info", "warn", "error"},
                &given->log_level);
}

// One value of a flag works so far.
Flags::Take Only(std::string word) {
  return [word = std::move(word)](std::string_view value) {
    return value == word ? std::string() : "does not work yet, only " + word;
  };
}

void AddLaterFlags(Flags* flags) {
  flags->Parsed("--metrics", "ADDR|off", "Prometheus text over HTTP", "off", Only("off"));
  flags->NotYet("--config", "FILE");
  flags->NotYet("--loki", "URL");
  flags->NotYet("--otlp", "URL");
  flags->NotYet("--metadata", "FIELD");
  flags->NotYet("--multiline", "PRESET|REGEX");
  flags->NotYet("--trace-pattern", "REGEX");
  flags->NotYet("--tenant", "ID");
  flags->NotYet("--loki-streams-per-request", "auto|one|N");
  for (const std::string prefix : {"--", "--loki-", "--otlp-"}) {
    flags->NotYet(prefix + "header", "K=V");
    flags->NotYet(prefix + "user", "NAME");
    for (const char* file : {"password", "bearer-token", "ca", "cert", "key"}) {
      flags->NotYet(prefix + file + "-file", "F");
    }
    flags->NotYet(prefix + "tls-insecure", "");
    flags->NotYet(prefix + "compression", "none|gzip|zstd|snappy");
  }
  flags->NotYet("--logs-only", "");
  flags->NotYet("--strict-compat", "");
}

// Empty, or what is wrong.
std::string ReadLabels(const std::vector<std::string>& given, StaticLabels* labels) {
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return "--label " + text + ": not K=V";
    const std::string key = text.substr(0, equals);
    for (const auto& label : *labels) {
      if (label.first == key) return "--label " + key + ": given twice";
    }
    labels->emplace_back(key, text.substr(equals + 1));
  }
  return {};
}

std::string Translate(const Given& given, RunSettings* settings) {
  EngineOptions& engine = settings->engine;
  if (engine.tailer.root.empty()) return "--root: empty";
  while (engine.tailer.root.size() > 1 && engine.tailer.root.back() == '/') {
    engine.tailer.root.pop_back();
  }
  if (given.batch_bytes == 0) return "--batch-bytes 0: a batch needs room";
  engine.memory_bytes_max = given.memory_bytes;
  settings->shards = static_cast<std::uint32_t>(given.shards);
  engine.batch_bytes_max = given.batch_bytes;
  engine.line_overflow = given.overflow == 0 ? LineOverflow::kSplit : LineOverflow::kDrop;
  engine.tailer.unknown_at_startup = given.start_at == 0 ? StartAt::kBeginning : StartAt::kEnd;
  settings->log_format = given.log_format == 0 ? EventFormat::kText : EventFormat::kJson;
  settings->log_level = static_cast<EventLevel>(given.log_level + 1);
  return ReadLabels(given.labels, &settings->labels);
}

void ChooseSinks(const Flags& flags, const Given& given, RunSettings* settings) {
  if (flags.Given("--stdout")) {
    settings->stdout_format = given.stdout_format == 0 ? StdoutFormat::kJson : StdoutFormat::kText;
  } else if (!settings->null_sink) {
    settings->stdout_format = isatty(STDOUT_FILENO) ? StdoutFormat::kText : StdoutFormat::kJson;
  }
}

// Empty, or what is wrong: every engine needs its part of the memory.
std::string DivideMemory(const RunSettings& settings) {
  const std::uint64_t sinks = (settings.stdout_format ? 1U : 0U) + (settings.null_sink ? 1U : 0U);
  const std::uint64_t engines = sinks * settings.shards;
  if (settings.engine.memory_bytes_max >= engines * kEngineBytesMin) return {};
  return "--memory-max " + BytesText(settings.engine.memory_bytes_max) + ": too little for " +
         std::to_string(engines) +
         (engines == 1 ? " engine, which needs " : " engines, which need ") +
         BytesText(kEngineBytesMin) + (engines == 1 ? "" : " each");
}

}  // namespace

std::optional<int> ParseRunFlags(int argc, char** argv, RunSettings* settings) {
  Given given;
  given.memory_bytes = settings->engine.memory_bytes_max;
  given.batch_bytes = settings->engine.batch_bytes_max;
  Flags flags("run", "tail, parse, export, checkpoint");
  AddFileFlags(&flags, settings, &given);
  AddSinkFlags(&flags, settings, &given);
  AddFlowFlags(&flags, settings, &given);
  AddLogFlags(&flags, &given);
  AddLaterFlags(&flags);
  flags.Note(
      "With --stdout and --null there are two sinks, each with its own positions. Another number\n"
      "of shards at the next start loses and repeats nothing.\n"
      "SIGTERM and SIGINT: what was read is settled for at most 10 s, then the totals are\n"
      "printed; a second signal ends at once.");
  if (std::optional<int> status = flags.Parse(argc, argv)) return status;
  if (flags.Given("--checkpoint-dir") && settings->checkpoint_dir.empty()) {
    return flags.Refuse("--checkpoint-dir: empty");
  }
  if (flags.Given("--follow-into")) settings->engine.tailer.follow_into = given.follow_into;
  const std::string problem = Translate(given, settings);
  if (!problem.empty()) return flags.Refuse(problem);
  ChooseSinks(flags, given, settings);
  const std::string too_little = DivideMemory(*settings);
  if (!too_little.empty()) return flags.Refuse(too_little);
  return std::nullopt;
}

}  // namespace podtail
