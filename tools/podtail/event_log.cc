// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/event_log.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "tools/podtail/run_text.h"

namespace podtail {
namespace {

constexpr std::int64_t kWindow = 10'000'000'000;  // ns
constexpr std::uint32_t kLinesPerWindowMax = 10;
constexpr std::size_t kLineBytesMax = 4096;  // PIPE_BUF: written whole or not at all
constexpr std::size_t kTextBytesMax = 640;   // of one message or value, before escaping
constexpr int kLastWaitMs = 1000;

std::int64_t MonotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

Timestamp WallNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Timestamp(Duration(now.tv_sec * 1'000'000'000 + now.tv_nsec));
}

std::string_view NameOf(EventLevel level) {
  switch (level) {
    case EventLevel::kDebug:
      return "debug";
    case EventLevel::kInfo:
      return "info";
    case EventLevel::kWarn:
      return "warn";
    case EventLevel::kError:
      break;
  }
  return "error";
}

void AppendJsonMember(std::string_view key, std::string_view value, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  AppendJsonString(key, out);
  out->push_back(':');
  AppendJsonString(value, out);
}

}  // namespace

EventLog::EventLog(int fd, EventFormat format, EventLevel level)
    : fd_(fd), format_(format), level_(level) {}

void EventLog::Write(EventLevel level, std::string_view kind, std::string_view message,
                     std::initializer_list<EventField> fields) {
  if (level < level_) return;
  const std::lock_guard lock(mutex_);
  if (!Admit(level, kind, MonotonicNow())) return;
  SayDropped();
  Format(level, kind, message, fields);
  if (!Put(line_, 0)) ++dropped_;
}

void EventLog::Tick() {
  const std::lock_guard lock(mutex_);
  SaySuppressed(MonotonicNow(), false);
  SayDropped();
}

void EventLog::WriteLast(std::string_view line) {
  const std::lock_guard lock(mutex_);
  SaySuppressed(MonotonicNow(), true);
  SayDropped();
  Put(line, kLastWaitMs);
}

bool EventLog::Admit(EventLevel level, std::string_view kind, std::int64_t now) {
  auto found = rates_.find(kind);
  if (found == rates_.end()) found = rates_.emplace(std::string(kind), Rate{now}).first;
  if (now - found->second.window_begin >= kWindow) {
    SaySuppressed(now, false);
    found->second = Rate{now};
  }
  Rate& rate = found->second;
  rate.level = level;
  if (rate.written < kLinesPerWindowMax) {
    ++rate.written;
    return true;
  }
  ++rate.suppressed;
  return false;
}

void EventLog::SaySuppressed(std::int64_t now, bool all) {
  for (auto& [kind, rate] : rates_) {
    if (rate.suppressed == 0 || (!all && now - rate.window_begin < kWindow)) continue;
    Format(rate.level, "suppressed", "more events of one kind than are shown",
           {{"kind", kind}, {"count", rate.suppressed}});
    if (!Put(line_, 0)) return;  // said when there is room again
    rate = Rate{now};
  }
}

void EventLog::SayDropped() {
  if (dropped_ == 0) return;
  Format(EventLevel::kWarn, "log_dropped", "nobody read this log, lines were dropped",
         {{"count", dropped_}});
  if (Put(line_, 0)) dropped_ = 0;
}

void EventLog::Format(EventLevel level, std::string_view kind, std::string_view message,
                      std::initializer_list<EventField> fields) {
  const bool json = format_ == EventFormat::kJson;
  std::string time;
  AppendTime(WallNow(), 3, &time);
  line_.clear();
  if (json) {
    line_.push_back('{');
    AppendJsonMember("time", time, &line_);
    AppendJsonMember("level", NameOf(level), &line_);
    AppendJsonMember("event", kind, &line_);
    AppendJsonMember("message", message.substr(0, kTextBytesMax), &line_);
  } else {
    line_.append(time).append(" ").append(NameOf(level)).append(" ").append(kind).append(": ");
    AppendVisible(message.substr(0, kTextBytesMax), &line_);
  }
  for (const EventField& field : fields) {
    const std::size_t before = line_.size();
    const std::string_view text = field.text.substr(0, kTextBytesMax);
    if (json && field.is_number) {
      line_.append(",\"").append(field.key).append("\":").append(std::to_string(field.number));
    } else if (json) {
      AppendJsonMember(field.key, text, &line_);
    } else {
      line_.append(" ").append(field.key).append("=");
      if (field.is_number) {
        line_.append(std::to_string(field.number));
      } else {
        AppendTextValue(text, &line_);
      }
    }
    // A field that does not fit is left out whole, so that JSON stays JSON.
    if (line_.size() + 2 > kLineBytesMax) line_.resize(before);
  }
  line_.append(json ? "}\n" : "\n");
}

// poll(2) first instead of O_NONBLOCK: that flag would belong to everybody who
// shares this stderr. Where poll says yes, a pipe takes PIPE_BUF bytes at once.
bool EventLog::Put(std::string_view line, int wait_ms) {
  pollfd ready{fd_, POLLOUT, 0};
  if (poll(&ready, 1, wait_ms) != 1) return false;
  ssize_t written = 0;
  do {
    written = write(fd_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  // Nobody there (EPIPE), no room on its disk: there is no one to tell.
  return written == static_cast<ssize_t>(line.size());
}

}  // namespace podtail
