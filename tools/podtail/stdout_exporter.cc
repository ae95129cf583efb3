// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/stdout_exporter.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace podtail {
namespace {

constexpr std::size_t kWaitingBytesMax = 1024 * 1024;
// One Poll() writes no more, so that a fast reader leaves time for reading logs.
constexpr std::size_t kPollBytesMax = 1024 * 1024;
// What the buffer keeps when it is empty; one long record may have needed more.
constexpr std::size_t kKeptBytesMax = 4 * 1024 * 1024;
constexpr Duration kRetryAfter = std::chrono::seconds(1);
constexpr Duration kLookAgain = std::chrono::milliseconds(5);  // without epoll, or a turn

}  // namespace

StdoutExporter::StdoutExporter(int fd, StdoutFormat format, StaticLabels labels,
                               std::function<void()> on_reader_closed,
                               std::shared_ptr<OutputTurns> turns)
    : format_(format),
      labels_(std::move(labels)),
      on_reader_closed_(std::move(on_reader_closed)),
      turns_(std::move(turns)),
      fd_(fd) {
  ChooseWay(fd);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  epoll_event nothing{};  // a reader that goes away is told even so
  // Regular files and /dev/null cannot be watched and are never full.
  watched_ = epoll_ >= 0 && epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &nothing) == 0;
  if (!watched_ && epoll_ >= 0) close(std::exchange(epoll_, -1));
}

StdoutExporter::~StdoutExporter() {
  if (epoll_ >= 0) close(epoll_);
  if (own_fd_) close(fd_);
}

void StdoutExporter::ChooseWay(int fd) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return;  // the first write will tell
  if (S_ISREG(found.st_mode)) way_ = Way::kWrite;
  if (S_ISSOCK(found.st_mode)) way_ = Way::kSend;
  if (!S_ISFIFO(found.st_mode) && isatty(fd) == 0) return;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int again = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (again < 0) return;  // no /proc, somebody else's pipe, or no reader any more
  fd_ = again;
  own_fd_ = true;
  way_ = Way::kWrite;
}

void StdoutExporter::Watch(bool for_room) {
  if (!watched_ || for_room == room_wanted_) return;
  epoll_event event{};
  event.events = for_room ? EPOLLOUT : 0u;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
  room_wanted_ = for_room;
}

bool StdoutExporter::HasRoom(bool* gone) const {
  pollfd watched{.fd = fd_, .events = POLLOUT, .revents = 0};
  const bool ready = poll(&watched, 1, 0) > 0;
  *gone = ready && (watched.revents & (POLLERR | POLLHUP)) != 0;
  // POLLNVAL too: the write says what is wrong.
  return ready;
}

OfferResult StdoutExporter::Offer(const RecordBatchRef& batch) {
  if (reader_closed_ || troubled_) {
    refused_.push_back(batch->sequence());
    return OfferResult::kTaken;
  }
  if (bytes_.size() - bytes_written_ > kWaitingBytesMax) return OfferResult::kFull;
  Append(*batch);
  return OfferResult::kTaken;
}

void StdoutExporter::Append(const RecordBatch& batch) {
  if (bytes_written_ >= bytes_.size() / 2) {
    bytes_.erase(0, std::exchange(bytes_written_, 0));
    if (bytes_.empty() && bytes_.capacity() > kKeptBytesMax) bytes_.shrink_to_fit();
  }
  const std::size_t before = bytes_.size();
  for (std::size_t i = 0; i < batch.records().size(); ++i) {
    if (format_ == StdoutFormat::kJson) {
      AppendRecordJson(batch, i, labels_, &bytes_);
    } else {
      AppendRecordText(batch, i, labels_, &bytes_);
    }
  }
  const std::uint64_t start = written_ - bytes_written_;  // of bytes_
  std::size_t skipped = 0;
  if (const auto begun = begun_.find(batch.sequence()); begun != begun_.end()) {
    skipped = begun->second;
    bytes_.erase(before, skipped);
    begun_.erase(begun);
  }
  waiting_.push_back({batch.sequence(), start + before - skipped, start + bytes_.size(), skipped});
}

int StdoutExporter::Write() {
  std::size_t budget = kPollBytesMax;
  while (bytes_written_ < bytes_.size() && budget > 0) {
    std::size_t size = std::min(bytes_.size() - bytes_written_, budget);
    if (way_ == Way::kPaced) {
      bool gone = false;
      if (!HasRoom(&gone)) return 0;
      size = std::min<std::size_t>(size, PIPE_BUF);
    }
    const char* from = bytes_.data() + bytes_written_;
    const ssize_t put = way_ == Way::kSend ? send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                           : write(fd_, from, size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno == EAGAIN ? 0 : errno;
    if (put == 0) return 0;
    const auto bytes = static_cast<std::size_t>(put);
    last_written_ = from[bytes - 1];
    bytes_written_ += bytes;
    written_ += bytes;
    budget -= bytes;
  }
  return 0;
}

int StdoutExporter::WriteInTurn() {
  others_turn_ = false;
  if (bytes_written_ == bytes_.size()) return 0;
  others_turn_ = !turns_->Begin(this);
  if (others_turn_) return 0;
  const int error = Write();
  const bool over = error == EPIPE || error == ECONNRESET;
  turns_->End(this, last_written_ != '\n' && !over);
  return error;
}

Instant StdoutExporter::Poll(const Tick& tick, std::vector<Delivery>* answered) {
  if (tick.now >= retry_at_) troubled_ = false;
  int error = 0;
  if (!reader_closed_ && !troubled_) {
    bool gone = false;
    if (watched_ && bytes_written_ == bytes_.size()) HasRoom(&gone);
    error = gone ? EPIPE : WriteInTurn();
  }
  while (!waiting_.empty() && waiting_.front().end <= written_) {
    answered->push_back({.batch = waiting_.front().batch, .outcome = DeliveryOutcome::kDelivered});
    waiting_.pop_front();
  }
  if (error == EPIPE || error == ECONNRESET) {
    CloseReader();
  } else if (error != 0) {
    troubled_ = true;
    trouble_ =
        Status(StatusCode::kUnavailable, "write stdout: " + std::generic_category().message(error));
    KeepCutLine();
  }
  if (error != 0 || reader_closed_) retry_at_ = tick.now + kRetryAfter;
  if (error != 0 || !refused_.empty()) HoldAll(answered);
  return NextPoll(tick.now);
}

Instant StdoutExporter::NextPoll(Instant now) {
  const bool more = bytes_written_ < bytes_.size();
  Watch(more && !troubled_ && !others_turn_);
  if (reader_closed_) return Instant::max();
  if (troubled_) return retry_at_;
  if (!more) return Instant::max();
  if (others_turn_) return now + kLookAgain;
  if (way_ == Way::kWrite && !watched_) return now;  // only this turn's share was over
  return watched_ ? Instant::max() : now + kLookAgain;
}

void StdoutExporter::CloseReader() {
  reader_closed_ = true;
  if (watched_) epoll_ctl(epoll_, EPOLL_CTL_DEL, fd_, nullptr);
  watched_ = false;
  bytes_.clear();
  bytes_written_ = 0;
  begun_.clear();
  trouble_ = Status(StatusCode::kUnavailable, "write stdout: nobody reads it any more");
  if (on_reader_closed_) on_reader_closed_();
}

void StdoutExporter::HoldAll(std::vector<Delivery>* answered) {
  const auto hold = [&](BatchSequence batch) {
    answered->push_back({.batch = batch,
                         .outcome = DeliveryOutcome::kHeld,
                         .refused = {},
                         .retry_at = retry_at_,
                         .why = trouble_});
  };
  for (const Waiting& waiting : waiting_) hold(waiting.batch);
  for (const BatchSequence batch : refused_) hold(batch);
  waiting_.clear();
  refused_.clear();
}

// Of what was not written only the rest of a line whose beginning was stays.
void StdoutExporter::KeepCutLine() {
  const std::size_t end =
      last_written_ == '\n' ? bytes_written_ : bytes_.find('\n', bytes_written_) + 1;
  bytes_.resize(end);
  const std::uint64_t kept_until = written_ + (end - bytes_written_);
  for (const Waiting& waiting : waiting_) {
    // Those behind the first one have only what they had before.
    const std::uint64_t kept = kept_until > waiting.begin ? kept_until - waiting.begin : 0;
    if (const std::uint64_t begun = std::max(kept, waiting.skipped)) begun_[waiting.batch] = begun;
  }
}

}  // namespace podtail
