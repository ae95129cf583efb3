// SPDX-License-Identifier: Apache-2.0
// Decision 22: one line per event, rate-limited per kind, never in the way.
#include "tools/podtail/event_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace podtail {
namespace {

class Pipe {
 public:
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    reader_ = ends[0];
    writer_ = ends[1];
    fcntl(reader_, F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close(reader_);
    close(writer_);
  }

  int writer() const { return writer_; }

  std::vector<std::string> ReadLines() {
    char bytes[4096];
    for (ssize_t n; (n = read(reader_, bytes, sizeof bytes)) > 0;) {
      text_.append(bytes, static_cast<std::size_t>(n));
    }
    std::vector<std::string> lines;
    for (std::size_t end; (end = text_.find('\n')) != std::string::npos;) {
      lines.push_back(text_.substr(0, end));
      text_.erase(0, end + 1);
    }
    return lines;
  }

  void FillUp() {
    fcntl(writer_, F_SETFL, O_NONBLOCK);
    const std::string line(4095, '.');
    while (write(writer_, (line + "\n").data(), 4096) == 4096) {
    }
    fcntl(writer_, F_SETFL, 0);
  }

 private:
  int reader_ = -1;
  int writer_ = -1;
  std::string text_;
};

// Behind "2026-11-22T23:30:01.123Z ".
std::string BehindTime(const std::string& line) {
  return line.substr(line.find(' ') + 1);
}

TEST(EventLog, WritesOneLineOfText) {
  Pipe pipe;
  EventLog log(pipe.writer(), EventFormat::kText, EventLevel::kInfo);
  log.Write(EventLevel::kWarn, "file_skipped", "not a regular file",
            {{"path", "/a b\n/0.log"}, {"offset", 12}});
  const auto lines = pipe.ReadLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(BehindTime(lines[0]),
            "warn file_skipped: not a regular file path=\"/a b\\n/0.log\" offset=12");
}

TEST(EventLog, WritesOneLineOfJson) {
  Pipe pipe;
  EventLog log(pipe.writer(), EventFormat::kJson, EventLevel::kInfo);
  log.Write(EventLevel::kError, "gap", "lost", {{"path", "/a\"b"}, {"bytes", 7}});
  const auto lines = pipe.ReadLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].substr(0, 9), "{\"time\":\"");
  EXPECT_EQ(lines[0].substr(lines[0].find(",\"level\"")),
            ",\"level\":\"error\",\"event\":\"gap\",\"message\":\"lost\",\"path\":\"/"
            "a\\\"b\",\"bytes\":7}");
}

TEST(EventLog, SaysNothingBelowItsLevel) {
  Pipe pipe;
  EventLog log(pipe.writer(), EventFormat::kText, EventLevel::kWarn);
  log.Write(EventLevel::kInfo, "quiet", "not shown");
  log.Write(EventLevel::kWarn, "loud", "shown");
  EXPECT_EQ(pipe.ReadLines().size(), 1u);
}

TEST(EventLog, SuppressesAKindThatComesTooOftenAndSaysHowOften) {
  Pipe pipe;
  EventLog log(pipe.writer(), EventFormat::kText, EventLevel::kInfo);
  for (int i = 0; i < 25; ++i) log.Write(EventLevel::kWarn, "often", "again");
  log.Write(EventLevel::kWarn, "other", "a kind of its own");
  EXPECT_EQ(pipe.ReadLines().size(), 11u);
  log.WriteLast("{}\n");
  const auto lines = pipe.ReadLines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(BehindTime(lines[0]),
            "warn suppressed: more events of one kind than are shown kind=often count=15");
  EXPECT_EQ(lines[1], "{}");
}

// A pipe that nobody reads: Write() returns all the same, and the loss is said.
TEST(EventLog, DropsWhatDoesNotFitAndSaysSoLater) {
  Pipe pipe;
  pipe.FillUp();
  EventLog log(pipe.writer(), EventFormat::kText, EventLevel::kInfo);
  log.Write(EventLevel::kInfo, "first", "dropped");
  log.Write(EventLevel::kInfo, "second", "dropped");
  pipe.ReadLines();
  log.Tick();
  const auto lines = pipe.ReadLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(BehindTime(lines[0]),
            "warn log_dropped: nobody read this log, lines were dropped count=2");
}

// PIPE_BUF: a line is written whole or not at all.
TEST(EventLog, KeepsALineWithinFourKibibytes) {
  Pipe pipe;
  EventLog log(pipe.writer(), EventFormat::kJson, EventLevel::kInfo);
  const std::string hostile(100'000, '\x1b');
  log.Write(EventLevel::kInfo, "long", hostile, {{"a", hostile}, {"b", hostile}, {"c", 1}});
  const auto lines = pipe.ReadLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_LT(lines[0].size(), 4096u);
  EXPECT_EQ(lines[0].back(), '}');
}

}  // namespace
}  // namespace podtail
