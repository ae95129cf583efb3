// SPDX-License-Identifier: Apache-2.0
// Property: no input starts with "podtail", which is wrong on purpose. A harness
// that cannot fail proves nothing: this one must, on what regressions/canary
// holds, and must not on seeds/canary.
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("podtail")) __builtin_trap();
  return 0;
}
