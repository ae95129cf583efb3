// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_TAILER_IMPL_H_
#define PODTAIL_ENGINE_TAIL_TAILER_IMPL_H_
// The tailer's state machine. One Poll():
//
//   hints     what may have changed: containers to list, files to look at  (change_hints.cc)
//   scan      a step of the pass over the tree: names → generations        (rotation.cc)
//   look      sizes of open files: grown, shrunk, deleted                  (looking.cc)
//   open      new generations: identity, checkpoint, announcement          (announce.cc)
//   read      ready containers in turn, lines into the output              (source_reader.cc)
//   seal      generations that rested long enough at their end             (sealing.cc)
//
// Passes are the truth; hints only make them rare. While they are complete, a file
// without a hint, a successor or a missing name is not looked at between two passes.
//
// Thread safety: none; it belongs to the polling thread.
// Invariants
//   1 a container's generations are ordered oldest first, and a byte is handed
//     out only when every older generation rests at its end.
//   2 [0, offset) of a generation was handed out or lies before its checkpoint.
//   3 a generation with unread bytes keeps its descriptor, or its name.
//   4 a container with anything to wait for is restless, or queued.
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/tail/generation.h"
#include "engine/tail/known_checkpoints.h"
#include "engine/tail/log_finder.h"
#include "engine/tail/tail_output_impl.h"
#include "podtail/tailer.h"

namespace podtail {

struct Tailer::Impl {
  Impl(TailerOptions given, LogFileSystem* file_system, Observer* watcher);

  Instant Poll(const Tick& tick, const PollBudget& budget, TailOutput::Impl* out);
  TailerState State() const;

  // change_hints.cc
  void TakeHints(const Tick& tick);
  void TakeHint(const std::string& path, std::set<std::string>* containers_to_list,
                std::set<std::string>* pods_to_list, const Tick& tick);
  bool HintOfKnownFile(const std::string& directory, const std::string& name, const Tick& tick);

  // rotation.cc
  void Scan(const Tick& tick);
  bool Blind() const { return hints_lost || !hints_complete; }
  Instant ScanDue() const { return Blind() ? std::min(next_scan, next_blind) : next_scan; }
  void Reconcile(const FoundDirectory& directory, const Tick& tick);
  Container* ContainerAt(const std::string& path);
  void MeetAll(Container* container, const FoundDirectory& directory, const Tick& tick,
               std::vector<Generation*>* fresh);
  bool ListedWhole(Container* container, const FoundDirectory& directory, const Tick& tick,
                   std::vector<Generation*>* fresh);
  void Meet(Container* container, const FoundDirectory& directory, const FoundFile& file,
            const Tick& tick, std::vector<Generation*>* fresh);
  void Insert(Container* container, const std::vector<Generation*>& fresh);
  void NoteEpoch(Container* container, const std::vector<Generation*>& fresh);
  void UpdateFound(Generation* generation, const FoundFile& file, const FileStat& stat,
                   const Tick& tick);
  void TakeFound(Generation* generation, bool compressed, const FileStat& stat, const Tick& tick);
  void Missed(Container* container, const Tick& tick);
  bool MissedGeneration(Generation* generation, const Tick& tick);
  void DeclareGone(Generation* generation);
  void EndPass(const Tick& tick);
  void ForgetUnseen(const Tick& tick);
  void Erase(Generation* generation);

  // looking.cc
  void Look(const Tick& tick);
  void LookIntoContainer(Container* container, const Tick& tick);
  bool LookAt(Generation* generation, const Tick& tick);
  bool TakeStat(Generation* generation, const FileStat& stat, const Tick& tick);
  bool BytesBeforeOffsetDiffer(Generation* generation);
  bool Restless(const Container& container, const Tick& tick) const;
  void Stir(Container* container) { restless.insert(container->id); }
  void Pin(const Tick& tick);
  void Unpin(Generation* generation, const Tick& tick);

  // sealing.cc
  void SealRested(const Tick& tick);
  void Seal(Container* container, const Tick& tick);
  void SealOne(Generation* generation, const Tick& tick);
  bool MaySeal(const Container& container, std::size_t index, const Tick& tick) const;
  bool FinishesInstance(const Generation& sealed) const;
  bool IsFollowedElsewhere(const Generation& moved, Instant before) const;
  void FinishBefore(const Generation& silent);
  bool WaitsForOlder(const Generation& generation, const Tick& tick) const;
  bool EmitRest(Generation* generation, const Tick& tick);
  void Close(Generation* generation);

  // announce.cc
  void OpenNew(const Tick& tick);
  enum class OpenResult : std::uint8_t { kOpen = 1, kGone = 2, kNoRoom = 3 };
  OpenResult Open(Generation* generation, const Tick& tick);
  bool MakeRoom(const Tick& tick);
  enum class AnnounceResult : std::uint8_t {
    kDone = 1,      // announced, or there are too few bytes
    kWaits = 2,     // for another file, for the end of the pass, or until it can be read
    kAskAgain = 3,  // an archive has to be decoded further
    kMerged = 4,    // `generation` was known under another name, and is no more
  };
  AnnounceResult TryAnnounce(Generation* generation, bool sealed, const Tick& tick);
  void Announce(Generation* generation, SourceOpened opened);
  void ConfirmStart(Generation* generation, std::string_view first_bytes);
  KnownCheckpoints::Answer ChooseStart(Generation* generation, std::string_view first_bytes,
                                       Checkpoint* start);
  void StartAtEnd(Generation* generation, Checkpoint* start) const;
  std::uint64_t EndOfLastLine(const Generation& generation) const;
  std::string FullPath(const Generation& generation) const;

  // archives.cc
  Generation* PlainTwin(const Generation& archive, std::string_view first_bytes) const;
  bool AwaitsPlain(const Generation& archive) const;
  void MergeInto(Generation* plain, Generation* archive);
  void OpenArchive(Generation* generation, std::unique_ptr<LogFile> compressed);
  void NoteTrailer(Generation* generation);
  bool TakeDecoder(Generation* generation, const Tick& tick);
  void ReleaseDecoder(Generation* generation);

  // source_reader.cc
  void ReadReady(const Tick& tick, const PollBudget& budget);
  enum class ReadResult : std::uint8_t { kDone = 1, kNoRoom = 2 };
  ReadResult Read(Generation* generation, const Tick& tick);
  bool MovedTo(Generation* generation, std::uint64_t offset, const Tick& tick);
  void ReadBeyond(Generation* generation, const Tick& tick);
  void ReadFailed(Generation* generation, const Tick& tick);
  Expected<std::size_t> ReadUntil(Generation* generation, std::uint64_t offset,
                                  std::span<char> into);
  std::size_t SkipHole(Generation* generation, std::string_view fresh);
  std::size_t Split(Generation* generation, std::string_view fresh, std::size_t wanted,
                    bool whole_buffer);
  void BeginReading(Generation* generation);
  void EndOfRead(Generation* generation, std::string_view fresh, std::size_t wanted,
                 std::size_t taken, const Tick& tick);
  void Emit(Generation* generation, std::string_view bytes, Extent extent, bool ends);
  void Restart(Generation* generation, std::uint64_t lost_to);
  // The generation to read next; null: nothing to read, or it has to wait.
  Generation* NextOf(const Container& container, const Tick& tick) const;
  bool HoldsNext(const Container& container, std::size_t i, const Tick& tick) const;
  bool Rested(const Generation& older, const Generation& newer, const Tick& tick) const;

  void Detach(const Generation& generation);
  Container* Get(ContainerId id) const { return containers[static_cast<std::uint32_t>(id)].get(); }
  void Queue(Container* container);
  // Into the queue of what can be read now, or of what has to be opened for that.
  void QueueNext(Container* container, const Tick& tick);
  void QueueOpening(Generation* generation);
  void CloseFile(Generation* generation);

  // Constant
  const TailerOptions options;
  LogFileSystem* const files;
  Observer* const observer;

  // State
  LogFinder finder;
  KnownCheckpoints known;
  bool first_life = false;  // no state of an earlier life at all
  std::map<std::string, ContainerId> by_path;
  std::vector<std::unique_ptr<Container>> containers;  // by id; null once forgotten
  std::map<InstanceKey, Generation*> by_key;
  std::map<std::string, ContainerId> by_target;  // directories that links lead into
  struct Source {
    Generation* generation;  // null once it is forgotten
    FileIdentity file;
  };
  std::map<SourceId, Source> sources;  // until they are retired, or reset
  std::uint32_t sources_ever = 0;
  std::deque<ContainerId> ready;  // have something to read, in turn
  std::deque<InstanceKey> opening;
  bool opening_waits = false;                         // for descriptors, or for an archive to end
  std::set<ContainerId> restless;                     // looked at between passes, too
  std::deque<std::string> hinted;                     // not looked into yet
  std::vector<FileIdentity> superseded;               // began again in place, and settled
  std::uint64_t passes = 0, listings = 0, looks = 0;  // passes: complete ones
  bool scanning = false;
  bool hints_complete = false;           // as of this Poll()
  bool hints_lost = true;                // some, since the last pass began
  std::optional<Instant> trusted_since;  // every pass since then could be trusted
  Instant next_scan{}, next_blind{}, next_look{}, next_restless_look{};
  std::uint64_t bytes_read = 0, files_open = 0, generations = 0;
  std::vector<Generation*> decoders;          // have one
  std::vector<ContainerId> awaiting_decoder;  // want one

  // Scratch of one Poll()
  std::unique_ptr<char[]> buffer;  // read_buffer_bytes, and kPadding more
  std::size_t used = 0, lines_left = 0, bytes_left = 0;
  std::size_t lines_slice = 0, bytes_slice = 0;  // of them, for the file that is read now
  TailOutput::Impl* output = nullptr;
  std::vector<FoundDirectory> found;
};

}  // namespace podtail
#endif
