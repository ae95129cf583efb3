// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_INFLATER_H_
#define PODTAIL_ENGINE_PORT_INFLATER_H_
// One gzip member (RFC 1952) after another, from bytes in memory to bytes in
// memory; its header, its CRC-32 and its length are checked. What lies between
// members and behind the last one is the caller's business.
//
// Whatever the input, an inflater needs about 40 KiB, and one call works no longer
// than its input and its output are. Output does not depend on how the input is cut.
// Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

// zlib's own name for its state; its header is seen by inflater.cc alone.
struct z_stream_s;

namespace podtail {

class Inflater {
 public:
  enum class Outcome : std::uint8_t {
    kMore = 1,       // all of the input was consumed, or all of the output filled
    kMemberEnd = 2,  // the member was whole; what was not consumed lies behind it
    kCorrupt = 3,    // no such member; what was produced before is as good as any
    kNoMemory = 4,   // Begin() and the whole member again
  };
  struct Step {
    Outcome outcome;
    std::size_t consumed;
    std::size_t produced;
  };

  // Begins a member; what is left of one before it is forgotten.
  void Begin();
  // REQUIRES: Begin() was called and every outcome since was kMore.
  Step Decode(std::string_view input, std::span<char> output);

 private:
  struct Free {
    void operator()(z_stream_s* stream) const noexcept;
  };
  std::unique_ptr<z_stream_s, Free> stream_;  // none until it is needed
};

}  // namespace podtail
#endif
