// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_ERRNO_STATUS_H_
#define PODTAIL_ENGINE_PORT_ERRNO_STATUS_H_
// What an errno of reading means to a caller, and in words.
//
//   kNotFound            ENOENT ENOTDIR: gone since it was listed
//   kFailedPrecondition  ELOOP EXDEV ...: it is there, and is nothing to read
//   kResourceExhausted   EMFILE ENFILE: no descriptor left
//   kUnavailable         EACCES EPERM EIO and all others: may pass, try again
#include <string_view>

#include "podtail/status.h"

namespace podtail {

// "<action> <path>: <what errno means>", as in "open /a/b: Permission denied".
// REQUIRES: error != 0. Any thread.
Status StatusOf(int error, std::string_view action, std::string_view path);

}  // namespace podtail
#endif
