// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_READINESS_SET_H_
#define PODTAIL_ENGINE_PORT_READINESS_SET_H_
// Several descriptors as one: fd() is readable while any of them is.
// Not thread-safe; owns none of the descriptors.
#include <utility>

#include "engine/port/file_descriptor.h"
#include "podtail/status.h"

namespace podtail {

class ReadinessSet {
 public:
  // -1 is passed over: that object can only be timed. The descriptor must stay
  // open as long as this lives.
  Status Add(int fd);
  // It may be added again.
  void Remove(int fd);
  // -1 when nothing was added.
  int fd() const noexcept { return epoll_.get(); }

 private:
  FileDescriptor epoll_;
};

}  // namespace podtail
#endif
