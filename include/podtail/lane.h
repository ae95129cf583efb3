// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_LANE_H_
#define PODTAIL_LANE_H_
// What a sink accepts or refuses on its own, and in order.
//
//   Loki           one stream of one container (a label set)
//   OTLP, stdout   one container
//
// A batch holds one lane, so a refusal never holds back a neighbour: the lane
// backs off alone, and reading stops only for the files that feed it.
#include <compare>
#include <cstdint>
#include <optional>
#include "podtail/cri_line.h"
#include "podtail/source.h"
namespace podtail {

enum class LaneScope : std::uint8_t { kContainer = 1, kContainerStream = 2 };

struct Lane {
  ContainerId container;
  std::optional<LogStream> stream;  // nullopt: both, in read order
  friend auto operator<=>(const Lane&, const Lane&) = default;
};

}  // namespace podtail
#endif
