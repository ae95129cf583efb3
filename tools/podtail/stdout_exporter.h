// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_STDOUT_EXPORTER_H_
#define PODTAIL_TOOLS_STDOUT_EXPORTER_H_
// `--stdout json` and `--stdout text`: one line per record, to a descriptor.
//
//   Offer ─ lines ─▶ | written | waiting, about 1 MiB at most | ─ Poll ─▶ descriptor
//
// A batch is settled when its last byte was written. A slow reader makes Offer()
// say kFull; it never makes Poll() wait. For that, pipes and terminals are opened
// once more through /proc/self/fd with O_NONBLOCK: set on the descriptor itself,
// the flag would also hit the shell and everybody else who shares it. Where that
// fails, as with other devices, writes are at most PIPE_BUF and only when poll(2)
// has room. Regular files are simply written.
//
// An error other than a closed reader (a full disk) returns all batches as kHeld
// and is tried again every second. The line that was cut is kept and finished
// first; a batch that comes back goes on behind it. So a file has every line
// whole, and those of one batch once.
//
// Exporters of several engines share the descriptor line by line (OutputTurns).
// While another one is inside a line, this one looks again a little later.
//
// The descriptor is borrowed and must outlive the exporter. SIGPIPE must be
// ignored. Not thread-safe.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "podtail/exporter.h"
#include "podtail/record_text.h"
#include "tools/podtail/output_turns.h"
#include "tools/podtail/run_options.h"
namespace podtail {

class StdoutExporter final : public Exporter {
 public:
  // `on_reader_closed` is called once, on the polling thread, from within Poll().
  // `turns`: of all exporters for this descriptor.
  StdoutExporter(int fd, StdoutFormat format, StaticLabels labels,
                 std::function<void()> on_reader_closed, std::shared_ptr<OutputTurns> turns);
  ~StdoutExporter() override;
  StdoutExporter(const StdoutExporter&) = delete;
  StdoutExporter& operator=(const StdoutExporter&) = delete;

  std::string_view name() const noexcept override { return "stdout"; }
  SinkNeeds needs() const noexcept override { return {}; }
  OfferResult Offer(const RecordBatchRef& batch) override;
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override;
  // Readable when there is room again, or when the reader has gone.
  int readiness_fd() const noexcept override { return epoll_; }

  // Nobody reads: every batch is answered kHeld from here on.
  bool reader_closed() const noexcept { return reader_closed_; }

 private:
  struct Waiting {
    BatchSequence batch;
    // Of its bytes, since the first one ever written. A batch that came back has
    // `skipped` bytes behind its begin that were written then, and other ones since.
    std::uint64_t begin, end, skipped;
  };

  enum class Way : std::uint8_t {
    kWrite,  // a regular file, or opened again: writing does not wait
    kSend,   // a socket, which can be asked not to wait
    kPaced,  // PIPE_BUF at a time, when poll(2) has room for it
  };

  void ChooseWay(int fd);
  void Watch(bool for_room);
  bool HasRoom(bool* gone) const;
  // 0: as far as it went. errno: of the write that failed.
  int Write();
  int WriteInTurn();
  Instant NextPoll(Instant now);
  void CloseReader();
  void HoldAll(std::vector<Delivery>* answered);
  void KeepCutLine();
  void Append(const RecordBatch& batch);

  const StdoutFormat format_;
  const StaticLabels labels_;
  const std::function<void()> on_reader_closed_;
  const std::shared_ptr<OutputTurns> turns_;
  int fd_;
  bool own_fd_ = false;  // fd_ was opened here
  Way way_ = Way::kPaced;
  bool watched_ = false;      // epoll_ knows fd_
  bool room_wanted_ = false;  // and waits for room
  int epoll_ = -1;

  std::string bytes_;              // from written_ on: not written yet
  std::size_t bytes_written_ = 0;  // of bytes_
  std::uint64_t written_ = 0;      // of all bytes ever
  char last_written_ = '\n';       // anything else: a line is cut there
  std::deque<Waiting> waiting_;    // in the order of their bytes
  // Batches that were given back with some lines written: how many bytes. A shed
  // batch leaves its entry behind; there is at most one for each failed write.
  std::map<BatchSequence, std::size_t> begun_;
  bool others_turn_ = false;            // another exporter is inside a line
  std::vector<BatchSequence> refused_;  // offered while nothing can be written
  bool troubled_ = false;               // until retry_at_ nothing is tried
  Instant retry_at_{};
  Status trouble_;  // the last one
  bool reader_closed_ = false;
};

}  // namespace podtail
#endif
