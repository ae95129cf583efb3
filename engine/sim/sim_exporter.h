// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_EXPORTER_H_
#define PODTAIL_ENGINE_SIM_SIM_EXPORTER_H_
// A sink as bad as real ones: it is full, refuses a lane for long, refuses single
// records for ever, loses answers after or before it has taken the records,
// answers late and in any order, and is away for hours.
//
// The sink outlives the engines; each gets an exporter of its own. What is in
// flight when an engine dies may still arrive.
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine/sim/choice_tape.h"
#include "engine/sim/sim_oracle.h"
#include "engine/sim/sim_trace.h"
#include "podtail/exporter.h"

namespace podtail {

struct SimSinkOptions {
  SinkNeeds needs;
  std::uint32_t full_in = 0, busy_in = 0;  // one offer in so many; 0: never
  std::uint32_t late_in = 0;               // an answer that is not there yet
  std::uint32_t lost_in = 0;               // an answer that is lost
  std::uint32_t refused_in = 0;            // a lane refused for a while
  std::uint32_t slow_ms = 0;               // how long at most
  std::uint32_t poison_in = 0;             // one record in so many is never taken
  bool pipelined = false;                  // more than one batch of a lane under way
  bool shuffled = false;                   // answers in any order
};

class SimSink {
 public:
  // All must outlive it.
  SimSink(ChoiceTape* tape, SimTrace* trace, SimOracle* oracle)
      : tape_(tape), trace_(trace), oracle_(oracle) {}

  std::unique_ptr<Exporter> Connect();
  // The engine has died: what was under way arrives, or does not.
  void Crash();
  bool in_flight() const noexcept;

  SimSinkOptions options;
  bool away = false;  // nothing is taken and nothing answered but "no"
  bool held = false;  // it refuses us, not our records

 private:
  class Connection;
  struct LaneState {
    std::deque<RecordBatchRef> under_way;
    Instant refused_until{};
  };

  OfferResult Offer(const RecordBatchRef& batch);
  Instant Poll(const Tick& tick, std::vector<Delivery>* answered);
  bool AnswerFirst(LaneState* lane, const Tick& tick, std::vector<Delivery>* answered);
  void SendBack(LaneState* lane, DeliveryOutcome outcome, Instant retry_at,
                std::vector<Delivery>* answered);
  Delivery Take(const RecordBatchRef& batch);
  bool Poisoned(const LogRecord& record) const;

  ChoiceTape* const tape_;
  SimTrace* const trace_;
  SimOracle* const oracle_;
  Instant now_{};
  std::map<Lane, LaneState> lanes_;
};

}  // namespace podtail
#endif
