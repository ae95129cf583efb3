// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_generation.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/hash.h"

namespace podtail {
namespace {

SimLine ReadAt(std::string_view bytes, std::uint64_t begin, std::uint64_t end, bool ends) {
  SimLine line = ReadSimLine(
      bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  line.begin = begin;
  line.end = ends ? end + 1 : end;
  line.message += begin;
  line.ends = ends;
  return line;
}

}  // namespace

void SimGeneration::Append(std::string_view more) {
  bytes.append(more);
  if (rest_is_read_) lines_.pop_back();
  rest_is_read_ = false;
}

void SimGeneration::ReadOn() {
  if (rest_is_read_) return;
  while (read_to_ < bytes.size()) {
    const std::size_t newline = bytes.find('\n', static_cast<std::size_t>(read_to_));
    const bool ends = newline != std::string::npos;
    std::uint64_t end = ends ? newline : bytes.size();
    const auto split = std::upper_bound(splits_.begin(), splits_.end(), read_to_);
    if (split != splits_.end() && *split <= end) {
      end = *split;
      lines_.push_back(ReadAt(bytes, read_to_, end, false));
      read_to_ = end;
      continue;
    }
    lines_.push_back(ReadAt(bytes, read_to_, end, ends));
    if (!ends) {
      rest_is_read_ = true;
      return;
    }
    read_to_ = end + 1;
  }
}

const std::vector<SimLine>& SimGeneration::Lines() {
  ReadOn();
  return lines_;
}

SimLine SimGeneration::LineAt(std::uint64_t at) {
  ReadOn();
  const auto line =
      std::upper_bound(lines_.begin(), lines_.end(), at,
                       [](std::uint64_t offset, const SimLine& each) { return offset < each.end; });
  PODTAIL_DCHECK(line != lines_.end());
  return *line;
}

void SimGeneration::SplitAt(std::uint64_t at) {
  if (at == 0 || at >= bytes.size() + 1) return;
  const auto place = std::lower_bound(splits_.begin(), splits_.end(), at);
  if (place != splits_.end() && *place == at) return;
  splits_.insert(place, at);
  lines_.clear();
  read_to_ = 0;
  rest_is_read_ = false;
}

bool SimGeneration::IsMalformed(std::uint64_t at, std::uint32_t part) {
  const SimLine line = LineAt(at);
  return !line.cri || (part > 1 && std::binary_search(splits_.begin(), splits_.end(), line.begin));
}

void SimGeneration::Own(const Extent& extent, int stream, SimRanges* own, std::string* body) {
  ReadOn();
  auto line =
      std::upper_bound(lines_.begin(), lines_.end(), extent.begin,
                       [](std::uint64_t offset, const SimLine& each) { return offset < each.end; });
  for (; line != lines_.end() && line->begin < extent.end; ++line) {
    if (stream >= 0 && (!line->cri || line->stream != static_cast<std::size_t>(stream))) continue;
    const std::uint64_t begin = std::max(line->begin, extent.begin);
    const std::uint64_t end = std::min(line->end, extent.end);
    own->push_back({begin, end});
    const std::uint64_t text = std::max(begin, stream < 0 ? line->begin : line->message);
    const std::uint64_t text_end = std::min(end, line->ends ? line->end - 1 : line->end);
    if (text < text_end) {
      body->append(bytes, static_cast<std::size_t>(text),
                   static_cast<std::size_t>(text_end - text));
    }
  }
}

void SimGeneration::Mark(const Extent& range, std::uint8_t state) {
  if (state_.size() < bytes.size()) state_.resize(bytes.size());
  const std::uint64_t end = std::min<std::uint64_t>(range.end, bytes.size());
  for (std::uint64_t at = range.begin; at < end; ++at) {
    state_[at] = static_cast<std::uint8_t>(state_[at] | state);
  }
}

void SimGeneration::SetOwner(std::uint64_t at, std::uint32_t record) {
  if (owner_.size() < bytes.size()) owner_.resize(bytes.size());
  owner_[at] = record;
}

std::uint64_t SimGeneration::SettledTo() {
  while (settled_to_ < state_.size() && state_[settled_to_] != 0) ++settled_to_;
  return settled_to_;
}

bool SimGeneration::HasHead(const Marker& head) const {
  if (head.bytes == 0 || head.bytes > bytes.size()) return false;
  return HashBytes(std::string_view(bytes).substr(0, head.bytes)) == head.hash;
}

}  // namespace podtail
