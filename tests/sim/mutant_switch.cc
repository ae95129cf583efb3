// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mutant_switch.h"

#include <stdexcept>
#include <string>

namespace podtail {
namespace {

thread_local Mutant current = Mutant::kNone;

constexpr std::string_view kWords[] = {"none",
#define PODTAIL_MUTANT_WORDS(name, words) words,
                                       PODTAIL_MUTANTS_ALL(PODTAIL_MUTANT_WORDS)
#undef PODTAIL_MUTANT_WORDS
};

}  // namespace

void SetMutant(Mutant mutant) {
  current = mutant;
}

std::string_view WordsOf(Mutant mutant) {
  return kWords[static_cast<std::size_t>(mutant)];
}

bool MutantIs(Mutant mutant) noexcept {
  return current == mutant;
}

// An assertion of the engine ends its world; the runner says so.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
void CheckFailed(const char* condition, const char* file, int line) {
  throw std::logic_error(std::string(file) + ":" + std::to_string(line) + ": " + condition);
}

}  // namespace podtail
