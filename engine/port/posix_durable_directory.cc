// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/base/check.h"
#include "engine/port/durable_directory.h"
#include "engine/port/file_descriptor.h"

namespace podtail {
namespace {

constexpr char kLockName[] = "lock";
constexpr std::string_view kHalfDone = ".new";  // what Replace writes before its rename
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
// Never through a link, and never waiting for the other end of a FIFO.
constexpr int kOpenFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

Status Failure(int error, std::string_view action, std::string_view path) {
  std::string message(action);
  message.append(" ").append(path).append(": ").append(std::generic_category().message(error));
  return Status(error == ENOENT ? StatusCode::kNotFound : StatusCode::kUnavailable, message);
}

template <class Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool WriteAll(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = RetryInterrupted(
        [&] { return pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) return false;
    if (n == 0) {
      errno = ENOSPC;  // a device that takes nothing and gives no reason
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

// An interrupted fsync has reported nothing, and may be called again.
bool Sync(int fd) {
  return RetryInterrupted([&] { return fsync(fd); }) == 0;
}
bool SyncData(int fd) {
  return RetryInterrupted([&] { return fdatasync(fd); }) == 0;
}

// Some file systems know no sync of a directory: they need none, or have none.
bool SyncDirectoryOf(int fd) {
  return Sync(fd) || errno == EINVAL;
}

FileDescriptor OpenAt(int directory, const std::string& name, int flags) {
  return FileDescriptor(RetryInterrupted(
      [&] { return openat(directory, name.c_str(), flags | kOpenFlags, kFileMode); }));
}

// Links are followed here: the path is the operator's own.
FileDescriptor OpenDirectory(const std::string& path) {
  return FileDescriptor(
      RetryInterrupted([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

std::string ParentOf(const std::string& path) {
  const std::size_t last = path.find_last_not_of('/');
  const std::size_t slash = last == std::string::npos ? last : path.rfind('/', last);
  if (slash == std::string::npos) return path.starts_with('/') ? "/" : ".";
  const std::size_t end = path.find_last_not_of('/', slash);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

// Makes `path` and the parents that are missing. A directory is durable once its
// parent is: else a power cut takes it away with all the syncs inside it.
Status MakeDirectories(const std::string& path) {
  if (mkdir(path.c_str(), kDirectoryMode) != 0) {
    if (errno == EEXIST) return {};  // whether it is a directory, opening it tells
    const std::string parent = ParentOf(path);
    if (errno != ENOENT || parent == path) return Failure(errno, "create directory", path);
    if (Status made = MakeDirectories(parent); !made.ok()) return made;
    if (mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return Failure(errno, "create directory", path);
    }
  }
  const FileDescriptor parent = OpenDirectory(ParentOf(path));
  // One may be allowed to write into a directory and not to read it.
  if (!parent.valid() && errno == EACCES) return {};
  if (!parent.valid() || !SyncDirectoryOf(parent.get())) {
    return Failure(errno, "sync", ParentOf(path));
  }
  return {};
}

// The directory and its lock: what one owner holds.
struct Held {
  FileDescriptor directory;
  FileDescriptor lock;
};

// An error of the world keeps its words, but is kUnavailable to whoever opens.
Status Unavailable(const Status& status) {
  return Status(StatusCode::kUnavailable, status.message());
}

Expected<Held> HoldDirectory(const std::string& path) {
  if (Status made = MakeDirectories(path); !made.ok()) return Unexpected(Unavailable(made));
  Held held;
  held.directory = OpenDirectory(path);
  if (!held.directory.valid()) return Unexpected(Unavailable(Failure(errno, "open", path)));
  const std::string lock_path = path + '/' + kLockName;
  held.lock = OpenAt(held.directory.get(), kLockName, O_RDWR | O_CREAT);
  if (!held.lock.valid()) return Unexpected(Unavailable(Failure(errno, "create", lock_path)));
  // Of an open file description: it conflicts within one process too, and is
  // not lost when some other descriptor of the file is closed.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (RetryInterrupted([&] { return fcntl(held.lock.get(), F_OFD_SETLK, &whole); }) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Unexpected(Status(StatusCode::kFailedPrecondition,
                               path + " is in use by another podtail (" + lock_path +
                                   " is locked): stop that one, or use another directory"));
    }
    return Unexpected(Unavailable(Failure(errno, "lock", lock_path)));
  }
  return held;
}

class PosixDurableDirectory final : public DurableDirectory {
 public:
  PosixDurableDirectory(std::string path, Held held, FileDescriptor event)
      : path_(std::move(path)), held_(std::move(held)), event_(std::move(event)) {}
  ~PosixDurableDirectory() override;

  // Fails if there is no thread to be had.
  Status Start();
  Status RemoveHalfDone();

  std::string_view path() const noexcept override { return path_; }
  Expected<std::vector<DurableFile>> List() override;
  Expected<std::string> Read(std::string_view name, std::uint64_t offset,
                             std::size_t bytes_max) override;
  DurableJobId Submit(DurableJob job) override;
  std::optional<Status> TakeResult(DurableJobId id) override;
  int readiness_fd() const noexcept override { return event_.get(); }

 private:
  Expected<std::vector<DurableFile>> ListAll() const;
  void Work();
  void Announce();
  Status Execute(const DurableJob& job);
  Status Append(const DurableJob& job);
  Status Replace(const DurableJob& job);
  Status Rename(const DurableJob& job);
  Status Remove(const DurableJob& job);
  Status SyncDirectory() const;
  std::string PathOf(std::string_view name) const { return path_ + '/' + std::string(name); }

  const std::string path_;
  Held held_;             // of the thread, once it runs
  FileDescriptor event_;  // an eventfd; readable while results_ has any

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::pair<DurableJobId, DurableJob>> jobs_;
  std::map<DurableJobId, Status> results_;
  std::uint64_t last_id_ = 0;
  bool stop_ = false;

  std::thread thread_;
};

PosixDurableDirectory::~PosixDurableDirectory() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Status PosixDurableDirectory::Start() {
  // Signals are the host's: its handlers must not run here. And with SIGXFSZ
  // blocked a file that grows too large is an error, not the end.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Status status;
  try {
    thread_ = std::thread([this] { Work(); });
  } catch (const std::system_error& error) {
    status = Unavailable(Failure(error.code().value(), "start a thread for", path_));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

Expected<std::vector<DurableFile>> PosixDurableDirectory::ListAll() const {
  FileDescriptor again = OpenAt(held_.directory.get(), ".", O_RDONLY | O_DIRECTORY);
  DIR* stream = again.valid() ? fdopendir(again.get()) : nullptr;
  if (stream == nullptr) return Unexpected(Unavailable(Failure(errno, "list", path_)));
  again.Release();  // closedir() closes it
  std::vector<DurableFile> files;
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    struct stat info {};
    if (fstatat(dirfd(stream), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode)) {
      files.push_back({entry->d_name, static_cast<std::uint64_t>(info.st_size)});
    }
    errno = 0;
  }
  const int error = errno;
  closedir(stream);
  if (error != 0) return Unexpected(Unavailable(Failure(error, "list", path_)));
  return files;
}

Expected<std::vector<DurableFile>> PosixDurableDirectory::List() {
  auto files = ListAll();
  if (!files) return files;
  std::erase_if(*files, [](const DurableFile& file) {
    return file.name == kLockName || file.name.ends_with(kHalfDone);
  });
  std::sort(files->begin(), files->end(),
            [](const DurableFile& a, const DurableFile& b) { return a.name < b.name; });
  return files;
}

// They would only be in the way of a disk that is full.
Status PosixDurableDirectory::RemoveHalfDone() {
  auto files = ListAll();
  if (!files) return std::move(files).error();
  for (const DurableFile& file : *files) {
    if (!file.name.ends_with(kHalfDone)) continue;
    if (unlinkat(held_.directory.get(), file.name.c_str(), 0) != 0 && errno != ENOENT) {
      return Unavailable(Failure(errno, "remove", PathOf(file.name)));
    }
  }
  return {};
}

Expected<std::string> PosixDurableDirectory::Read(std::string_view name, std::uint64_t offset,
                                                  std::size_t bytes_max) {
  const FileDescriptor file = OpenAt(held_.directory.get(), std::string(name), O_RDONLY);
  if (!file.valid()) return Unexpected(Failure(errno, "open", PathOf(name)));
  std::string bytes(bytes_max, '\0');
  std::size_t have = 0;
  while (have < bytes_max) {
    const ssize_t n = RetryInterrupted([&] {
      return pread(file.get(), bytes.data() + have, bytes_max - have,
                   static_cast<off_t>(offset + have));
    });
    if (n < 0) return Unexpected(Unavailable(Failure(errno, "read", PathOf(name))));
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

DurableJobId PosixDurableDirectory::Submit(DurableJob job) {
  DurableJobId id{};
  {
    const std::lock_guard lock(mutex_);
    id = DurableJobId{++last_id_};
    jobs_.emplace_back(id, std::move(job));
  }
  wake_.notify_one();
  return id;
}

std::optional<Status> PosixDurableDirectory::TakeResult(DurableJobId id) {
  const std::lock_guard lock(mutex_);
  const auto found = results_.find(id);
  if (found == results_.end()) return std::nullopt;
  Status status = std::move(found->second);
  results_.erase(found);
  if (results_.empty()) {
    std::uint64_t count = 0;
    RetryInterrupted([&] { return read(event_.get(), &count, sizeof(count)); });
  }
  return status;
}

void PosixDurableDirectory::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (stop_) return;
    auto [id, job] = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    Status status = Execute(job);
    job = {};
    lock.lock();
    results_.emplace(id, std::move(status));
    Announce();
  }
}

void PosixDurableDirectory::Announce() {
  const std::uint64_t one = 1;
  RetryInterrupted([&] { return write(event_.get(), &one, sizeof(one)); });
}

Status PosixDurableDirectory::Execute(const DurableJob& job) {
  PODTAIL_DCHECK(!job.name.empty() && job.name.find('/') == std::string::npos);
  switch (job.kind) {
    case DurableJob::Kind::kAppend:
      return Append(job);
    case DurableJob::Kind::kReplace:
      return Replace(job);
    case DurableJob::Kind::kRename:
      return Rename(job);
    case DurableJob::Kind::kRemove:
      return Remove(job);
  }
  return Status(StatusCode::kInternal, "a job of no known kind");
}

Status PosixDurableDirectory::Append(const DurableJob& job) {
  const FileDescriptor file = OpenAt(held_.directory.get(), job.name, O_WRONLY);
  if (!file.valid()) return Failure(errno, "open", PathOf(job.name));
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return Failure(errno, "stat", PathOf(job.name));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < job.at) {
    return Status(StatusCode::kDataLoss,
                  PathOf(job.name) + " is shorter than what was written: somebody cut it");
  }
  if (size > job.at && ftruncate(file.get(), static_cast<off_t>(job.at)) != 0) {
    return Failure(errno, "truncate", PathOf(job.name));
  }
  if (!WriteAll(file.get(), job.bytes, job.at)) return Failure(errno, "write", PathOf(job.name));
  if (!SyncData(file.get())) return Failure(errno, "sync", PathOf(job.name));
  return {};
}

Status PosixDurableDirectory::Replace(const DurableJob& job) {
  const std::string half_done = job.name + std::string(kHalfDone);
  // A new inode each time: an old one may remember a failed sync.
  const int flags = O_WRONLY | O_CREAT | O_EXCL;
  unlinkat(held_.directory.get(), half_done.c_str(), 0);
  FileDescriptor file = OpenAt(held_.directory.get(), half_done, flags);
  if (!file.valid() && errno == ENOENT) {
    // The directory was deleted under us; its lock went with it.
    auto held = HoldDirectory(path_);
    if (!held) return std::move(held).error();
    held_ = std::move(*held);
    file = OpenAt(held_.directory.get(), half_done, flags);
  }
  if (!file.valid()) return Failure(errno, "create", PathOf(half_done));
  Status status;
  if (!WriteAll(file.get(), job.bytes, 0)) {
    status = Failure(errno, "write", PathOf(half_done));
  } else if (!Sync(file.get())) {
    status = Failure(errno, "sync", PathOf(half_done));
  } else if (renameat(held_.directory.get(), half_done.c_str(), held_.directory.get(),
                      job.name.c_str()) != 0) {
    status = Failure(errno, "rename", PathOf(half_done));
  } else {
    return SyncDirectory();
  }
  unlinkat(held_.directory.get(), half_done.c_str(), 0);
  return status;
}

Status PosixDurableDirectory::Rename(const DurableJob& job) {
  const int directory = held_.directory.get();
  struct stat info {};
  // Nobody else makes files here (the lock), so looking first is enough.
  if (fstatat(directory, job.target.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return Status(StatusCode::kFailedPrecondition, PathOf(job.target) + " exists");
  }
  if (renameat(directory, job.name.c_str(), directory, job.target.c_str()) != 0) {
    return Failure(errno, "rename", PathOf(job.name));
  }
  return SyncDirectory();
}

Status PosixDurableDirectory::Remove(const DurableJob& job) {
  if (unlinkat(held_.directory.get(), job.name.c_str(), 0) != 0 && errno != ENOENT) {
    return Failure(errno, "remove", PathOf(job.name));
  }
  return SyncDirectory();
}

Status PosixDurableDirectory::SyncDirectory() const {
  return SyncDirectoryOf(held_.directory.get()) ? Status() : Failure(errno, "sync", path_);
}

}  // namespace

Expected<std::unique_ptr<DurableDirectory>> OpenDurableDirectory(const std::string& path) {
  auto held = HoldDirectory(path);
  if (!held) return Unexpected(std::move(held).error());
  FileDescriptor event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return Unexpected(Unavailable(Failure(errno, "make an eventfd for", path)));
  auto directory =
      std::make_unique<PosixDurableDirectory>(path, std::move(*held), std::move(event));
  if (Status clean = directory->RemoveHalfDone(); !clean.ok()) return Unexpected(std::move(clean));
  if (Status started = directory->Start(); !started.ok()) return Unexpected(std::move(started));
  return std::unique_ptr<DurableDirectory>(std::move(directory));
}

}  // namespace podtail
