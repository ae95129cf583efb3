// SPDX-License-Identifier: Apache-2.0
#include "engine/port/inotify_hints.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iterator>
#include <utility>

namespace podtail {
namespace {

// Writes to an unlinked file are told as well: it is read to its end. What opening,
// closing and chmod do changes no byte.
constexpr std::uint32_t kMask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |
                                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

constexpr std::size_t kBufferBytes = std::size_t{32} * 1024;
static_assert(kBufferBytes >= sizeof(inotify_event) + NAME_MAX + 1);
// Of one call: whoever writes faster than we read must not keep us here. A full
// queue of the usual 16,384 events with names of usual length is 1 MiB.
constexpr int kReadsMax = 64;

}  // namespace

InotifyHints::InotifyHints() : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_.valid()) buffer_ = std::make_unique<char[]>(kBufferBytes);
}

void InotifyHints::Watch(int directory, const std::string& name) {
  if (!fd_.valid()) return;
  // First what is known: that the directory was moved here would end its watch.
  Read();
  const std::string place = "/proc/self/fd/" + std::to_string(directory);
  const int watch = inotify_add_watch(fd_.get(), place.c_str(), kMask);
  const auto known = watch_of_.find(name);
  if (known != watch_of_.end() && known->second == watch) return;
  Detach(name);
  if (watch < 0) {
    unwatched_.insert(name);
    return;
  }
  unwatched_.erase(name);
  watch_of_[name] = watch;
  names_of_[watch].push_back(name);
}

void InotifyHints::Forget(const std::string& name) {
  Detach(name);
  unwatched_.erase(name);
  Keep(name, {});
}

void InotifyHints::Keep(const std::string& name, const std::vector<DirectoryEntry>& entries) {
  const std::string beneath = name + '/';
  const auto exists = [&](std::string_view path) {
    path.remove_prefix(beneath.size());
    const std::string_view entry = path.substr(0, path.find('/'));
    const auto at = std::lower_bound(
        entries.begin(), entries.end(), entry,
        [](const DirectoryEntry& each, std::string_view wanted) { return each.name < wanted; });
    return at != entries.end() && at->name == entry;
  };
  auto it = unwatched_.lower_bound(beneath);
  while (it != unwatched_.end() && it->starts_with(beneath)) {
    it = exists(*it) ? std::next(it) : unwatched_.erase(it);
  }
}

void InotifyHints::Detach(const std::string& name) {
  const auto known = watch_of_.find(name);
  if (known == watch_of_.end()) return;
  const int watch = known->second;
  watch_of_.erase(known);
  std::vector<std::string>& names = names_of_[watch];
  names.erase(std::remove(names.begin(), names.end(), name), names.end());
  if (names.empty()) Drop(watch);
}

void InotifyHints::Drop(int watch) {
  const auto at = names_of_.find(watch);
  if (at == names_of_.end()) return;
  for (const std::string& name : at->second) watch_of_.erase(name);
  names_of_.erase(at);
  // EINVAL: the kernel was first. It gives no number out twice.
  inotify_rm_watch(fd_.get(), watch);
}

ChangeHints InotifyHints::Take() {
  ChangeHints hints;
  Read();
  hints.paths.reserve(paths_.size());
  while (!paths_.empty()) {
    hints.paths.push_back(std::move(paths_.extract(paths_.begin()).value()));
  }
  hints.complete = fd_.valid() && !lost_ && unwatched_.empty();
  lost_ = false;
  return hints;
}

void InotifyHints::Read() {
  if (!fd_.valid()) return;
  for (int reads = 0; reads < kReadsMax; ++reads) {
    ssize_t got = -1;
    do got = read(fd_.get(), buffer_.get(), kBufferBytes);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return;
    TakeIn({buffer_.get(), static_cast<std::size_t>(got)});
  }
}

void InotifyHints::TakeIn(std::string_view events) {
  // A directory that is gone, or elsewhere, has no name any more.
  constexpr std::uint32_t kGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
  while (events.size() >= sizeof(inotify_event)) {
    inotify_event event;
    std::memcpy(&event, events.data(), sizeof(event));
    std::string_view entry = events.substr(sizeof(event), event.len);
    entry = entry.substr(0, entry.find('\0'));
    events.remove_prefix(std::min(events.size(), sizeof(event) + event.len));
    if ((event.mask & IN_Q_OVERFLOW) != 0) lost_ = true;
    const auto names = names_of_.find(event.wd);
    if (names == names_of_.end()) continue;
    const bool left = (event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
    for (const std::string& name : names->second) {
      std::string path = name;
      if (!entry.empty()) path.append("/").append(entry);
      if (left) {
        unwatched_.erase(path);
        Keep(path, {});
      }
      Add(std::move(path));
    }
    if ((event.mask & kGone) != 0) Drop(event.wd);
  }
}

void InotifyHints::Add(std::string path) {
  if (paths_.size() < kPathsMax) {
    paths_.insert(std::move(path));
  } else if (!paths_.contains(path)) {
    lost_ = true;
  }
}

}  // namespace podtail
