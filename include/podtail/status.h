// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_STATUS_H_
#define PODTAIL_STATUS_H_
// Outcome of an operation that touches the world (files, sockets, options).
//
// A Status is a value. OK holds no memory and costs one pointer; an error owns
// its message. Const methods may be called from any thread.
// Codes are part of the C ABI: values are never renumbered or reused.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include "podtail/export.h"
namespace podtail {

enum class StatusCode : std::int32_t {
  kOk = 0,
  kInvalidArgument = 1,     // the caller's options or input; retrying cannot help
  kFailedPrecondition = 2,  // right call, wrong moment
  kNotFound = 3,            // the file or entry is not there (any more)
  kUnavailable = 4,         // transient: try again after a backoff
  kResourceExhausted = 5,   // a configured limit was reached
  kDataLoss = 6,            // bytes are gone or corrupt; an operator must know
  kInternal = 7,            // an invariant of podtail broke: please report
};

// [[nodiscard]] as a type: an outcome that nobody looks at does not compile
// under -Werror.
class [[nodiscard]] PODTAIL_EXPORT Status {
 public:
  Status() noexcept = default;  // OK
  // REQUIRES: code != kOk. Copies `message`: what was attempted, on which path,
  // and what came back.
  Status(StatusCode code, std::string_view message);
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  bool ok() const noexcept { return error_ == nullptr; }
  StatusCode code() const noexcept;
  // Valid while this Status lives and is not assigned to. Empty when OK.
  std::string_view message() const noexcept;
  std::string ToString() const;

 private:
  struct Error {
    StatusCode code;
    std::string message;
  };
  std::unique_ptr<Error> error_;  // null means OK
};

}  // namespace podtail
#endif
