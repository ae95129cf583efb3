// SPDX-License-Identifier: Apache-2.0
// Tailer, ledger and state in one's own loop: tail_with_acks ROOT STATE. Ends at the files' end.
#include <iostream>
#include <thread>
#include "podtail/checkpoint_ledger.h"
#include "podtail/state_directory.h"
#include "podtail/tailer.h"
using namespace podtail;
int main(int, char** argv) {
  auto files = NewPosixLogFileSystem();
  auto tailer = Tailer::Create({.root = argv[1]}, files.get(), nullptr);
  auto state = StateDirectory::Open({.directory = argv[2], .sink_name = "mine"});
  if (!tailer || !state) return 1;
  CheckpointStore* store = (*state)->checkpoints();
  auto loaded = store->Load();
  if (!loaded) return 1;
  (*tailer)->Restore(loaded->checkpoints, loaded->fresh);
  CheckpointLedger ledger;
  for (TailOutput out;; std::this_thread::sleep_for(std::chrono::milliseconds(20))) {
    const Tick now{Instant(std::chrono::steady_clock::now().time_since_epoch()), {}};
    (*tailer)->Poll(now, {}, &out);  // returns when it is due again: or poll(2) readiness_fd()
    for (const auto& o : out.opened()) ledger.Open(o.source, o.file, o.start);
    for (const auto& l : out.lines())  // Advance() is the acknowledgement: write first
      if (std::cout << l.bytes.view() << '\n'; l.ends) ledger.Advance(l.source, out.After(l));
    for (const auto& c : out.closed()) ledger.Close(c.source);
    const auto [last, kept] = std::pair{ledger.SubmitTo(store), store->Poll(now)};
    for (auto d : ledger.TakeFinished(kept.durable)) (*tailer)->Retire(d);
    if (kept.durable == last && (*tailer)->state().at_end) return 0;
  }
}
