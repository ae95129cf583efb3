// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_trace.h"

#include <algorithm>

namespace podtail {
namespace {

constexpr std::uint64_t kPrime = 0x100000001B3U;

void Mix(std::string_view text, std::uint64_t* hash) {
  for (const char c : text) *hash = (*hash ^ static_cast<unsigned char>(c)) * kPrime;
}

void Mix(std::uint64_t number, std::uint64_t* hash) {
  *hash = (*hash ^ number) * kPrime;
  *hash ^= *hash >> 29;
}

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace

void SimTrace::Note(std::string_view what, std::string_view who, std::uint64_t a, std::uint64_t b) {
  Mix(what, &hash_);
  Mix(who, &hash_);
  Mix(a, &hash_);
  Mix(b, &hash_);
  Mix(static_cast<std::uint64_t>(now.time_since_epoch().count()), &hash_);
  if (events_max_ == 0) return;
  std::string words(what);
  if (!who.empty()) words.append(" ").append(who);
  if (a != 0 || b != 0) words.append(" ").append(std::to_string(a));
  if (b != 0) words.append(" ").append(std::to_string(b));
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c < 0x20 || c == 0x7F; }, '?');
  events_.push_back({step, now, std::move(words)});
  if (events_.size() > events_max_) events_.pop_front();
}

void SimTrace::Fail(std::string_view invariant, std::string message) {
  if (failed()) return;
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c < 0x20 || c == 0x7F; }, '?');
  failure_ = {std::string(invariant), std::move(message), step};
  Note("BROKEN", failure_.invariant);
}

std::string SimTrace::Timeline() const {
  std::string text;
  for (const SimEvent& event : events_) {
    const auto milliseconds = event.at.time_since_epoch().count() / 1'000'000;
    text.append(Padded(std::to_string(event.step), 6)).append("  ");
    text.append(Padded(std::to_string(milliseconds / 1000), 6)).append(".");
    std::string fraction = std::to_string(milliseconds % 1000);
    fraction.insert(0, 3 - fraction.size(), '0');
    text.append(fraction).append(" s  ").append(event.what).append("\n");
  }
  return text;
}

}  // namespace podtail
