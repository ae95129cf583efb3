// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_INOTIFY_HINTS_H_
#define PODTAIL_ENGINE_PORT_INOTIFY_HINTS_H_
// What the kernel tells about the directories that were listed: inotify(7).
//
//   Watch(descriptor, "root/pod")     then list it, so that nothing falls in between
//   write to root/pod/0.log           -> a hint "root/pod/0.log"
//   root/pod is moved or removed      -> a hint "root/pod", and it is watched no more
//
// A watch is put on the directory behind a descriptor that was opened beneath its
// root, never on a path, which a container could turn into a link meanwhile. A
// directory that was listed under two names gives hints under both.
// Only hints: a queue that overflows, a limit that is reached, and more paths than
// kPathsMax between two calls make them incomplete, which is said, not repaired.
// Not thread-safe; never blocks.
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/port/file_descriptor.h"
#include "podtail/log_file_system.h"

namespace podtail {

class InotifyHints {
 public:
  static constexpr std::size_t kPathsMax = 4096;

  // Without inotify, or with every instance taken, nothing is ever complete.
  InotifyHints();

  // `directory` may be closed afterwards. What is watched under `name` already is
  // replaced when it is another directory.
  void Watch(int directory, const std::string& name);
  bool Watches(const std::string& name) const { return watch_of_.contains(name); }
  // `name` leads nowhere: not watching it, and what lay beneath it, makes nothing
  // incomplete.
  void Forget(const std::string& name);
  // These are all that there is beneath `name`, in order.
  void Keep(const std::string& name, const std::vector<DirectoryEntry>& entries);

  // Since the last call; every path once, in no order.
  ChangeHints Take();
  // Readable when Take() has news; -1: there are none.
  int fd() const noexcept { return fd_.get(); }

 private:
  // Takes in what is queued, or a good part of it when that is a lot.
  void Read();
  void TakeIn(std::string_view events);
  void Add(std::string path);
  // Leaves nothing of it here. The kernel has dropped it, or is told to.
  void Drop(int watch);
  void Detach(const std::string& name);

  FileDescriptor fd_;
  std::unordered_map<int, std::vector<std::string>> names_of_;
  std::unordered_map<std::string, int> watch_of_;
  std::set<std::string> unwatched_;        // listed, but the kernel refused
  std::unordered_set<std::string> paths_;  // hints to be taken
  bool lost_ = false;                      // so were others
  std::unique_ptr<char[]> buffer_;         // for the kernel's events
};

}  // namespace podtail
#endif
