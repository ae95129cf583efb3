// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_SUPPORT_GZIP_BYTES_H_
#define PODTAIL_TESTS_SUPPORT_GZIP_BYTES_H_
// One gzip member, as the kubelet writes it.
#include <zlib.h>

#include <string>
#include <string_view>

namespace podtail {

inline std::string GzipBytes(std::string_view bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 64, '\0');
  std::string input(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace podtail
#endif
