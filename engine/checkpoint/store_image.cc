// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/store_image.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/base/mutant.h"
#include "engine/checkpoint/checkpoint_codec.h"
#include "engine/port/checksum.h"
#include "engine/port/durable_directory.h"

namespace podtail {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;
// A line is a path and a few numbers. What is longer is not a line of ours.
constexpr std::size_t kLineBytesMax = std::size_t{16} * 1024 * 1024;

// The lines of a file, one after the other.
class LineReader {
 public:
  LineReader(DurableDirectory* directory, std::string_view name)
      : directory_(directory), name_(name) {}

  // The next line without its '\n', valid until the next call; nullopt at the
  // end, and at a line that does not end or cannot be read.
  std::optional<std::string_view> Next() {
    while (true) {
      const std::size_t end = buffer_.find('\n', searched_);
      if (end != std::string::npos) {
        const std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
        begin_ = searched_ = end + 1;
        return line;
      }
      searched_ = buffer_.size();
      if (!ReadMore()) return std::nullopt;
    }
  }

 private:
  bool ReadMore() {
    buffer_.erase(0, begin_);
    begin_ = 0;
    searched_ = buffer_.size();
    if (buffer_.size() > kLineBytesMax) return false;
    const auto piece = directory_->Read(name_, offset_, kPieceBytes);
    if (!piece || piece->empty()) return false;
    offset_ += piece->size();
    buffer_.append(*piece);
    return true;
  }

  DurableDirectory* directory_;
  std::string_view name_;
  std::uint64_t offset_ = 0;  // of the next read
  std::string buffer_;
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // no '\n' between begin_ and here
};

bool ChainBroken(std::uint32_t written, std::uint32_t read) {
  return written != read && !PODTAIL_MUTANT(kChecksumIgnored);
}

// Decodes line by line and keeps the checksum of all lines before the last one.
class ChainedReader {
 public:
  ChainedReader(DurableDirectory* directory, std::string_view name) : lines_(directory, name) {}

  // nullopt: the end, or a line that is not to be trusted; see at_end().
  std::optional<StoreLine> Next() {
    const auto line = lines_.Next();
    at_end_ = !line;
    if (!line) return std::nullopt;
    chain_before_ = chain_;
    chain_ = Crc32("\n", Crc32(*line, chain_));
    bytes_ += line->size() + 1;
    auto decoded = DecodeStoreLine(*line);
    if (!decoded) return std::nullopt;
    return *std::move(decoded);
  }

  bool at_end() const { return at_end_; }
  std::uint32_t chain_before() const { return chain_before_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  LineReader lines_;
  bool at_end_ = false;
  std::uint32_t chain_ = 0;
  std::uint32_t chain_before_ = 0;  // of all before the line that Next() gave last
  std::uint64_t bytes_ = 0;
};

struct File {
  std::string_view name;
  StoreFile kind;
  bool exists = false;
  std::optional<StoreHeader> header = {};
};

void ReadHeader(DurableDirectory* directory, File* file) {
  ChainedReader reader(directory, file->name);
  const auto line = reader.Next();
  if (!line) return;
  const auto* header = std::get_if<StoreHeader>(&*line);
  if (header != nullptr && header->file == file->kind) file->header = *header;
}

struct Snapshot {
  CheckpointMap checkpoints = {};
  std::uint32_t chain = 0;
  std::uint64_t bytes = 0;
};

// nullopt unless it is whole.
std::optional<Snapshot> ReadSnapshot(DurableDirectory* directory, const File& file) {
  ChainedReader reader(directory, file.name);
  Snapshot snapshot;
  auto line = reader.Next();
  if (!line || *line != StoreLine(*file.header)) return std::nullopt;
  while ((line = reader.Next())) {
    if (auto* checkpoint = std::get_if<Checkpoint>(&*line)) {
      const FileIdentity identity = checkpoint->file;
      if (!snapshot.checkpoints.emplace(identity, std::move(*checkpoint)).second) break;
      continue;
    }
    const auto* end = std::get_if<SnapshotEnd>(&*line);
    if (end == nullptr || ChainBroken(end->chain, reader.chain_before()) ||
        end->entries != snapshot.checkpoints.size()) {
      break;
    }
    snapshot.chain = end->chain;
    snapshot.bytes = reader.bytes();
    // Nothing may follow, not even half a line.
    const auto behind = directory->Read(file.name, snapshot.bytes, 1);
    if (!behind || !behind->empty()) break;
    return snapshot;
  }
  return std::nullopt;
}

// One edit, until its end has been read.
struct OpenEdit {
  std::vector<Checkpoint> put = {};
  std::vector<FileIdentity> forget = {};
  std::uint64_t lines = 0;
};

void ApplyEdit(OpenEdit edit, CheckpointMap* checkpoints) {
  // An edit names a file once, so their order does not matter.
  for (const FileIdentity& file : edit.forget) checkpoints->erase(file);
  for (Checkpoint& checkpoint : edit.put) {
    const FileIdentity identity = checkpoint.file;
    checkpoints->insert_or_assign(identity, std::move(checkpoint));
  }
}

// True if `line` ends an edit behind `edit`.
bool EndsLaterEdit(const std::optional<StoreLine>& line, std::uint64_t edit) {
  const auto* end = line ? std::get_if<EditEnd>(&*line) : nullptr;
  return end != nullptr && end->edit > edit;
}

// Applies the edits that are whole, in order, up to the first that is not.
// False if that one was not the last: a crash tears the last edit only, and may
// leave any part of it; if more edits follow, the disk has lost something else.
bool ApplyJournal(DurableDirectory* directory, const File& file, CheckpointMap* checkpoints) {
  ChainedReader reader(directory, file.name);
  auto line = reader.Next();
  if (!line || *line != StoreLine(*file.header)) return false;
  std::uint64_t number = 1;  // of the edit that is being read
  OpenEdit edit;
  while ((line = reader.Next())) {
    if (auto* checkpoint = std::get_if<Checkpoint>(&*line)) {
      edit.put.push_back(std::move(*checkpoint));
      ++edit.lines;
    } else if (const auto* forget = std::get_if<Forget>(&*line)) {
      edit.forget.push_back(forget->file);
      ++edit.lines;
    } else {
      const auto* end = std::get_if<EditEnd>(&*line);
      if (end == nullptr || end->edit != number || end->lines != edit.lines ||
          ChainBroken(end->chain, reader.chain_before())) {
        break;
      }
      ++number;
      ApplyEdit(std::exchange(edit, {}), checkpoints);
    }
  }
  while (!reader.at_end()) {
    if (EndsLaterEdit(line, number)) return false;
    line = reader.Next();
  }
  return true;
}

Status FutureVersion(const DurableDirectory& directory, const File& file) {
  return Status(StatusCode::kFailedPrecondition,
                std::string(directory.path()) + "/" + std::string(file.name) +
                    " was written by a later version of podtail (format " +
                    std::to_string(file.header->version) + "; this one knows " +
                    std::to_string(kStoreVersion) +
                    "): run that version, or move the directory away to read every log again");
}

}  // namespace

bool FileIdentityOrder::operator()(const FileIdentity& a, const FileIdentity& b) const noexcept {
  const auto key = [](const FileIdentity& file) {
    return std::tie(file.inode, file.birth_time, file.handle_generation, file.head.bytes,
                    file.head.hash);
  };
  return key(a) < key(b);
}

Expected<StoreImage> ReadStoreImage(DurableDirectory* directory,
                                    const std::vector<DurableFile>& files) {
  File slots[2] = {{kSnapshotNames[0], StoreFile::kSnapshot},
                   {kSnapshotNames[1], StoreFile::kSnapshot}};
  File journal = {kJournalName, StoreFile::kJournal};
  StoreImage image;
  for (File* file : {&slots[0], &slots[1], &journal}) {
    file->exists = std::any_of(files.begin(), files.end(),
                               [&](const DurableFile& other) { return other.name == file->name; });
    if (!file->exists) continue;
    ReadHeader(directory, file);
    if (!file->header) {
      image.untrusted.emplace_back(file->name);
      continue;
    }
    if (file->header->version > kStoreVersion) return Unexpected(FutureVersion(*directory, *file));
    image.generation = std::max(image.generation, file->header->generation);
  }

  std::optional<Snapshot> live;
  const auto generation = [&](int slot) {
    return slots[slot].header ? slots[slot].header->generation : 0;
  };
  const int newest = generation(1) > generation(0) ? 1 : 0;
  for (const int slot : {newest, 1 - newest}) {
    if (live || !slots[slot].header) continue;
    live = ReadSnapshot(directory, slots[slot]);
    if (live) {
      image.live_slot = slot;
    } else {
      image.untrusted.emplace_back(slots[slot].name);
    }
  }
  if (live) {
    image.checkpoints = std::move(live->checkpoints);
    image.snapshot_bytes = live->bytes;
  }

  if (journal.header) {
    const StoreHeader& bound = *journal.header;
    const std::uint64_t base = live ? generation(image.live_slot) : 0;
    // A journal of an older snapshot is what a crash leaves between writing the
    // snapshot, which holds all of it, and the journal that continues it.
    const bool stale = live && bound.generation < base;
    const bool continues = live && bound.generation == base && bound.chain == live->chain;
    if (!stale && (!continues || !ApplyJournal(directory, journal, &image.checkpoints))) {
      image.untrusted.emplace_back(journal.name);
    }
  }
  return image;
}

}  // namespace podtail
