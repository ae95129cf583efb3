// SPDX-License-Identifier: Apache-2.0
// What was not delivered: into the loss log first, settled when it is durable there.
#include <algorithm>

#include "engine/base/mutant.h"
#include "engine/pipeline/engine_impl.h"

namespace podtail {

LossEntry Engine::Impl::EntryOf(const Losing& entry, const Refusal& refusal,
                                const Piece& piece) const {
  LossEntry loss;
  if (const FileIdentity* file = assembler.FileOf(piece.source)) loss.file = *file;
  const std::string* path = assembler.PathOf(piece.source);
  loss.path = path != nullptr ? std::string_view(*path) : entry.batch->resource().log_path;
  loss.extent = piece.extent;
  loss.bytes = piece.bytes;
  loss.time = entry.time;
  loss.reason = refusal.reason;
  loss.detail = refusal.detail;
  const LogRecord& record = entry.batch->records()[refusal.record];
  // The record stands with its first piece only.
  loss.record = &piece == &record.pieces.front() ? &record : nullptr;
  return loss;
}

bool Engine::Impl::AppendRefused(Losing* entry) {
  for (; entry->refusals < entry->refused.size(); ++entry->refusals, entry->pieces = 0) {
    const Refusal& refusal = entry->refused[entry->refusals];
    const LogRecord& record = entry->batch->records()[refusal.record];
    for (; entry->pieces < record.pieces.size(); ++entry->pieces) {
      const auto write =
          parts.losses->Append(EntryOf(*entry, refusal, record.pieces[entry->pieces]));
      if (!write) {
        SayTrouble(write.error(), &loss_trouble);
        return false;
      }
      entry->write = *write;
    }
  }
  return true;
}

bool Engine::Impl::Append(Losing* entry) {
  if (parts.losses == nullptr) return true;
  if (entry->batch != nullptr) return AppendRefused(entry);
  LossEntry loss;
  loss.file = entry->file;
  loss.path = entry->path;
  loss.extent = entry->gap->gap.extent;
  loss.bytes = entry->gap->bytes;
  loss.time = entry->time;
  loss.reason = entry->gap->gap.reason;
  const auto write = parts.losses->Append(loss);
  if (!write) {
    SayTrouble(write.error(), &loss_trouble);
    return false;
  }
  entry->write = *write;
  return true;
}

void Engine::Impl::AppendLosses(const Tick& tick) {
  losses_due = Instant::max();
  // A full log is asked again now and then; entries stay in order, so it holds all
  // that stand behind the one it did not take.
  bool full = false;
  for (Losing& entry : losing) {
    if (entry.appended) continue;
    entry.appended = !full && Append(&entry);
    if (entry.appended) continue;
    full = true;
    lanes.Block(entry.sequence);
    losses_due = tick.now + std::chrono::seconds(1);
  }
  WriteSequence written = static_cast<WriteSequence>(~std::uint64_t{0});
  if (parts.losses != nullptr) {
    WriteProgress progress = parts.losses->Poll(tick);
    written = progress.durable;
    losses_due = std::min(losses_due, progress.next);
    if (!progress.trouble.ok()) SayTrouble(progress.trouble, &loss_trouble);
  }
  const auto durable_now = [&](const Losing& entry) {
    if (!entry.appended) return false;
    if (entry.write > written && !PODTAIL_MUTANT(kSettleBeforeLoss)) return false;
    SettleLost(entry);
    return true;
  };
  losing.erase(std::remove_if(losing.begin(), losing.end(), durable_now), losing.end());
}

void Engine::Impl::SettleLost(const Losing& entry) {
  moved = true;
  if (entry.batch == nullptr) {
    LossEntry loss;
    loss.file = entry.file;
    loss.path = entry.path;
    loss.extent = entry.gap->gap.extent;
    loss.bytes = entry.gap->bytes;
    loss.time = entry.time;
    loss.reason = entry.gap->gap.reason;
    if (parts.observer != nullptr) parts.observer->OnLoss(loss);
    ++counted.gaps;
    counted.gap_bytes += entry.gap->bytes;
    account.Lose(entry.gap->gap.source, loss.extent.begin, loss.bytes);
    ledger.Settle(entry.sequence);
    return;
  }
  std::vector<ByteShare> accepted = lanes.SharesOf(entry.sequence);
  counted.records_refused += entry.refused.size();
  counted.records_delivered += entry.batch->records().size() - entry.refused.size();
  for (const Refusal& refusal : entry.refused) {
    for (const Piece& piece : entry.batch->records()[refusal.record].pieces) {
      if (parts.observer != nullptr) parts.observer->OnLoss(EntryOf(entry, refusal, piece));
      account.Lose(piece.source, piece.extent.begin, piece.bytes);
      for (ByteShare& share : accepted) {
        if (share.source == piece.source) share.bytes -= piece.bytes;
      }
    }
  }
  for (const ByteShare& share : accepted) account.Settle(share.source, share.bytes);
  lanes.Settle(entry.sequence);
  ledger.Settle(entry.sequence);
  EndProbation(entry.container);
}

void Engine::Impl::SayTrouble(const Status& trouble, std::string* said) {
  if (trouble.ok()) {
    said->clear();
    return;
  }
  if (*said == trouble.message()) return;
  *said = trouble.message();
  if (parts.observer != nullptr) parts.observer->OnStateTrouble(trouble);
}

}  // namespace podtail
