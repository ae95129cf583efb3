// SPDX-License-Identifier: Apache-2.0
#include "engine/port/wait.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "engine/port/errno_status.h"
#include "engine/port/system_tick.h"

namespace podtail {
namespace {

class WaitTest : public testing::Test {
 protected:
  WaitTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe(ends), 0);
    reader_ = FileDescriptor(ends[0]);
    writer_ = FileDescriptor(ends[1]);
  }

  Wait wait_ = Wait::Create().value();
  FileDescriptor reader_, writer_;
};

constexpr Instant kNever = Instant::max();

TEST(SystemTick, ReadsTheTwoClocksOfTheKernel) {
  const auto read = [](clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const Duration monotonic = read(CLOCK_MONOTONIC);
  const Tick tick = SystemTick();
  EXPECT_GE(tick.now.time_since_epoch(), monotonic);
  EXPECT_LE(tick.now.time_since_epoch(), read(CLOCK_MONOTONIC));
  // Wall clocks may be set: only that it is that clock, to the hour.
  EXPECT_LT(std::chrono::abs(tick.wall.time_since_epoch() - read(CLOCK_REALTIME)),
            std::chrono::hours(1));
  EXPECT_LE(tick.now, SystemTick().now);
}

TEST_F(WaitTest, EndsAtItsDeadlineAndNotEarlier) {
  const Instant deadline = SystemTick().now + std::chrono::milliseconds(20);
  EXPECT_EQ(wait_.Until(-1, deadline), WaitEnd::kDeadline);
  EXPECT_GE(SystemTick().now, deadline);
  EXPECT_EQ(wait_.Until(reader_.get(), SystemTick().now + Duration(1)), WaitEnd::kDeadline);
}

TEST_F(WaitTest, LooksOnceWhenTheDeadlineHasPassed) {
  EXPECT_EQ(wait_.Until(reader_.get(), Instant::min()), WaitEnd::kDeadline);
  EXPECT_EQ(wait_.Until(-1, Instant{}), WaitEnd::kDeadline);
  ASSERT_EQ(write(writer_.get(), "x", 1), 1);
  EXPECT_EQ(wait_.Until(reader_.get(), Instant::min()), WaitEnd::kReadable);
  wait_.Wake();
  EXPECT_EQ(wait_.Until(-1, Instant::min()), WaitEnd::kWoken);
}

TEST_F(WaitTest, EndsWhenTheDescriptorIsReadableOrClosed) {
  ASSERT_EQ(write(writer_.get(), "x", 1), 1);
  EXPECT_EQ(wait_.Until(reader_.get(), kNever), WaitEnd::kReadable);
  char byte = 0;
  ASSERT_EQ(read(reader_.get(), &byte, 1), 1);
  EXPECT_EQ(wait_.Until(reader_.get(), Instant{}), WaitEnd::kDeadline);
  writer_.Close();
  EXPECT_EQ(wait_.Until(reader_.get(), kNever), WaitEnd::kReadable);
}

TEST_F(WaitTest, EndsWhenAnotherThreadWritesOrWakes) {
  std::thread writer([&] { EXPECT_EQ(write(writer_.get(), "x", 1), 1); });
  EXPECT_EQ(wait_.Until(reader_.get(), kNever), WaitEnd::kReadable);
  writer.join();
  std::thread waker([&] { wait_.Wake(); });
  EXPECT_EQ(wait_.Until(-1, kNever), WaitEnd::kWoken);
  waker.join();
}

TEST_F(WaitTest, AWakeIsNeverLostAndIsUsedUpOnce) {
  for (int i = 0; i < 3; ++i) wait_.Wake();
  EXPECT_EQ(wait_.Until(-1, kNever), WaitEnd::kWoken);
  EXPECT_EQ(wait_.Until(-1, Instant{}), WaitEnd::kDeadline);
}

// Every wake that comes behind what it announces is seen.
TEST_F(WaitTest, FollowsManyWakesFromAnotherThread) {
  constexpr int kRounds = 2000;
  std::atomic<int> said = 0;
  std::atomic<int> heard = 0;
  std::thread waker([&] {
    for (int i = 1; i <= kRounds; ++i) {
      said = i;
      wait_.Wake();
      while (heard < i) std::this_thread::yield();
    }
  });
  while (heard < kRounds) {
    EXPECT_EQ(wait_.Until(-1, kNever), WaitEnd::kWoken);
    heard = said.load();
  }
  waker.join();
}

Wait* woken_by_signal = nullptr;
void WakeFromHandler(int) {
  woken_by_signal->Wake();
}
void DoNothing(int) {}

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ASSERT_EQ(sigaction(signal, &action, nullptr), 0);
}

TEST_F(WaitTest, ASignalHandlerMayWakeAndErrnoIsKept) {
  woken_by_signal = &wait_;
  Handle(SIGUSR1, &WakeFromHandler);
  errno = ENOTTY;
  ASSERT_EQ(raise(SIGUSR1), 0);
  EXPECT_EQ(errno, ENOTTY);
  EXPECT_EQ(wait_.Until(-1, kNever), WaitEnd::kWoken);
}

TEST_F(WaitTest, AHandledSignalEndsIt) {
  Handle(SIGUSR2, &DoNothing);
  const pthread_t waiting = pthread_self();
  std::atomic<bool> ended = false;
  std::thread sender([&] {
    while (!ended) {
      pthread_kill(waiting, SIGUSR2);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(wait_.Until(-1, kNever), WaitEnd::kInterrupted);
  ended = true;
  sender.join();
}

TEST(Wait, SaysSoWhenThereIsNoDescriptorLeft) {
  const Status expected = StatusOf(EMFILE, "create", "eventfd");
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto wait = Wait::Create();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  ASSERT_FALSE(wait.has_value());
  EXPECT_EQ(wait.error().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(wait.error().message(), expected.message());
}

}  // namespace
}  // namespace podtail
