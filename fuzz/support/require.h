// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_FUZZ_SUPPORT_REQUIRE_H_
#define PODTAIL_FUZZ_SUPPORT_REQUIRE_H_
// What an oracle says: a fuzzer keeps the input that ends here.

inline void Require(bool condition) {
  if (!condition) __builtin_trap();
}

#endif
