// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_WAIT_H_
#define PODTAIL_ENGINE_PORT_WAIT_H_
// How the runner sleeps: until a descriptor is readable, a deadline has passed,
// or somebody wakes it.
//
//   runner thread    wait.Until(engine.readiness_fd(), due)
//   any other        wait.Wake()
//
// A wake is never lost: one that comes before Until() ends it at once. Several
// of them count as one. The object must outlive whoever may call Wake().
#include <cstdint>
#include <utility>

#include "engine/port/file_descriptor.h"
#include "podtail/expected.h"
#include "podtail/tick.h"

namespace podtail {

enum class WaitEnd : std::uint8_t {
  kReadable = 1,     // or closed at its other end, or in error: reading will tell
  kDeadline = 2,     // the deadline has passed
  kWoken = 3,        // the wake is used up
  kInterrupted = 4,  // a signal was handled on this thread
};

class Wait {
 public:
  // Fails when there is no descriptor left (kResourceExhausted).
  static Expected<Wait> Create();

  // One thread at a time. `fd` -1: only timed. The deadline is exact to the
  // nanosecond as far as the kernel's timers are, and never early; one that has
  // passed still looks at the descriptors once. Instant::max(): no deadline.
  WaitEnd Until(int fd, Instant deadline);
  // Any thread, and from a signal handler: one write(2), errno is kept.
  void Wake() noexcept;

 private:
  explicit Wait(FileDescriptor event) : event_(std::move(event)) {}

  FileDescriptor event_;  // an eventfd; readable: woken
};

}  // namespace podtail
#endif
