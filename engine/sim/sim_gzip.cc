// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_gzip.h"

#include <zlib.h>

namespace podtail {

std::string SimGzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string text(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 64, '\0');
  // zlib takes its input as not const, and does not change it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  (void)deflate(&stream, Z_FINISH);
  text.resize(text.size() - stream.avail_out);
  (void)deflateEnd(&stream);
  return text;
}

std::string SimGunzip(std::string_view packed) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int result = Z_OK;
  while (result == Z_OK) {
    char block[4096];
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof(block);
    result = inflate(&stream, Z_SYNC_FLUSH);
    text.append(block, sizeof(block) - stream.avail_out);
  }
  (void)inflateEnd(&stream);
  return text;
}

}  // namespace podtail
