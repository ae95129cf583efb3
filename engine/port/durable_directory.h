// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_DURABLE_DIRECTORY_H_
#define PODTAIL_ENGINE_PORT_DURABLE_DIRECTORY_H_
// All that state may do to a disk: one directory of plain files, locked for one
// owner, changed by jobs that are durable when they have succeeded.
//
//   Submit(job) -> id          never blocks
//   ... the job runs, after all jobs submitted before it ...
//   TakeResult(id) -> Status   nullopt until then
//
// A job that failed may have happened, not happened, or, for kAppend, happened
// in part. That is why an append says where it begins: done again at the same
// place, it leaves no trace of the attempt before. Nothing is retried here. An
// fsync that failed above all is not: the kernel reports a lost page once, so a
// second fsync of the same descriptor would succeed without the bytes. Every job
// opens its file anew and writes its bytes anew.
//
// What a crash leaves, per job that was not reported as done:
//   kAppend   the bytes before `at`, then any mixture: a part of the new bytes,
//             zeroes, nothing
//   the rest  the state before or the state after
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "podtail/expected.h"

namespace podtail {

struct DurableJob {
  enum class Kind : std::uint8_t {
    // Makes the file its own first `at` bytes followed by `bytes`. kNotFound:
    // there is no such file. kDataLoss: it is shorter than `at`.
    kAppend = 1,
    // Makes the file, old or new, `bytes` and nothing else, in one step. Also
    // makes the directory again if somebody deleted it.
    kReplace = 2,
    // Gives the file the name `target`. kNotFound: there is no such file.
    // kFailedPrecondition: `target` exists; it is left alone.
    kRename = 3,
    // A file that does not exist is removed already.
    kRemove = 4,
  };
  Kind kind{};
  std::string name{};  // no '/', not "lock", does not end in ".new"
  std::string bytes{};
  std::uint64_t at = 0;
  std::string target{};
};

enum class DurableJobId : std::uint64_t {};

struct DurableFile {
  std::string name{};
  std::uint64_t bytes = 0;
};

// Any thread may call Submit(), TakeResult() and readiness_fd().
class DurableDirectory {
 public:
  virtual ~DurableDirectory() = default;

  // For messages.
  virtual std::string_view path() const noexcept = 0;

  // These two read, at the caller's expense: at the start, before the first
  // Submit(). kUnavailable: the disk says no.
  // The files there are, by name, without `lock` and what Replace left half done.
  virtual Expected<std::vector<DurableFile>> List() = 0;
  // At most `bytes_max` bytes from `offset` on; fewer only at the end of the
  // file. kNotFound: there is no such file.
  virtual Expected<std::string> Read(std::string_view name, std::uint64_t offset,
                                     std::size_t bytes_max) = 0;

  // Never blocks. The job's bytes are kept until it has run: whoever submits has
  // one job at a time under way, so memory is bounded by the caller.
  virtual DurableJobId Submit(DurableJob job) = 0;
  // Once per job. kUnavailable: the disk refused (full, read-only, I/O error); the
  // directory stays usable. Else what the kind of job says.
  virtual std::optional<Status> TakeResult(DurableJobId id) = 0;
  // Readable while there are results to take; -1: look now and then.
  virtual int readiness_fd() const noexcept = 0;
};

// A directory of the real file system, created with mode 0700 (its missing
// parents too), and files with mode 0600. Owns one thread, which runs the jobs:
// a disk that takes two seconds for a sync keeps nobody else. Destroying it waits
// for the job that is running; jobs behind that one do not happen.
//
// kFailedPrecondition: the lock is held, by another process or by another object
// of this one. It goes with its owner, however that ends. kUnavailable: the
// directory cannot be created, opened or written. Messages name the path.
Expected<std::unique_ptr<DurableDirectory>> OpenDurableDirectory(const std::string& path);

}  // namespace podtail
#endif
