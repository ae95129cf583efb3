// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_container.h"

#include <algorithm>
#include <chrono>

namespace podtail {
namespace {

constexpr std::array<std::string_view, 10> kOddTimes = {"2016-12-31T23:59:60Z",
                                                        "2016-12-30T23:59:60Z",
                                                        "0000-01-01T00:00:00Z",
                                                        "9999-12-31T23:59:59.999999999Z",
                                                        "2024-02-30T00:00:00Z",
                                                        "2024-02-29T24:00:00Z",
                                                        "2024-01-01T00:00:00.1234567891234Z",
                                                        "2024-01-01t00:00:00-00:00",
                                                        "2024-01-01T00:00:00,5Z",
                                                        "2017-01-01T08:59:60+09:00"};

constexpr std::array<std::string_view, 9> kOddMessages = {
    std::string_view("\0\0nul", 5),
    "cr\r",
    "\xC3",
    "\xFF\xFE",
    "tail \xE2\x82",
    "",
    " ",
    "level=error trace_id=0123456789abcdef0123456789abcdef",
    "{\"level\":\"warn\"}"};

constexpr std::array<std::string_view, 6> kNoLines = {"no CRI line",
                                                      "",
                                                      "2024-01-01T00:00:00Z stdfoo F x",
                                                      "2024-01-01T00:00:00Z stdout",
                                                      "panic: oh no",
                                                      "2024-01-01T00:00:00Z  stdout F two blanks"};

void Padded(std::int64_t value, std::size_t digits, std::string* out) {
  std::string text = std::to_string(value);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  out->append(text);
}

}  // namespace

std::string SimTimeText(Timestamp time, std::uint32_t digits, int east) {
  // In days and the rest of one: the first day of the earliest Timestamp, which stands for
  // "no time", has no first nanosecond.
  constexpr std::int64_t kDay = std::chrono::nanoseconds(std::chrono::days(1)).count();
  const std::int64_t local = time.time_since_epoch().count() +
                             std::chrono::nanoseconds(std::chrono::minutes(east)).count();
  std::int64_t day = local / kDay;
  std::int64_t of_day = local % kDay;
  if (of_day < 0) {
    --day;
    of_day += kDay;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  std::string text;
  Padded(static_cast<int>(date.year()), 4, &text);
  text.push_back('-');
  Padded(static_cast<unsigned>(date.month()), 2, &text);
  text.push_back('-');
  Padded(static_cast<unsigned>(date.day()), 2, &text);
  text.push_back('T');
  const std::int64_t seconds = of_day / 1'000'000'000;
  Padded(seconds / 3600, 2, &text);
  text.push_back(':');
  Padded(seconds / 60 % 60, 2, &text);
  text.push_back(':');
  Padded(seconds % 60, 2, &text);
  if (digits > 0) {
    std::string fraction;
    Padded(of_day % 1'000'000'000, 9, &fraction);
    text.append(".").append(fraction.substr(0, digits));
  }
  if (east == 0) {
    text.push_back('Z');
  } else {
    text.push_back(east < 0 ? '-' : '+');
    Padded(std::abs(east) / 60, 2, &text);
    text.push_back(':');
    Padded(std::abs(east) % 60, 2, &text);
  }
  return text;
}

std::string SimStamp(Timestamp wall) {
  const std::string text = SimTimeText(wall, 0, 0);
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + "-" + text.substr(11, 2) +
         text.substr(14, 2) + text.substr(17, 2);
}

SimContainer::SimContainer(ChoiceTape* tape, SimTrace* trace, SimLogFileSystem* files,
                           const SimWriterOptions* options, std::string directory,
                           std::uint32_t hour)
    : tape_(tape),
      trace_(trace),
      files_(files),
      options_(options),
      directory_(std::move(directory)),
      clock_ns_(std::int64_t{hour} * 3'600'000'000'000) {}

std::string SimContainer::TimeText(bool plain) {
  if (!plain && tape_->OneIn(options_->odd_time_in)) {
    trace_->Hit(SimMark::kOddTime);
    return std::string(kOddTimes[tape_->Below(kOddTimes.size())]);
  }
  // Times repeat now and then, as conmon's do, and go back.
  const std::uint32_t step = tape_->Below(8);
  if (step == 7 && options_->times_go_back) {
    clock_ns_ = std::max<std::int64_t>(0, clock_ns_ - 1'500'000'000);
    trace_->Hit(SimMark::kTimeWentBack);
  } else if (step < 4) {
    clock_ns_ += 1'000'000'000;
  } else if (step == 4) {
    clock_ns_ += 1;
  } else {
    trace_->Hit(SimMark::kTimeRepeated);
  }
  constexpr std::array<int, 4> kZones = {0, 480, -210, 0};
  constexpr std::array<std::uint32_t, 4> kDigits = {9, 0, 3, 9};
  const Timestamp base{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)};
  return SimTimeText(base + std::chrono::nanoseconds(clock_ns_), kDigits[options_->zone % 4],
                     kZones[options_->zone % 4]);
}

std::string SimContainer::Message(bool plain) {
  if (!plain && tape_->OneIn(options_->odd_in)) {
    trace_->Hit(SimMark::kOddMessage);
    return std::string(kOddMessages[tape_->Below(kOddMessages.size())]);
  }
  std::string message = "m" + std::to_string(++serial_);
  message.append(tape_->Below(20), 'x');
  if (!tape_->OneIn(options_->long_in)) return message;
  // Of its own, too: another file with the same bytes before an offset is the same file
  // as far as anyone can tell.
  const std::string filler = "L" + std::to_string(serial_);
  const std::size_t bytes = message.size() + tape_->Below(options_->long_bytes);
  while (message.size() < bytes) message.append(filler);
  message.resize(bytes);
  return message;
}

void SimContainer::WriteFragment(std::size_t stream, bool full, const std::string& message) {
  Stream& to = streams_[stream];
  std::string line = TimeText(BeginsFile(to));
  line.append(stream == 0 ? " stdout " : " stderr ").append(full ? "F " : "P ");
  line.append(message).push_back('\n');
  if (to.next != nullptr) trace_->Hit(SimMark::kWroteIntoRotated);
  if (tape_->OneIn(options_->torn_in)) {
    // The disk was full for a moment; nobody writes the rest.
    line.resize(tape_->Below(static_cast<std::uint32_t>(line.size())));
    trace_->Hit(SimMark::kTornLine);
  }
  to.in_run = !full;
  files_->Append(to.node, line);
}

// A line with a time and a number of its own, so that no other file begins alike.
bool SimContainer::BeginsFile(const Stream& to) const {
  return !options_->equal_heads && to.node->bytes.empty();
}

// W2: long after the rotation. Whole lines only, and only where there are no runs.
void SimContainer::WriteLate() {
  if (previous_ == nullptr || previous_->gone || previous_->bytes.empty()) return;
  trace_->Hit(SimMark::kWroteLate);
  trace_->Note("writes late", previous_->last_path);
  std::string line = TimeText(true);
  line.append(" stdout F ").append(Message(true)).push_back('\n');
  files_->Append(previous_, line);
}

void SimContainer::Write() {
  if (tape_->OneIn(options_->late_in)) return WriteLate();
  const std::size_t stream = tape_->Below(2);
  Stream& to = streams_[stream];
  if (to.node == nullptr) return;
  const bool plain = BeginsFile(to);
  if (!plain && tape_->OneIn(options_->malformed_in)) {
    std::string line(kNoLines[tape_->Below(kNoLines.size())]);
    if (!line.empty()) line.append(" ").append(std::to_string(++serial_));
    files_->Append(to.node, line + "\n");
    return;
  }
  WriteFragment(stream, !tape_->OneIn(options_->partial_in), Message(plain));
}

void SimContainer::Begin(SimNode* node) {
  for (Stream& stream : streams_) {
    stream.node = node;
    stream.next = nullptr;
  }
}

// What a closing writer still has goes into the old file, as the head of a line
// that the new one continues.
void SimContainer::Flush(std::size_t stream) {
  if (tape_->Below(3) != 2 || streams_[stream].node == nullptr) return;
  trace_->Hit(SimMark::kClosingFlush);
  const bool full = options_->partial_in == 0;
  WriteFragment(stream, full, Message(BeginsFile(streams_[stream])));
}

void SimContainer::Reopen(SimNode* node, Instant now) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (streams_[i].next != nullptr) streams_[i].node = streams_[i].next;
    streams_[i].next = node;
    streams_[i].change_at = now + std::chrono::milliseconds(tape_->Below(options_->switch_ms));
  }
}

void SimContainer::Advance(Instant now) {
  for (std::size_t i = 0; i < 2; ++i) {
    Stream& stream = streams_[i];
    if (stream.next == nullptr || stream.change_at > now) continue;
    Flush(i);
    previous_ = stream.node;
    stream.node = stream.next;
    stream.next = nullptr;
    trace_->Note(i == 0 ? "stdout changes files" : "stderr changes files", directory_);
    if (streams_[1 - i].next != nullptr) trace_->Hit(SimMark::kOneStreamAhead);
  }
}

void SimContainer::Restart() {
  for (std::size_t i = 0; i < 2; ++i) {
    Flush(i);
    if (streams_[i].in_run) trace_->Hit(SimMark::kRunNeverEnds);
    streams_[i] = {};
  }
  ++restart_;
}

void SimContainer::Finish() {
  for (std::size_t i = 0; i < 2; ++i) {
    Stream& stream = streams_[i];
    if (stream.node == nullptr) continue;
    if (stream.next != nullptr) stream.node = stream.next;
    stream.next = nullptr;
    if (!stream.node->bytes.empty() && stream.node->bytes.back() != '\n') {
      files_->Append(stream.node, "\n");
    }
    // Two: should the first be glued to something, the second one still ends the run.
    WriteFragment(i, true, "end" + std::to_string(++serial_));
    WriteFragment(i, true, "end");
  }
}

}  // namespace podtail
