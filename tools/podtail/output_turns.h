// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_OUTPUT_TURNS_H_
#define PODTAIL_TOOLS_OUTPUT_TURNS_H_
// Several engines write lines to one descriptor, each on its thread: one at a
// time, and whoever has begun a line is the only one until it has ended it.
//
//   if (!turns.Begin(this)) return;        somebody else is inside a line
//   ... write what the descriptor takes, without waiting ...
//   turns.End(this, stands_inside_a_line);
//
// Any thread. Begin() waits for another's write, which never waits for a reader.
#include <mutex>
namespace podtail {

class OutputTurns {
 public:
  bool Begin(const void* who) {
    mutex_.lock();
    if (inside_ == nullptr || inside_ == who) return true;
    mutex_.unlock();
    return false;
  }
  // REQUIRES: Begin(who) was the last call on this thread, and was true.
  void End(const void* who, bool inside_a_line) {
    inside_ = inside_a_line ? who : nullptr;
    mutex_.unlock();
  }

 private:
  std::mutex mutex_;
  const void* inside_ = nullptr;  // whose line is not whole yet
};

}  // namespace podtail
#endif
