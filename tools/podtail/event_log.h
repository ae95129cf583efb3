// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_EVENT_LOG_H_
#define PODTAIL_TOOLS_EVENT_LOG_H_
// podtail's own log: one line per event, on stderr.
//
//   2026-11-22T23:30:01.123Z warn file_skipped: not permitted path=/var/log/pods/...
//   {"time":"2026-11-22T23:30:01.123Z","level":"warn","event":"file_skipped",
//    "message":"not permitted","path":"/var/log/pods/..."}
//
// Each kind of event has a rate: 10 lines in 10 seconds; what is above is
// counted, and said when the 10 seconds are over. Errors have it too: the same
// trouble of 10,000 files is one story.
//
// A reader that does not read never stops podtail: a line that does not fit
// into the pipe is dropped and counted, and the count is said as soon as there
// is room. A line is at most 4 KiB, so that a pipe takes it whole or not at all.
//
// Any thread; one mutex, held for one write(2) that does not wait.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "podtail/tick.h"
namespace podtail {

enum class EventLevel : std::uint8_t { kDebug = 1, kInfo = 2, kWarn = 3, kError = 4 };
enum class EventFormat : std::uint8_t { kText, kJson };

// One more thing that an event says. Borrows from its arguments.
struct EventField {
  EventField(std::string_view name, std::string_view value) : key(name), text(value) {}
  EventField(std::string_view name, std::uint64_t value)
      : key(name), number(value), is_number(true) {}

  std::string_view key;
  std::string_view text = {};
  std::uint64_t number = 0;
  bool is_number = false;
};

class EventLog {
 public:
  // `fd` stays the caller's and must outlive the log.
  EventLog(int fd, EventFormat format, EventLevel level);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // `kind` is a literal in snake_case; `message` a few words for people.
  void Write(EventLevel level, std::string_view kind, std::string_view message,
             std::initializer_list<EventField> fields = {});
  // About once a second: says what was suppressed or dropped meanwhile.
  void Tick();
  // For the last words, when nothing is held up any more: `line`, with its LF,
  // as it is, waiting at most a second for room.
  void WriteLast(std::string_view line);

 private:
  struct Rate {
    std::int64_t window_begin = 0;  // monotonic ns
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
    EventLevel level = EventLevel::kInfo;
  };

  bool Admit(EventLevel level, std::string_view kind, std::int64_t now);
  void SaySuppressed(std::int64_t now, bool all);
  void SayDropped();
  void Format(EventLevel level, std::string_view kind, std::string_view message,
              std::initializer_list<EventField> fields);
  bool Put(std::string_view line, int wait_ms);

  // constant
  const int fd_;
  const EventFormat format_;
  const EventLevel level_;
  // state, guarded by mutex_
  std::mutex mutex_;
  std::map<std::string, Rate, std::less<>> rates_;
  std::uint64_t dropped_ = 0;
  // scratch, guarded by mutex_
  std::string line_;
};

}  // namespace podtail
#endif
