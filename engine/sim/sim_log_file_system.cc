// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_log_file_system.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace podtail {
namespace {

constexpr std::size_t kHintsMax = 64;

Unexpected<Status> RefuseFile(StatusCode code) {
  return Unexpected(Status(code, "simulated"));
}

std::string DirectoryOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string Whole(const std::string& root, const std::string& path) {
  return path.empty() ? root : root + "/" + path;
}

}  // namespace

class SimLogFileSystem::File : public LogFile {
 public:
  File(SimLogFileSystem* owner, SimNode* node) : owner_(owner), node_(node) {
    ++node_->opens;
    ++owner_->open_files;
    owner_->open_files_most = std::max(owner_->open_files_most, owner_->open_files);
  }
  ~File() override {
    --node_->opens;
    --owner_->open_files;
    owner_->Release(node_);
  }

  Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
    owner_->Meanwhile();
    const std::size_t size = node_->bytes.size() - node_->hidden;
    if (offset >= size) return std::size_t{0};
    std::size_t n = std::min(into.size(), size - static_cast<std::size_t>(offset));
    if (offset + n > node_->broken_from) {
      if (offset >= node_->broken_from) return RefuseFile(StatusCode::kUnavailable);
      n = static_cast<std::size_t>(node_->broken_from - offset);
    }
    if (owner_->tape_->OneIn(owner_->options.short_read_in)) {
      n = std::min<std::size_t>(n, 1 + owner_->tape_->Below(200));
    }
    std::memcpy(into.data(), node_->bytes.data() + offset, n);
    owner_->listener_->OnSeen(*node_, offset + n, true);
    return n;
  }
  Expected<FileStat> Stat() override {
    owner_->Meanwhile();
    return owner_->StatOf(*node_);
  }

 private:
  SimLogFileSystem* const owner_;
  SimNode* const node_;
};

void SimLogFileSystem::Meanwhile() {
  if (meanwhile != nullptr && tape_->OneIn(options.meanwhile_in)) meanwhile();
}

std::uint64_t SimLogFileSystem::TakeInode() {
  if (options.inodes == SimInodePolicy::kUnique || free_inodes_.empty()) return next_inode_++;
  auto taken = free_inodes_.end() - 1;
  if (options.inodes == SimInodePolicy::kLowest) {
    taken = std::min_element(free_inodes_.begin(), free_inodes_.end());
  }
  const std::uint64_t inode = *taken;
  free_inodes_.erase(taken);
  return inode;
}

SimNode* SimLogFileSystem::NewNode(FileKind kind) {
  nodes_.push_back(std::make_unique<SimNode>());
  SimNode* node = nodes_.back().get();
  node->id = nodes_.size();
  node->kind = kind;
  node->stat.inode = TakeInode();
  ++births_;
  if (options.birth_times) {
    node->stat.birth_time = wall + std::chrono::nanoseconds(static_cast<std::int64_t>(births_));
  }
  if (options.handle_generations) node->stat.handle_generation = births_;
  node->stat.modify_time = wall;
  node->stat.device = 1;
  return node;
}

void SimLogFileSystem::Enter(const std::string& path, SimNode* node) {
  Entries& entries = directories_[DirectoryOf(path)];
  const auto [entry, is_new] = entries.try_emplace(NameOf(path), nullptr);
  SimNode* before = is_new ? nullptr : entry->second;
  entry->second = node;
  ++node->names;
  node->last_path = path;
  if (before != nullptr) {
    --before->names;
    Release(before);
  }
  listener_->OnNamed(*node, path);
  Hint(path);
}

void SimLogFileSystem::Leave(Entries* entries, Entries::iterator entry) {
  SimNode* node = entry->second;
  entries->erase(entry);
  if (node == nullptr) return;
  --node->names;
  Release(node);
}

void SimLogFileSystem::Release(SimNode* node) {
  if (node->names > 0 || node->opens > 0 || node->gone) return;
  node->gone = true;
  free_inodes_.push_back(node->stat.inode);
  listener_->OnGone(*node);
}

void SimLogFileSystem::MakeDirectory(const std::string& path) {
  directories_.try_emplace(path);
  const std::string parent = DirectoryOf(path);
  if (parent.empty()) return;
  if (directories_.count(parent) == 0) MakeDirectory(parent);
  directories_[parent].try_emplace(NameOf(path), nullptr);
  Hint(path);
}

void SimLogFileSystem::RemoveTree(const std::string& path) {
  const auto found = directories_.find(path);
  if (found == directories_.end()) return;
  while (!found->second.empty()) {
    const auto entry = found->second.begin();
    if (entry->second == nullptr) {
      RemoveTree(path + "/" + std::string(entry->first));
    } else {
      Leave(&found->second, entry);
    }
  }
  directories_.erase(found);
  const auto parent = directories_.find(DirectoryOf(path));
  if (parent != directories_.end()) parent->second.erase(NameOf(path));
  Hint(path);
}

void SimLogFileSystem::RenameDirectory(const std::string& from, const std::string& to) {
  std::vector<std::string> moved;
  for (const auto& [path, entries] : directories_) {
    if (path == from || path.starts_with(from + "/")) moved.push_back(path);
  }
  if (moved.empty() || directories_.count(to) > 0) return;
  for (const std::string& path : moved) {
    const std::string new_path = to + path.substr(from.size());
    directories_[new_path] = std::move(directories_[path]);
    directories_.erase(path);
    for (const auto& [name, node] : directories_[new_path]) {
      if (node == nullptr) continue;
      node->last_path = new_path;
      node->last_path.append("/").append(name);
      listener_->OnNamed(*node, node->last_path);
    }
  }
  directories_[DirectoryOf(from)].erase(NameOf(from));
  directories_[DirectoryOf(to)].try_emplace(NameOf(to), nullptr);
  Hint(from);
  Hint(to);
}

SimNode* SimLogFileSystem::Create(const std::string& path) {
  SimNode* node = NewNode(FileKind::kRegular);
  Enter(path, node);
  return node;
}

SimNode* SimLogFileSystem::CreateCompressed(const std::string& path, const SimNode& of,
                                            std::size_t gives) {
  SimNode* node = NewNode(FileKind::kRegular);
  listener_->OnCompressed(*node, of, gives);
  Enter(path, node);
  return node;
}

void SimLogFileSystem::CreateLink(const std::string& path, const std::string& target) {
  SimNode* node = NewNode(FileKind::kLink);
  node->link = target;
  Enter(path, node);
}

void SimLogFileSystem::CreateSpecial(const std::string& path) {
  Enter(path, NewNode(FileKind::kOther));
}

SimNode* SimLogFileSystem::Find(const std::string& path) const {
  const auto directory = directories_.find(DirectoryOf(path));
  if (directory == directories_.end()) return nullptr;
  const auto entry = directory->second.find(NameOf(path));
  return entry == directory->second.end() ? nullptr : entry->second;
}

void SimLogFileSystem::Append(SimNode* node, std::string_view bytes) {
  node->bytes.append(bytes);
  node->stat.modify_time = wall;
  node->hidden = 0;
  if (tape_->OneIn(options.hidden_in)) {
    node->hidden = tape_->Below(static_cast<std::uint32_t>(bytes.size()) + 1);
    partly_hidden_.push_back(node);
  }
  listener_->OnBytes(*node, bytes);
  Hint(node->last_path);
}

void SimLogFileSystem::Write(SimNode* node, std::uint64_t at, std::string_view bytes) {
  if (at <= node->bytes.size()) return Append(node, bytes);
  std::string filled(static_cast<std::size_t>(at) - node->bytes.size(), '\0');
  filled.append(bytes);
  Append(node, filled);
}

void SimLogFileSystem::Cut(SimNode* node, std::size_t size) {
  if (size >= node->bytes.size()) return;
  node->bytes.resize(size);
  node->hidden = 0;
  ++node->epoch;
  node->stat.modify_time = wall;
  listener_->OnCut(*node, size);
  Hint(node->last_path);
}

bool SimLogFileSystem::Rename(const std::string& from, const std::string& to) {
  const auto directory = directories_.find(DirectoryOf(from));
  if (directory == directories_.end()) return false;
  const auto entry = directory->second.find(NameOf(from));
  if (entry == directory->second.end() || entry->second == nullptr || from == to) return false;
  SimNode* node = entry->second;
  Enter(to, node);
  directory->second.erase(entry);
  --node->names;
  Hint(from);
  return true;
}

void SimLogFileSystem::HardLink(const std::string& path, const std::string& other) {
  if (SimNode* node = Find(path)) {
    const std::string first = node->last_path;
    Enter(other, node);
    node->last_path = first;
  }
}

void SimLogFileSystem::Unlink(const std::string& path) {
  const auto directory = directories_.find(DirectoryOf(path));
  if (directory == directories_.end()) return;
  const auto entry = directory->second.find(NameOf(path));
  if (entry == directory->second.end() || entry->second == nullptr) return;
  Leave(&directory->second, entry);
  Hint(path);
}

std::vector<std::string> SimLogFileSystem::NamesIn(const std::string& directory) const {
  std::vector<std::string> names;
  const auto found = directories_.find(directory);
  if (found == directories_.end()) return names;
  for (const auto& [name, node] : found->second) {
    if (node != nullptr) names.push_back(name);
  }
  return names;
}

void SimLogFileSystem::Show(Duration after) {
  std::erase_if(partly_hidden_, [&](SimNode* node) {
    if (node->hidden > 0 && wall - node->stat.modify_time < after) return false;
    node->hidden = 0;
    return true;
  });
}

FileStat SimLogFileSystem::StatOf(const SimNode& node) {
  FileStat stat = node.stat;
  stat.size = node.bytes.size() - node.hidden;
  stat.deleted = node.names == 0;
  listener_->OnSeen(node, stat.size, false);
  return stat;
}

Expected<std::unique_ptr<LogFile>> SimLogFileSystem::Open(const std::string& root,
                                                          const std::string& path) {
  Meanwhile();
  SimNode* node = unmounted ? nullptr : Find(Whole(root, path));
  if (node == nullptr) return RefuseFile(StatusCode::kNotFound);
  if (out_of_descriptors) return RefuseFile(StatusCode::kResourceExhausted);
  if (refused.count(Whole(root, path)) > 0) return RefuseFile(refusal);
  if (node->kind != FileKind::kRegular) return RefuseFile(StatusCode::kFailedPrecondition);
  listener_->OnOpened(*node);
  return std::unique_ptr<LogFile>(std::make_unique<File>(this, node));
}

Expected<FileStat> SimLogFileSystem::Stat(const std::string& root, const std::string& path) {
  Meanwhile();
  const SimNode* node = unmounted ? nullptr : Find(Whole(root, path));
  if (node == nullptr) return RefuseFile(StatusCode::kNotFound);
  return StatOf(*node);
}

Expected<std::string> SimLogFileSystem::ReadLink(const std::string& root, const std::string& path) {
  Meanwhile();
  const SimNode* node = Find(Whole(root, path));
  if (node == nullptr) return RefuseFile(StatusCode::kNotFound);
  return node->link;
}

Expected<std::vector<DirectoryEntry>> SimLogFileSystem::List(const std::string& root,
                                                             const std::string& path) {
  Meanwhile();
  const std::string whole = Whole(root, path);
  const auto found = directories_.find(whole);
  if (unmounted || found == directories_.end()) return RefuseFile(StatusCode::kNotFound);
  if (out_of_descriptors) return RefuseFile(StatusCode::kResourceExhausted);
  if (refused.count(whole) > 0) return RefuseFile(refusal);
  std::vector<DirectoryEntry> list;
  for (const auto& [name, node] : found->second) {
    list.push_back({name, node == nullptr ? FileKind::kDirectory : node->kind});
  }
  return list;
}

void SimLogFileSystem::Hint(const std::string& path) {
  switch (options.hints) {
    case SimHintPolicy::kOff:
      return;
    case SimHintPolicy::kDropping:
      if (tape_->OneIn(3)) return;  // and nobody says so
      break;
    case SimHintPolicy::kDuplicating:
      hints_.push_back(path);
      break;
    case SimHintPolicy::kComplete:
    case SimHintPolicy::kOverflow:
      break;
  }
  if (hints_.size() >= (options.hints == SimHintPolicy::kOverflow ? 4 : kHintsMax)) {
    hints_lost_ = true;
    hints_.clear();
    return;
  }
  hints_.push_back(path);
}

ChangeHints SimLogFileSystem::TakeChangeHints() {
  ChangeHints hints;
  hints.paths = std::exchange(hints_, {});
  hints.complete = options.hints != SimHintPolicy::kOff && !hints_lost_;
  hints_lost_ = false;
  return hints;
}

}  // namespace podtail
