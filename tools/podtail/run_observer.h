// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_RUN_OBSERVER_H_
#define PODTAIL_TOOLS_RUN_OBSERVER_H_
// What an engine says while it runs, as events of podtail's own log.
//
// Everything that concerns a file names its path. A file that is found again
// and not opened at every pass is said and counted once per reason.
// One per engine, on its thread; read the counts when the thread has ended.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "podtail/observer.h"
#include "tools/podtail/event_log.h"
namespace podtail {

class RunObserver : public Observer {
 public:
  // Both borrowed: must outlive the observer. `sink` is named in what concerns it.
  RunObserver(EventLog* log, std::string sink);

  void OnFileOpened(std::string_view path, std::uint64_t offset) override;
  void OnFileRotated(std::string_view path) override;
  void OnFileSkipped(std::string_view path, SkipReason reason) override;
  void OnMalformedLine(std::string_view path, Extent extent, CriError error) override;
  void OnLoss(const LossEntry& entry) override;
  void OnExportRetry(const PodResource& pod, const Status& why) override;
  void OnExportHeld(std::string_view exporter, const Status& why) override;
  void OnShed(const PodResource& pod, std::size_t bytes) override;
  void OnStateTrouble(const Status& why) override;

  // One event line with the number of files per reason, if there are any.
  void SaySkipped() const;

 private:
  static constexpr std::size_t kSkipReasons = 9;  // SkipReason counts from 1

  // constant
  EventLog* const log_;
  const std::string sink_;
  // state
  std::array<std::uint64_t, kSkipReasons> skipped_{};
  std::unordered_set<std::size_t> said_;  // hashes of (path, reason), bounded
};

}  // namespace podtail
#endif
