// SPDX-License-Identifier: Apache-2.0
// Records: what a batch says, against what was written.
#include "engine/sim/sim_oracle.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/hash.h"
#include "engine/sim/sim_container.h"

namespace podtail {
namespace {

void Put(std::string_view text, std::string* out) {
  const std::uint64_t bytes = text.size();
  out->append(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
  out->append(text);
}

void Put(std::uint64_t number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

std::uint64_t RenderingOf(const PodResource& resource) {
  std::string all;
  Put(resource.namespace_name, &all);
  Put(resource.pod_name, &all);
  Put(resource.pod_uid, &all);
  Put(resource.container_name, &all);
  Put(resource.restart_count, &all);
  Put(resource.log_path, &all);
  return HashBytes64(all);
}

// Everything else that a sink could be given of a record.
std::uint64_t RenderingOf(const LogRecord& record) {
  std::string all;
  all.reserve(256);
  Put(record.body.view(), &all);
  Put(record.raw, &all);
  Put(record.time_text, &all);
  Put(record.severity.text, &all);
  Put(record.severity.number, &all);
  Put({reinterpret_cast<const char*>(record.trace.trace_id.bytes.data()),
       record.trace.trace_id.bytes.size()},
      &all);
  Put(static_cast<std::uint64_t>(record.time.time_since_epoch().count()), &all);
  Put(record.part, &all);
  Put(static_cast<std::uint64_t>(record.stream), &all);
  Put(static_cast<std::uint64_t>(record.flags), &all);
  for (const Piece& piece : record.pieces) {
    Put(piece.extent.begin, &all);
    Put(piece.extent.end, &all);
    Put(piece.bytes, &all);
  }
  return HashBytes64(all);
}

std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, 40));
  if (text.size() > 40) shown += "...";
  return "\"" + shown + "\"";
}

}  // namespace

void SimOracle::Fail(std::string_view invariant, std::string message) {
  trace_->Fail(invariant, std::move(message));
}

std::string SimOracle::Where(const SimGeneration& generation, std::uint64_t at) const {
  return generation.path + " (generation " + std::to_string(generation.id) + ") at " +
         std::to_string(at);
}

// What the record takes, and whether it says the same as the bytes.
bool SimOracle::Describe(const RecordBatch& /*batch*/, const LogRecord& record, Record* learned) {
  const bool malformed = HasFlag(record.flags, RecordFlags::kMalformed);
  const bool unterminated = HasFlag(record.flags, RecordFlags::kUnterminated);
  learned->stream = malformed ? -1 : (record.stream == LogStream::kStdout ? 0 : 1);
  std::string body;
  for (const Piece& piece : record.pieces) {
    const auto source = static_cast<std::size_t>(piece.source);
    if (source >= sources_.size()) {
      Fail("I6", "a record of a file that was never announced");
      return false;
    }
    SimGeneration* generation = sources_[source];
    if (learned->generation == nullptr) {
      learned->generation = generation;
      learned->begin = piece.extent.begin;
    }
    if (piece.extent.end > generation->size() || piece.extent.begin >= piece.extent.end) {
      Fail("I1", "a record of bytes that nobody wrote: " + Where(*generation, piece.extent.end));
      return false;
    }
    // Whoever begins inside a line took its head for a line of its own.
    const bool first = &piece == &record.pieces.front();
    if (first && record.part <= 1 &&
        generation->LineAt(piece.extent.begin).begin != piece.extent.begin) {
      generation->SplitAt(piece.extent.begin);
    }
    const bool last = &piece == &record.pieces.back();
    const bool cut = record.part != 0 && !unterminated && last;
    const SimLine end_line = generation->LineAt(piece.extent.end - 1);
    if (!cut && end_line.end != piece.extent.end) {
      generation->SplitAt(piece.extent.end);
      trace_->Hit(SimMark::kUnterminatedLineSent);
    }
    SimRanges own;
    generation->Own(piece.extent, learned->stream, &own, &body);
    std::uint64_t bytes = 0;
    for (const Extent& range : own) {
      bytes += range.end - range.begin;
      learned->owned.push_back({generation, range});
    }
    if (bytes != piece.bytes) {
      Fail("I1", "a record says it has " + std::to_string(piece.bytes) + " bytes, and has " +
                     std::to_string(bytes) + ": " + Where(*generation, piece.extent.begin));
      return false;
    }
  }
  const Owned& end = learned->owned.back();
  learned->goes_on =
      end.generation != learned->generation ||
      (record.part != 0 && !unterminated && end.generation->LineAt(end.range.end - 1).partial);
  if (malformed && !learned->generation->IsMalformed(learned->begin, record.part)) {
    Fail("I6", "called malformed, and is not: " + Where(*learned->generation, learned->begin));
    return false;
  }
  if (body != record.body.view()) {
    Fail("I6", "the body " + Shown(record.body.view()) + " is not what was written, " +
                   Shown(body) + ": " + Where(*learned->generation, learned->begin));
    return false;
  }
  learned->words = SimTimeText(record.time, 9, 0) +
                   (record.stream == LogStream::kStdout ? "o " : "e ") + Shown(record.body.view()) +
                   " of " + Where(*learned->generation, learned->begin) + " part " +
                   std::to_string(record.part);
  for (const Piece& piece : record.pieces) {
    const SimGeneration& of = *sources_[static_cast<std::size_t>(piece.source)];
    learned->words += " [" + std::to_string(of.id) + ": " + std::to_string(piece.extent.begin) +
                      "-" + std::to_string(piece.extent.end) + "]";
  }
  return true;
}

void SimOracle::CheckTime(const LogRecord& record, const Record& learned) {
  if (learned.stream < 0 || record.part > 1) return;
  const SimLine line = learned.generation->LineAt(learned.begin);
  if (line.clamped) {
    trace_->Hit(SimMark::kTimeClamped);
    return;
  }
  const bool same = record.time == line.time;
  if (same || (options.unique_times && record.time > line.time)) {
    if (!same) trace_->Hit(SimMark::kTimeMadeUnique);
    return;
  }
  Fail("I6", "another time than was written: " + learned.words);
}

// Whether a file of its container instance has vanished since: a run that ended
// there goes on here now, and one that came from there begins here.
bool SimOracle::LostItsBeginning(const Record& other) const {
  const auto files = by_directory_.find(other.generation->directory);
  const auto vanished = [&](const SimGeneration* each) {
    if (each->moved) return true;  // and is read beside other files than before
    const bool gone = each->size() > 0 && each->Gone(each->size() - 1);
    if (!gone && !each->cut) return false;
    // A life goes on with what it read of a file that vanished under it, and what an
    // earlier life still had in its hands ended with it.
    const bool held = other.offered_life < life_ && each->opened_life >= other.offered_life &&
                      each->opened_life < life_;
    return each->gone_step >= other.step || held ||
           (other.life < life_ && each->gone_life >= other.life);
  };
  return std::any_of(other.owned.begin(), other.owned.end(),
                     [&](const Owned& owned) { return vanished(owned.generation); }) ||
         std::any_of(files->second.begin(), files->second.end(), [&](const SimGeneration* each) {
           return each->restart == other.generation->restart && vanished(each);
         });
}

// False: it had that byte, and was sent again without.
bool SimOracle::Has(const Record& record, const SimGeneration* generation, std::uint64_t at) {
  return std::any_of(record.owned.begin(), record.owned.end(), [&](const Owned& owned) {
    return owned.generation == generation && owned.range.begin <= at && at < owned.range.end;
  });
}

// No byte is in two records.
void SimOracle::Claim(std::uint32_t index) {
  Record& record = records_[index];
  for (const Owned& owned : record.owned) {
    for (std::uint64_t at = owned.range.begin; at < owned.range.end; ++at) {
      const std::uint32_t owner = owned.generation->OwnerAt(at);
      if (owner != 0 && owner != index && !damaged_) {
        const bool had_it = Has(records_[owner], owned.generation, at);
        if (!record.torn_off && had_it && !LostItsBeginning(records_[owner])) {
          Fail("I6", "one byte in two records: " + record.words + " and " + records_[owner].words);
          return;
        }
        trace_->Hit(SimMark::kRunLostItsBeginning);
        record.torn_off = true;
        owned.generation->torn_off = true;  // of each of its files
      }
      owned.generation->SetOwner(at, index);
    }
  }
}

std::uint32_t SimOracle::Learn(const RecordBatch& batch, std::size_t i) {
  const LogRecord& record = batch.records()[i];
  Record learned;
  learned.part = record.part;
  learned.step = trace_->step;
  learned.life = life_;
  if (!Describe(batch, record, &learned)) return 0;
  learned.rendering = RenderingOf(record);
  learned.resource = RenderingOf(batch.resource());
  const RecordKey key{learned.generation->id, learned.begin, learned.part};
  const auto [place, is_new] =
      by_key_.try_emplace(key, static_cast<std::uint32_t>(records_.size()));
  if (is_new) {
    CheckTime(record, learned);
    if (HasFlag(record.flags, RecordFlags::kJoined)) trace_->Hit(SimMark::kJoined);
    if (record.pieces.size() > 1) trace_->Hit(SimMark::kJoinedAcrossFiles);
    if (HasFlag(record.flags, RecordFlags::kMalformed)) trace_->Hit(SimMark::kMalformedSent);
    if (HasFlag(record.flags, RecordFlags::kUnterminated)) trace_->Hit(SimMark::kUnterminatedSent);
    if (record.part > 1) trace_->Hit(SimMark::kSplit);
    if (record.body.view().empty()) trace_->Hit(SimMark::kEmptyBody);
    records_.push_back(std::move(learned));
    Claim(place->second);
    const Record& fresh = records_.back();
    if (options.unique_times && !options.times_go_back && !damaged_ &&
        !fresh.generation->torn_off &&
        !times_.insert({fresh.generation->id, static_cast<int>(record.stream), record.time})
             .second) {
      Fail("I6", "one time for two records of a stream, " + SimTimeText(record.time, 9, 0) + ": " +
                     fresh.words);
    }
    if (!by_uid_.try_emplace(batch.uid(i), place->second).second) trace_->Hit(SimMark::kUidTwice);
    return place->second;
  }
  Record& known = records_[place->second];
  // A life that finds a file elsewhere calls its pod by the name it has there.
  const bool as_named = known.resource == learned.resource || learned.generation->moved;
  if (known.rendering == learned.rendering && as_named) return place->second;
  // Without the rest of its run, a record that is sent again is another one.
  if (!damaged_ && !learned.generation->torn_off && !LostItsBeginning(known)) {
    Fail("I6", "sent again, and not the same: " + learned.words + "; was " + known.words);
    return 0;
  }
  learned.applied = known.applied;
  learned.torn_off = true;
  learned.generation->torn_off = true;
  known = std::move(learned);
  Claim(place->second);
  return place->second;
}

void SimOracle::CheckRepeat(const Record& known) {
  if (known.settled_life == 0 || damaged_) return;
  if (known.settled_life == life_) {
    if (sheds_ == 0) Fail("I5", "sent again although it was acknowledged: " + known.words);
    return;
  }
  trace_->Hit(SimMark::kSentAgainAfterCrash);
  if (!options.strong_identity || weak_ || known.offered_life == life_) return;
  for (const Owned& owned : known.owned) {
    const SimGeneration& generation = *owned.generation;
    if (owned.range.end > generation.loaded || generation.cut || generation.compressed) return;
  }
  Fail("I5", "sent again although its acceptance was committed: " + known.words);
}

void SimOracle::Offered(const RecordBatch& batch) {
  const auto [place, is_new] = batches_.try_emplace(batch.sequence());
  if (!is_new) {
    trace_->Hit(SimMark::kOfferedAgain);
    return;
  }
  for (std::size_t i = 0; i < batch.records().size(); ++i) {
    const std::uint32_t index = Learn(batch, i);
    if (trace_->failed()) return;
    if (trace_->keeps_words()) trace_->Note("  record", records_[index].words);
    CheckRepeat(records_[index]);
    records_[index].offered_life = life_;
    place->second.push_back(index);
  }
}

void SimOracle::Take(std::uint32_t index) {
  Record& record = records_[index];
  if (record.applied) return;
  record.applied = true;
  // Of what was in a longer record since then, another life may send the parts again.
  const bool whole = !record.torn_off && record.generation->OwnerAt(record.begin) == index;
  const std::set<std::uint64_t>& late = record.generation->late_from;
  if (!late.empty() && record.begin >= *late.begin()) trace_->Hit(SimMark::kAcceptedLate);
  if (record.stream >= 0 && !damaged_ && whole) {
    record.generation->first_accepted[static_cast<std::size_t>(record.stream)].push_back(index);
  }
}

// What came late is in order among itself, and so is the rest (Checkpoint::late_from).
// A life may end before it could say where late lines began.
void SimOracle::CheckOrder(const SimGeneration& generation) {
  for (const std::vector<std::uint32_t>& accepted : generation.first_accepted) {
    const Record* behind = nullptr;
    const auto in_order = [&](std::uint64_t late_from) {
      std::array<const Record*, 2> last{};
      for (const std::uint32_t index : accepted) {
        const Record& record = records_[index];
        const Record*& before = last[record.begin >= late_from ? 1 : 0];
        if (before != nullptr &&
            std::pair(record.begin, record.part) < std::pair(before->begin, before->part)) {
          behind = &record;
          return false;
        }
        before = &record;
      }
      return true;
    };
    if (in_order(UINT64_MAX)) continue;
    const Record* disordered = behind;
    const auto& late = generation.late_from;
    if (std::any_of(late.begin(), late.end(), in_order)) continue;
    return Fail("I4", "accepted behind a later one: " + disordered->words);
  }
}

void SimOracle::Applied(const RecordBatch& batch) {
  const auto found = batches_.find(batch.sequence());
  if (found == batches_.end()) return;
  for (const std::uint32_t index : found->second) Take(index);
}

void SimOracle::Answered(const RecordBatch& batch, const Delivery& delivery) {
  const auto found = batches_.find(batch.sequence());
  if (found == batches_.end()) return;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < found->second.size(); ++i) {
    Record& record = records_[found->second[i]];
    if (refused < delivery.refused.size() && delivery.refused[refused].record == i) {
      ++refused;
      continue;
    }
    record.settled_life = life_;
    for (const Owned& owned : record.owned) {
      owned.generation->Mark(owned.range, SimGeneration::kSettled);
    }
  }
  refused_ += refused;
  delivered_ += found->second.size() - refused;
}

}  // namespace podtail
