// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_TAPE_H_
#define PODTAIL_ENGINE_SIM_SIM_TAPE_H_
// A simulated world in a file: its choices, and what they are choices of.
//
//   podtail-tape 2
//   steps 81                     then all is healed
//   crash 12 1                   behind that effect, with that outcome; left out: none
//   with gzip hints state_damage every family that is on, and no other
//   3 0 17 0 0 240 ...           choice_tape.h
//
// The same numbers are another world with other steps or other families, so a tape
// says both: what is switched on by default today may not be tomorrow.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/sim/choice_tape.h"
#include "engine/sim/sim_world.h"
#include "podtail/expected.h"

namespace podtail {

struct SimTape {
  SimWorldOptions options;
  ChoiceTape choices;
};

std::string TapeText(const SimWorldOptions& options, std::span<const std::uint32_t> numbers);
// kInvalidArgument: not the text of a tape.
Expected<SimTape> ParseTape(std::string_view text);

}  // namespace podtail
#endif
