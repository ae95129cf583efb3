// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_EXPORTER_H_
#define PODTAIL_EXPORTER_H_
// Where batches go. Implement this to send records somewhere podtail does not
// know.
//
// Acknowledgement is pulled, not pushed: an exporter never calls back. What
// became of a batch it says in the return of Poll(), on the polling thread. An
// implementation that uses its own threads buffers results until then.
//
// It keeps no queue. A batch that could not be delivered comes back and is
// offered again, with the same bytes and for ever: what waits is in one place
// and counted in one budget. Splitting a request that is too large is its own
// business.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "podtail/export.h"
#include "podtail/lane.h"
#include "podtail/loss_log.h"
#include "podtail/record_batch.h"
#include "podtail/status.h"
#include "podtail/tick.h"
namespace podtail {

// What a sink asks of records before they are made. Never changes.
struct SinkNeeds {
  LaneScope lane = LaneScope::kContainer;
  bool unique_times = false;         // no timestamp twice per file and stream
  std::size_t record_bytes_max = 0;  // split above this; 0: as the engine has it
  std::size_t batch_bytes_max = 0;   // a single record may exceed it; 0: likewise
};

enum class OfferResult : std::uint8_t {
  kTaken = 1,     // the exporter owes exactly one Delivery for it
  kLaneBusy = 2,  // not now: this lane waits for an answer; others may be offered
  kFull = 3,      // not now: no room for any lane until after the next Poll()
};

enum class DeliveryOutcome : std::uint8_t {
  kDelivered = 1,  // the sink said it has every record
  kRefused = 2,    // it has all but `refused`, and will never take those
  kRetry = 3,      // not taken, or nobody knows: offer the batch again
  kHeld = 4,       // as kRetry, but it refuses us, not the records: somebody has to mend that
};
// A dead letter: goes to the loss log, then the batch settles.
struct Refusal {
  std::uint32_t record;  // index in the batch
  LossReason reason;
  std::string detail = {};  // what the sink said about it
};
struct Delivery {
  BatchSequence batch;
  DeliveryOutcome outcome;
  std::vector<Refusal> refused = {};  // ascending; empty unless kRefused
  Instant retry_at{};                 // kRetry, kHeld: the lane waits until then
  Status why = {};                    // what the sink answered; OK when delivered
};

class PODTAIL_EXPORT Exporter {
 public:
  virtual ~Exporter() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual SinkNeeds needs() const noexcept { return {}; }
  // One batch, of one lane. Batches taken between two Poll()s may share a
  // request; its answer settles each of them on its own. A lane's batches are
  // offered in order, an undelivered one before those behind it.
  virtual OfferResult Offer(const RecordBatchRef& batch) = 0;
  // Moves I/O forward without blocking, appends what was answered, returns when
  // it wants to be polled next.
  virtual Instant Poll(const Tick& tick, std::vector<Delivery>* answered) = 0;
  // Becomes readable when Poll() has work to do; -1 if it can only be timed.
  virtual int readiness_fd() const noexcept = 0;
};

}  // namespace podtail
#endif
