// SPDX-License-Identifier: Apache-2.0
#include "bench/support/corpus.h"

#include <cstdio>
#include <initializer_list>
#include <iterator>
#include <random>

namespace podtail_bench {
namespace {

constexpr std::size_t kFragmentBytes = 16 * 1024;
constexpr std::size_t kBytesPerLongRecord = (std::size_t{1} << 30) / 1300;
constexpr std::size_t kPaddingBytes = 64;

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

// Only operations whose results the C++ standard fixes.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }

  std::string Hex(std::size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[random_() & 15];
    return text;
  }

  std::string Words(std::size_t count) {
    static constexpr std::string_view kWords[] = {
        "request", "handled", "user", "order", "cache", "miss", "retry",  "upstream",
        "GET",     "/api/v1", "in",   "ms",    "queue", "done", "status", "200",
        "payload", "bytes",   "from", "to",    "shard", "lock", "token",  "refresh"};
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) text += ' ';
      text += kWords[Below(std::size(kWords))];
    }
    return text;
  }

  // Seconds pass slowly, so that the date changes as rarely as in a real file.
  std::string Time() {
    nanos_ += 1 + Below(200'000);
    const std::uint64_t seconds = nanos_ / 1'000'000'000;
    char text[64];
    std::snprintf(text, sizeof text, "2026-11-22T%02d:%02d:%02d.%09d",
                  static_cast<int>(seconds / 3600 % 24), static_cast<int>(seconds / 60 % 60),
                  static_cast<int>(seconds % 60), static_cast<int>(nanos_ % 1'000'000'000));
    std::string time = text;
    while (time.back() == '0') time.pop_back();
    if (time.back() == '.') time.pop_back();
    return time + "Z";
  }

  std::string Message() {
    const std::uint64_t kind = Below(100);
    if (kind < 50) return Nest();
    if (kind < 75) return Python();
    return kind < 90 ? Json() : Words(6 + Below(14));
  }

 private:
  std::string Nest() {
    static constexpr std::string_view kUpper[] = {"INFO", "INFO", "INFO", "WARN", "ERROR", "DEBUG"};
    static constexpr std::string_view kLower[] = {"info", "info", "info", "warn", "error", "debug"};
    const std::size_t level = Below(6);
    const std::string message = Words(2 + Below(5));
    const std::string trace = Hex(32), span = Hex(16);
    return Join({"[", kUpper[level], "] [trace_id=", trace, " span_id=", span, "] ", message,
                 " {\"context\":\"AppController\",\"level\":\"", kLower[level], "\",\"message\":\"",
                 message, "\",\"ms\":\"+", std::to_string(Below(9)), "ms\"}"});
  }

  std::string Python() {
    const std::string millis = std::to_string(100 + Below(900));
    const std::string trace = Hex(32), span = Hex(16);
    return Join({"2026-11-22 14:03:54,", millis, " INFO [app.main] [main.py:7] [trace_id=", trace,
                 " span_id=", span, " resource.service.name=api-python trace_sampled=True] - ",
                 Words(3 + Below(4))});
  }

  std::string Json() {
    const std::string trace = Hex(32), span = Hex(16);
    return Join({"{\"level\":\"info\",\"trace_id\":\"", trace, "\",\"span_id\":\"", span,
                 "\",\"msg\":\"", Words(4 + Below(8)), "\"}"});
  }

  std::mt19937_64 random_;
  std::uint64_t nanos_ = 50'369'000'000'000;
};

struct Span {
  std::size_t begin, time_bytes, message_at, end;
};

void AppendLine(Writer* writer, std::string_view head, std::string_view message, Corpus* corpus,
                std::vector<Span>* spans) {
  const std::string time = writer->Time();
  Span span{corpus->bytes.size(), time.size(), 0, 0};
  corpus->bytes += time;
  corpus->bytes += head;
  span.message_at = corpus->bytes.size();
  corpus->bytes += message;
  span.end = corpus->bytes.size();
  corpus->bytes += '\n';
  spans->push_back(span);
}

}  // namespace

Corpus MakeCorpus(std::size_t bytes_min, std::uint64_t seed) {
  Corpus corpus;
  corpus.bytes.reserve(bytes_min + 8 * kFragmentBytes);
  Writer writer(seed);
  std::vector<Span> spans;
  std::size_t next_long = kBytesPerLongRecord / 2;
  while (corpus.bytes.size() < bytes_min) {
    std::string message = writer.Message();
    if (corpus.bytes.size() >= next_long) {
      next_long += kBytesPerLongRecord;
      while (message.size() <= 2 * kFragmentBytes) message.append(" ").append(writer.Words(40));
    }
    const std::string stream = writer.Below(20) == 0 ? " stderr " : " stdout ";
    std::string_view rest = message;
    while (rest.size() > kFragmentBytes) {
      AppendLine(&writer, stream + "P ", rest.substr(0, kFragmentBytes), &corpus, &spans);
      rest.remove_prefix(kFragmentBytes);
    }
    AppendLine(&writer, stream + "F ", rest, &corpus, &spans);
  }
  corpus.bytes.reserve(corpus.bytes.size() + kPaddingBytes);
  const std::string_view all = corpus.bytes;
  for (const Span& span : spans) {
    corpus.lines.push_back(all.substr(span.begin, span.end - span.begin));
    corpus.times.push_back(all.substr(span.begin, span.time_bytes));
    corpus.messages.push_back(all.substr(span.message_at, span.end - span.message_at));
  }
  return corpus;
}

const Corpus& StandardCorpus() {
  static const Corpus corpus = MakeCorpus(std::size_t{16} << 20, 1);
  return corpus;
}

std::vector<std::string> MakePaths(std::size_t count, std::uint64_t seed) {
  Writer writer(seed);
  std::vector<std::string> paths;
  while (paths.size() < count) {
    // Named, because the order in which arguments are made is not fixed.
    const std::string replica = writer.Hex(10), pod = writer.Hex(5), uid = writer.Hex(32);
    const std::string_view u = uid;
    const std::string restarts = std::to_string(writer.Below(12));
    const std::string_view rotation = writer.Below(4) == 0 ? ".20260918-130000" : "";
    const std::string path =
        Join({"/var/log/pods/default_my-node-app-", replica, "-", pod, "_", u.substr(0, 8), "-",
              u.substr(8, 4), "-", u.substr(12, 4), "-", u.substr(16, 4), "-", u.substr(20),
              "/api-node/", restarts, ".log", rotation});
    paths.push_back(path);
  }
  return paths;
}

}  // namespace podtail_bench
