// SPDX-License-Identifier: Apache-2.0
#include "engine/tail/log_finder.h"

#include <algorithm>
#include <tuple>

#include "engine/base/glob.h"
#include "engine/base/hash.h"
#include "engine/parse/shard_of.h"
#include "podtail/pod_log_path.h"

namespace podtail {
namespace {

// A tree of foreign files must not fill the memory with what was said about them.
constexpr std::size_t kSaidMax = 64 * 1024;

std::uint64_t SkipKey(std::string_view path, SkipReason reason) {
  return HashBytes64(path) * 31 + static_cast<std::uint64_t>(reason);
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// `target` as an absolute path without "." and "..", seen from `directory`.
std::string Normalize(const std::string& directory, const std::string& target) {
  const std::string whole = target.starts_with('/') ? target : directory + "/" + target;
  std::vector<std::string_view> parts;
  std::string_view rest = whole;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string path;
  for (const std::string_view part : parts) path.append("/").append(part);
  return path;
}

}  // namespace

bool OlderThan(const FoundFile& a, const FoundFile& b) {
  // The live file has no stamp and is the newest of its instance.
  return std::make_tuple(a.restart_count, a.rotation.empty(), std::string_view(a.rotation),
                         !a.compressed) < std::make_tuple(b.restart_count, b.rotation.empty(),
                                                          std::string_view(b.rotation),
                                                          !b.compressed);
}

LogFinder::LogFinder(const TailerOptions* options, LogFileSystem* files, Observer* observer)
    : options_(options), files_(files), observer_(observer) {}

bool LogFinder::Step(std::size_t pods, std::vector<FoundDirectory>* found) {
  if (!under_way_) {
    under_way_ = true;
    readable_ = true;
    pods_.clear();
    std::vector<DirectoryEntry> entries;
    List("", &entries);
    for (const DirectoryEntry& entry : entries) {
      if (entry.kind == FileKind::kDirectory) {
        pods_.push_back(entry.name);
      } else {
        Skip(entry.name,
             entry.kind == FileKind::kLink ? SkipReason::kLinkOutside : SkipReason::kUnparsedPath);
      }
    }
    std::reverse(pods_.begin(), pods_.end());
    if (pods_.empty()) readable_ = false;
  }
  for (; pods > 0 && !pods_.empty(); --pods) {
    const std::string pod = std::move(pods_.back());
    pods_.pop_back();
    LookIntoPod(pod, found);
  }
  if (!pods_.empty()) return false;
  under_way_ = false;
  trusted_ = readable_;
  return true;
}

bool LogFinder::List(const std::string& path, std::vector<DirectoryEntry>* entries) {
  auto listed = files_->List(options_->root, path);
  if (listed) {
    ClearSkip(path);
    *entries = std::move(listed).value();
    return true;
  }
  const StatusCode code = listed.error().code();
  if (code == StatusCode::kNotFound && !path.empty()) return true;
  readable_ = false;
  if (code == StatusCode::kResourceExhausted) {
    Skip(path, SkipReason::kTooManyOpen);
  } else if (code != StatusCode::kNotFound) {
    Skip(path, SkipReason::kNotPermitted);
  }
  return false;
}

bool LogFinder::RootStands() {
  const auto listed = files_->List(options_->root, "");
  return listed && !listed->empty();
}

bool LogFinder::Owns(std::string_view pod) {
  const std::string any = std::string(pod) + "/c/0.log";
  const auto parsed = ParsePodLogPath(any);
  if (!parsed) {
    Skip(std::string(pod), SkipReason::kUnparsedPath);
    return false;
  }
  const Shard& shard = options_->shard;
  return ShardOf(parsed->pod_uid, shard.count) == shard.index;
}

void LogFinder::LookIntoPod(const std::string& pod, std::vector<FoundDirectory>* found) {
  if (!Owns(pod)) return;
  std::vector<DirectoryEntry> entries;
  List(pod, &entries);
  for (const DirectoryEntry& entry : entries) {
    const std::string path = pod + "/" + entry.name;
    if (entry.kind == FileKind::kDirectory) {
      LookIntoContainer(path, found);
    } else {
      // The CRI allows a pod to keep files of its own here (spec B.1).
      Skip(path,
           entry.kind == FileKind::kLink ? SkipReason::kLinkOutside : SkipReason::kUnparsedPath);
    }
  }
}

void LogFinder::LookIntoContainer(const std::string& directory,
                                  std::vector<FoundDirectory>* found) {
  if (!Owns(std::string_view(directory).substr(0, directory.find('/')))) return;
  FoundDirectory result{directory, {}};
  std::vector<DirectoryEntry> entries;
  if (!List(directory, &entries)) return;
  for (const DirectoryEntry& entry : entries) {
    FoundFile file;
    if (Consider(directory, entry, &file)) result.files.push_back(std::move(file));
  }
  std::sort(result.files.begin(), result.files.end(), OlderThan);
  found->push_back(std::move(result));
}

bool LogFinder::Consider(const std::string& directory, const DirectoryEntry& entry,
                         FoundFile* file) {
  const std::string path = directory + "/" + entry.name;
  // A compression under way, or a runtime about to reopen: never a log yet.
  if (EndsWith(entry.name, ".tmp")) return false;
  const auto parsed = ParsePodLogPath(path);
  if (!parsed) {
    Skip(path,
         entry.kind == FileKind::kDirectory ? SkipReason::kNotRegular : SkipReason::kUnparsedPath);
    return false;
  }
  if (!Wanted(directory + "/" + std::to_string(parsed->restart_count) + ".log")) return false;
  file->name = entry.name;
  file->root = options_->root;
  file->path = path;
  file->restart_count = parsed->restart_count;
  file->rotation = parsed->rotation;
  file->compressed = parsed->compressed;
  if (entry.kind == FileKind::kRegular) return true;
  if (entry.kind == FileKind::kLink) return FollowLink(path, file);
  Skip(path, SkipReason::kNotRegular);
  return false;
}

bool LogFinder::FollowLink(const std::string& path, FoundFile* file) {
  const auto target = files_->ReadLink(options_->root, path);
  if (!target) return false;
  const std::string directory = options_->root + "/" + path.substr(0, path.rfind('/'));
  const std::string absolute = Normalize(directory, *target);
  for (const std::string& allowed : options_->follow_into) {
    const std::string base = Normalize("/", allowed);
    if (absolute.size() > base.size() + 1 && absolute.starts_with(base) &&
        absolute[base.size()] == '/') {
      file->root = base;
      file->path = absolute.substr(base.size() + 1);
      return true;
    }
  }
  Skip(path, SkipReason::kLinkOutside);
  return false;
}

bool LogFinder::Wants(std::string_view path) const {
  const auto parsed = ParsePodLogPath(path);
  if (!parsed) return false;
  const std::string directory(path.substr(0, path.rfind('/')));
  return Wanted(directory + "/" + std::to_string(parsed->restart_count) + ".log");
}

bool LogFinder::Wanted(std::string_view live_path) const {
  const auto matches = [&](const std::string& glob) { return MatchGlob(glob, live_path); };
  const auto& include = options_->include;
  const auto& exclude = options_->exclude;
  return (include.empty() || std::any_of(include.begin(), include.end(), matches)) &&
         std::none_of(exclude.begin(), exclude.end(), matches);
}

void LogFinder::Skip(const std::string& path, SkipReason reason) {
  if (observer_ == nullptr || said_.size() >= kSaidMax) return;
  if (said_.insert(SkipKey(path, reason)).second) {
    observer_->OnFileSkipped(options_->root + "/" + path, reason);
  }
}

void LogFinder::ClearSkip(const std::string& path) {
  for (const SkipReason reason : {SkipReason::kNotPermitted, SkipReason::kTooManyOpen}) {
    said_.erase(SkipKey(path, reason));
  }
}

}  // namespace podtail
