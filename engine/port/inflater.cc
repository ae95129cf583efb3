// SPDX-License-Identifier: Apache-2.0
#include "engine/port/inflater.h"

#define ZLIB_CONST  // it does not write into its input
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace podtail {
namespace {

// The largest window there is, and "gzip only": the format is never guessed.
constexpr int kWindowBits = 15 + 16;

uInt Clamp(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

}  // namespace

void Inflater::Free::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

void Inflater::Begin() {
  if (stream_ == nullptr) {
    std::unique_ptr<z_stream_s, Free> stream(new z_stream_s{});
    if (inflateInit2(stream.get(), kWindowBits) == Z_OK) stream_ = std::move(stream);
  } else if (inflateReset(stream_.get()) != Z_OK) {
    stream_ = nullptr;
  }
}

Inflater::Step Inflater::Decode(std::string_view input, std::span<char> output) {
  z_stream_s* const stream = stream_.get();
  if (stream == nullptr) return {Outcome::kNoMemory, 0, 0};
  stream->next_in = reinterpret_cast<const Bytef*>(input.data());
  stream->avail_in = Clamp(input.size());
  stream->next_out = reinterpret_cast<Bytef*>(output.data());
  stream->avail_out = Clamp(output.size());
  const int result = inflate(stream, Z_NO_FLUSH);
  Step step{Outcome::kMore, Clamp(input.size()) - stream->avail_in,
            Clamp(output.size()) - stream->avail_out};
  switch (result) {
    case Z_OK:
      break;
    case Z_STREAM_END:
      step.outcome = Outcome::kMemberEnd;
      break;
    case Z_MEM_ERROR:
      step.outcome = Outcome::kNoMemory;
      break;
    case Z_BUF_ERROR:  // nothing was done; with input and room that must not go on for ever
      if (!input.empty() && !output.empty()) step.outcome = Outcome::kCorrupt;
      break;
    default:
      step.outcome = Outcome::kCorrupt;
      break;
  }
  return step;
}

}  // namespace podtail
