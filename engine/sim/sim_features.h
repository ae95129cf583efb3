// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_FEATURES_H_
#define PODTAIL_ENGINE_SIM_SIM_FEATURES_H_
// Which families of events a simulated world may have. What the engine cannot do
// yet is off; switching it on is one line. A swarm still leaves each of them out of
// most worlds.
#include <string>
#include <string_view>

#include "engine/sim/sim_marks.h"

namespace podtail {

struct SimFeatures {
  bool copytruncate = false;        // the file is cut, and grows again from its start
  bool copytruncate_equal = false;  // by the next look it is as long as before, or longer
  bool nul_holes = false;           // the writer goes on at its old offset: NULs in front
  bool gzip = true;                 // the kubelet compresses rotated files
  bool torn_gzip = false;           // and the disk is full while it does
  bool gzip_beside_all = false;     // in worlds of every other family, too
  bool hard_links = true;           // a second name for a log
  bool moves = true;                // a container's directory becomes another pod's
  bool unmounts = true;             // the tree is not there for a while
  bool late_writes = true;          // into a rotated file, later than switch_grace
  bool wall_jumps = false;          // the wall clock, by hours
  bool few_descriptors = false;     // open_files_max is small
  bool hints = true;                // change hints of every kind
  bool state_damage = true;         // between two lives
  bool no_birth_times = false;      // and no handles: an inode says nothing
  bool short_reads = true;          // a read may stop anywhere
  bool open_errors = true;          // no permission, no descriptor, for a while
  bool torn_lines = true;           // the writer's disk is full for a moment
  bool static_pods = true;          // a directory is made again under its old name
  bool damage_and_trouble = true;   // damaged state on a disk that refuses jobs
  bool run_age = false;             // run_age_max: runs are closed by a timer
  bool late_lines = true;           // whole lines into a rotated file, however late
  bool equal_heads = true;          // two files begin with the same line
  bool same_second = true;          // two rotations: the second name overwrites the first
  bool read_errors = true;          // and fail from some offset on
  bool between_calls = true;        // the node does not wait for a turn's end
  bool line_overflow = false;       // LineOverflow::kDrop
};

// Switches one on or off by its name; false: there is none of that name.
bool SwitchOn(std::string_view name, SimFeatures* features);
bool SwitchOff(std::string_view name, SimFeatures* features);
void SwitchAllOff(SimFeatures* features);
// What a world with gzip has not, unless gzip_beside_all is on.
void SwitchOffBesideGzip(SimFeatures* features);
// Of all that are on, each behind a blank.
std::string FeatureNames(const SimFeatures& features);
// Marks that only a family that is off can leave.
bool NeedsFeature(SimMark mark, const SimFeatures& features);

}  // namespace podtail
#endif
