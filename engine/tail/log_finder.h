// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_LOG_FINDER_H_
#define PODTAIL_ENGINE_TAIL_LOG_FINDER_H_
// Which container logs stand beneath the root.
//
//   root / <namespace>_<pod>_<uid> / <container> / <N>.log[.<stamp>[.gz]]
//
// A pass walks the whole tree in steps, so that one Poll() never takes long. It
// is the truth about names; what it finds is a list of names and nothing more:
// which generation stands behind a name is the tailer's question. Between passes
// single pods and containers can be looked into, where something hints at news.
// Everything that is found and not used is reported once, by name and reason.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/log_file_system.h"
#include "podtail/observer.h"
#include "podtail/tailer.h"

namespace podtail {

struct FoundFile {
  std::string name;  // in its directory
  std::string root;  // opened as `path` beneath `root`: of a link its target
  std::string path;
  std::uint32_t restart_count = 0;
  std::string rotation;  // "" for the file being written
  bool compressed = false;
};

// By their names.
bool OlderThan(const FoundFile& a, const FoundFile& b);

struct FoundDirectory {
  std::string path;              // <pod directory>/<container>, beneath the root
  std::vector<FoundFile> files;  // oldest first; none when the directory is gone
};

class LogFinder {
 public:
  // All must outlive the finder; `observer` may be null.
  LogFinder(const TailerOptions* options, LogFileSystem* files, Observer* observer);

  // Goes on with the pass, or starts one, through at most `pods` pod directories.
  // Appends what it finds; true at the end of the pass.
  bool Step(std::size_t pods, std::vector<FoundDirectory>* found);
  // The last whole pass could read every directory, and there was a pod at all (a
  // root without any is one that was unmounted): a name it did not see is gone.
  bool trusted() const noexcept { return trusted_; }
  // Something that was found cannot be looked at: this pass says of no name that it is
  // gone, for a checkpoint may be that one's.
  void Distrust() noexcept { readable_ = trusted_ = false; }
  // One pod directory, or one container of it: nothing that belongs to another
  // shard, and no directory that cannot be read.
  void LookIntoPod(const std::string& pod, std::vector<FoundDirectory>* found);
  void LookIntoContainer(const std::string& directory, std::vector<FoundDirectory>* found);
  // There is a pod now: a name that is missing is not the whole tree's.
  bool RootStands();
  // This file, a path beneath the root, is one that the options ask for.
  bool Wants(std::string_view path) const;

  // Reports a path once, until it is cleared.
  void Skip(const std::string& path, SkipReason reason);
  void ClearSkip(const std::string& path);

 private:
  bool Owns(std::string_view pod);
  bool Consider(const std::string& directory, const DirectoryEntry& entry, FoundFile* file);
  bool FollowLink(const std::string& path, FoundFile* file);
  bool Wanted(std::string_view live_path) const;
  // False, and reported, when the directory cannot be read. Of one that is gone
  // the entries are none.
  bool List(const std::string& path, std::vector<DirectoryEntry>* entries);

  const TailerOptions* options_;
  LogFileSystem* files_;
  Observer* observer_;
  std::vector<std::string> pods_;  // of the pass under way, in reverse order
  bool under_way_ = false;
  bool readable_ = true;  // so far, in this pass
  bool trusted_ = false;
  std::set<std::uint64_t> said_;  // hashes of reported paths and their reasons
};

}  // namespace podtail
#endif
