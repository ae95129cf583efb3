// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_SUPPORT_SANITIZED_H_
#define PODTAIL_TESTS_SUPPORT_SANITIZED_H_
// Tests that walk through many worlds walk through fewer with the address sanitizer, which
// makes each of them five to ten times as long; without it they walk through all.

namespace podtail {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PODTAIL_SANITIZED
#endif
#endif
#ifdef PODTAIL_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace podtail
#endif
