// SPDX-License-Identifier: Apache-2.0
#include "engine/port/errno_status.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace podtail {
namespace {

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return StatusCode::kNotFound;
    case ELOOP:
    case EXDEV:
    case EISDIR:
    case ENXIO:   // a socket, or a device without its driver
    case ENODEV:  // likewise
    case ENAMETOOLONG:
    case EINVAL:
      return StatusCode::kFailedPrecondition;
    case EMFILE:
    case ENFILE:
      return StatusCode::kResourceExhausted;
    default:
      return StatusCode::kUnavailable;
  }
}

}  // namespace

Status StatusOf(int error, std::string_view action, std::string_view path) {
  std::string message(action);
  message.append(" ").append(path).append(": ");
  message.append(std::generic_category().message(error));
  return {CodeOf(error), message};
}

}  // namespace podtail
