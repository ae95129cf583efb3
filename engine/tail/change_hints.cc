// SPDX-License-Identifier: Apache-2.0
// What may have changed since the last Poll(): hints, never the truth.
#include "engine/tail/tailer_impl.h"

namespace podtail {
namespace {

constexpr std::size_t kHintsPerPoll = 512;

}  // namespace

void Tailer::Impl::TakeHints(const Tick& tick) {
  // What comes while there is more than enough waits where each path waits once.
  if (hinted.size() < kHintsPerPoll) {
    ChangeHints hints = files->TakeChangeHints();
    hints_complete = hints.complete;
    hints_lost = hints_lost || !hints.complete;
    hinted.insert(hinted.end(), std::make_move_iterator(hints.paths.begin()),
                  std::make_move_iterator(hints.paths.end()));
  }
  if (passes == 0) hinted.clear();  // the first pass finds it all
  if (hinted.empty()) return;
  std::set<std::string> pods_to_list;
  std::set<std::string> containers_to_list;
  for (std::size_t n = 0; n < kHintsPerPoll && !hinted.empty(); ++n) {
    TakeHint(hinted.front(), &containers_to_list, &pods_to_list, tick);
    hinted.pop_front();
  }
  found.clear();
  for (const std::string& pod : pods_to_list) finder.LookIntoPod(pod, &found);
  for (const std::string& path : containers_to_list) finder.LookIntoContainer(path, &found);
  for (const FoundDirectory& directory : found) Reconcile(directory, tick);
}

void Tailer::Impl::TakeHint(const std::string& path, std::set<std::string>* containers_to_list,
                            std::set<std::string>* pods_to_list, const Tick& tick) {
  if (path.size() <= options.root.size() || path[options.root.size()] != '/' ||
      !path.starts_with(options.root)) {
    if (path == options.root) next_scan = tick.now;
    const auto target = by_target.find(path.substr(0, path.rfind('/')));
    const Container* container = target == by_target.end() ? nullptr : Get(target->second);
    if (container != nullptr) {
      LookIntoContainer(Get(target->second), tick);
      containers_to_list->insert(container->path);
    }
    return;
  }
  const std::string beneath = path.substr(options.root.size() + 1);
  const std::size_t pod = beneath.find('/');
  if (pod == std::string::npos) {
    pods_to_list->insert(beneath);
    return;
  }
  const std::size_t container = beneath.find('/', pod + 1);
  if (container == std::string::npos) {
    containers_to_list->insert(beneath);
    return;
  }
  const std::string directory = beneath.substr(0, container);
  const std::string name = beneath.substr(container + 1);
  // A compression under way.
  if (name.ends_with(".tmp")) return;
  if (!HintOfKnownFile(directory, name, tick)) containers_to_list->insert(directory);
}

// True when the hint is explained by a file that is open: it has grown.
bool Tailer::Impl::HintOfKnownFile(const std::string& directory, const std::string& name,
                                   const Tick& tick) {
  const auto entry = by_path.find(directory);
  Container* container = entry == by_path.end() ? nullptr : Get(entry->second);
  if (container == nullptr) return false;
  for (const auto& generation : container->generations) {
    if (generation->name.name != name) continue;
    if (generation->file == nullptr || !generation->active()) return false;
    const bool changed = LookAt(generation.get(), tick);
    QueueNext(container, tick);
    if (Restless(*container, tick)) Stir(container);
    return changed && !generation->deleted;
  }
  return false;
}

}  // namespace podtail
