// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_tape.h"

#include <charconv>
#include <utility>

namespace podtail {
namespace {

constexpr std::string_view kHeader = "podtail-tape 2\n";

Unexpected<Status> RefuseTape(std::string_view why) {
  return Unexpected(Status(StatusCode::kInvalidArgument, why));
}

// What stands behind `name`, if the next line is that one; it is taken off.
bool TakeLine(std::string_view name, std::string_view* text, std::string_view* value) {
  const std::size_t end = text->find('\n');
  if (end == std::string_view::npos || !text->starts_with(name)) return false;
  *value = text->substr(name.size(), end - name.size());
  text->remove_prefix(end + 1);
  return true;
}

bool TakeNumber(std::string_view* text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  if (text->starts_with(' ')) text->remove_prefix(1);
  return true;
}

}  // namespace

std::string TapeText(const SimWorldOptions& options, std::span<const std::uint32_t> numbers) {
  std::string text(kHeader);
  text.append("steps ").append(std::to_string(options.steps)).append("\n");
  if (options.crash_at_effect > 0) {
    text.append("crash ").append(std::to_string(options.crash_at_effect)).append(" ");
    text.append(std::to_string(static_cast<unsigned>(options.crash_outcome))).append("\n");
  }
  text.append("with").append(FeatureNames(options.features)).append("\n");
  return text.append(ChoiceTape::TextOf(numbers));
}

Expected<SimTape> ParseTape(std::string_view text) {
  if (!text.starts_with(kHeader))
    return RefuseTape("a tape begins with the line \"podtail-tape 2\"");
  text.remove_prefix(kHeader.size());
  SimWorldOptions options;
  std::string_view value;
  if (!TakeLine("steps ", &text, &value) || !TakeNumber(&value, &options.steps)) {
    return RefuseTape("a tape says how many steps its world has");
  }
  if (TakeLine("crash ", &text, &value)) {
    std::uint64_t outcome = 0;
    if (!TakeNumber(&value, &options.crash_at_effect) || !TakeNumber(&value, &outcome) ||
        outcome > static_cast<std::uint64_t>(SimCrashOutcome::kAll)) {
      return RefuseTape("a crash is an effect and an outcome");
    }
    options.crash_outcome = static_cast<SimCrashOutcome>(outcome);
  }
  if (!TakeLine("with", &text, &value)) return RefuseTape("a tape names its families of events");
  SwitchAllOff(&options.features);
  while (!value.empty()) {
    value.remove_prefix(1);
    const std::string_view name = value.substr(0, value.find(' '));
    if (!SwitchOn(name, &options.features))
      return RefuseTape("a tape of an unknown family of events");
    value.remove_prefix(name.size());
  }
  auto choices = ChoiceTape::Parse(text);
  if (!choices) return Unexpected(choices.error());
  return SimTape{options, std::move(*choices)};
}

}  // namespace podtail
