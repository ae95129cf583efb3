// SPDX-License-Identifier: Apache-2.0
// podtail gen: writes a kubelet-like log tree and says what is in it.
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "tools/podtail/commands.h"
#include "tools/podtail/flags.h"
#include "tools/podtail/gen/gen_options.h"
#include "tools/podtail/gen/generator.h"
#include "tools/podtail/gen/time_text.h"
#include "tools/podtail/run_signals.h"
#include "tools/podtail/run_text.h"
#include "tools/podtail/units.h"

namespace podtail {
namespace {

// The flags as given, before they are checked against each other.
struct GenFlags {
  gen::GenOptions options;
  std::uint64_t pods = 1;
  std::uint64_t containers = 1;
  std::uint64_t seconds = 0;
  std::size_t mix = 0;
  std::size_t runtime = 0;
  std::size_t gzip = 0;  // on
  std::string manifest = "-";
};

std::string TakeZone(std::string_view text, int* minutes) {
  const std::optional<int> zone = gen::ZoneMinutes(text);
  if (!zone) return "not Z, +hh:mm or -hh:mm";
  *minutes = *zone;
  return "";
}

std::string TakeKeep(std::string_view text, std::size_t* files_max) {
  if (text == "all") {
    *files_max = 0;
    return "";
  }
  const auto files = ParseBytes(text);  // a plain number is one
  if (!files || *files < 2 || text.find_first_not_of("0123456789") != text.npos) {
    return "not all, and not a number from 2";
  }
  *files_max = *files;
  return "";
}

std::string TakeRotate(std::string_view text, std::uint64_t* size_max) {
  *size_max = 0;
  if (text == "off") return "";
  const auto bytes = ParseBytes(text);
  if (!bytes) return std::string(Describe(bytes.error()));
  *size_max = *bytes;
  return "";
}

void DeclareSize(Flags* flags, GenFlags* given) {
  gen::GenOptions& options = given->options;
  flags->Text("--root", "DIR", "where the tree goes, created if missing (required)", &options.root);
  flags->Number("--pods", "N", "pods; from 4 on one of them is static", 1, 100'000, &given->pods);
  flags->Number("--containers", "N", "containers per pod", 1, 100, &given->containers);
  flags->Parsed("--bytes", "BYTES", "write this much in all, as fast as it goes", "",
                [&options](std::string_view text) -> std::string {
                  const auto bytes = ParseBytes(text);
                  if (!bytes) return std::string(Describe(bytes.error()));
                  options.bytes = *bytes;
                  return *bytes == 0 ? "nothing to write" : "";
                });
  flags->Parsed("--rate", "LINES", "lines per second in all, by the clock, one write(2) each", "",
                [&options](std::string_view text) -> std::string {
                  if (text.ends_with("/s")) text.remove_suffix(2);
                  const auto rate = ParseBytes(text);
                  if (!rate || text.find_first_not_of("0123456789") != text.npos) {
                    return "not a whole number";
                  }
                  options.rate = *rate;
                  return *rate == 0 || *rate > 100'000'000 ? "not between 1 and 100000000" : "";
                });
  flags->Time("--duration", "with --rate: how long; 0: until SIGTERM or SIGINT", &options.duration);
  flags->Number("--seconds", "N", "the same as --duration Ns", 0, 1'000'000'000, &given->seconds);
  flags->Number("--restarts", "N", "restarts of every container (0.log, 1.log ...), evenly", 0,
                1000, &options.restarts);
}

void DeclareContent(Flags* flags, GenFlags* given) {
  gen::GenOptions& options = given->options;
  flags->Number("--seed", "N", "names, lines and times are a function of it", 0, UINT64_MAX,
                &options.seed);
  flags->Choice("--mix", "what the applications print",
                {"standard", "seed", "plain", "json", "long", "odd"}, &given->mix);
  flags->Choice("--runtime",
                "who writes: containerd trims times and cuts at 16 KiB; conmon writes nine "
                "digits, one time for several lines, and cuts at 8 KiB or anywhere",
                {"containerd", "conmon"}, &given->runtime);
  flags->Parsed(
      "--zone", "OFFSET", "the node's time zone: Z, +09:00, -03:30", "Z",
      [&options](std::string_view text) { return TakeZone(text, &options.zone_minutes); });
  flags->Switch("--dangling-stderr",
                "start every log with a P on stderr that never gets its F; nothing else on stderr",
                &options.dangling_stderr);
}

void DeclareFiles(Flags* flags, GenFlags* given) {
  gen::Rotation& rotation = given->options.rotation;
  flags->Parsed("--rotate-bytes", "BYTES|off", "rotate a live file of this size",
                BytesText(rotation.size_max), [&rotation](std::string_view text) {
                  return TakeRotate(text, &rotation.size_max);
                });
  flags->Choice("--gzip", "compress rotated files, one rotation later", {"on", "off"},
                &given->gzip);
  flags->Parsed("--keep", "N|all", "files of one instance that stay, the live one included",
                std::to_string(rotation.files_max),
                [&rotation](std::string_view text) { return TakeKeep(text, &rotation.files_max); });
  flags->Switch("--append", "go on in a tree of the same seed", &given->options.append);
  flags->Text("--manifest", "FILE", "where the manifest goes; -: stdout", &given->manifest);
}

// What several flags together get wrong; empty when nothing is.
std::string Check(const Flags& flags, const gen::GenOptions& options) {
  if (options.root.empty()) return "--root is missing";
  if (options.bytes == 0 && options.rate == 0) return "--bytes or --rate is missing";
  if (flags.Given("--seconds") && flags.Given("--duration")) {
    return "--seconds and --duration are the same";
  }
  const bool timed = options.duration.count() != 0;
  if (timed && options.rate == 0) return "--duration needs --rate";
  if (options.restarts != 0 && options.rate != 0 && !timed) {
    return "--restarts with --rate needs --duration";
  }
  return "";
}

// A corpus is all there: only who asks for rotation, or writes like a live node,
// has it.
void SettleRotation(const Flags& flags, gen::GenOptions* options) {
  const bool asked =
      flags.Given("--rotate-bytes") || flags.Given("--gzip") || flags.Given("--keep");
  if (!asked && options->rate == 0) options->rotation.size_max = 0;
}

int Fail(const Status& status, int exit_status) {
  std::string line = "podtail gen: ";
  AppendVisible(status.message(), &line);
  std::fprintf(stderr, "%s\n", line.c_str());
  return exit_status;
}

int CreateFailure(const Status& status) {
  return status.code() == StatusCode::kNotFound ? kExitNoRoot : kExitCannotCreate;
}

int WriteManifest(const std::string& path, const std::string& json) {
  std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "wbe");
  if (file == nullptr) {
    return Fail(gen::SystemError("create", path), kExitCannotCreate);
  }
  const bool wrote = std::fwrite(json.data(), 1, json.size(), file) == json.size();
  const bool flushed = std::fflush(file) == 0;
  const bool good = wrote && flushed;
  const int status = good ? kExitOk : Fail(gen::SystemError("write", path), kExitFailure);
  if (file != stdout) std::fclose(file);
  return status;
}

int Generate(const gen::GenOptions& options, const std::string& manifest_path) {
  Expected<RunSignals> signals = RunSignals::Install();
  if (!signals) return Fail(signals.error(), kExitFailure);
  auto generator = gen::Generator::Create(options);
  if (!generator) return Fail(generator.error(), CreateFailure(generator.error()));
  if (Status status = (*generator)->Run(&*signals); !status.ok()) {
    return Fail(status, kExitFailure);
  }
  const auto manifest = (*generator)->Finish();
  if (!manifest) return Fail(manifest.error(), kExitFailure);
  return WriteManifest(manifest_path, manifest->ToJson());
}

}  // namespace

int CmdGen(int argc, char** argv) {
  GenFlags given;
  Flags flags("gen", "write a kubelet-like log tree (rotation, gzip, partial lines)");
  DeclareSize(&flags, &given);
  DeclareContent(&flags, &given);
  DeclareFiles(&flags, &given);
  flags.Note(
      "With --bytes and none of --rotate-bytes, --gzip and --keep nothing is rotated: the whole "
      "corpus stays. --gzip off --keep all rotates and keeps every byte.");
  flags.Note(
      "The manifest is one JSON document: per container instance its files and, per stream, the "
      "number of records and the SHA-256 over `time SP body LF` of every record (time: the first "
      "fragment's, UTC, nine digits, Z). With --append it lists what this run wrote.");
  if (const std::optional<int> status = flags.Parse(argc, argv)) return *status;

  gen::GenOptions& options = given.options;
  options.pods = given.pods;
  options.containers = given.containers;
  if (given.seconds != 0) options.duration = std::chrono::seconds(given.seconds);
  options.mix = static_cast<gen::Mix>(given.mix);
  options.runtime = static_cast<gen::Runtime>(given.runtime);
  options.rotation.gzip = given.gzip == 0;
  if (const std::string problem = Check(flags, options); !problem.empty()) {
    return flags.Refuse(problem);
  }
  SettleRotation(flags, &options);
  return Generate(options, given.manifest);
}

}  // namespace podtail
