// SPDX-License-Identifier: Apache-2.0
#include "engine/port/readiness_set.h"

#include <sys/epoll.h>

#include <cerrno>

#include "engine/port/errno_status.h"

namespace podtail {

Status ReadinessSet::Add(int fd) {
  if (fd < 0) return {};
  if (!epoll_.valid()) {
    epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_.valid()) return StatusOf(errno, "create", "an epoll descriptor");
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  // EEXIST: two of the watched share a descriptor, as a store and a loss log do.
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST) {
    return StatusOf(errno, "watch", "a readiness descriptor");
  }
  return {};
}

void ReadinessSet::Remove(int fd) {
  // Masking its events would not do: inotify wakes without saying for what, and who
  // waits for the set would wake up to look.
  if (fd >= 0 && epoll_.valid()) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace podtail
