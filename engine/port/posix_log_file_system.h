// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_POSIX_LOG_FILE_SYSTEM_H_
#define PODTAIL_ENGINE_PORT_POSIX_LOG_FILE_SYSTEM_H_
// The switch by which the tests run one suite over both ways of staying beneath
// a root. Everyone else calls NewPosixLogFileSystem().
#include <memory>

#include "engine/port/root_directory.h"
#include "podtail/log_file_system.h"

namespace podtail {

std::unique_ptr<LogFileSystem> NewPosixLogFileSystem(BeneathMethod method);

}  // namespace podtail
#endif
