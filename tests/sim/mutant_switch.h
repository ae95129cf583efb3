// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_SIM_MUTANT_SWITCH_H_
#define PODTAIL_TESTS_SIM_MUTANT_SWITCH_H_
// Which planted bug the mutable copy of the engine has, on this thread.
#include <string_view>

#include "engine/base/mutant.h"

namespace podtail {

void SetMutant(Mutant mutant);
std::string_view WordsOf(Mutant mutant);
inline constexpr Mutant kAllMutants[] = {
#define PODTAIL_MUTANT_NAME(name, words) Mutant::name,
    PODTAIL_MUTANTS_ALL(PODTAIL_MUTANT_NAME)
#undef PODTAIL_MUTANT_NAME
};

}  // namespace podtail
#endif
