// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_BENCH_SUPPORT_CORPUS_H_
#define PODTAIL_BENCH_SUPPORT_CORPUS_H_
// A container log in memory, mixed as ../shared/spec/performance.md section 1
// wants it: 50 % lines of the Nest application, 25 % of the Python one, 15 %
// JSON, 10 % plain; 5 % on stderr; about nine of ten with a trace id; about 1,300
// records per GiB cut into P...F at 16 KiB. Times are containerd's: nine digits
// without their trailing zeros.
//
// The same size and seed give the same bytes on every machine.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace podtail_bench {

struct Corpus {
  std::string bytes;                       // whole lines; 64 more bytes are readable behind them
  std::vector<std::string_view> lines;     // without '\n'; borrow from `bytes`
  std::vector<std::string_view> times;     // of each line
  std::vector<std::string_view> messages;  // of each line
};

// At least `bytes_min` bytes. Takes about as long as writing them.
Corpus MakeCorpus(std::size_t bytes_min, std::uint64_t seed);

// The one that the benchmarks share: 16 MiB, larger than most caches.
const Corpus& StandardCorpus();

// Log paths of `count` container instances, some of them rotated.
std::vector<std::string> MakePaths(std::size_t count, std::uint64_t seed);

}  // namespace podtail_bench
#endif
