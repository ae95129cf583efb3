// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_LOG_FILE_SYSTEM_H_
#define PODTAIL_ENGINE_SIM_SIM_LOG_FILE_SYSTEM_H_
// A file system in memory, as hostile as a node's: names, inodes that are given to
// other files, open files that outlive their names, short reads, errors, hints
// that get lost.
//
// Two sides: what a kubelet and its writers do to it, and the LogFileSystem that
// an engine reads through. Whoever keeps the truth listens.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sim/choice_tape.h"
#include "podtail/log_file_system.h"

namespace podtail {

// One file: as long as it has a name or is open. Kept for ever, with its number.
struct SimNode {
  std::uint64_t id = 0;  // of this world; never given twice
  FileStat stat;         // size is filled in when asked
  FileKind kind = FileKind::kRegular;
  std::string bytes;
  std::string link;                        // of a symbolic link: where it leads
  std::size_t hidden = 0;                  // bytes at the end that no reader sees yet
  std::uint32_t names = 0;                 // hard links
  std::uint32_t opens = 0;                 // by the engine
  std::uint32_t epoch = 0;                 // how often it was cut: other bytes than before
  std::uint64_t broken_from = UINT64_MAX;  // reading from there on is an I/O error
  bool gone = false;                       // no name and not open: nobody can read it any more
  std::string last_path;                   // the last name it had or has
};

enum class SimInodePolicy : std::uint8_t { kLifo = 0, kUnique = 1, kLowest = 2 };
enum class SimHintPolicy : std::uint8_t {
  kOff = 0,
  kComplete = 1,
  kDropping = 2,
  kDuplicating = 3,
  kOverflow = 4,
};

struct SimFileSystemOptions {
  SimInodePolicy inodes = SimInodePolicy::kLifo;
  SimHintPolicy hints = SimHintPolicy::kOff;
  bool birth_times = true;
  bool handle_generations = false;
  std::uint32_t short_read_in = 0;  // one read in so many; 0: never
  std::uint32_t hidden_in = 0;      // one write in so many is seen in part first
  std::uint32_t meanwhile_in = 0;   // one call in so many finds that something has happened
};

class SimFileListener {
 public:
  virtual ~SimFileListener() = default;
  virtual void OnBytes(const SimNode& node, std::string_view bytes) = 0;
  // Cut to `size` bytes; what follows are other bytes than before.
  virtual void OnCut(const SimNode& node, std::size_t size) = 0;
  virtual void OnNamed(const SimNode& node, const std::string& path) = 0;
  // `node` will hold the bytes of `of`, compressed; a reader gets the first `gives`.
  virtual void OnCompressed(const SimNode& node, const SimNode& of, std::size_t gives) = 0;
  virtual void OnOpened(const SimNode& node) = 0;
  // The reader was told, or given, so many bytes of it.
  virtual void OnSeen(const SimNode& node, std::uint64_t bytes, bool read) = 0;
  virtual void OnGone(const SimNode& node) = 0;
};

class SimLogFileSystem : public LogFileSystem {
 public:
  // Both must outlive it.
  SimLogFileSystem(ChoiceTape* tape, SimFileListener* listener)
      : tape_(tape), listener_(listener) {}

  // -- what a kubelet and its writers do; paths are whole --------------------
  void MakeDirectory(const std::string& path);
  // The directory and all in it.
  void RemoveTree(const std::string& path);
  void RenameDirectory(const std::string& from, const std::string& to);
  // An empty file under a new name; an older file of that name loses it.
  SimNode* Create(const std::string& path);
  SimNode* CreateCompressed(const std::string& path, const SimNode& of, std::size_t gives);
  void CreateLink(const std::string& path, const std::string& target);
  void CreateSpecial(const std::string& path);
  SimNode* Find(const std::string& path) const;
  void Append(SimNode* node, std::string_view bytes);
  void Write(SimNode* node, std::uint64_t at, std::string_view bytes);  // leaves a hole
  void Cut(SimNode* node, std::size_t size);
  bool Rename(const std::string& from, const std::string& to);
  void HardLink(const std::string& path, const std::string& other);
  void Unlink(const std::string& path);
  std::vector<std::string> NamesIn(const std::string& directory) const;
  void Show(Duration after);  // what was written so long ago is seen
  const std::vector<std::unique_ptr<SimNode>>& nodes() const { return nodes_; }

  SimFileSystemOptions options;
  std::function<void()> meanwhile;  // what happens between two calls of a reader
  Timestamp wall{};
  std::set<std::string> refused;  // opening these fails
  StatusCode refusal = StatusCode::kUnavailable;
  bool out_of_descriptors = false;  // every open fails
  bool unmounted = false;           // nothing is there
  std::uint64_t open_files = 0;
  std::uint64_t open_files_most = 0;

  // -- LogFileSystem ---------------------------------------------------------
  Expected<std::unique_ptr<LogFile>> Open(const std::string& root,
                                          const std::string& path) override;
  Expected<FileStat> Stat(const std::string& root, const std::string& path) override;
  Expected<std::string> ReadLink(const std::string& root, const std::string& path) override;
  Expected<std::vector<DirectoryEntry>> List(const std::string& root,
                                             const std::string& path) override;
  ChangeHints TakeChangeHints() override;
  int readiness_fd() const noexcept override { return -1; }

 private:
  class File;
  // Null: a directory.
  using Entries = std::map<std::string, SimNode*>;

  void Meanwhile();
  SimNode* NewNode(FileKind kind);
  void Enter(const std::string& path, SimNode* node);
  void Leave(Entries* entries, Entries::iterator entry);
  void Release(SimNode* node);
  void Hint(const std::string& path);
  FileStat StatOf(const SimNode& node);
  std::uint64_t TakeInode();

  ChoiceTape* const tape_;
  SimFileListener* const listener_;
  std::map<std::string, Entries> directories_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::uint64_t> free_inodes_;  // the last one freed at the back
  std::uint64_t next_inode_ = 100;
  std::uint64_t births_ = 0;
  std::vector<SimNode*> partly_hidden_;
  std::vector<std::string> hints_;
  bool hints_lost_ = false;
};

}  // namespace podtail
#endif
