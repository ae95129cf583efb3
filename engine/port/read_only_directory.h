// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_READ_ONLY_DIRECTORY_H_
#define PODTAIL_ENGINE_PORT_READ_ONLY_DIRECTORY_H_
// A durable directory that is only looked at: no lock, no thread, no change.
//
// Its owner may be at work meanwhile. What is read is then from different
// moments; the checksums of the files tell whether that made a difference.
#include <memory>
#include <string>
#include <vector>

#include "engine/port/durable_directory.h"
#include "podtail/expected.h"

namespace podtail {

// Submit() is refused: its job's result is kFailedPrecondition. kNotFound: there
// is no such directory; kUnavailable: it cannot be opened. Not thread-safe.
Expected<std::unique_ptr<DurableDirectory>> OpenReadOnlyDirectory(const std::string& path);

// The directories in a directory, by name. Links are not directories.
Expected<std::vector<std::string>> ListFolders(const std::string& path);

}  // namespace podtail
#endif
