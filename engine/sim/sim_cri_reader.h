// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_CRI_READER_H_
#define PODTAIL_ENGINE_SIM_SIM_CRI_READER_H_
// A second, slow reader of log lines, written from the specification and not from
// engine/parse: what the oracle believes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "podtail/tick.h"

namespace podtail {

struct SimLine {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;      // behind its '\n', if it has one
  std::uint64_t message = 0;  // where its message begins; of a malformed line its own begin
  bool ends = false;          // it has a '\n'
  bool cri = false;
  bool partial = false;
  bool clamped = false;
  std::size_t stream = 0;  // 0 stdout, 1 stderr
  Timestamp time{};
};

// `text` without its '\n'; offsets are relative to it.
SimLine ReadSimLine(std::string_view text);

}  // namespace podtail
#endif
