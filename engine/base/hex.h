// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_HEX_H_
#define PODTAIL_ENGINE_BASE_HEX_H_
// Hexadecimal digits: reading takes either case, writing gives lower case.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace podtail {

// 0..15, or -1 for anything but a hexadecimal digit.
int HexValue(char digit) noexcept;
// False, and `out` unspecified, unless `hex` is exactly two digits per byte.
bool DecodeHex(std::string_view hex, std::span<std::uint8_t> out) noexcept;
void AppendHex(std::span<const std::uint8_t> bytes, std::string* out);

}  // namespace podtail
#endif
