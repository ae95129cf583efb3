// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_EXPECTED_H_
#define PODTAIL_EXPECTED_H_
// A value or the reason there is none.
//
// Expected is the part of std::expected (C++23) that podtail uses, under the
// same member names, so it can become an alias the day C++23 is the floor.
// Reading value() of an error, or error() of a value, is a bug in the caller
// and is checked in debug builds only.
//
//   Expected<CriLine, CriError>   a pure parser: the error is one byte
//   Expected<std::size_t>         the world: the error is a Status with words
//
//   auto cri = ParseCriLine(line);
//   if (!cri) return Unexpected(cri.error());
//   Use(cri->message);
//
// It holds one of the two, never both or none, inside itself: no allocation of
// its own, and moved or copied like what it holds. Not thread-safe to change.
// Neither kind throws, and nothing here aborts in a release build.
#include <cassert>
#include <utility>
#include <variant>
#include "podtail/status.h"
namespace podtail {

// Marks a value as the error: `return Unexpected(CriError::kTag);`. Without it
// an Expected<T, E> of two alike types could not tell which one is meant.
template <class E>
class Unexpected {
 public:
  // By value: the reason is moved through, never copied.
  constexpr explicit Unexpected(E error) : error_(std::move(error)) {}
  constexpr E& error() & noexcept { return error_; }
  constexpr E&& error() && noexcept { return std::move(error_); }

 private:
  E error_;
};

// [[nodiscard]] as a type: a call whose outcome is dropped does not compile
// under -Werror.
template <class T, class E = Status>
class [[nodiscard]] Expected {
 public:
  // Both implicit, so that `return value;` and `return Unexpected(reason);` read
  // like what they are.
  constexpr Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  constexpr Expected(Unexpected<E> error)
      : state_(std::in_place_index<1>, std::move(error).error()) {}
  // Ask one of these before anything below.
  constexpr bool has_value() const noexcept { return state_.index() == 0; }
  // Explicit: an Expected<bool> must not be taken for its value by accident.
  constexpr explicit operator bool() const noexcept { return has_value(); }
  // REQUIRES: has_value(). Valid while this object lives and is not assigned to;
  // of a temporary, the value is moved out.
  constexpr T& value() & {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  // The same for a const object: any thread may read it.
  constexpr const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  constexpr T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  // As value(), and with the same duty: `if (x) use(x->time);`.
  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  // A pointer into this object: not for keeping.
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }
  // REQUIRES: !has_value(). Lives as long as a value would.
  constexpr const E& error() const& {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }
  // Hands the reason on: `return Unexpected(std::move(x).error());`.
  constexpr E&& error() && {
    assert(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  // Never valueless: no alternative is ever emplaced over another.
  std::variant<T, E> state_;
};

}  // namespace podtail
#endif
