// SPDX-License-Identifier: Apache-2.0
// The stages of a turn, in the order in which they run.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/mutant.h"
#include "engine/pipeline/engine_impl.h"

namespace podtail {
namespace {

constexpr std::size_t kLineCost = 256;
constexpr Duration kBlindInterval = std::chrono::milliseconds(100);
// What a hint waits at most, and at least where many come; and which part of a
// batch's age that may be.
constexpr Duration kHintPaceMax = std::chrono::milliseconds(40);
constexpr Duration kHintPaceMin = std::chrono::milliseconds(1);
constexpr int kHintPaceOfAge = 25;

}  // namespace

Expected<Instant> Engine::Impl::Poll(const Tick& tick) {
  Settle(tick);
  Persist(tick);
  Retire();
  Offer(tick);
  Read(tick);
  // Behind the reading: what it put into a batch of age 0 is to be sealed at once.
  Instant due = std::min({exporter_due, store_due, losses_due, tailer_due, lanes.NextOffer(tick)});
  if (moved) due = std::min(due, next_commit);
  if (lanes.wants_gate()) due = tick.now;  // sealed behind this turn's submission
  if (!heeds_hints) due = std::min(due, heeds_hints_at);
  for (const auto& [container, each] : shed) {
    // One that is due already waits for memory.
    if (!each.resumed) due = std::min(due, std::max(each.resume_at, tick.now + kBlindInterval));
  }
  return std::max(due, tick.now);
}

void Engine::Impl::Settle(const Tick& tick) {
  answered.clear();
  exporter_due = parts.exporter->Poll(tick, &answered);
  if (!accepted_at) accepted_at = tick.now;
  for (const Delivery& delivery : answered) {
    const bool held = delivery.outcome == DeliveryOutcome::kHeld;
    held_since = held ? std::min(held_since, tick.now) : Instant::max();
    if (!held && delivery.outcome != DeliveryOutcome::kRetry) accepted_at = tick.now;
    TakeDelivery(delivery, tick);
  }
  AppendLosses(tick);
  ResumeLight();
}

void Engine::Impl::TakeDelivery(const Delivery& delivery, const Tick& tick) {
  const RecordBatchRef batch = lanes.Find(delivery.batch);
  if (batch == nullptr) {  // its container was shed meanwhile
    lanes.Settle(delivery.batch);
    ledger.Settle(delivery.batch);
    return;
  }
  switch (delivery.outcome) {
    case DeliveryOutcome::kDelivered:
      counted.records_delivered += batch->records().size();
      accepted_bytes += batch->body_bytes();
      for (const ByteShare& share : lanes.SharesOf(delivery.batch)) {
        account.Settle(share.source, share.bytes);
      }
      lanes.Settle(delivery.batch);
      ledger.Settle(delivery.batch);
      EndProbation(batch->lane().container);
      moved = true;
      return;
    case DeliveryOutcome::kRefused:
      if (PODTAIL_MUTANT(kRefusedIsDelivered)) {
        lanes.Settle(delivery.batch);
        ledger.Settle(delivery.batch);
        return;
      }
      lanes.Refuse(delivery.batch);
      losing.push_back({.sequence = delivery.batch,
                        .batch = batch,
                        .refused = delivery.refused,
                        .time = tick.wall,
                        .container = batch->lane().container});
      return;
    case DeliveryOutcome::kRetry:
      ++counted.retries;
      if (PODTAIL_MUTANT(kDeliveredCountedTwice)) {
        counted.records_delivered += batch->records().size();
      }
      if (PODTAIL_MUTANT(kGiveUp)) {
        lanes.Settle(delivery.batch);
        ledger.Settle(delivery.batch);
        return;
      }
      if (parts.observer != nullptr) parts.observer->OnExportRetry(batch->resource(), delivery.why);
      lanes.Retry(delivery.batch, std::max(delivery.retry_at, tick.now));
      return;
    case DeliveryOutcome::kHeld:
      ++counted.retries;
      if (parts.observer != nullptr) {
        parts.observer->OnExportHeld(parts.exporter->name(), delivery.why);
      }
      lanes.Retry(delivery.batch, std::max(delivery.retry_at, tick.now));
      return;
  }
}

void Engine::Impl::Persist(const Tick& tick) {
  const bool due = tick.now >= next_commit || accepted_bytes >= options.commit_bytes_max ||
                   lanes.wants_gate() || draining;
  if (due) Submit(tick);
  WriteProgress progress = store->Poll(tick);
  durable = progress.durable;
  assembler.NoteDurable(durable);
  store_due = progress.next;
  SayTrouble(progress.trouble, &store_trouble);
}

void Engine::Impl::Submit(const Tick& tick) {
  const WriteSequence before = std::exchange(submitted, ledger.SubmitTo(store));
  lanes.Gate(submitted);
  assembler.NoteSubmitted(submitted);
  moved = false;
  accepted_bytes = 0;
  // The interval begins with a commit that had something in it: what is accepted
  // first is durable at once, however short this life is.
  if (submitted != before) next_commit = tick.now + options.commit_interval;
}

void Engine::Impl::Retire() {
  for (const SourceId source : ledger.TakeFinished(durable)) {
    tailer->Retire(source, assembler.ReplayOf(source));
    assembler.Forget(source);
  }
}

void Engine::Impl::Offer(const Tick& tick) {
  if (draining) lanes.SealAll();
  lanes.SealOld(tick);
  const bool taken = lanes.Offer(tick, durable);
  // What a sink has taken it may answer at its next poll.
  if (taken) exporter_due = tick.now;
}

void Engine::Impl::Read(const Tick& tick) {
  ShedRefused(tick);
  ResumeShed(tick);
  PollBudget budget;
  if (!draining && free_memory() < kTurnBytes) MakeRoom(tick);
  const std::size_t room = free_memory();
  if (draining || room < kTurnBytes) {
    budget.bytes_max = 0;
  } else {
    budget.bytes_max = std::min(budget.bytes_max, room / 3);
    budget.lines_max = std::min(budget.lines_max, room / 3 / kLineCost);
  }
  tailer_due = tailer->Poll(tick, budget, &out);
  if (draining) tailer_due = tick.now + kBlindInterval;
  TakeOutput(tick);
  PaceHints(tick);
  PauseHeavy();
}

// Every write to a log is a hint. The first one is answered at once, and those that
// follow it together: a turn for each would cost more than the lines do.
void Engine::Impl::PaceHints(const Tick& tick) {
  const bool over = !heeds_hints && tick.now >= heeds_hints_at;
  if (over && out.lines().empty() && out.opened().empty()) {
    // Should it fail (no memory for it), there is another turn soon.
    heeds_hints = readiness.Add(tailer->readiness_fd()).ok();
  } else if (heeds_hints) {
    heeds_hints = false;
    readiness.Remove(tailer->readiness_fd());
  } else if (!over) {
    return;
  }
  heeds_hints_at = tick.now + hint_pace();
}

Duration Engine::Impl::hint_pace() const {
  return std::clamp(options.batch_age_max / kHintPaceOfAge, kHintPaceMin, kHintPaceMax);
}

void Engine::Impl::TakeOutput(const Tick& tick) {
  for (const SourceOpened& opened : out.opened()) {
    ++counted.files_opened;
    assembler.Open(opened);
  }
  for (const SourceBegan& began : out.began()) assembler.Switch(began);
  // A file that began again in place ended before the first line of what it is now.
  for (const SourceClosed& closed : out.closed()) {
    const bool follows = std::any_of(out.lines().begin(), out.lines().end(), [&](const auto& line) {
      return line.source == closed.source;
    });
    if (!follows) assembler.EndRest(closed, tick);
  }
  for (const TailedLine& line : out.lines()) {
    assembler.TakeLine(line, out, tick);
    if (line.ends) continue;
    for (const SourceClosed& closed : out.closed()) {
      const bool rest = closed.source == line.source && closed.end == line.extent.end;
      if (rest) assembler.EndRest(closed, tick);
    }
  }
  for (const Gap& gap : out.gaps()) assembler.TakeGap(gap);
  for (const SourceClosed& closed : out.closed()) assembler.Close(closed, tick);
  assembler.CloseOldRuns(tick);
  assembler.EndTurn(out);
  for (const FileIdentity& file : out.vanished()) ledger.Forget(file);
  if (!out.lines().empty() || !out.closed().empty() || !out.vanished().empty() ||
      !out.opened().empty()) {
    moved = true;
  }
  for (PendingGap& gap : assembler.TakePendingGaps()) {
    const FileIdentity* file = assembler.FileOf(gap.gap.source);
    const std::string* path = assembler.PathOf(gap.gap.source);
    Losing entry{.sequence = gap.sequence, .gap = gap, .time = tick.wall};
    entry.container = assembler.ContainerOf(gap.gap.source);
    if (file != nullptr) entry.file = *file;
    if (path != nullptr) entry.path = *path;
    losing.push_back(std::move(entry));
  }
  PODTAIL_DCHECK(Balanced());
}

// What is held, counted by its holders, is what the account says is not settled.
bool Engine::Impl::Balanced() const {
  std::map<SourceId, std::uint64_t> held;
  lanes.AddShares(&held);
  assembler.AddRunShares(&held);
  for (const Losing& entry : losing) {
    if (entry.gap) held[entry.gap->gap.source] += entry.gap->bytes;
  }
  const bool covered = std::all_of(held.begin(), held.end(), [&](const auto& each) {
    return account.Covers(each.first, ledger.committed(each.first).offset);
  });
  return covered && account.Balances(held);
}

// What was shed because the sink refuses it is still to be sent.
bool Engine::Impl::AtEnd() const {
  const auto waits = [](const auto& each) {
    return each.second.on_probation && !each.second.resumed;
  };
  return tailer->state().at_end && std::none_of(shed.begin(), shed.end(), waits);
}

bool Engine::Impl::Settled() const {
  return lanes.empty() && losing.empty() && !moved && durable >= submitted;
}

}  // namespace podtail
