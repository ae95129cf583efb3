// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_SUPPORT_MEMORY_LOG_FILE_SYSTEM_H_
#define PODTAIL_TESTS_SUPPORT_MEMORY_LOG_FILE_SYSTEM_H_
// A LogFileSystem in memory: names, inodes, open files that outlive their names.
// Inodes are handed out again after a deletion, lowest first, as ext4 does it
// (reliability.md 0.1); birth times never repeat.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "podtail/log_file_system.h"

namespace podtail {

class MemoryLogFileSystem : public LogFileSystem {
 public:
  struct Node {
    FileStat stat;
    std::string bytes;
    std::string link;  // not empty: a symbolic link
    FileKind kind = FileKind::kRegular;
    MemoryLogFileSystem* owner = nullptr;
    ~Node() {
      if (owner != nullptr) owner->free_inodes_.insert(stat.inode);
    }
  };

  // -- what a kubelet and its writers do ------------------------------------
  void Append(const std::string& path, std::string_view bytes) {
    Node& node = *Create(path);
    node.bytes.append(bytes);
    node.stat.modify_time = now;
    changed_.insert(path);
  }
  void Truncate(const std::string& path, std::size_t size) {
    nodes_.at(path)->bytes.resize(size);
    nodes_.at(path)->stat.modify_time = now;
    changed_.insert(path);
  }
  // The file under another name: the original stays.
  void HardLink(const std::string& from, const std::string& to) {
    nodes_[to] = nodes_.at(from);
    changed_.insert(to);
  }
  void Rename(const std::string& from, const std::string& to) {
    changed_.insert(from);
    changed_.insert(to);
    std::shared_ptr<Node> node = nodes_.at(from);
    nodes_.erase(from);
    Unlink(to);
    nodes_[to] = std::move(node);
  }
  void Unlink(const std::string& path) {
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return;
    changed_.insert(path);
    const std::shared_ptr<Node> node = std::move(found->second);
    nodes_.erase(found);
    for (const auto& [name, other] : nodes_) {
      if (other == node) return;  // it has another name
    }
    node->stat.deleted = true;
  }
  // As if this name were not there: bytes still come in through a descriptor.
  void SetDeleted(const std::string& path) { nodes_.at(path)->stat.deleted = true; }
  void Link(const std::string& path, const std::string& target) {
    Create(path)->link = target;
    nodes_.at(path)->kind = FileKind::kLink;
  }
  void Special(const std::string& path) { Create(path)->kind = FileKind::kOther; }
  bool Exists(const std::string& path) const { return nodes_.count(path) > 0; }
  const std::string& BytesOf(const std::string& path) const { return nodes_.at(path)->bytes; }
  std::uint64_t InodeOf(const std::string& path) const { return nodes_.at(path)->stat.inode; }

  Timestamp now{std::chrono::hours(24 * 365 * 50)};
  std::size_t read_bytes_max = SIZE_MAX;  // short reads
  std::set<std::string> refused;          // opening these fails: no permission
  std::set<std::string> broken;           // reading these fails
  bool birth_times = true;                // of files that are made from now on
  bool unmounted = false;                 // nothing is there
  std::set<std::string> unlisted;         // directories that cannot be listed
  std::set<std::string> unseen;           // looking at these by name fails

  // -- LogFileSystem --------------------------------------------------------
  Expected<std::unique_ptr<LogFile>> Open(const std::string& root,
                                          const std::string& path) override {
    const std::string full = root + "/" + path;
    const auto found = nodes_.find(full);
    if (unmounted || found == nodes_.end()) return Error(StatusCode::kNotFound);
    if (refused.count(full) > 0) return Error(StatusCode::kUnavailable);
    if (found->second->kind != FileKind::kRegular) return Error(StatusCode::kFailedPrecondition);
    return std::unique_ptr<LogFile>(std::make_unique<File>(this, full, found->second));
  }
  Expected<FileStat> Stat(const std::string& root, const std::string& path) override {
    ++stats;
    const auto found = nodes_.find(root + "/" + path);
    if (unmounted || found == nodes_.end()) return Error(StatusCode::kNotFound);
    if (unseen.count(found->first) > 0) return Error(StatusCode::kUnavailable);
    return StatOf(*found->second);
  }
  Expected<std::string> ReadLink(const std::string& root, const std::string& path) override {
    const auto found = nodes_.find(root + "/" + path);
    if (found == nodes_.end()) return Error(StatusCode::kNotFound);
    return found->second->link;
  }
  Expected<std::vector<DirectoryEntry>> List(const std::string& root,
                                             const std::string& path) override {
    const std::string directory = path.empty() ? root + "/" : root + "/" + path + "/";
    if (unlisted.count(directory) > 0) return Error(StatusCode::kResourceExhausted);
    std::map<std::string, FileKind> entries;
    for (const auto& [name, node] : nodes_) {
      if (name.compare(0, directory.size(), directory) != 0) continue;
      const std::string rest = name.substr(directory.size());
      const std::size_t slash = rest.find('/');
      if (slash == std::string::npos) {
        entries[rest] = node->kind;
      } else {
        entries[rest.substr(0, slash)] = FileKind::kDirectory;
      }
    }
    ++lists;
    if (unmounted || entries.empty()) return Error(StatusCode::kNotFound);
    std::vector<DirectoryEntry> list;
    for (const auto& [name, kind] : entries) list.push_back({name, kind});
    return list;
  }
  ChangeHints TakeChangeHints() override {
    if (!hints) return {{}, false};
    const std::set<std::string> once = std::exchange(changed_, {});
    return {{once.begin(), once.end()}, !std::exchange(overflow, false)};
  }
  int readiness_fd() const noexcept override { return -1; }

  std::uint64_t bytes_read = 0, lists = 0, stats = 0;  // of directories; of files
  bool hints = false;                                  // change hints work
  bool overflow = false;                               // the next answer says that some were lost
  void LoseHints() {
    changed_.clear();
    overflow = true;
  }

 private:
  class File : public LogFile {
   public:
    File(MemoryLogFileSystem* owner, std::string path, std::shared_ptr<Node> node)
        : owner_(owner), path_(std::move(path)), node_(std::move(node)) {}
    Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
      if (owner_->broken.count(path_) > 0) return Error(StatusCode::kUnavailable);
      if (offset >= node_->bytes.size()) return std::size_t{0};
      const std::size_t n = std::min({into.size(), owner_->read_bytes_max,
                                      node_->bytes.size() - static_cast<std::size_t>(offset)});
      std::memcpy(into.data(), node_->bytes.data() + offset, n);
      owner_->bytes_read += n;
      return n;
    }
    Expected<FileStat> Stat() override {
      ++owner_->stats;
      return StatOf(*node_);
    }

   private:
    MemoryLogFileSystem* owner_;
    std::string path_;
    std::shared_ptr<Node> node_;
  };

  static Unexpected<Status> Error(StatusCode code) { return Unexpected(Status(code, "simulated")); }
  static FileStat StatOf(const Node& node) {
    FileStat stat = node.stat;
    stat.size = node.bytes.size();
    return stat;
  }
  Node* Create(const std::string& path) {
    std::shared_ptr<Node>& node = nodes_[path];
    if (node == nullptr) {
      node = std::make_shared<Node>();
      node->owner = this;
      node->stat.inode = free_inodes_.empty() ? next_inode_++ : *free_inodes_.begin();
      free_inodes_.erase(node->stat.inode);
      if (birth_times) node->stat.birth_time = now + std::chrono::nanoseconds(++births_);
      node->stat.modify_time = now;
      node->stat.device = 1;
    }
    return node.get();
  }

  std::set<std::uint64_t> free_inodes_;
  std::uint64_t next_inode_ = 100, births_ = 0;
  std::set<std::string> changed_;  // every path once, as inotify's are
  std::map<std::string, std::shared_ptr<Node>> nodes_;
};

}  // namespace podtail
#endif
