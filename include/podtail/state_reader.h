// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_STATE_READER_H_
#define PODTAIL_STATE_READER_H_
// A look at what a StateDirectory has written, for tools that show it.
//
// Takes no lock and writes nothing, not even repairs: it may look at any time,
// also while a podtail runs on the directory. What it shows is then a moment's
// durable state. Reads each file once, as a whole.
#include <cstdint>
#include <string>
#include <vector>
#include "podtail/checkpoint.h"
#include "podtail/expected.h"
#include "podtail/export.h"
#include "podtail/source.h"
namespace podtail {

// Names of the sinks that left state in `directory`, sorted. kNotFound: there is
// no such directory; kUnavailable: it cannot be read.
PODTAIL_EXPORT Expected<std::vector<std::string>> ListSinks(const std::string& directory);

// As CheckpointStore::Load() would find them, sorted by path, then by offset.
// `damage` says what could not be trusted; it stays where it is. kNotFound:
// this sink left no state; kFailedPrecondition: a newer podtail wrote it.
PODTAIL_EXPORT Expected<LoadedCheckpoints> ReadCheckpoints(const std::string& directory,
                                                           const std::string& sink_name);

// One entry of a loss log as it stands there (engine/checkpoint/FORMAT.md). Texts
// are as written: U+FFFD where they were not UTF-8.
struct LoggedLoss {
  std::string json = {};  // its line, which no terminal obeys
  std::string time = {};  // of giving up
  std::string reason = {};
  std::string path = {};
  std::string detail = {};  // what the sink said
  // Which file, see FileIdentity.
  std::uint64_t inode = 0, handle = 0;
  std::string born = {}, head = {};
  Extent extent = {};
  std::uint64_t bytes = 0;   // lost within it
  bool dead_letter = false;  // false: a gap
  bool has_record = false;   // a dead letter's first piece
  // How often. A crash, or shedding, can write an entry again: same file, same
  // place, same reason.
  std::uint32_t written = 1;
};

struct LoadedLosses {
  std::vector<LoggedLoss> entries = {};  // each place once, oldest first
  // Lines that nobody can read, by file and number; the first hundred.
  std::vector<std::string> damaged = {};
  std::uint64_t damaged_lines = 0;
};

// Both files of the loss log, losses.1 first; empty when there is none. kNotFound:
// there is no such sink; kUnavailable: it cannot be read.
PODTAIL_EXPORT Expected<LoadedLosses> ReadLosses(const std::string& directory,
                                                 const std::string& sink_name);

}  // namespace podtail
#endif
