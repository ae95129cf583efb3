// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_TAIL_TAILER_IMPL_H_
#define PODTAIL_ENGINE_TAIL_TAILER_IMPL_H_
// The tailer's state machine. One Poll():
//
//   scan      a step of the pass over the tree: names → generations  (rotation.cc)
//   look      sizes of open files: grown, shrunk, deleted            (rotation.cc)
//   open      new generations: identity, checkpoint, announcement    (announce.cc)
//   read      ready containers in turn, lines into the output        (source_reader.cc)
//   seal      generations that rested long enough at their end       (rotation.cc)
//
// Thread safety: none; it belongs to the polling thread.
// Invariants
//   1 a container's generations are ordered oldest first, and a byte is handed
//     out only when every older generation rests at its end.
//   2 [0, offset) of a generation was handed out or lies before its checkpoint.
//   3 a generation with unread bytes keeps its descriptor, or its name.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/tail/file_identity.h"
#include "engine/tail/generation.h"
#include "engine/tail/log_finder.h"
#include "engine/tail/tail_output_impl.h"
#include "podtail/tailer.h"

namespace podtail {

struct Tailer::Impl {
  Impl(TailerOptions given, LogFileSystem* file_system, Observer* watcher);

  Instant Poll(const Tick& tick, const PollBudget& budget, TailOutput::Impl* out);
  TailerState State() const;

  // rotation.cc
  void Scan(const Tick& tick);
  void Reconcile(const FoundDirectory& directory, const Tick& tick);
  Generation* Find(Container* container, const InstanceKey& key) const;
  void UpdateFound(Container* container, Generation* generation, const FoundFile& file,
                   const FileStat& stat, const Tick& tick);
  void Missed(Container* container, const Tick& tick);
  bool MissedGeneration(Container* container, Generation* generation, const Tick& tick);
  void EndPass(const Tick& tick);
  void Look(const Tick& tick);
  void LookAt(Container* container, Generation* generation, const Tick& tick);
  void SealRested(const Tick& tick);
  bool MaySeal(const Container& container, std::size_t index, const Tick& tick) const;
  bool FinishesInstance(const Container& container, const Generation& sealed) const;

  // announce.cc
  void OpenNew(const Tick& tick);
  bool Open(Container* container, Generation* generation);
  bool MakeRoom();
  void TryAnnounce(Container* container, Generation* generation, bool sealed, const Tick& tick);
  bool ChooseStart(const Container& container, Generation* generation, Checkpoint* start);
  std::uint64_t EndOfLastLine(const Generation& generation) const;
  std::string FullPath(const Container& container, const Generation& generation) const;

  // source_reader.cc
  void ReadReady(const Tick& tick, const PollBudget& budget);
  enum class ReadResult : std::uint8_t { kDone = 1, kNoRoom = 2 };
  ReadResult Read(Generation* generation, const PollBudget& budget, const Tick& tick);
  Expected<std::size_t> ReadUntil(Generation* generation, std::uint64_t offset,
                                  std::span<char> into);
  std::size_t Split(Generation* generation, std::string_view fresh, std::size_t wanted,
                    bool whole_buffer);
  void Emit(Generation* generation, std::string_view bytes, Extent extent, bool ends);
  bool EmitRest(Generation* generation);
  void Restart(Generation* generation);
  // The generation to read next; null: nothing to read, or it has to wait.
  Generation* NextOf(const Container& container, const Tick& tick) const;
  bool Rested(const Generation& older, const Generation& newer, const Tick& tick) const;

  Container* Get(ContainerId id) const { return containers[static_cast<std::uint32_t>(id)].get(); }
  void Queue(Container* container);
  void QueueOpening(Container* container, Generation* generation);
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
  std::vector<std::pair<ContainerId, InstanceKey>> by_source;
  std::deque<ContainerId> ready;  // have something to read, in turn
  std::deque<std::pair<ContainerId, InstanceKey>> opening;
  std::uint64_t passes = 0;  // complete ones
  std::uint64_t polls = 0;
  bool scanning = false;
  Instant next_scan{};
  Instant next_look{};
  std::uint64_t bytes_read = 0;
  std::uint64_t files_open = 0;
  std::uint64_t generations = 0;

  // Scratch of one Poll()
  std::unique_ptr<char[]> buffer;  // read_buffer_bytes, and kPadding more
  std::size_t used = 0;
  std::size_t lines_left = 0;
  std::size_t bytes_left = 0;
  TailOutput::Impl* output = nullptr;
  std::vector<FoundDirectory> found;
};

}  // namespace podtail
#endif
