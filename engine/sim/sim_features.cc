// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_features.h"

namespace podtail {

namespace {

struct Named {
  std::string_view name;
  bool SimFeatures::*feature;
};

constexpr Named kNamed[] = {
    {"copytruncate", &SimFeatures::copytruncate},
    {"copytruncate_equal", &SimFeatures::copytruncate_equal},
    {"nul_holes", &SimFeatures::nul_holes},
    {"gzip", &SimFeatures::gzip},
    {"torn_gzip", &SimFeatures::torn_gzip},
    {"gzip_beside_all", &SimFeatures::gzip_beside_all},
    {"hard_links", &SimFeatures::hard_links},
    {"moves", &SimFeatures::moves},
    {"unmounts", &SimFeatures::unmounts},
    {"late_writes", &SimFeatures::late_writes},
    {"wall_jumps", &SimFeatures::wall_jumps},
    {"few_descriptors", &SimFeatures::few_descriptors},
    {"hints", &SimFeatures::hints},
    {"state_damage", &SimFeatures::state_damage},
    {"no_birth_times", &SimFeatures::no_birth_times},
    {"short_reads", &SimFeatures::short_reads},
    {"open_errors", &SimFeatures::open_errors},
    {"torn_lines", &SimFeatures::torn_lines},
    {"static_pods", &SimFeatures::static_pods},
    {"damage_and_trouble", &SimFeatures::damage_and_trouble},
    {"run_age", &SimFeatures::run_age},
    {"late_lines", &SimFeatures::late_lines},
    {"equal_heads", &SimFeatures::equal_heads},
    {"same_second", &SimFeatures::same_second},
    {"read_errors", &SimFeatures::read_errors},
    {"between_calls", &SimFeatures::between_calls},
    {"line_overflow", &SimFeatures::line_overflow},
};

bool Switch(std::string_view name, bool on, SimFeatures* features) {
  for (const Named& named : kNamed) {
    if (named.name != name) continue;
    features->*named.feature = on;
    return true;
  }
  return false;
}

}  // namespace

bool SwitchOn(std::string_view name, SimFeatures* features) {
  return Switch(name, true, features);
}

bool SwitchOff(std::string_view name, SimFeatures* features) {
  return Switch(name, false, features);
}

void SwitchOffBesideGzip(SimFeatures* features) {
  for (bool SimFeatures::*family :
       {&SimFeatures::copytruncate, &SimFeatures::copytruncate_equal, &SimFeatures::hard_links,
        &SimFeatures::moves, &SimFeatures::unmounts, &SimFeatures::late_writes,
        &SimFeatures::late_lines, &SimFeatures::open_errors, &SimFeatures::torn_lines,
        &SimFeatures::static_pods, &SimFeatures::equal_heads, &SimFeatures::same_second,
        &SimFeatures::damage_and_trouble}) {
    features->*family = false;
  }
}

void SwitchAllOff(SimFeatures* features) {
  for (const Named& named : kNamed) features->*named.feature = false;
}

std::string FeatureNames(const SimFeatures& features) {
  std::string names;
  for (const Named& named : kNamed) {
    if (features.*named.feature) names.append(" ").append(named.name);
  }
  return names;
}

bool NeedsFeature(SimMark mark, const SimFeatures& features) {
  switch (mark) {
    case SimMark::kCut:
    case SimMark::kGap:
      return !features.copytruncate;
    case SimMark::kCutAndLonger:
      return !features.copytruncate_equal;
    case SimMark::kNulHole:
      return !features.nul_holes;
    case SimMark::kCompressed:
    case SimMark::kResumedCompressed:
      return !features.gzip;
    case SimMark::kTornGzip:
      return !features.torn_gzip;
    case SimMark::kHardLink:
      return !features.hard_links;
    case SimMark::kDirectoryMoved:
    case SimMark::kWaitsAtTheEnd:
      return !features.moves;
    case SimMark::kUnmounted:
      return !features.unmounts;
    case SimMark::kWallJumped:
      return !features.wall_jumps;
    case SimMark::kDescriptorsUsedUp:
    case SimMark::kUnpinned:
      return !features.few_descriptors;
    case SimMark::kMissed:  // found, and gone before it could be opened
    case SimMark::kNotPermitted:
    case SimMark::kTooManyOpen:
      return !features.open_errors;
    case SimMark::kReadError:
    case SimMark::kUnreadable:
      return !features.read_errors;
    case SimMark::kTornLine:
    case SimMark::kUnterminatedLineSent:
    case SimMark::kTagMissing:
    case SimMark::kStreamUnknown:
      return !features.torn_lines;
    case SimMark::kStaticPodAgain:
      return !features.static_pods;
    case SimMark::kRotatedNameOverwritten:
      return !features.same_second;
    case SimMark::kMovedWithinATurn:
      return !features.between_calls;
    case SimMark::kOverflowDropped:
      return !features.line_overflow;
    case SimMark::kWroteLate:
      return !features.late_lines;
    case SimMark::kUidTwice:
      return !features.equal_heads;
    case SimMark::kShed:  // takes megabytes of open runs
      return true;
    default:
      return false;
  }
}

}  // namespace podtail
