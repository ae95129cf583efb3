// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_MUTEX_H_
#define PODTAIL_ENGINE_PORT_MUTEX_H_
// A mutex for the few objects above this floor that several engine threads
// share (the state directory of a sink with more than one shard). It lives here
// so that the core does not name a thread library.
//
//   MutexLock lock(&mutex);
#include <memory>

namespace podtail {

class Mutex {
 public:
  Mutex();
  ~Mutex();
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock();
  void Unlock();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Holds `mutex` for its own lifetime; `mutex` must outlive it.
class [[nodiscard]] MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~MutexLock() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* mutex_;
};

}  // namespace podtail
#endif
