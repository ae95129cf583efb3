// SPDX-License-Identifier: Apache-2.0
#include "engine/port/readiness_set.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace podtail {
namespace {

bool Readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) > 0;
}

TEST(ReadinessSet, IsReadableWhileOneOfItsOwnIs) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  const FileDescriptor reader(ends[0]), writer(ends[1]);
  ReadinessSet set;
  EXPECT_TRUE(set.Add(-1).ok());
  EXPECT_EQ(set.fd(), -1) << "nothing to wait for";
  set.Remove(-1);
  ASSERT_TRUE(set.Add(reader.get()).ok());
  ASSERT_TRUE(set.Add(reader.get()).ok()) << "two objects may share one";
  EXPECT_FALSE(Readable(set.fd()));
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  EXPECT_TRUE(Readable(set.fd()));
  set.Remove(reader.get());
  EXPECT_FALSE(Readable(set.fd()));
  ASSERT_TRUE(set.Add(reader.get()).ok());
  EXPECT_TRUE(Readable(set.fd())) << "what came meanwhile is not forgotten";
}

}  // namespace
}  // namespace podtail
