// SPDX-License-Identifier: Apache-2.0
// The only file that includes CLI11: its header costs seconds per translation unit.
#include "tools/podtail/flags.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "tools/podtail/commands.h"
#include "tools/podtail/run_text.h"
#include "tools/podtail/units.h"

namespace podtail {

struct Flags::Flag {
  std::string name;
  std::string value;  // what the help calls it; empty for a switch
  std::string meaning;
  std::string fallback;  // shown as the default
  Take take;
  bool repeatable = false;
  bool works = true;
  std::vector<std::string> given;
};

// Only collects what belongs to which flag; meaning and messages are ours.
struct Flags::Parser {
  explicit Parser(const std::string& name) : app("", name) {
    app.set_help_flag();
    app.allow_extras();
    app.add_flag("-h,--help", help);
  }

  void Declare(Flag* flag) {
    const auto collect = [flag](const CLI::results_t& results) {
      flag->given = results;
      return true;
    };
    CLI::Option* option = app.add_option(flag->name, CLI::callback_t(collect));
    option->type_size(1)->expected(flag->value.empty() ? 0 : 1)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  CLI::App app;
  bool help = false;
};

namespace {

constexpr std::size_t kHelpColumns = 100;

// Appends `text` broken between words, every line but the first indented.
void AppendWrapped(std::string_view text, std::size_t indent, std::string* out) {
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > indent && column + 1 + word.size() > kHelpColumns) {
      out->append("\n").append(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out->push_back(' ');
      ++column;
    }
    out->append(word);
    column += word.size();
  }
  out->push_back('\n');
}

std::string Left(const std::string& name, const std::string& value) {
  return value.empty() ? name : name + " " + value;
}

}  // namespace

Flags::Flags(std::string command, std::string summary)
    : command_(std::move(command)), summary_(std::move(summary)) {}

Flags::~Flags() = default;

Flags::Flag& Flags::Add(std::string name, std::string value, std::string meaning) {
  flags_.push_back(std::make_unique<Flag>());
  Flag& flag = *flags_.back();
  flag.name = std::move(name);
  flag.value = std::move(value);
  flag.meaning = std::move(meaning);
  return flag;
}

void Flags::Text(std::string name, std::string value, std::string meaning, std::string* target) {
  Flag& flag = Add(std::move(name), std::move(value), std::move(meaning));
  flag.fallback = *target;
  flag.take = [target](std::string_view text) {
    *target = text;
    return std::string();
  };
}

void Flags::Repeated(std::string name, std::string value, std::string meaning,
                     std::vector<std::string>* target) {
  Flag& flag = Add(std::move(name), std::move(value), std::move(meaning) + " (repeatable)");
  flag.repeatable = true;
  // The values of the user stand in for the default, they do not join it.
  flag.take = [target, first = true](std::string_view text) mutable {
    if (first) target->clear();
    first = false;
    target->emplace_back(text);
    return std::string();
  };
}

void Flags::Switch(std::string name, std::string meaning, bool* target) {
  Add(std::move(name), "", std::move(meaning)).take =
      [target](std::string_view text) -> std::string {
    if (text != "true") return "takes no value";
    *target = true;
    return "";
  };
}

void Flags::Number(std::string name, std::string value, std::string meaning, std::uint64_t min,
                   std::uint64_t max, std::uint64_t* target) {
  Parsed(std::move(name), std::move(value), std::move(meaning), std::to_string(*target),
         [=](std::string_view text) -> std::string {
           std::uint64_t number = 0;
           const char* const end = text.data() + text.size();
           const auto [stop, error] = std::from_chars(text.data(), end, number);
           if (text.empty() || stop != end || error == std::errc::invalid_argument) {
             return "not a whole number";
           }
           if (error != std::errc() || number < min || number > max) {
             return "not between " + std::to_string(min) + " and " + std::to_string(max);
           }
           *target = number;
           return "";
         });
}

void Flags::Bytes(std::string name, std::string meaning, std::uint64_t* target) {
  Parsed(std::move(name), "BYTES", std::move(meaning), BytesText(*target),
         [target](std::string_view text) -> std::string {
           const auto bytes = ParseBytes(text);
           if (!bytes) return std::string(Describe(bytes.error()));
           *target = *bytes;
           return "";
         });
}

void Flags::Time(std::string name, std::string meaning, Duration* target) {
  Parsed(std::move(name), "DURATION", std::move(meaning), DurationText(*target),
         [target](std::string_view text) -> std::string {
           const auto duration = ParseDuration(text);
           if (!duration) return std::string(Describe(duration.error()));
           *target = *duration;
           return "";
         });
}

void Flags::Choice(std::string name, std::string meaning, std::vector<std::string> words,
                   std::size_t* target) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : "|") + word;
  std::string fallback = words.at(*target);
  Parsed(std::move(name), all, std::move(meaning), std::move(fallback),
         [all, target, words = std::move(words)](std::string_view text) -> std::string {
           const auto found = std::find(words.begin(), words.end(), text);
           if (found == words.end()) return "not one of " + all;
           *target = static_cast<std::size_t>(found - words.begin());
           return "";
         });
}

void Flags::Parsed(std::string name, std::string value, std::string meaning, std::string fallback,
                   Take take) {
  Flag& flag = Add(std::move(name), std::move(value), std::move(meaning));
  flag.fallback = std::move(fallback);
  flag.take = std::move(take);
}

void Flags::NotYet(std::string name, std::string value) {
  Add(std::move(name), std::move(value), "").works = false;
}

void Flags::Note(std::string text) {
  notes_.push_back(std::move(text));
}

std::optional<int> Flags::Parse(int argc, char** argv) {
  Parser parser(command_);
  for (const auto& flag : flags_) parser.Declare(flag.get());
  try {
    parser.app.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view what = error.what();  // "--root: 1 required ..."
    return Refuse(std::string(what.substr(0, what.find(':'))) + ": a value is missing");
  } catch (const CLI::Error& error) {
    return Refuse(error.what());
  }
  if (parser.help) {
    std::fputs(Help().c_str(), stdout);
    return kExitOk;
  }
  // What does not work yet is said first: it explains more than any other slip.
  for (const auto& flag : flags_) {
    if (!flag->works && !flag->given.empty()) return Refuse(flag->name + " does not work yet");
  }
  // Values before leftovers: in `--gzip --root x` it is --gzip that lacks a value.
  for (const auto& flag : flags_) {
    const std::string problem = Apply(*flag);
    if (!problem.empty()) return Refuse(problem);
  }
  const std::vector<std::string> unknown = parser.app.remaining();
  if (!unknown.empty()) return ReportUnknown(unknown.front());
  return std::nullopt;
}

int Flags::ReportUnknown(const std::string& first) const {
  const bool is_flag = first.size() > 1 && first.front() == '-';
  return Refuse((is_flag ? "unknown flag " : "unexpected argument ") + first);
}

// What is wrong with the flag as given, or nothing.
std::string Flags::Apply(const Flag& flag) const {
  if (flag.given.size() > 1 && !flag.repeatable) return flag.name + ": given more than once";
  for (const std::string& value : flag.given) {
    const std::string problem = flag.take(value);
    if (problem.empty()) continue;
    if (flag.value.empty()) return flag.name + ": " + problem;
    return flag.name + " " + (value.empty() ? "''" : value) + ": " + problem;
  }
  return "";
}

bool Flags::Given(std::string_view name) const {
  return std::any_of(flags_.begin(), flags_.end(), [name](const auto& flag) {
    return flag->name == name && !flag->given.empty();
  });
}

int Flags::Refuse(std::string_view problem) const {
  std::string line = "podtail " + command_ + ": ";
  AppendVisible(problem, &line);
  line += " (see podtail " + command_ + " --help)\n";
  std::fputs(line.c_str(), stderr);
  return kExitUsage;
}

std::string Flags::Help() const {
  std::string out = "podtail " + command_ + ": " + summary_ + "\n\n";
  std::size_t indent = 0;
  for (const auto& flag : flags_) {
    if (!flag->works) continue;
    indent = std::max(indent, std::min<std::size_t>(30, Left(flag->name, flag->value).size()));
  }
  indent += 4;
  std::string missing;
  for (const auto& flag : flags_) {
    if (!flag->works) {
      missing += (missing.empty() ? "" : ", ") + flag->name;
      continue;
    }
    const std::string left = Left(flag->name, flag->value);
    out += "  " + left;
    const bool fits = left.size() + 4 <= indent;
    out += fits ? std::string(indent - left.size() - 2, ' ') : "\n" + std::string(indent, ' ');
    std::string meaning = flag->meaning;
    if (!flag->fallback.empty()) meaning += " [" + flag->fallback + "]";
    AppendWrapped(meaning, indent, &out);
  }
  for (const std::string& note : notes_) {
    out.push_back('\n');
    AppendWrapped(note, 0, &out);
  }
  if (!missing.empty()) {
    out.push_back('\n');
    AppendWrapped("Not working yet: " + missing, 0, &out);
  }
  return out;
}

}  // namespace podtail
