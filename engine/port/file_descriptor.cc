// SPDX-License-Identifier: Apache-2.0
#include "engine/port/file_descriptor.h"

#include <unistd.h>

#include <cerrno>

namespace podtail {

void FileDescriptor::Close() noexcept {
  if (fd_ < 0) return;
  const int saved = errno;
  close(Release());
  errno = saved;
}

}  // namespace podtail
