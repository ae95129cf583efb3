// SPDX-License-Identifier: Apache-2.0
// Property: a line of the loss log that podtail writes is read as what it says,
// whatever text is in it; of any other bytes only harmless ones are taken.
//
// The input is used twice: as a line, and as the texts and numbers of an entry.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/base/utf8.h"
#include "engine/checkpoint/loss_line.h"
#include "engine/checkpoint/loss_line_reader.h"
#include "fuzz/support/require.h"
#include "podtail/log_record.h"

namespace {

// Longer lines have nothing but longer texts in them.
constexpr std::size_t kLineBytesMax = 4096;

void CheckAnyLine(std::string_view line) {
  const auto loss = podtail::ParseLossLine(line);
  if (!loss) return;
  Require(loss->json == line && loss->extent.begin <= loss->extent.end);
  std::string same;
  Require(podtail::AppendUtf8(line, &same) == 0);
  for (const char c : line) Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

std::string AsUtf8(std::string_view bytes) {
  std::string text;
  podtail::AppendUtf8(bytes, &text);
  return text;
}

void CheckEntry(std::string_view bytes) {
  std::uint64_t numbers[4] = {};
  const std::size_t taken = bytes.copy(reinterpret_cast<char*>(numbers), sizeof(numbers));
  bytes.remove_prefix(taken);
  podtail::LossEntry entry;
  entry.file.inode = numbers[0];
  entry.extent = {numbers[1] / 2, numbers[1] / 2 + numbers[2] / 2};
  entry.bytes = numbers[3];
  entry.reason =
      numbers[0] % 2 == 0 ? podtail::LossReason::kOverflow : podtail::LossReason::kPoison;
  entry.path = bytes.substr(0, bytes.size() / 2);
  entry.detail = bytes.substr(bytes.size() / 2);
  podtail::LogRecord record;
  record.body = podtail::PaddedView(podtail::kAssumePadded, entry.detail);
  if (numbers[0] % 2 != 0) entry.record = &record;
  std::string line;
  podtail::AppendLossLine(entry, &line);
  Require(!line.empty() && line.back() == '\n');
  line.pop_back();
  const auto loss = podtail::ParseLossLine(line);
  Require(loss.has_value());
  Require(loss->inode == entry.file.inode && loss->extent == entry.extent);
  Require(loss->bytes == entry.bytes && loss->has_record == (entry.record != nullptr));
  Require(loss->path == AsUtf8(entry.path) && loss->detail == AsUtf8(entry.detail));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kLineBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckAnyLine(bytes);
  CheckEntry(bytes);
  return 0;
}
