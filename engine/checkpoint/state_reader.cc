// SPDX-License-Identifier: Apache-2.0
#include "podtail/state_reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/checkpoint/file_loss_log.h"
#include "engine/checkpoint/store_image.h"
#include "engine/port/durable_directory.h"
#include "engine/port/read_only_directory.h"

namespace podtail {
namespace {

// A podtail at work may fold its journal into a snapshot between two reads. That
// looks like damage once; twenty times in a row it does not.
constexpr int kLooksMax = 20;

bool HasState(const std::vector<DurableFile>& files) {
  return std::any_of(files.begin(), files.end(), [](const DurableFile& file) {
    return file.name == kJournalName || file.name == kSnapshotNames[0] ||
           file.name == kSnapshotNames[1];
  });
}

bool HasLosses(const std::vector<DurableFile>& files) {
  return std::any_of(files.begin(), files.end(), [](const DurableFile& file) {
    return file.name == kLossesName || file.name == kOlderLossesName;
  });
}

Status Damage(const std::string& path, const std::vector<std::string>& untrusted) {
  std::string message = "checkpoints in " + path + " cannot be trusted:";
  for (const std::string& name : untrusted) message += " " + name;
  return Status(StatusCode::kDataLoss, message);
}

LoadedCheckpoints Sorted(const std::string& path, const StoreImage& image) {
  LoadedCheckpoints loaded;
  if (!image.untrusted.empty()) loaded.damage = Damage(path, image.untrusted);
  for (const auto& [file, checkpoint] : image.checkpoints) loaded.checkpoints.push_back(checkpoint);
  std::sort(loaded.checkpoints.begin(), loaded.checkpoints.end(),
            [](const Checkpoint& a, const Checkpoint& b) {
              return std::tie(a.path, a.committed.offset, a.file.inode) <
                     std::tie(b.path, b.committed.offset, b.file.inode);
            });
  return loaded;
}

}  // namespace

Expected<std::vector<std::string>> ListSinks(const std::string& directory) {
  auto folders = ListFolders(directory);
  if (!folders) return folders;
  std::erase_if(*folders, [&directory](const std::string& name) {
    const auto folder = OpenReadOnlyDirectory(directory + "/" + name);
    if (!folder) return folder.error().code() == StatusCode::kNotFound;
    const auto files = (*folder)->List();
    return files && !HasState(*files) && !HasLosses(*files);
  });
  return folders;
}

Expected<LoadedCheckpoints> ReadCheckpoints(const std::string& directory,
                                            const std::string& sink_name) {
  const std::string path = directory + "/" + sink_name;
  auto folder = OpenReadOnlyDirectory(path);
  if (!folder) return Unexpected(std::move(folder).error());
  for (int look = 1;; ++look) {
    const auto files = (*folder)->List();
    if (!files) return Unexpected(files.error());
    if (!HasState(*files)) {
      return Unexpected(Status(StatusCode::kNotFound, path + " holds no checkpoints"));
    }
    auto image = ReadStoreImage(folder->get(), *files);
    if (!image) return Unexpected(std::move(image).error());
    if (image->untrusted.empty() || look == kLooksMax) return Sorted(path, *image);
  }
}

}  // namespace podtail
