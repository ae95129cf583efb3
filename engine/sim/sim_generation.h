// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_GENERATION_H_
#define PODTAIL_ENGINE_SIM_SIM_GENERATION_H_
// The truth about one generation of a log file: every byte that was ever written
// to it, and what became of each.
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sim/sim_cri_reader.h"
#include "podtail/source.h"

namespace podtail {

// Half-open ranges of a generation's bytes.
using SimRanges = std::vector<Extent>;

class SimGeneration {
 public:
  static constexpr std::uint8_t kSettled = 1;  // the engine was told that the sink has it
  static constexpr std::uint8_t kLost = 2;     // durable in the loss log

  SimGeneration(std::uint64_t number, std::uint64_t node) : id(number), node_id(node) {}

  void Append(std::string_view more);
  // Which bytes of `extent` belong to a record of that stream, and what its body
  // takes from them. Of a malformed record (`stream` < 0) all of them do.
  void Own(const Extent& extent, int stream, SimRanges* own, std::string* body);
  // The line that holds this byte. REQUIRES: at < size().
  SimLine LineAt(std::uint64_t at);
  // A reader took what there was up to here for a whole line.
  void SplitAt(std::uint64_t at);
  // A line that begins at a split may be the end of one: who finds that whole, and sends it in
  // parts, has called its first part malformed.
  bool IsMalformed(std::uint64_t at, std::uint32_t part);
  const std::vector<SimLine>& Lines();

  void Mark(const Extent& range, std::uint8_t state);
  bool Accounted(std::uint64_t at) const { return at < state_.size() && state_[at] != 0; }
  std::uint8_t StateAt(std::uint64_t at) const { return at < state_.size() ? state_[at] : 0; }
  // The record that has this byte, 0: none.
  std::uint32_t OwnerAt(std::uint64_t at) const { return at < owner_.size() ? owner_[at] : 0; }
  void SetOwner(std::uint64_t at, std::uint32_t record);
  // Everything before it is settled or lost.
  std::uint64_t SettledTo();
  std::uint64_t size() const noexcept { return bytes.size(); }
  // A byte that nobody can read any more.
  bool Gone(std::uint64_t at) const {
    return cut || carriers == 0 || (plain_gone && at >= archived);
  }
  // As podtail hashes it: the first line, at most 4 KiB.
  bool HasHead(const Marker& head) const;

  const std::uint64_t id;
  const std::uint64_t node_id;
  std::string bytes;
  std::string path;       // the first name it had
  std::string directory;  // of that name
  std::set<std::string> names;
  std::uint32_t restart = 0;
  bool cut = false;             // its file holds other bytes now
  bool after_cut = false;       // and before it held others
  std::uint32_t carriers = 1;   // files that hold it, compressed ones too
  std::uint64_t gone_life = 0;  // the one, or the one before it
  std::uint64_t gone_step = 0;  // of the world, when nobody could read it any more
  bool compressed = false;      // at least one of them is
  std::uint64_t archived = 0;   // so many bytes the longest of them gives
  bool moved = false;           // to another pod's directory
  bool plain_gone = false;      // the rest nobody can read any more
  bool excused = false;         // bytes of it may be missing: nobody could have read them
  std::uint64_t excused_from = UINT64_MAX;  // or those from here on
  std::uint64_t opened_life = 0;            // last life that announced it
  std::uint64_t seen_to = 0;                // how far this life was told it reaches
  std::uint64_t read_to = 0;                // and how far a read of it went
  std::uint64_t put = 0;                    // last submitted offset, in this life
  std::uint64_t put_durable = 0;            // the store said that so much is durable
  std::uint64_t settled_before = 0;         // when this life began
  std::uint64_t loaded = 0;                 // what this life began with
  std::uint64_t put_most = 0;               // ever submitted
  bool forgotten = false;
  bool torn_off = false;  // a record of it lost its beginning: later times may shift
  std::array<std::vector<std::uint32_t>, 2> first_accepted{};  // records in order, per stream
  std::set<std::uint64_t> late_from;                           // checkpoints said so
  Instant openable_since{};
  std::uint64_t openable_turn = 0;  // and the turn of the engine
  bool openable = false;
  // So many bytes of whole lines were there soon after the next file was, which this life has seen
  // come: they are in time, whoever reads on.
  std::uint64_t in_time = 0;
  std::uint64_t in_time_life = 0;
  Instant in_time_until{};

 private:
  void ReadOn();

  std::vector<SimLine> lines_;  // complete ones, then one for what follows
  std::uint64_t read_to_ = 0;   // by complete lines
  bool rest_is_read_ = false;
  std::vector<std::uint64_t> splits_;
  std::vector<std::uint32_t> owner_;
  std::vector<std::uint8_t> state_;
  std::uint64_t settled_to_ = 0;
};

}  // namespace podtail
#endif
