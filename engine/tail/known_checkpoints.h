// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_KNOWN_CHECKPOINTS_H_
#define PODTAIL_ENGINE_TAIL_KNOWN_CHECKPOINTS_H_
// The checkpoints of earlier lives, each handed out once (reliability.md,
// appendix B).
//
// A file under its own instance key takes its checkpoint at once. One that only
// has the same first line (compressed, copied, restored from a backup, another
// inode after a restore) may take it when it is of the same container instance, and
// a whole pass over the tree has not seen the original: otherwise the copy would
// continue where the original was, and skip bytes. A few equal bytes prove nothing. Whatever is
// handed out has still the bytes before its offset.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/port/gzip_log_file.h"
#include "engine/tail/file_identity.h"
#include "podtail/checkpoint.h"
#include "podtail/log_file_system.h"

namespace podtail {

class KnownCheckpoints {
 public:
  enum class Answer : std::uint8_t {
    kFound = 1,
    kUnknown = 2,
    kAskAfterPass = 3,
    kAskAgain = 4,  // an archive has to be decoded further first
    kFailed = 5,    // the file cannot be read; that says nothing about its bytes
  };
  // Who asks: a file, and how far it goes.
  struct Seeker {
    const FileIdentity* identity;
    std::string_view path;         // says which container instance this is
    std::string_view first_bytes;  // of the file, at most kHeadBytesMax
    LogFile* file;
    std::uint64_t size;
    GzipLogFile* archive;  // not null: `file`, compressed; `size` says nothing
    std::size_t decode_bytes_max;
  };

  void Restore(std::span<const Checkpoint> checkpoints);
  // Does a file with this key stand in the tree?
  void SetAlive(const InstanceKey& key, bool alive);
  // An earlier life has seen the file with this key. An inode alone says nothing.
  bool Knows(const InstanceKey& key) const {
    const bool strong = key.birth_time != Timestamp{} || key.handle_generation != 0;
    return strong && by_key_.count(key) > 0;
  }
  // Where to go on reading: filled when kFound. Of the same instance a file may have
  // been known by less than its first line: it was sealed before that was complete.
  Answer Take(const Seeker& seeker, bool pass_complete, Checkpoint* found);
  // Nobody asked for these, and nobody will: every file was found.
  // `keeps` says which may still be there, out of sight.
  template <class Keeps>
  std::vector<Checkpoint> TakeGone(const Keeps& keeps) {
    std::vector<Checkpoint> gone;
    for (Known& known : known_) {
      if (known.taken || known.alive || keeps(known.checkpoint)) continue;
      known.taken = true;
      gone.push_back(std::move(known.checkpoint));
    }
    return gone;
  }

 private:
  struct Known {
    Checkpoint checkpoint;
    bool alive = false;
    bool taken = false;
  };
  enum class There : std::uint8_t { kYes = 1, kNo = 2, kLater = 3, kFailed = 4 };
  static bool MayBe(const Checkpoint& checkpoint, std::string_view path);
  static There StillThere(const Checkpoint& checkpoint, const Seeker& seeker);

  std::vector<Known> known_;
  std::multimap<InstanceKey, std::size_t> by_key_;
  std::multimap<Hash128, std::size_t> by_head_;
};

}  // namespace podtail
#endif
