// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_OBSERVER_H_
#define PODTAIL_OBSERVER_H_
// Everything podtail has to say while running. The library never writes to a
// log, stdout or stderr; an embedder overrides the calls it cares about.
// Called on the polling thread; must not block and must not call back. Views
// are valid during the call.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include "podtail/cri_line.h"
#include "podtail/export.h"
#include "podtail/loss_log.h"
#include "podtail/source.h"
#include "podtail/status.h"
namespace podtail {

struct PodResource;

// Why a file was found and not opened.
enum class SkipReason : std::uint8_t {
  kLinkOutside = 1,   // a symbolic link that leads into no allowed directory
  kNotRegular = 2,    // a FIFO, socket, device or directory under a log's name
  kUnparsedPath = 3,  // not a container's log
  kNotPermitted = 4,  // tried again at every pass
  kMissed = 5,        // deleted or overwritten before it could be opened
  kTooManyOpen = 7,   // no descriptor left; tried again at every pass
  kUnreadable = 8,    // an I/O error, tried again every second; or no archive at all
};

class PODTAIL_EXPORT Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnFileOpened(std::string_view /*path*/, std::uint64_t /*offset*/) {}
  virtual void OnFileRotated(std::string_view /*path*/) {}
  virtual void OnFileSkipped(std::string_view /*path*/, SkipReason) {}
  virtual void OnMalformedLine(std::string_view /*path*/, Extent, CriError) {}
  // Once the entry is durable, or at once when there is no loss log.
  virtual void OnLoss(const LossEntry&) {}
  // A batch came back; its lane waits and tries again.
  virtual void OnExportRetry(const PodResource&, const Status& /*why*/) {}
  // The sink refuses us, not our records: nothing is sent until that is mended.
  virtual void OnExportHeld(std::string_view /*exporter*/, const Status& /*why*/) {}
  // A container goes back to its committed offsets to give memory to others.
  virtual void OnShed(const PodResource&, std::size_t /*bytes*/) {}
  // Checkpoints or losses cannot be written, the loss log is full, or a store
  // was set aside. Nothing is lost by it; commits wait.
  virtual void OnStateTrouble(const Status& /*why*/) {}
};

}  // namespace podtail
#endif
