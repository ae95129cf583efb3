// SPDX-License-Identifier: Apache-2.0
#include "engine/port/wait.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/check.h"
#include "engine/port/errno_status.h"
#include "engine/port/system_tick.h"

namespace podtail {

Expected<Wait> Wait::Create() {
  FileDescriptor event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event.valid()) return Unexpected(StatusOf(errno, "create", "eventfd"));
  return Wait(std::move(event));
}

WaitEnd Wait::Until(int fd, Instant deadline) {
  pollfd watched[] = {{.fd = event_.get(), .events = POLLIN, .revents = 0},
                      {.fd = fd, .events = POLLIN, .revents = 0}};  // poll skips -1
  const Instant now = SystemTick().now;
  const Duration left = deadline > now ? deadline - now : Duration::zero();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  const int ready = ppoll(watched, 2, deadline == Instant::max() ? nullptr : &timeout, nullptr);
  if (ready < 0) return WaitEnd::kInterrupted;
  PODTAIL_DCHECK((watched[1].revents & POLLNVAL) == 0);
  if (watched[0].revents != 0) {
    std::uint64_t wakes = 0;
    // It is non-blocking and only this thread reads it, so this cannot fail.
    [[maybe_unused]] const ssize_t got = read(event_.get(), &wakes, sizeof(wakes));
    return WaitEnd::kWoken;
  }
  return watched[1].revents != 0 ? WaitEnd::kReadable : WaitEnd::kDeadline;
}

void Wait::Wake() noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it is readable already.
  [[maybe_unused]] const ssize_t put = write(event_.get(), &one, sizeof(one));
  errno = saved;
}

}  // namespace podtail
