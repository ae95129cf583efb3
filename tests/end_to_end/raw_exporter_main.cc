// SPDX-License-Identifier: Apache-2.0
// Reads a log tree to its end with an exporter of its own and prints every
// record with its raw body: what real_trees_test.py compares with a manifest.
// JSON output cannot serve there, for it replaces bytes that are not UTF-8.
//
//   raw_exporter ROOT [EXCLUDE GLOB]...
//
// stdout: one line per record, fields separated by one blank:
//   namespace/pod_uid pod container restart_count stream time_ns part flags body_hex
// and at the end: end <lines_read> <records> <malformed_lines> <waiting_bytes>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "podtail/engine.h"
#include "podtail/exporter.h"
#include "podtail/log_file_system.h"
#include "podtail/runner.h"

namespace {

class RawExporter : public podtail::Exporter {
 public:
  std::string_view name() const noexcept override { return "raw"; }

  podtail::OfferResult Offer(const podtail::RecordBatchRef& batch) override {
    const podtail::PodResource& pod = batch->resource();
    for (const podtail::LogRecord& record : batch->records()) {
      std::printf("%s/%s %s %s %u %s %lld %u %u ", pod.namespace_name.c_str(), pod.pod_uid.c_str(),
                  pod.pod_name.c_str(), pod.container_name.c_str(), pod.restart_count,
                  record.stream == podtail::LogStream::kStdout ? "stdout" : "stderr",
                  static_cast<long long>(record.time.time_since_epoch().count()), record.part,
                  static_cast<unsigned>(record.flags));
      PrintHex(record.body.view());
      std::putchar('\n');
    }
    taken_.push_back(batch->sequence());
    return podtail::OfferResult::kTaken;
  }

  podtail::Instant Poll(const podtail::Tick& tick,
                        std::vector<podtail::Delivery>* answered) override {
    for (const podtail::BatchSequence batch : taken_) {
      answered->push_back({batch, podtail::DeliveryOutcome::kDelivered});
    }
    taken_.clear();
    return tick.now + std::chrono::seconds(1);
  }

  int readiness_fd() const noexcept override { return -1; }

 private:
  void PrintHex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    text_.clear();
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      text_.push_back(kDigits[byte >> 4]);
      text_.push_back(kDigits[byte & 15]);
    }
    std::fwrite(text_.data(), 1, text_.size(), stdout);
  }

  std::vector<podtail::BatchSequence> taken_;
  std::string text_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  podtail::EngineOptions options;
  options.tailer.root = argv[1];
  options.tailer.exclude.assign(argv + 2, argv + argc);
  const std::unique_ptr<podtail::LogFileSystem> files = podtail::NewPosixLogFileSystem();
  podtail::EngineParts parts;
  parts.files = files.get();
  parts.exporter = std::make_unique<RawExporter>();
  auto engine = podtail::Engine::Create(std::move(options), std::move(parts));
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().ToString().c_str());
    return 1;
  }
  podtail::RunOptions run;
  run.until_idle = true;
  const podtail::Status status = podtail::Run(**engine, std::stop_token(), run);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  const podtail::EngineCounters counters = (*engine)->counters();
  std::printf("end %llu %llu %llu %llu\n", static_cast<unsigned long long>(counters.lines_read),
              static_cast<unsigned long long>(counters.records),
              static_cast<unsigned long long>(counters.malformed_lines),
              static_cast<unsigned long long>(counters.waiting_bytes));
  return 0;
}
