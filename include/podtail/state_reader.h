// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_STATE_READER_H_
#define PODTAIL_STATE_READER_H_
// A look at what a StateDirectory has written, for tools that show it.
//
// Takes no lock and writes nothing, not even repairs: it may look at any time,
// also while a podtail runs on the directory. What it shows is then a moment's
// durable state. Reads each file once, as a whole.
#include <string>
#include <vector>
#include "podtail/checkpoint.h"
#include "podtail/expected.h"
#include "podtail/export.h"
namespace podtail {

// Names of the sinks that left state in `directory`, sorted. kNotFound: there is
// no such directory; kUnavailable: it cannot be read.
PODTAIL_EXPORT Expected<std::vector<std::string>> ListSinks(const std::string& directory);

// As CheckpointStore::Load() would find them, sorted by path, then by offset.
// `damage` says what could not be trusted; it stays where it is. kNotFound:
// this sink left no state; kFailedPrecondition: a newer podtail wrote it.
PODTAIL_EXPORT Expected<LoadedCheckpoints> ReadCheckpoints(const std::string& directory,
                                                           const std::string& sink_name);

}  // namespace podtail
#endif
