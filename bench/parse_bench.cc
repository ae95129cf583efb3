// SPDX-License-Identifier: Apache-2.0
// Question: how much of the speed of finding the line ends is left when every
// line is also parsed, and how far behind is the way that needs no thought
// (RE2 with the seed's expressions, sscanf)?
#include <benchmark/benchmark.h>
#include <re2/re2.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

#include "bench/support/corpus.h"
#include "podtail/cri_line.h"
#include "podtail/message_extractor.h"
#include "podtail/pod_log_path.h"
#include "podtail/timestamp.h"

namespace podtail_bench {
namespace {

using re2::RE2;
using re2::StringPiece;

constexpr char kSeedCri[] =
    R"(^(?P<time>[^ ^Z]+Z) (?P<stream>stdout|stderr) (?P<logtag>[^ ]*) ?(?P<log>.*)$)";
constexpr char kSeedTrace[] = R"(trace_id=(\w+))";
// The seed's, with the uid that static pods need and with rotated files.
constexpr char kSeedPath[] =
    R"(^.*\/([^_]+)_([^_]+)_([^\/]+)\/([^\._]+)\/(\d+)\.log(?:\.(\d{8}-\d{6})(\.gz)?)?$)";

RE2::Options Bytes() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  return options;
}

StringPiece Piece(std::string_view text) {
  return {text.data(), text.size()};
}

void Report(benchmark::State& state, std::size_t bytes, std::size_t items) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(items));
}

// Calls `use` with every line of the corpus, found by its '\n'.
template <class Use>
void ForEachLine(const Corpus& corpus, Use&& use) {
  const char* p = corpus.bytes.data();
  const char* const end = p + corpus.bytes.size();
  while (p != end) {
    const auto* const newline =
        static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    use(std::string_view(p, static_cast<std::size_t>(newline - p)));
    p = newline + 1;
  }
}

std::size_t BytesOf(const std::vector<std::string_view>& texts) {
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  return bytes;
}

void NewlineScan(benchmark::State& state) {
  const Corpus& corpus = StandardCorpus();
  for (auto _ : state) {
    ForEachLine(corpus, [](std::string_view line) { benchmark::DoNotOptimize(line.data()); });
  }
  Report(state, corpus.bytes.size(), corpus.lines.size());
}
BENCHMARK(NewlineScan);

void CriLine(benchmark::State& state) {
  const Corpus& corpus = StandardCorpus();
  for (auto _ : state) {
    ForEachLine(corpus, [](std::string_view line) {
      const auto parsed = podtail::ParseCriLine(line);
      benchmark::DoNotOptimize(parsed);
    });
  }
  Report(state, corpus.bytes.size(), corpus.lines.size());
}
BENCHMARK(CriLine);

void CriLineRe2(benchmark::State& state) {
  const Corpus& corpus = StandardCorpus();
  const RE2 pattern(kSeedCri, Bytes());
  for (auto _ : state) {
    ForEachLine(corpus, [&](std::string_view line) {
      StringPiece time, stream, tag, message;
      const bool ok = RE2::FullMatch(Piece(line), pattern, &time, &stream, &tag, &message);
      benchmark::DoNotOptimize(ok);
    });
  }
  Report(state, corpus.bytes.size(), corpus.lines.size());
}
BENCHMARK(CriLineRe2);

void Rfc3339(benchmark::State& state) {
  const auto& times = StandardCorpus().times;
  for (auto _ : state) {
    for (const std::string_view text : times) {
      const auto parsed = podtail::ParseRfc3339(text);
      benchmark::DoNotOptimize(parsed);
    }
  }
  Report(state, BytesOf(times), times.size());
}
BENCHMARK(Rfc3339);

void Rfc3339Sscanf(benchmark::State& state) {
  const auto& times = StandardCorpus().times;
  for (auto _ : state) {
    for (const std::string_view text : times) {
      std::tm tm{};
      double seconds = 0;
      char copy[64] = {};
      std::memcpy(copy, text.data(), text.size());
      std::sscanf(copy, "%d-%d-%dT%d:%d:%lfZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                  &tm.tm_min, &seconds);
      tm.tm_year -= 1900;
      tm.tm_mon -= 1;
      const double nanos = static_cast<double>(timegm(&tm)) * 1e9 + seconds * 1e9;
      benchmark::DoNotOptimize(nanos);
    }
  }
  Report(state, BytesOf(times), times.size());
}
BENCHMARK(Rfc3339Sscanf);

void PodLogPath(benchmark::State& state) {
  const auto paths = MakePaths(1000, 1);
  std::size_t bytes = 0;
  for (const std::string& path : paths) bytes += path.size();
  for (auto _ : state) {
    for (const std::string& path : paths) {
      const auto parsed = podtail::ParsePodLogPath(path);
      benchmark::DoNotOptimize(parsed);
    }
  }
  Report(state, bytes, paths.size());
}
BENCHMARK(PodLogPath);

void PodLogPathRe2(benchmark::State& state) {
  const auto paths = MakePaths(1000, 1);
  const RE2 pattern(kSeedPath, Bytes());
  std::size_t bytes = 0;
  for (const std::string& path : paths) bytes += path.size();
  for (auto _ : state) {
    for (const std::string& path : paths) {
      StringPiece ns, pod, uid, container, stamp, gz;
      std::uint32_t count = 0;
      const bool ok =
          RE2::FullMatch(path, pattern, &ns, &pod, &uid, &container, &count, &stamp, &gz);
      benchmark::DoNotOptimize(ok);
    }
  }
  Report(state, bytes, paths.size());
}
BENCHMARK(PodLogPathRe2);

void Extract(benchmark::State& state) {
  const auto& messages = StandardCorpus().messages;
  auto extractor = podtail::MessageExtractor::Create({});
  for (auto _ : state) {
    for (const std::string_view message : messages) {
      const auto fields = extractor->Extract({podtail::kAssumePadded, message});
      benchmark::DoNotOptimize(fields);
    }
  }
  Report(state, BytesOf(messages), messages.size());
}
BENCHMARK(Extract);

void ExtractRe2(benchmark::State& state) {
  const auto& messages = StandardCorpus().messages;
  const RE2 pattern(kSeedTrace, Bytes());
  for (auto _ : state) {
    for (const std::string_view message : messages) {
      StringPiece id;
      const bool ok = RE2::PartialMatch(Piece(message), pattern, &id);
      benchmark::DoNotOptimize(ok);
    }
  }
  Report(state, BytesOf(messages), messages.size());
}
BENCHMARK(ExtractRe2);

// Everything that a record costs before it is copied: performance.md P2.
void PurePath(benchmark::State& state) {
  const Corpus& corpus = StandardCorpus();
  auto extractor = podtail::MessageExtractor::Create({});
  for (auto _ : state) {
    ForEachLine(corpus, [&](std::string_view line) {
      const auto parsed = podtail::ParseCriLine(line);
      if (!parsed) return;
      const auto fields = extractor->Extract({podtail::kAssumePadded, parsed->message});
      benchmark::DoNotOptimize(fields);
    });
  }
  Report(state, corpus.bytes.size(), corpus.lines.size());
}
BENCHMARK(PurePath);

void PurePathRe2(benchmark::State& state) {
  const Corpus& corpus = StandardCorpus();
  const RE2 cri(kSeedCri, Bytes()), trace(kSeedTrace, Bytes());
  for (auto _ : state) {
    ForEachLine(corpus, [&](std::string_view line) {
      StringPiece time, stream, tag, message, id;
      if (!RE2::FullMatch(Piece(line), cri, &time, &stream, &tag, &message)) return;
      const bool ok = RE2::PartialMatch(message, trace, &id);
      benchmark::DoNotOptimize(ok);
    });
  }
  Report(state, corpus.bytes.size(), corpus.lines.size());
}
BENCHMARK(PurePathRe2);

}  // namespace
}  // namespace podtail_bench

BENCHMARK_MAIN();
