// SPDX-License-Identifier: Apache-2.0
// The loss log, read by somebody who does not own it.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/checkpoint/file_loss_log.h"
#include "engine/checkpoint/loss_line_reader.h"
#include "engine/port/read_only_directory.h"
#include "podtail/state_reader.h"

namespace podtail {
namespace {

constexpr std::size_t kLossPieceBytes = std::size_t{1024} * 1024;
// `losses` may be renamed between two reads. Twenty times in a row it is not.
constexpr int kRenamesMax = 20;
constexpr std::size_t kDamagedNamesMax = 100;

class Gatherer {
 public:
  void TakeLine(std::string_view file, std::uint64_t number, std::string_view line) {
    auto loss = ParseLossLine(line);
    if (!loss) {
      ++losses_.damaged_lines;
      if (losses_.damaged.size() < kDamagedNamesMax) {
        losses_.damaged.push_back(std::string(file) + " line " + std::to_string(number));
      }
      return;
    }
    const auto [known, is_new] = places_.emplace(LossLineKey(*loss), losses_.entries.size());
    if (is_new) {
      losses_.entries.push_back(*std::move(loss));
    } else {
      ++losses_.entries[known->second].written;
    }
  }
  LoadedLosses Done() { return std::move(losses_); }

 private:
  LoadedLosses losses_;
  std::unordered_map<std::string, std::size_t> places_;  // in entries
};

// What is behind the last end of a line was torn by a crash, or is being written.
Status ReadLines(DurableDirectory* directory, std::string_view name, Gatherer* gatherer) {
  std::string line;
  std::uint64_t number = 0;
  for (std::uint64_t offset = 0;;) {
    const auto piece = directory->Read(name, offset, kLossPieceBytes);
    if (!piece) {
      if (piece.error().code() == StatusCode::kNotFound) return {};
      return piece.error();
    }
    offset += piece->size();
    std::string_view rest = *piece;
    for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
      line.append(rest.substr(0, end));
      gatherer->TakeLine(name, ++number, line);
      line.clear();
      rest.remove_prefix(end + 1);
    }
    line.append(rest);
    if (piece->size() < kLossPieceBytes) return {};
  }
}

std::uint64_t OlderBytes(const std::vector<DurableFile>& files) {
  for (const DurableFile& file : files) {
    if (file.name == kOlderLossesName) return file.bytes + 1;
  }
  return 0;
}

}  // namespace

Expected<LoadedLosses> ReadLosses(const std::string& directory, const std::string& sink_name) {
  auto folder = OpenReadOnlyDirectory(directory + "/" + sink_name);
  if (!folder) return Unexpected(std::move(folder).error());
  for (int look = 1;; ++look) {
    const auto before = (*folder)->List();
    if (!before) return Unexpected(before.error());
    Gatherer gatherer;
    for (const std::string_view name : {kOlderLossesName, kLossesName}) {
      if (Status read = ReadLines(folder->get(), name, &gatherer); !read.ok()) {
        return Unexpected(std::move(read));
      }
    }
    const auto after = (*folder)->List();
    if (!after) return Unexpected(after.error());
    if (OlderBytes(*before) == OlderBytes(*after) || look == kRenamesMax) return gatherer.Done();
  }
}

}  // namespace podtail
