// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/line_mix.h"

#include <array>
#include <string_view>

namespace podtail::gen {
namespace {

using namespace std::string_view_literals;

constexpr std::array kMessages = {
    "hello"sv,   "pong"sv,       "GET /"sv,      "order 7 paid"sv, "cache miss"sv, "ok"sv,
    "retry 1"sv, "GET /items"sv, "user login"sv, "done"sv,         "안녕 세계"sv,  "GET /healthz"sv,
    "job 42"sv,  "sync"sv,       "timeout"sv,    "naïve café"sv,
};
constexpr std::array kContexts = {"AppController"sv, "Router"sv, "Orders"sv, "HttpClient"sv};
struct Level {
  std::string_view upper, lower;
};
constexpr std::array<Level, 8> kNestLevels = {{{"INFO", "info"},
                                               {"INFO", "info"},
                                               {"INFO", "info"},
                                               {"INFO", "info"},
                                               {"DEBUG", "debug"},
                                               {"WARN", "warn"},
                                               {"ERROR", "error"},
                                               {"VERBOSE", "verbose"}}};
constexpr std::array kPythonLevels = {"INFO"sv,  "INFO"sv,    "INFO"sv,
                                      "DEBUG"sv, "WARNING"sv, "ERROR"sv};
constexpr std::array kModules = {"[app.main] [main.py:"sv, "[app.db] [db.py:"sv,
                                 "[root] [log.py:"sv};
constexpr std::array kPlain = {
    "INFO:     10.0.0.1:51234 - \"GET / HTTP/1.1\" 200 OK"sv,
    "Traceback (most recent call last):"sv,
    "  File \"main.py\", line 8, in <module>"sv,
    "ZeroDivisionError: division by zero"sv,
    "    at AppController.root (/app/dist/app.controller.js:17:11)"sv,
    "level=info ts=2026-11-22T13:59:29.967Z caller=main.go:88 msg=\"compacted blocks\""sv,
    "Listening on port 3000"sv,
    ""sv,
};
constexpr std::array kOdd = {
    "\0NUL first"sv,
    "NUL \0 inside and at the end\0"sv,
    "carriage return at the end\r"sv,
    "a\rb\r\rc"sv,
    "\x1b[31mred\x1b[0m \x07 \x7f"sv,
    "  two blanks at both ends  "sv,
    " "sv,
    ""sv,
    "\t\ttabs\t"sv,
    R"(quotes " and \ and \n and \u0000 and </script>)"sv,
    "2026-11-22T13:59:29.967Z stdout F not a header"sv,
    "2026-11-22T13:59:29.967Z stderr P "sv,
    R"({"log":"looks like docker\n","stream":"stdout","time":"2026-11-22T13:59:29Z"})"sv,
    "F"sv,
    "[INFO] [trace_id=undefined span_id=undefined] no span {}"sv,
    "[trace_id=00000000000000000000000000000000 span_id=0000000000000000] all zero"sv,
    "{\"trace_id\":\"3da10366856c6de59f31ca4f86cb7339"sv,
    "한국어 텍스트, ελληνικά, עברית, 🙂🙂🙂, \xEF\xBF\xBD"sv,
    "line\xE2\x80\xA8separator\xE2\x80\xA9paragraph\xC2\x85next"sv,
};
constexpr std::array kWords = {"payload "sv, "customer "sv,  "address "sv, "item=42 "sv,
                               "주문 "sv,    "total:9.5 "sv, "null, "sv,   "retry "sv,
                               "trace "sv,   "0x1f "sv};

template <class Array>
const auto& Pick(const Array& array, Rng* rng) {
  return array[rng->Below(array.size())];
}

void AppendHex(std::uint64_t value, std::string* out) {
  char text[16];
  for (std::size_t i = 16; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  out->append(text, 16);
}

}  // namespace

LineMix::LineMix(Mix mix, std::uint64_t seed, std::size_t fragment_bytes_max)
    : mix_(mix), fragment_bytes_max_(fragment_bytes_max), rng_(seed) {}

// Long records are about 32 KiB: with one in 3,690 a GiB holds 1,300 of them.
std::uint64_t LineMix::OneInLong() const {
  switch (mix_) {
    case Mix::kLong:
      return 8;
    case Mix::kPlain:
      return 1000;
    default:
      return 3690;
  }
}

void LineMix::Append(std::int64_t time, std::string* out) {
  NextRequest();
  if (rng_.OneIn(OneInLong())) {
    AppendLong(time, out);
  } else {
    AppendOrdinary(time, out);
  }
}

void LineMix::AppendOrdinary(std::int64_t time, std::string* out) {
  const std::uint64_t percent = rng_.Below(100);
  switch (mix_) {
    case Mix::kPlain:
      return AppendPlain(out);
    case Mix::kJson:
      return AppendJson(time, out);
    case Mix::kOdd:
      return AppendOdd(out);
    case Mix::kSeed:
      return percent < 67 ? AppendNest(time, out) : AppendPython(time, out);
    case Mix::kStandard:
    case Mix::kLong:
      break;
  }
  if (percent < 50) return AppendNest(time, out);
  if (percent < 75) return AppendPython(time, out);
  if (percent < 90) return AppendJson(time, out);
  AppendPlain(out);
}

void LineMix::NextRequest() {
  if (request_records_-- > 0) return;
  request_records_ = rng_.OneIn(16) ? 2 : 0;
  traced_ = !rng_.OneIn(200);
  trace_id_.clear();
  span_id_.clear();
  AppendHex(rng_.Next() | 1, &trace_id_);  // never all zero
  AppendHex(rng_.Next(), &trace_id_);
  AppendHex(rng_.Next() | 1, &span_id_);
}

void LineMix::AppendNest(std::int64_t time, std::string* out) {
  const Level& level = Pick(kNestLevels, &rng_);
  const std::string_view message = Pick(kMessages, &rng_);
  out->append("[").append(level.upper).append("] [trace_id=");
  out->append(traced_ ? trace_id_ : "undefined").append(" span_id=");
  out->append(traced_ ? span_id_ : "undefined").append("] ").append(message);
  out->append(" {\"context\":\"").append(Pick(kContexts, &rng_)).append("\",\"level\":\"");
  out->append(level.lower).append("\",\"message\":\"").append(message);
  out->append("\",\"timestamp\":\"");
  utc_.AppendMillis(time, out);
  out->append("\",\"ms\":\"+").append(std::to_string(rng_.Below(20))).append("ms\"}");
}

void LineMix::AppendPython(std::int64_t time, std::string* out) {
  utc_.AppendAsctime(time, out);
  out->append(" ").append(Pick(kPythonLevels, &rng_)).append(" ").append(Pick(kModules, &rng_));
  out->append(std::to_string(1 + rng_.Below(99))).append("] [trace_id=");
  out->append(traced_ ? trace_id_ : "0").append(" span_id=").append(traced_ ? span_id_ : "0");
  out->append(" resource.service.name=api-python trace_sampled=")
      .append(traced_ ? "True" : "False");
  out->append("] - ").append(Pick(kMessages, &rng_));
}

void LineMix::AppendJson(std::int64_t time, std::string* out) {
  const Level& level = Pick(kNestLevels, &rng_);
  out->append("{\"time\":\"");
  utc_.AppendMillis(time, out);
  out->append("\",\"level\":\"").append(level.lower).append("\",\"msg\":\"");
  out->append(Pick(kMessages, &rng_)).append("\"");
  if (traced_) {
    out->append(",\"trace_id\":\"").append(trace_id_).append("\",\"span_id\":\"");
    out->append(span_id_).append("\"");
  }
  out->append(",\"status\":").append(std::to_string(200 + rng_.Below(5))).append("}");
}

void LineMix::AppendPlain(std::string* out) {
  out->append(Pick(kPlain, &rng_));
}

void LineMix::AppendOdd(std::string* out) {
  out->append(Pick(kOdd, &rng_));
}

std::size_t LineMix::LongBytes() {
  const std::size_t max = fragment_bytes_max_;
  if (mix_ == Mix::kStandard) return 16'385 + rng_.Below(32'768);
  if (rng_.OneIn(2)) return 16'000 + rng_.Below(82'304);
  const std::array<std::size_t, 6> edges = {max - 1, max, max + 1, 2 * max, 2 * max + 1, 3 * max};
  return Pick(edges, &rng_);
}

// An ordinary line that goes on and on. The last letters make up the length, so
// that the cut may fall inside a multi-byte character but the end never does.
void LineMix::AppendLong(std::int64_t time, std::string* out) {
  const std::size_t end = out->size() + LongBytes();
  AppendOrdinary(time, out);
  out->push_back(' ');
  while (out->size() + 16 < end) out->append(Pick(kWords, &rng_));
  out->append(end - out->size(), '.');
}

}  // namespace podtail::gen
