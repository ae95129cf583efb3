// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline/byte_account.h"

#include "engine/base/check.h"

namespace podtail {
namespace {

std::int64_t Signed(std::uint64_t bytes) {
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

void AddShare(SourceId source, std::uint64_t bytes, std::vector<ByteShare>* shares) {
  if (!shares->empty() && shares->back().source == source) {
    shares->back().bytes += bytes;
    return;
  }
  for (ByteShare& share : *shares) {
    if (share.source != source) continue;
    share.bytes += bytes;
    return;
  }
  shares->push_back({source, bytes});
}

void ByteAccount::Open(SourceId source, std::uint64_t begin) {
  Source& entry = sources_[source];
  entry.begin = begin;
  entry.end = begin;
}

void ByteAccount::Read(SourceId source, std::uint64_t end) {
  const auto found = sources_.find(source);
  if (found == sources_.end() || end <= found->second.end) return;
  read_ += Signed(end - found->second.end);
  found->second.end = end;
}

void ByteAccount::Settle(SourceId source, std::uint64_t bytes) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  found->second.settled += bytes;
  settled_ += Signed(bytes);
}

void ByteAccount::Lose(SourceId source, std::uint64_t begin, std::uint64_t bytes) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  found->second.lost += bytes;
  found->second.losses.push_back({begin, bytes});
  lost_ += Signed(bytes);
}

void ByteAccount::Forget(SourceId source) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  PODTAIL_DCHECK(found->second.end - found->second.begin ==
                 found->second.settled + found->second.lost);
  sources_.erase(found);
}

// A loss that begins before `committed` may end behind it, between the lines of
// the other stream. What lies behind is read again as a shadow and settled then:
// so it is taken off here, and the sum may be below zero until then.
void ByteAccount::Drop(SourceId source, std::uint64_t committed) {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return;
  const Source& entry = found->second;
  std::int64_t lost = 0;
  for (const Loss& loss : entry.losses) {
    if (loss.begin < committed) lost += Signed(loss.bytes);
  }
  const std::int64_t kept = Signed(committed) - Signed(entry.begin);
  read_ += kept - Signed(entry.end - entry.begin);
  lost_ += lost - Signed(entry.lost);
  settled_ += kept - lost - Signed(entry.settled);
  sources_.erase(found);
}

bool ByteAccount::Balances(const std::map<SourceId, std::uint64_t>& held) const {
  for (const auto& [id, source] : sources_) {
    const auto waiting = held.find(id);
    const std::uint64_t waits = waiting == held.end() ? 0 : waiting->second;
    if (source.end - source.begin != source.settled + source.lost + waits) return false;
  }
  return true;
}

bool ByteAccount::Covers(SourceId source, std::uint64_t committed) const {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return true;
  return committed <= found->second.begin + found->second.settled + found->second.lost;
}

}  // namespace podtail
