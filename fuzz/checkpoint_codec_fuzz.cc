// SPDX-License-Identifier: Apache-2.0
// Property: a line of the checkpoint store that is accepted is the one line that
// its value is written as, and with any one byte changed it is not accepted.
//
// The input is used three ways: as a line; as a line without its checksum, which
// is then added (else nothing would ever be accepted); and as the fields of a
// checkpoint, which must survive being written and read.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <variant>

#include "engine/checkpoint/checkpoint_codec.h"
#include "engine/port/checksum.h"
#include "fuzz/support/require.h"

namespace {

// Longer lines have nothing but a longer path or more cuts in them.
constexpr std::size_t kInputBytesMax = 4096;

std::string Encode(const podtail::StoreLine& line) {
  std::string text;
  std::visit([&](const auto& value) { podtail::AppendStoreLine(value, &text); }, line);
  Require(!text.empty() && text.back() == '\n');
  text.pop_back();
  return text;
}

void CheckLine(const std::string& text, std::size_t spot) {
  const auto decoded = podtail::DecodeStoreLine(text);
  if (!decoded) return;
  const auto* header = std::get_if<podtail::StoreHeader>(&*decoded);
  // Of a later version only its name is known.
  if (header == nullptr || header->version <= podtail::kStoreVersion) {
    Require(Encode(*decoded) == text);
  }
  std::string changed = text;
  char& byte = changed[spot % changed.size()];
  byte = static_cast<char>(byte ^ static_cast<int>(1 + spot % 255));
  Require(!podtail::DecodeStoreLine(changed));
}

std::string Sealed(std::string_view body) {
  constexpr char kDigits[] = "0123456789abcdef";
  const std::uint32_t crc = podtail::Crc32(body);
  std::string text(body);
  text += " crc=";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[crc >> shift & 15];
  return text;
}

// Hands out the input as numbers; zeroes when it is used up.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : bytes_(bytes) {}
  template <class Number>
  Number Take() {
    Number number{};
    const std::size_t n = bytes_.size() < sizeof(number) ? bytes_.size() : sizeof(number);
    if (n > 0) std::memcpy(&number, bytes_.data(), n);
    bytes_.remove_prefix(n);
    return number;
  }
  podtail::Timestamp Time() {
    return podtail::Timestamp(std::chrono::nanoseconds(Take<std::int64_t>()));
  }
  podtail::Marker Mark() {
    podtail::Marker marker;
    for (std::uint8_t& byte : marker.hash) byte = Take<std::uint8_t>();
    marker.bytes = Take<std::uint32_t>();
    return marker;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

podtail::Checkpoint CheckpointFrom(std::string_view bytes) {
  Numbers in(bytes);
  podtail::Checkpoint checkpoint;
  checkpoint.file.inode = in.Take<std::uint64_t>();
  checkpoint.file.birth_time = in.Time();
  checkpoint.file.handle_generation = in.Take<std::uint64_t>();
  checkpoint.file.head = in.Mark();
  checkpoint.committed.offset = in.Take<std::uint64_t>();
  checkpoint.committed.tail = in.Mark();
  podtail::ReplayState& replay = checkpoint.committed.replay;
  for (auto& stream : replay.streams) {
    stream.last_raw = in.Time();
    stream.last_out = in.Time();
    stream.part = in.Take<std::uint32_t>();
    stream.part_bytes = in.Take<std::uint64_t>();
    stream.run_gap = in.Take<std::uint64_t>();
  }
  replay.line_time = in.Time();
  const auto small = in.Take<std::uint8_t>();
  replay.line_stream = small % 2 == 0 ? podtail::LogStream::kStdout : podtail::LogStream::kStderr;
  for (int i = 0; i < small / 2 % 4; ++i) checkpoint.cuts.push_back(in.Take<std::uint64_t>());
  checkpoint.device = in.Take<std::uint64_t>();
  checkpoint.path = in.rest();
  return checkpoint;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kInputBytesMax) return 0;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t spot = podtail::Crc32(input);
  CheckLine(input, spot);
  CheckLine(Sealed(input), spot);

  const podtail::StoreLine checkpoint = CheckpointFrom(input);
  const std::string text = Encode(checkpoint);
  const auto decoded = podtail::DecodeStoreLine(text);
  Require(decoded.has_value() && *decoded == checkpoint);
  CheckLine(text, spot);
  const podtail::StoreLine forget = podtail::Forget{std::get<podtail::Checkpoint>(checkpoint).file};
  const auto forgotten = podtail::DecodeStoreLine(Encode(forget));
  Require(forgotten.has_value() && *forgotten == forget);
  return 0;
}
