// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_RUN_SIGNALS_H_
#define PODTAIL_TOOLS_RUN_SIGNALS_H_
// SIGTERM and SIGINT as something to wait for instead of something that
// interrupts: they are blocked in every thread and read from a descriptor.
//
// Create it before any thread starts: threads inherit the mask. SIGPIPE and
// SIGXFSZ are ignored from then on; a closed pipe and a full disk are errors of
// write(2) like others. One per process; lives as long as the process.
#include "podtail/expected.h"
namespace podtail {

class RunSignals {
 public:
  enum class Event { kTimeout, kStop, kWoken };

  static Expected<RunSignals> Install();
  RunSignals(RunSignals&& other) noexcept;
  RunSignals& operator=(RunSignals&&) = delete;
  ~RunSignals();

  // Until a signal to stop, a Wake(), or `timeout_ms`. On one thread.
  Event Wait(int timeout_ms);
  // Ends a Wait(), now or the next. Any thread; never blocks.
  void Wake();

 private:
  RunSignals(int signals, int wakeup) : signals_(signals), wakeup_(wakeup) {}

  int signals_;
  int wakeup_;
};

}  // namespace podtail
#endif
