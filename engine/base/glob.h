// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_GLOB_H_
#define PODTAIL_ENGINE_BASE_GLOB_H_
// Shell patterns over paths, as fnmatch(3) with FNM_PATHNAME reads them in the
// C locale, without a locale: bytes are bytes.
//
//   *      any bytes but '/'          ?        one byte but '/'
//   [a-z]  one byte of the set        [!a-z]   one byte not in it, never '/'
//   \x     x itself                   **       any bytes, '/' included (not in fnmatch)
//
// An unclosed '[' stands for itself, always (glibc: unless the pattern ends in
// '-'), and "\/" is a '/' behind a '*' too (glibc: it matches nothing there). A
// single '\' at the end matches nothing. Classes such as [:alpha:] are not known.
#include <string_view>

namespace podtail {

// No recursion, no memory. At most |pattern| * |path| steps, times |path| again
// where the pattern has a "**".
bool MatchGlob(std::string_view pattern, std::string_view path) noexcept;

}  // namespace podtail
#endif
