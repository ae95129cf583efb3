// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_PIPELINE_ENGINE_WORLD_H_
#define PODTAIL_TESTS_PIPELINE_ENGINE_WORLD_H_
// A world for engine tests: a store that is durable later, a sink that answers
// later and in any order, writers that rotate. Everything follows one seed.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/hash.h"
#include "podtail/engine.h"
#include "podtail/record_text.h"
#include "tests/support/memory_log_file_system.h"

namespace podtail {

// The only container of most of these tests, and the head of its lines.
inline constexpr char kLive[] = "/r/ns_pod_uid/c/0.log";
inline constexpr char kOld[] = "/r/ns_pod_uid/c/0.log.20240101-000001";
inline constexpr char kHead[] = "2024-01-01T00:00:00Z stdout ";

class Choices {
 public:
  explicit Choices(std::uint64_t seed) : random_(seed) {}
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

 private:
  std::mt19937_64 random_;
};

// Edits become durable one after the other, some time after their submission;
// a crash forgets the rest.
class LaterStore : public CheckpointStore {
 public:
  explicit LaterStore(Choices* choices) : choices_(choices) {}

  Expected<LoadedCheckpoints> Load() override {
    pending_.clear();
    LoadedCheckpoints loaded;
    loaded.fresh = !ever_;
    ever_ = true;
    for (const auto& [key, checkpoint] : durable_) loaded.checkpoints.push_back(checkpoint);
    return loaded;
  }
  WriteSequence Submit(CheckpointEdit edit) override {
    pending_.push_back(std::move(edit));
    return static_cast<WriteSequence>(++submitted_);
  }
  WriteProgress Poll(const Tick& tick) override {
    const std::size_t n =
        choices_ == nullptr ? pending_.size() : choices_->Below(pending_.size() + 1);
    for (std::size_t i = 0; i < n; ++i) {
      Apply(pending_.front());
      pending_.pop_front();
    }
    return {static_cast<WriteSequence>(submitted_ - pending_.size()), {}, tick.now};
  }
  int readiness_fd() const noexcept override { return -1; }

  std::uint64_t submitted() const { return submitted_; }
  std::size_t size() const { return durable_.size(); }
  bool moved_back = false;  // an edit lowered a file's committed offset

 private:
  using Key = std::tuple<std::uint64_t, Timestamp, Hash128>;
  static Key KeyOf(const FileIdentity& file) {
    return {file.inode, file.birth_time, file.head.hash};
  }
  void Apply(const CheckpointEdit& edit) {
    for (const Checkpoint& put : edit.put) {
      Checkpoint& known = durable_[KeyOf(put.file)];
      moved_back = moved_back || put.committed.offset < known.committed.offset;
      known = put;
    }
    for (const FileIdentity& forget : edit.forget) durable_.erase(KeyOf(forget));
  }

  Choices* choices_;
  bool ever_ = false;
  std::uint64_t submitted_ = 0;
  std::deque<CheckpointEdit> pending_;
  std::map<Key, Checkpoint> durable_;
};

// What has arrived, by record uid.
struct Arrived {
  std::map<Hash128, std::string> records;
  std::vector<std::string> order;      // first arrivals
  std::vector<std::string> differing;  // repeated, and not the same
  std::vector<std::string> bodies;     // first arrivals
  std::uint64_t repeated = 0;

  void Take(const RecordBatch& batch) {
    for (std::size_t i = 0; i < batch.records().size(); ++i) {
      std::string text;
      AppendRecordJson(batch, i, {}, &text);
      const auto [known, is_new] = records.emplace(batch.uid(i), text);
      if (is_new) {
        order.push_back(text);
        bodies.emplace_back(batch.records()[i].body.view());
      } else {
        ++repeated;
        if (known->second != text) differing.push_back(known->second + " / " + text);
      }
    }
  }
};

// Takes batches, and answers them later in any order; now and then the answer is
// lost, or the batch was not taken at all. Without choices it says yes at once.
class LaterExporter : public Exporter {
 public:
  LaterExporter(Choices* choices, Arrived* arrived, SinkNeeds needs)
      : choices_(choices), arrived_(arrived), needs_(needs) {}

  std::string_view name() const noexcept override { return "later"; }
  SinkNeeds needs() const noexcept override { return needs_; }
  OfferResult Offer(const RecordBatchRef& batch) override {
    if (choices_ != nullptr && choices_->OneIn(5)) {
      return choices_->OneIn(2) ? OfferResult::kFull : OfferResult::kLaneBusy;
    }
    taken_.push_back(batch);
    return OfferResult::kTaken;
  }
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered) override {
    std::vector<RecordBatchRef> kept;
    for (const RecordBatchRef& batch : taken_) {
      if (choices_ != nullptr && !choices_->OneIn(3)) {
        kept.push_back(batch);
        continue;
      }
      const bool lost = choices_ != nullptr && choices_->OneIn(4);
      if (!lost || choices_->OneIn(2)) arrived_->Take(*batch);
      answered->push_back({batch->sequence(),
                           lost ? DeliveryOutcome::kRetry : DeliveryOutcome::kDelivered,
                           {},
                           tick.now,
                           {}});
    }
    if (choices_ != nullptr) {
      std::reverse(answered->begin(), answered->end());
    }
    taken_ = std::move(kept);
    return taken_.empty() ? Instant::max() : tick.now;
  }
  int readiness_fd() const noexcept override { return -1; }

 private:
  Choices* choices_;
  Arrived* arrived_;
  SinkNeeds needs_;
  std::vector<RecordBatchRef> taken_;
};

}  // namespace podtail
#endif
