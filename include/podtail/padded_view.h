// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_PADDED_VIEW_H_
#define PODTAIL_PADDED_VIEW_H_
// A string_view with kPadding readable bytes behind its last one.
//
//   | the bytes of the view | 64 more that may be read, whatever they hold |
//
// SIMD code, a JSON parser above all, loads whole registers and runs past the
// end of its input. Behind a padded view it may; behind any other it has to
// copy first. The type tells the two apart, so forgetting the padding does not
// compile. Like string_view it owns nothing: it is valid until its buffer is not.
#include <cstddef>
#include <string_view>
namespace podtail {

// Bytes: one AVX-512 register, the widest load there is.
inline constexpr std::size_t kPadding = 64;

// Spelled out by whoever made the buffer: the promise is theirs.
struct AssumePadded {};
inline constexpr AssumePadded kAssumePadded{};

class PaddedView {
 public:
  constexpr PaddedView() noexcept : view_(kNothing, 0) {}
  constexpr PaddedView(AssumePadded, std::string_view view) noexcept : view_(view) {}
  constexpr std::string_view view() const noexcept { return view_; }
  // A part of a padded view is padded: what follows the part is readable.
  // REQUIRES: `part` lies within view().
  constexpr PaddedView Narrow(std::string_view part) const noexcept {
    return {kAssumePadded, part};
  }

 private:
  static constexpr char kNothing[kPadding] = {};
  std::string_view view_;
};

}  // namespace podtail
#endif
