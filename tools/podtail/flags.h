// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_FLAGS_H_
#define PODTAIL_TOOLS_FLAGS_H_
// The flags of one command: declared once, parsed once, explained by --help.
//
//   std::string root = "/var/log/pods";
//   std::uint64_t memory = 64 << 20;
//   Flags flags("run", "tail, parse, export, checkpoint");
//   flags.Text("--root", "DIR", "log root", &root);
//   flags.Bytes("--memory-max", "everything podtail buffers", &memory);
//   flags.NotYet("--loki", "URL");
//   if (std::optional<int> status = flags.Parse(argc, argv)) return *status;
//
// A flag keeps its default, the value that its target has when it is declared,
// unless it is given. `--flag value` and `--flag=value` are the same. A flag
// that is given twice is an error, except a repeatable one. What is wrong is
// said in one line on stderr:
//   podtail run: --memory-max 64XB: unknown unit (see podtail run --help)
//
// Targets must outlive Parse(). Not thread-safe.
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/tick.h"

namespace podtail {

class Flags {
 public:
  // Takes one value, returns what is wrong with it, or nothing.
  using Take = std::function<std::string(std::string_view value)>;

  // `command` without "podtail"; `summary` is the first line of the help.
  Flags(std::string command, std::string summary);
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;
  ~Flags();

  // Names start with "--". `value` is what the help calls the value: DIR, N.
  void Text(std::string name, std::string value, std::string meaning, std::string* target);
  // May be given more than once; values in the order given.
  void Repeated(std::string name, std::string value, std::string meaning,
                std::vector<std::string>* target);
  void Switch(std::string name, std::string meaning, bool* target);
  // A plain decimal number within [min, max].
  void Number(std::string name, std::string value, std::string meaning, std::uint64_t min,
              std::uint64_t max, std::uint64_t* target);
  // `64MiB`, `1G` (units.h).
  void Bytes(std::string name, std::string meaning, std::uint64_t* target);
  // `1s`, `500ms` (units.h).
  void Time(std::string name, std::string meaning, Duration* target);
  // One of `words`; the target gets its index.
  void Choice(std::string name, std::string meaning, std::vector<std::string> words,
              std::size_t* target);
  // Anything else. `fallback` is shown as the default; empty: none is shown.
  void Parsed(std::string name, std::string value, std::string meaning, std::string fallback,
              Take take);

  // A flag of the contract that does not work yet: it is recognised, and given
  // it ends the command with kExitUsage. An empty `value` makes it a switch.
  void NotYet(std::string name, std::string value);
  // A paragraph at the end of the help.
  void Note(std::string text);

  // Empty: go on. Otherwise the exit status: 0 after --help, else kExitUsage.
  [[nodiscard]] std::optional<int> Parse(int argc, char** argv);
  // After Parse(): whether the user gave the flag.
  bool Given(std::string_view name) const;
  // Says `problem` like Parse() does and returns kExitUsage: for what only
  // several flags together get wrong.
  [[nodiscard]] int Refuse(std::string_view problem) const;
  std::string Help() const;

 private:
  struct Flag;
  struct Parser;  // hides the parsing library, whose header is slow to compile

  Flag& Add(std::string name, std::string value, std::string meaning);
  int ReportUnknown(const std::string& first) const;
  std::string Apply(const Flag& flag) const;

  const std::string command_;
  const std::string summary_;
  std::vector<std::unique_ptr<Flag>> flags_;
  std::vector<std::string> notes_;
};

}  // namespace podtail
#endif
