// SPDX-License-Identifier: Apache-2.0
#include "engine/port/mutex.h"

#include <mutex>

namespace podtail {

struct Mutex::Impl {
  std::mutex mutex;
};

Mutex::Mutex() : impl_(std::make_unique<Impl>()) {}
Mutex::~Mutex() = default;

void Mutex::Lock() {
  impl_->mutex.lock();
}
void Mutex::Unlock() {
  impl_->mutex.unlock();
}

}  // namespace podtail
