// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/kubelet_rotation.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>

#include "tools/podtail/gen/gzip_file.h"
#include "tools/podtail/gen/log_file.h"
#include "tools/podtail/gen/time_text.h"

namespace podtail::gen {
namespace {

constexpr std::size_t kStampBytes = 15;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool Contains(const std::vector<std::string>& sorted, const std::string& name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

}  // namespace

KubeletRotation::KubeletRotation(std::string directory, std::uint64_t instance,
                                 const Rotation& policy)
    : directory_(std::move(directory)), live_(std::to_string(instance) + ".log"), policy_(policy) {}

Status KubeletRotation::Rotate(std::int64_t seconds) {
  Expected<std::vector<std::string>> found = Rotated();
  if (!found) return std::move(found).error();
  std::vector<std::string> names = *std::move(found);
  if (Status status = DeleteUnused(&names); !status.ok()) return status;
  // Before the oldest go: their stamps are taken, too.
  if (!names.empty()) {
    const auto last =
        StampSeconds(std::string_view(names.back()).substr(live_.size() + 1, kStampBytes));
    if (last) seconds = std::max(seconds, *last + 1);
  }
  if (Status status = DeleteOldest(&names); !status.ok()) return status;
  if (Status status = Compress(&names); !status.ok()) return status;
  if (Status status = Rename(live_, live_ + "." + StampText(seconds)); !status.ok()) return status;
  ++rotations_;
  return Status();
}

// Everything named like the live file with something behind it, sorted: by
// stamp, and for one stamp plain, .gz, .tmp.
Expected<std::vector<std::string>> KubeletRotation::Rotated() const {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(directory_.c_str()));
  if (!directory) return Unexpected(SystemError("list", directory_));
  std::vector<std::string> names;
  const std::string prefix = live_ + ".";
  while (const dirent* entry = ::readdir(directory.get())) {
    if (std::string_view(entry->d_name).starts_with(prefix)) names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Expected<std::vector<std::string>> KubeletRotation::Files() const {
  auto names = Rotated();
  if (!names) return names;
  std::erase_if(*names, [](const std::string& name) { return name.ends_with(".tmp"); });
  if (::access((directory_ + "/" + live_).c_str(), F_OK) == 0) names->push_back(live_);
  return names;
}

Status KubeletRotation::DeleteUnused(std::vector<std::string>* names) const {
  std::vector<std::string> used;
  for (const std::string& name : *names) {
    if (name.ends_with(".tmp") || Contains(*names, name + ".gz")) {
      if (Status status = Unlink(name); !status.ok()) return status;
    } else {
      used.push_back(name);
    }
  }
  names->swap(used);
  return Status();
}

Status KubeletRotation::DeleteOldest(std::vector<std::string>* names) const {
  if (policy_.files_max == 0) return Status();
  while (names->size() + 2 > policy_.files_max && !names->empty()) {
    if (Status status = Unlink(names->front()); !status.ok()) return status;
    names->erase(names->begin());
  }
  return Status();
}

Status KubeletRotation::Compress(std::vector<std::string>* names) const {
  if (!policy_.gzip) return Status();
  for (const std::string& name : *names) {
    if (name.ends_with(".gz")) continue;
    const std::string temporary = name + ".tmp";
    Status status = GzipFile(directory_ + "/" + name, directory_ + "/" + temporary);
    if (status.ok()) status = Rename(temporary, name + ".gz");
    if (status.ok()) status = Unlink(name);
    if (!status.ok()) return status;
  }
  return Status();
}

Status KubeletRotation::Unlink(const std::string& name) const {
  const std::string path = directory_ + "/" + name;
  if (::unlink(path.c_str()) != 0) return SystemError("delete", path);
  return Status();
}

Status KubeletRotation::Rename(const std::string& from, const std::string& to) const {
  const std::string path = directory_ + "/" + from;
  if (std::rename(path.c_str(), (directory_ + "/" + to).c_str()) != 0) {
    return SystemError("rename", path);
  }
  return Status();
}

}  // namespace podtail::gen
