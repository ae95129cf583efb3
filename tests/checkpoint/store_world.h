// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_CHECKPOINT_STORE_WORLD_H_
#define PODTAIL_TESTS_CHECKPOINT_STORE_WORLD_H_
// What the tests of the checkpoint store share: checkpoints that tell files and
// moments apart, a store that remembers every state it was given, and loading.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "engine/checkpoint/file_checkpoint_store.h"
#include "tests/checkpoint/fake_durable_directory.h"

namespace podtail {

inline FileIdentity IdentityOf(std::uint64_t number) {
  FileIdentity file;
  file.inode = 1000 + number;
  file.birth_time = Timestamp(std::chrono::nanoseconds(1'700'000'000'000'000'000 + number));
  file.handle_generation = 7;
  file.head.hash.fill(static_cast<std::uint8_t>(number));
  file.head.bytes = 57;
  return file;
}

// The `moment`th checkpoint of file `number`: every field depends on both.
inline Checkpoint CheckpointOf(std::uint64_t number, std::uint64_t moment) {
  const auto time = [&](std::uint64_t n) {
    return Timestamp(std::chrono::nanoseconds(1'714'558'830'000'000'000 + 1000 * moment + n));
  };
  Checkpoint checkpoint;
  checkpoint.file = IdentityOf(number);
  checkpoint.committed.offset = 100 * moment + number;
  checkpoint.committed.tail.hash.fill(static_cast<std::uint8_t>(moment));
  checkpoint.committed.tail.bytes = 256;
  checkpoint.committed.replay.streams[0] = {time(1), time(2), 0, 0, 0};
  checkpoint.committed.replay.streams[1] = {time(3), time(4), 2, 10 * moment, moment};
  checkpoint.committed.replay.line_time = time(5);
  checkpoint.committed.replay.line_stream =
      moment % 2 == 0 ? LogStream::kStdout : LogStream::kStderr;
  if (moment % 3 == 0) checkpoint.cuts = {100 * moment + 50, 100 * moment + 70};
  checkpoint.path = "/var/log/pods/ns_web-" + std::to_string(number) + "_0000-" +
                    std::to_string(number) + "/app/0.log";
  checkpoint.device = 2049;
  return checkpoint;
}

inline Tick TickAt(std::int64_t milliseconds) {
  return Tick{Instant(std::chrono::milliseconds(milliseconds)), Timestamp{}};
}

inline CheckpointMap MapOf(const std::vector<Checkpoint>& checkpoints) {
  CheckpointMap map;
  for (const Checkpoint& checkpoint : checkpoints) map.emplace(checkpoint.file, checkpoint);
  return map;
}

// What a start finds in `files`; the store that loads writes nothing.
inline Expected<LoadedCheckpoints> LoadFrom(FileMap files) {
  FakeDurableDirectory directory(std::move(files));
  FileCheckpointStore store(&directory);
  return store.Load();
}

// A store at work, and history[k]: the state after the k-th edit.
class StoreWorld {
 public:
  explicit StoreWorld(FakeDurableDirectory* directory, FileCheckpointStoreOptions options = {})
      : store(directory, options) {
    auto loaded = store.Load();
    history.push_back(MapOf(loaded->checkpoints));
  }

  void Submit(CheckpointEdit edit) {
    CheckpointMap next = history.back();
    for (const Checkpoint& checkpoint : edit.put) {
      next.insert_or_assign(checkpoint.file, checkpoint);
    }
    for (const FileIdentity& file : edit.forget) next.erase(file);
    history.push_back(std::move(next));
    store.Submit(std::move(edit));
  }
  void Put(std::uint64_t number, std::uint64_t moment) {
    Submit({{CheckpointOf(number, moment)}, {}});
  }
  // Polls as often as it takes, letting time pass.
  void Settle() {
    for (int i = 0; i < 20; ++i) Poll();
  }
  WriteProgress Poll() {
    milliseconds += 10'000;
    progress = store.Poll(TickAt(milliseconds));
    return progress;
  }
  std::uint64_t durable() const { return static_cast<std::uint64_t>(progress.durable); }
  std::uint64_t submitted() const { return history.size() - 1; }

  FileCheckpointStore store;
  std::vector<CheckpointMap> history;
  WriteProgress progress;
  std::int64_t milliseconds = 0;
};

}  // namespace podtail
#endif
