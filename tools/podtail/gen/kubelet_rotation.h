// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_KUBELET_ROTATION_H_
#define PODTAIL_TOOLS_GEN_KUBELET_ROTATION_H_
// The kubelet's half of a rotation, in its order:
//
//   delete   0.log.*.tmp, and 0.log.<stamp> that has a .gz
//   delete   the oldest, until files_max - 2 rotated ones are left
//   gzip     every 0.log.<stamp>: to .tmp, rename to .gz, unlink the original
//   rename   0.log to 0.log.<stamp>
//
// The other half, a new 0.log, is the runtime's: the caller opens it afterwards.
// One object per container instance; not thread-safe. Errors name the path.
#include <cstdint>
#include <string>
#include <vector>

#include "podtail/expected.h"
#include "podtail/status.h"
#include "tools/podtail/gen/gen_options.h"

namespace podtail::gen {

class KubeletRotation {
 public:
  // Of `directory`/`instance`.log.
  KubeletRotation(std::string directory, std::uint64_t instance, const Rotation& policy);

  // `seconds` is the stamp. A stamp that is taken (two rotations in one second,
  // or an older tree that is ahead) moves on to the second behind the last one,
  // because the kubelet's rename would overwrite that file.
  [[nodiscard]] Status Rotate(std::int64_t seconds);
  std::uint64_t rotations() const { return rotations_; }

  // The files of the instance that exist, names only, oldest first, live last.
  Expected<std::vector<std::string>> Files() const;

 private:
  Expected<std::vector<std::string>> Rotated() const;
  [[nodiscard]] Status DeleteUnused(std::vector<std::string>* names) const;
  [[nodiscard]] Status DeleteOldest(std::vector<std::string>* names) const;
  [[nodiscard]] Status Compress(std::vector<std::string>* names) const;
  [[nodiscard]] Status Unlink(const std::string& name) const;
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) const;

  const std::string directory_;
  const std::string live_;  // "0.log"
  const Rotation policy_;
  std::uint64_t rotations_ = 0;
};

}  // namespace podtail::gen
#endif
