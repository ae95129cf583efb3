// SPDX-License-Identifier: Apache-2.0
// What stdout may be: files, pipes with slow readers or none, terminals, sockets.
// The polling thread never waits, no line is lost, repeated or cut.
#include "tools/podtail/stdout_exporter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "tests/tools/lines_batch.h"

namespace podtail {
namespace {

Tick At(Duration since_start) {
  return {Instant(since_start), Timestamp{}};
}
constexpr Duration kSecond = std::chrono::seconds(1);

bool Readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) > 0;
}

class Stdout : public testing::Test {
 protected:
  Stdout() {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
  }
  ~Stdout() override {
    exporter_.reset();
    CloseReader();
    if (writer_ >= 0) close(writer_);
  }

  void Make(StdoutFormat format = StdoutFormat::kText) {
    exporter_ = std::make_unique<StdoutExporter>(
        writer_, format, StaticLabels{}, [this] { ++closed_calls_; }, turns_);
  }
  void MakePipe() {
    int ends[2] = {-1, -1};
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_ = ends[0];
    writer_ = ends[1];
    fcntl(reader_, F_SETFL, O_NONBLOCK);
    Make();
  }
  void MakeSockets() {
    int ends[2] = {-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    reader_ = ends[0];
    writer_ = ends[1];
    fcntl(reader_, F_SETFL, O_NONBLOCK);
    Make();
  }
  void MakeTerminal() {
    reader_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_EQ(grantpt(reader_) | unlockpt(reader_), 0);
    writer_ = open(ptsname(reader_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(writer_, 0);
    termios settings{};
    ASSERT_EQ(tcgetattr(writer_, &settings), 0);
    cfmakeraw(&settings);  // "\n" stays "\n"
    ASSERT_EQ(tcsetattr(writer_, TCSANOW, &settings), 0);
    Make();
  }
  void MakeFile() {
    char path[] = "podtail-stdout-XXXXXX";
    writer_ = mkstemp(path);
    ASSERT_GE(writer_, 0);
    unlink(path);
    Make();
  }
  void CloseReader() {
    if (reader_ >= 0) close(std::exchange(reader_, -1));
  }
  std::string ReadSome() {
    std::string bytes(64 * 1024, '\0');
    const ssize_t got = read(reader_, bytes.data(), bytes.size());
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  std::string FileText() const {
    std::string bytes(1 << 20, '\0');
    const ssize_t got = pread(writer_, bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

  std::vector<Delivery> Poll(Duration since_start = Duration{0}) {
    std::vector<Delivery> answered;
    next_poll_ = exporter_->Poll(At(since_start), &answered);
    return answered;
  }

  // Offers batches until one is not taken, reads everything, compares.
  void ExpectASlowReaderGetsEverything() {
    std::string expected;
    std::uint64_t taken = 0;
    for (;; ++taken) {
      const auto batch = BatchOf(
          taken + 1, {std::string(3000, 'a'), std::to_string(taken), std::string(9000, 'b')});
      const OfferResult result = exporter_->Offer(batch);
      if (result == OfferResult::kFull) break;
      ASSERT_EQ(result, OfferResult::kTaken);
      expected += TextOf(*batch);
      ASSERT_LT(expected.size(), 8u << 20) << "never full";
    }
    std::string got;
    std::uint64_t delivered = 0;
    while (delivered < taken) {
      for (const Delivery& delivery : Poll()) {
        ASSERT_EQ(delivery.outcome, DeliveryOutcome::kDelivered) << delivery.why.ToString();
        ASSERT_EQ(delivery.batch, BatchSequence{++delivered});
      }
      // No batch is settled before its last byte is out.
      got += ReadSome();
      pollfd either[] = {{.fd = exporter_->readiness_fd(), .events = POLLIN, .revents = 0},
                         {.fd = reader_, .events = POLLIN, .revents = 0}};
      ASSERT_TRUE(delivered == taken || poll(either, 2, 10'000) > 0) << "room, and nobody said so";
    }
    for (std::string more = ReadSome(); !more.empty(); more = ReadSome()) got += more;
    EXPECT_TRUE(got == expected) << got.size() << " of " << expected.size() << " bytes";
    EXPECT_EQ(next_poll_, Instant::max());
    EXPECT_FALSE(Readable(exporter_->readiness_fd())) << "nothing to do, and awake";
  }

  int reader_ = -1, writer_ = -1;
  int closed_calls_ = 0;
  Instant next_poll_{};
  std::shared_ptr<OutputTurns> turns_ = std::make_shared<OutputTurns>();
  std::unique_ptr<StdoutExporter> exporter_;
};

// Two engines: whatever the pipe takes at a time, every line comes out whole.
TEST_F(Stdout, LinesOfTwoExportersAreNeverMixed) {
  MakePipe();
  StdoutExporter other(writer_, StdoutFormat::kText, {}, {}, turns_);
  std::map<std::string, int> wanted;
  std::string got;
  std::vector<Delivery> answered;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    const std::string a(7'001 + 13 * i, 'a');
    const std::string b(5'003 + 17 * i, 'b');
    for (const auto& [exporter, body] : {std::pair(exporter_.get(), a), std::pair(&other, b)}) {
      const auto batch = BatchOf(i, {body, body});
      wanted[TextOf(*BatchOf(1, {body}))] += 2;
      ASSERT_EQ(exporter->Offer(batch), OfferResult::kTaken);
      exporter->Poll(At(Duration{0}), &answered);
    }
    got += ReadSome();
  }
  for (int i = 0; i < 1000 && answered.size() < 80; ++i) {
    exporter_->Poll(At(Duration{0}), &answered);
    next_poll_ = other.Poll(At(Duration{0}), &answered);
    got += ReadSome();
  }
  for (std::string more = ReadSome(); !more.empty(); more = ReadSome()) got += more;
  ASSERT_EQ(answered.size(), 80U);
  std::map<std::string, int> found;
  for (std::size_t begin = 0; begin < got.size();) {
    const std::size_t end = got.find('\n', begin) + 1;
    ++found[got.substr(begin, end - begin)];
    begin = end;
  }
  EXPECT_TRUE(found == wanted);
}

// Inside another one's line there is nothing to do but to look again: a
// descriptor with room must not keep it busy.
TEST_F(Stdout, SleepsWhileAnotherExporterIsInsideALine) {
  MakePipe();
  StdoutExporter other(writer_, StdoutFormat::kText, {}, {}, turns_);
  ASSERT_EQ(exporter_->Offer(BatchOf(1, {std::string(200'000, 'a')})), OfferResult::kTaken);
  EXPECT_TRUE(Poll().empty()) << "the pipe is full";
  std::vector<Delivery> answered;
  ASSERT_EQ(other.Offer(BatchOf(1, {"b"})), OfferResult::kTaken);
  while (!ReadSome().empty()) continue;
  EXPECT_GT(other.Poll(At(Duration{0}), &answered), At(Duration{0}).now);
  EXPECT_TRUE(answered.empty());
  EXPECT_FALSE(Readable(other.readiness_fd()));
  for (int i = 0; i < 10 && answered.empty(); ++i) {
    Poll();
    while (!ReadSome().empty()) continue;
    other.Poll(At(Duration{0}), &answered);
  }
  EXPECT_EQ(answered.size(), 1U) << "its turn when the line is whole";
}

TEST_F(Stdout, WritesBothFormatsToAFile) {
  MakeFile();
  EXPECT_EQ(exporter_->needs().lane, LaneScope::kContainer);
  EXPECT_FALSE(exporter_->needs().unique_times);
  EXPECT_EQ(exporter_->readiness_fd(), -1);
  const auto first = BatchOf(1, {"one", "two"});
  EXPECT_EQ(exporter_->Offer(first), OfferResult::kTaken);
  EXPECT_EQ(FileText(), "") << "Offer() writes nothing";
  const auto answered = Poll();
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].outcome, DeliveryOutcome::kDelivered);
  EXPECT_EQ(next_poll_, Instant::max());
  EXPECT_EQ(FileText(), TextOf(*first));
  Make(StdoutFormat::kJson);
  EXPECT_EQ(exporter_->Offer(first), OfferResult::kTaken);
  EXPECT_EQ(Poll().size(), 1u);
  std::string json;
  AppendRecordJson(*first, 0, {}, &json);
  AppendRecordJson(*first, 1, {}, &json);
  EXPECT_EQ(FileText(), TextOf(*first) + json);
}

TEST_F(Stdout, WritesMoreThanATurnsShareToAFile) {
  MakeFile();
  const auto batch = BatchOf(1, {std::string(3 << 20, 'x')});
  EXPECT_EQ(exporter_->Offer(batch), OfferResult::kTaken);
  EXPECT_EQ(exporter_->Offer(BatchOf(2, {"x"})), OfferResult::kFull);
  int polls = 0;
  for (bool delivered = false; !delivered; ++polls) {
    ASSERT_LT(polls, 10);
    delivered = !Poll().empty();
    EXPECT_EQ(next_poll_, delivered ? Instant::max() : Instant{}) << "at once";
  }
  EXPECT_GT(polls, 1);
  EXPECT_EQ(lseek(writer_, 0, SEEK_END), static_cast<off_t>(TextOf(*batch).size()));
}

TEST_F(Stdout, ASlowPipeNeverStopsThePollingThread) {
  MakePipe();
  EXPECT_EQ(fcntl(writer_, F_GETFL) & O_NONBLOCK, 0) << "others share this description";
  ExpectASlowReaderGetsEverything();
  EXPECT_EQ(fcntl(writer_, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(Stdout, ASlowTerminalNeverStopsThePollingThread) {
  MakeTerminal();
  ExpectASlowReaderGetsEverything();
  EXPECT_EQ(fcntl(writer_, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(Stdout, ASlowSocketNeverStopsThePollingThread) {
  MakeSockets();
  ExpectASlowReaderGetsEverything();
  EXPECT_EQ(fcntl(writer_, F_GETFL) & O_NONBLOCK, 0);
}

// Somebody else's pipe cannot be opened again: it is written in small pieces.
TEST_F(Stdout, ASlowPipeOfAnotherUserNeverStopsThePollingThread) {
  if (geteuid() != 0) GTEST_SKIP() << "takes root to become another user";
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0 || seteuid(65534) != 0) _exit(2);
    reader_ = ends[0];
    writer_ = ends[1];
    fcntl(reader_, F_SETFL, O_NONBLOCK);
    const std::string again = "/proc/self/fd/" + std::to_string(writer_);
    if (open(again.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0) _exit(3);
    Make();
    ExpectASlowReaderGetsEverything();
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(Stdout, AClosedReaderIsSaidOnceAndHoldsEveryBatch) {
  MakePipe();
  EXPECT_EQ(exporter_->Offer(BatchOf(1, {std::string(300'000, 'x')})), OfferResult::kTaken);
  EXPECT_EQ(exporter_->Offer(BatchOf(2, {"y"})), OfferResult::kTaken);
  EXPECT_TRUE(Poll().empty());
  EXPECT_FALSE(exporter_->reader_closed());
  CloseReader();
  EXPECT_TRUE(Readable(exporter_->readiness_fd()));
  std::vector<Delivery> answered = Poll(kSecond);
  ASSERT_EQ(answered.size(), 2u);
  EXPECT_TRUE(exporter_->reader_closed());
  EXPECT_EQ(closed_calls_, 1);
  EXPECT_FALSE(Readable(exporter_->readiness_fd())) << "would spin";
  EXPECT_EQ(next_poll_, Instant::max());
  EXPECT_EQ(exporter_->Offer(BatchOf(3, {"z"})), OfferResult::kTaken);
  for (Delivery& delivery : Poll(3 * kSecond)) answered.push_back(delivery);
  ASSERT_EQ(answered.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(answered[i].batch, BatchSequence{i + 1});
    EXPECT_EQ(answered[i].outcome, DeliveryOutcome::kHeld);
    EXPECT_EQ(answered[i].why.message(), "write stdout: nobody reads it any more");
    EXPECT_EQ(answered[i].retry_at, Instant(i < 2 ? 2 * kSecond : 4 * kSecond));
  }
  EXPECT_EQ(closed_calls_, 1);
}

// `podtail run | head -1` ends even when no further record comes.
TEST_F(Stdout, AClosedReaderIsNoticedWithNothingToWrite) {
  MakePipe();
  EXPECT_TRUE(Poll().empty());
  EXPECT_FALSE(Readable(exporter_->readiness_fd()));
  CloseReader();
  EXPECT_TRUE(Readable(exporter_->readiness_fd()));
  EXPECT_TRUE(Poll().empty());
  EXPECT_EQ(closed_calls_, 1);
  MakePipe();
  exporter_.reset();
  CloseReader();  // before it begins, too
  Make();
  exporter_->Offer(BatchOf(1, {"x"}));
  EXPECT_EQ(Poll().at(0).outcome, DeliveryOutcome::kHeld);
  EXPECT_EQ(closed_calls_, 2);
}

TEST_F(Stdout, NullTakesEverything) {
  writer_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
  Make();
  const auto batch = BatchOf(1, {std::string(100'000, 'x')});
  EXPECT_EQ(exporter_->Offer(batch), OfferResult::kTaken);
  EXPECT_EQ(Poll().at(0).outcome, DeliveryOutcome::kDelivered);
}

TEST_F(Stdout, AFullDiskHoldsAndIsTriedOnceASecond) {
  writer_ = open("/dev/full", O_WRONLY | O_CLOEXEC);
  Make();
  EXPECT_EQ(exporter_->Offer(BatchOf(1, {"x"})), OfferResult::kTaken);
  std::vector<Delivery> answered = Poll(5 * kSecond);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].outcome, DeliveryOutcome::kHeld);
  EXPECT_EQ(answered[0].why.code(), StatusCode::kUnavailable);
  EXPECT_EQ(answered[0].why.message(), "write stdout: No space left on device");
  EXPECT_EQ(answered[0].retry_at, Instant(6 * kSecond));
  EXPECT_EQ(next_poll_, Instant(6 * kSecond));
  // Another lane, before the second is over: answered without a try.
  dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), writer_);
  EXPECT_EQ(exporter_->Offer(BatchOf(2, {"y"})), OfferResult::kTaken);
  answered = Poll(5 * kSecond + kSecond / 2);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].outcome, DeliveryOutcome::kHeld);
  EXPECT_EQ(answered[0].retry_at, Instant(6 * kSecond));
  EXPECT_TRUE(Poll(6 * kSecond).empty());
  EXPECT_EQ(exporter_->Offer(BatchOf(1, {"x"})), OfferResult::kTaken);
  EXPECT_EQ(Poll(6 * kSecond).at(0).outcome, DeliveryOutcome::kDelivered);
  EXPECT_FALSE(exporter_->reader_closed());
}

// The file cannot grow beyond this while the object lives, as on a full disk:
// what still fits is written, then comes an error.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &old_); }

 private:
  rlimit old_{};
};

std::vector<std::string> SortedLines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1);
    lines.push_back(text.substr(begin, end + 1 - begin));
    begin = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Cut at every byte, and while the cut is mended at another one: every line is
// there once and whole, although another lane's batch comes back first.
TEST_F(Stdout, NoLineIsLostRepeatedOrCutWhereverADiskFills) {
  const RecordBatchRef batches[] = {BatchOf(1, {"a", "bb"}), BatchOf(2, {"", "ccc", "d"}),
                                    BatchOf(3, {"e"})};
  std::string all;
  for (const auto& batch : batches) all += TextOf(*batch);
  const std::vector<std::string> expected = SortedLines(all);
  for (std::size_t first_cut = 0; first_cut < all.size(); ++first_cut) {
    for (const std::size_t more : {std::size_t{0}, std::size_t{1}, std::size_t{30}}) {
      MakeFile();
      std::vector<bool> open(3, true);
      Duration now{0};
      for (const std::optional<std::size_t> limit :
           {std::optional(first_cut), std::optional(first_cut + more),
            std::optional<std::size_t>()}) {
        std::optional<FileSizeLimit> full;
        if (limit) full.emplace(*limit);
        for (const Delivery& delivery : Poll(now)) ADD_FAILURE() << delivery.why.ToString();
        for (std::size_t offered = 0; offered < 3; ++offered) {
          const std::size_t i = (offered + static_cast<std::size_t>(now / kSecond)) % 3;
          if (open[i]) {
            ASSERT_EQ(exporter_->Offer(batches[i]), OfferResult::kTaken);
          }
        }
        for (const Delivery& delivery : Poll(now)) {
          const auto i = static_cast<std::size_t>(delivery.batch) - 1;
          if (delivery.outcome == DeliveryOutcome::kDelivered) open[i] = false;
        }
        now += kSecond;
      }
      EXPECT_EQ(open, std::vector<bool>(3, false)) << first_cut << "+" << more;
      ASSERT_EQ(SortedLines(FileText()), expected) << first_cut << "+" << more;
      close(std::exchange(writer_, -1));
    }
  }
}

// The engine may forget a batch and read its lines again.
TEST_F(Stdout, TheCutLineIsFinishedEvenWhenItsBatchNeverComesBack) {
  MakeFile();
  const auto shed = BatchOf(1, {"one", "two", "three"});
  const std::string text = TextOf(*shed);
  {
    const FileSizeLimit full(text.find("two") + 1);
    exporter_->Offer(shed);
    EXPECT_EQ(Poll().at(0).outcome, DeliveryOutcome::kHeld);
  }
  const auto again = BatchOf(2, {"two", "three"});
  EXPECT_TRUE(Poll(kSecond).empty());
  exporter_->Offer(again);
  EXPECT_EQ(Poll(kSecond).at(0).outcome, DeliveryOutcome::kDelivered);
  EXPECT_EQ(FileText(), text.substr(0, text.find("two") + 4) + TextOf(*again));
}

}  // namespace
}  // namespace podtail
