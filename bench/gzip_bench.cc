// SPDX-License-Identifier: Apache-2.0
// Question: how much of zlib's own speed is left when a .gz is read through
// GzipLogFile, in reads as large as the tailer's and in small ones?
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "bench/support/corpus.h"
#include "engine/port/gzip_log_file.h"

namespace podtail_bench {
namespace {

Bytef* Data(const std::string& bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

// As the kubelet packs: one member, Go's default level, which is zlib's.
const std::string& Packed() {
  static const auto* const packed = [] {
    const std::string& plain = StandardCorpus().bytes;
    z_stream stream{};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    auto* bytes = new std::string(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
    stream.next_in = Data(plain);
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = Data(*bytes);
    stream.avail_out = static_cast<uInt>(bytes->size());
    deflate(&stream, Z_FINISH);
    bytes->resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
  }();
  return *packed;
}

class MemoryFile final : public podtail::LogFile {
 public:
  podtail::Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
    const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(offset, Packed().size()));
    const std::size_t bytes = std::min(Packed().size() - at, into.size());
    std::copy_n(Packed().data() + at, bytes, into.data());
    return bytes;
  }
  podtail::Expected<podtail::FileStat> Stat() override { return podtail::FileStat{}; }
};

// Straight into one buffer that is used again, without a history.
void GzipZlib(benchmark::State& state) {
  std::string into(std::size_t{256} * 1024, '\0');
  const std::string& packed = Packed();
  for (auto _ : state) {
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    stream.next_in = Data(packed);
    stream.avail_in = static_cast<uInt>(packed.size());
    int result = Z_OK;
    while (result == Z_OK) {
      stream.next_out = Data(into);
      stream.avail_out = static_cast<uInt>(into.size());
      result = inflate(&stream, Z_NO_FLUSH);
    }
    if (result != Z_STREAM_END) state.SkipWithError("not what was packed");
    inflateEnd(&stream);
  }
  const std::size_t bytes = StandardCorpus().bytes.size();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(GzipZlib);

void ReadThrough(benchmark::State& state, std::size_t read_bytes) {
  std::string into(read_bytes, '\0');
  const std::size_t bytes = StandardCorpus().bytes.size();
  for (auto _ : state) {
    podtail::GzipLogFile file(std::make_unique<MemoryFile>());
    std::uint64_t offset = 0;
    for (;;) {
      const auto got = file.ReadAt(offset, into);
      offset += got ? *got : 0;
      if (!got || *got < into.size()) break;
    }
    if (offset != bytes) state.SkipWithError("not what was packed");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void GzipRead(benchmark::State& state) {
  ReadThrough(state, std::size_t{256} * 1024);
}
BENCHMARK(GzipRead);

void GzipReadSmall(benchmark::State& state) {
  ReadThrough(state, 256);
}
BENCHMARK(GzipReadSmall);

}  // namespace
}  // namespace podtail_bench

BENCHMARK_MAIN();
