// SPDX-License-Identifier: Apache-2.0
#include "podtail/status.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "podtail/expected.h"

namespace podtail {
namespace {

TEST(Status, IsOkWhenNothingWasSaid) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "OK");
}

TEST(Status, KeepsCodeAndMessageThroughCopiesAndMoves) {
  std::string text = "open /a: gone";
  const Status first(StatusCode::kNotFound, text);
  text = "changed";
  Status copy(first);
  Status assigned;
  assigned = copy;
  const Status moved(std::move(copy));
  for (const Status* status : {&first, static_cast<const Status*>(&assigned), &moved}) {
    EXPECT_FALSE(status->ok());
    EXPECT_EQ(status->code(), StatusCode::kNotFound);
    EXPECT_EQ(status->message(), "open /a: gone");
  }
  const Status& self = assigned;
  assigned = self;
  EXPECT_EQ(assigned.message(), "open /a: gone");
  assigned = Status();
  EXPECT_TRUE(assigned.ok());
  EXPECT_EQ(first.message(), "open /a: gone");
}

// The numbers are part of the C ABI: they never change.
TEST(Status, CodesHaveTheirNumbersAndNames) {
  const std::pair<int, std::string> codes[] = {
      {1, "INVALID_ARGUMENT"},   {2, "FAILED_PRECONDITION"}, {3, "NOT_FOUND"}, {4, "UNAVAILABLE"},
      {5, "RESOURCE_EXHAUSTED"}, {6, "DATA_LOSS"},           {7, "INTERNAL"}};
  for (const auto& [number, name] : codes) {
    const Status status(static_cast<StatusCode>(number), "why");
    EXPECT_EQ(status.ToString(), name + ": why");
  }
}

TEST(Expected, HoldsAValueOrTheReasonThereIsNone) {
  Expected<std::string> value(std::string("x"));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(*value, "x");
  EXPECT_EQ(value->size(), 1u);
  EXPECT_EQ(std::move(value).value(), "x");
  const Expected<std::string> error = Unexpected(Status(StatusCode::kDataLoss, "why"));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code(), StatusCode::kDataLoss);
  // Value and error may be of one type.
  const Expected<int, int> same = Unexpected(1);
  EXPECT_FALSE(same.has_value());
}

}  // namespace
}  // namespace podtail
