// SPDX-License-Identifier: Apache-2.0
#include "podtail/status.h"

#include "engine/base/check.h"

namespace podtail {
namespace {

std::string_view NameOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::kDataLoss:
      return "DATA_LOSS";
    case StatusCode::kInternal:
      return "INTERNAL";
  }
  return "UNKNOWN";
}

}  // namespace

Status::Status(StatusCode code, std::string_view message)
    : error_(std::make_unique<Error>(Error{code, std::string(message)})) {
  PODTAIL_DCHECK(code != StatusCode::kOk);
}

Status::Status(const Status& other)
    : error_(other.error_ ? std::make_unique<Error>(*other.error_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) error_ = other.error_ ? std::make_unique<Error>(*other.error_) : nullptr;
  return *this;
}

StatusCode Status::code() const noexcept {
  return error_ ? error_->code : StatusCode::kOk;
}

std::string_view Status::message() const noexcept {
  return error_ ? std::string_view(error_->message) : std::string_view();
}

std::string Status::ToString() const {
  std::string text(NameOf(code()));
  if (error_) text.append(": ").append(error_->message);
  return text;
}

}  // namespace podtail
