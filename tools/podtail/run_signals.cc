// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace podtail {

Expected<RunSignals> RunSignals::Install() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
  const int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals >= 0 && wakeup >= 0) return RunSignals(signals, wakeup);
  if (signals >= 0) close(signals);
  if (wakeup >= 0) close(wakeup);
  return Unexpected(Status(StatusCode::kUnavailable, "no descriptor left to wait for signals"));
}

RunSignals::RunSignals(RunSignals&& other) noexcept
    : signals_(std::exchange(other.signals_, -1)), wakeup_(std::exchange(other.wakeup_, -1)) {}

RunSignals::~RunSignals() {
  if (signals_ >= 0) close(signals_);
  if (wakeup_ >= 0) close(wakeup_);
}

RunSignals::Event RunSignals::Wait(int timeout_ms) {
  pollfd ready[2] = {{signals_, POLLIN, 0}, {wakeup_, POLLIN, 0}};
  if (poll(ready, 2, timeout_ms) <= 0) return Event::kTimeout;
  signalfd_siginfo info{};
  if (ready[0].revents != 0 && read(signals_, &info, sizeof info) == sizeof info) {
    return Event::kStop;
  }
  std::uint64_t count = 0;
  if (ready[1].revents != 0 && read(wakeup_, &count, sizeof count) == sizeof count) {
    return Event::kWoken;
  }
  return Event::kTimeout;
}

void RunSignals::Wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full: then the other side is awake already.
  [[maybe_unused]] const ssize_t written = write(wakeup_, &one, sizeof one);
}

}  // namespace podtail
