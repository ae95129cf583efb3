// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_CHECKPOINT_FILE_LOSS_LOG_H_
#define PODTAIL_ENGINE_CHECKPOINT_FILE_LOSS_LOG_H_
// The loss log in a durable directory, two files at most:
//
//   losses     grows up to half of bytes_max, then becomes
//   losses.1   which stays until somebody deletes it
//
// Full is: `losses` has no room and `losses.1` exists. The log then asks once a
// second whether `losses.1` is still there. Only an entry that is larger than
// half of bytes_max alone goes beyond it.
// Not thread-safe.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/checkpoint/write_retry.h"
#include "engine/port/durable_directory.h"
#include "podtail/loss_log.h"

namespace podtail {

inline constexpr std::string_view kLossesName = "losses";
inline constexpr std::string_view kOlderLossesName = "losses.1";

class FileLossLog final : public LossLog {
 public:
  // `directory` must outlive the log. Reads the end of `losses`, no more.
  // kUnavailable: it cannot be read.
  static Expected<std::unique_ptr<FileLossLog>> Create(DurableDirectory* directory,
                                                       std::uint64_t bytes_max);

  // Takes what waits for the disk up to 1 MiB, or one entry; beyond that too the
  // answer is kResourceExhausted.
  Expected<WriteSequence> Append(const LossEntry& entry) override;
  WriteProgress Poll(const Tick& tick) override;
  int readiness_fd() const noexcept override { return directory_->readiness_fd(); }

 private:
  enum class Step : std::uint8_t { kWrite = 1, kRotate = 2 };

  FileLossLog(DurableDirectory* directory, std::uint64_t file_bytes_max)
      : directory_(directory), file_bytes_max_(file_bytes_max) {}
  Status ReadEnd(const DurableFile& losses);
  bool HasRoom(std::uint64_t bytes) const noexcept;
  Status FullStatus() const;
  void StartJob(const Tick& tick);
  void StartWrite();
  void StartRotation();
  void Finish(Status result, Instant now);

  DurableDirectory* const directory_;
  const std::uint64_t file_bytes_max_;

  bool exists_ = false;           // `losses`
  bool older_exists_ = false;     // `losses.1`, as far as known
  bool refused_ = false;          // an entry, for want of room, since the last rotation
  std::uint64_t file_bytes_ = 0;  // durable in `losses`, whole lines
  std::string waiting_;           // lines in no job yet
  std::string under_way_;         // lines in the job under way; again in `waiting_` if it fails

  Step step_{};
  std::optional<DurableJobId> job_;
  Instant look_again_{};  // for room
  WriteRetry retry_;

  WriteSequence submitted_{};
  WriteSequence carried_{};  // by the job under way
  WriteSequence durable_{};
};

}  // namespace podtail
#endif
