// SPDX-License-Identifier: Apache-2.0
#include "engine/port/checksum.h"

#define ZLIB_CONST  // as everywhere here
#include <zlib.h>

namespace podtail {

std::uint32_t Crc32(std::string_view bytes, std::uint32_t before) noexcept {
  // A null pointer would ask zlib for its initial value.
  if (bytes.empty()) return before;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  return static_cast<std::uint32_t>(crc32_z(before, data, bytes.size()));
}

}  // namespace podtail
