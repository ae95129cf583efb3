// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_TAIL_TAILER_WORLD_H_
#define PODTAIL_TESTS_TAIL_TAILER_WORLD_H_
// A tailer over a file system in memory, and all that it says.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "podtail/observer.h"
#include "podtail/tailer.h"
#include "tests/support/memory_log_file_system.h"

namespace podtail {

inline constexpr char kDirectory[] = "/r/ns_pod_uid/c";

class Said : public Observer {
 public:
  void OnFileSkipped(std::string_view path, SkipReason reason) override {
    skipped.emplace_back(std::string(path), reason);
  }
  void OnFileRotated(std::string_view path) override { rotated.emplace_back(path); }
  std::vector<std::pair<std::string, SkipReason>> skipped;
  std::vector<std::string> rotated;
};

class TailerTest : public testing::Test {
 protected:
  void Start(std::span<const Checkpoint> checkpoints = {}, bool fresh = true) {
    auto made = Tailer::Create(options, &files, &said);
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    tailer = std::move(made).value();
    tailer->Restore(checkpoints, fresh);
  }
  // Polls for a while, collecting what it says.
  void Turns(int n, Duration each = std::chrono::milliseconds(300)) {
    for (int i = 0; i < n; ++i) {
      now += each;
      files.now += each;
      tailer->Poll({Instant(now), files.now}, budget, &out);
      for (const SourceOpened& o : out.opened()) opened.push_back(o);
      for (const SourceBegan& b : out.began()) began.push_back(b);
      for (const TailedLine& line : out.lines()) {
        lines.emplace_back(line.bytes.view());
        ends.push_back(line.ends);
        if (line.ends) last = out.After(line);
      }
      for (const Gap& gap : out.gaps()) gaps.push_back(gap);
      for (const SourceClosed& c : out.closed()) closed.push_back(c);
      for (const FileIdentity& file : out.vanished()) vanished.push_back(file);
    }
  }
  std::string Live() const { return std::string(kDirectory) + "/0.log"; }
  std::string Rotated(int n) const { return Live() + ".20240101-00000" + std::to_string(n); }

  // The node does not wait: `meanwhile` happens in front of the n-th Stat() by name, or the
  // next ReadAt() of the file with that inode, from now on.
  class MovingFiles : public MemoryLogFileSystem {
   public:
    Expected<FileStat> Stat(const std::string& root, const std::string& path) override {
      if (stats_until_then > 0 && --stats_until_then == 0) meanwhile();
      return MemoryLogFileSystem::Stat(root, path);
    }
    Expected<std::unique_ptr<LogFile>> Open(const std::string& root,
                                            const std::string& path) override {
      auto file = MemoryLogFileSystem::Open(root, path);
      if (!file) return file;
      return std::unique_ptr<LogFile>(std::make_unique<File>(this, std::move(*file)));
    }
    int stats_until_then = 0;
    std::uint64_t until_read_of = 0;
    std::function<void()> meanwhile;

   private:
    class File : public LogFile {
     public:
      File(MovingFiles* owner, std::unique_ptr<LogFile> file)
          : owner_(owner), file_(std::move(file)) {}
      Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
        if (owner_->until_read_of == file_->Stat()->inode) {
          owner_->until_read_of = 0;
          owner_->meanwhile();
        }
        return file_->ReadAt(offset, into);
      }
      Expected<FileStat> Stat() override { return file_->Stat(); }

     private:
      MovingFiles* owner_;
      std::unique_ptr<LogFile> file_;
    };
  };

  MovingFiles files;
  TailerOptions options = [] {
    TailerOptions o;
    o.root = "/r";
    o.read_buffer_bytes = 16 * 1024;
    return o;
  }();
  PollBudget budget;
  Said said;
  std::unique_ptr<Tailer> tailer;
  TailOutput out;
  Duration now{};
  std::vector<SourceOpened> opened;
  std::vector<SourceBegan> began;
  std::vector<std::string> lines;
  std::vector<bool> ends;
  std::vector<Gap> gaps;
  std::vector<SourceClosed> closed;
  std::vector<FileIdentity> vanished;
  ResumePoint last;
};

using Lines = std::vector<std::string>;

}  // namespace podtail
#endif
