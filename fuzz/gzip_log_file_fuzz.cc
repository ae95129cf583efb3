// SPDX-License-Identifier: Apache-2.0
// Property: whatever is in a .gz, GzipLogFile gives out the bytes that zlib decodes
// from it in one shot and names the same end, however the compressed file is cut into
// reads, grows meanwhile, and is read forwards and backwards.
//
// Input: a byte of mode, three that choose the cuts, then either the compressed bytes
// themselves or a text that is packed into members first (else no checksum would ever
// fit) and may then be cut or damaged.
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/port/gzip_log_file.h"
#include "fuzz/support/require.h"

namespace podtail {
namespace {

using End = GzipLogFile::End;

// A thousand times as many may come out, and that is several histories.
constexpr std::size_t kInputBytesMax = 2048;

// Numbers that follow from three bytes of the input.
class Cuts {
 public:
  explicit Cuts(std::uint32_t seed) : state_(seed * 2'654'435'761U + 1) {}
  std::size_t Below(std::size_t limit) {
    state_ = state_ * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_;
};

Bytef* Data(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

std::string Pack(std::string_view plain, int level, int strategy) {
  z_stream stream{};
  Require(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, strategy) == Z_OK);
  std::string bytes(deflateBound(&stream, static_cast<uLong>(plain.size())) + 64, '\0');
  stream.next_in = Data(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = Data(bytes);
  stream.avail_out = static_cast<uInt>(bytes.size());
  Require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

struct Decoded {
  std::string plain;
  End end = End::kTruncated;
};

// Member by member, each in one call with room for everything. Returns what remains.
std::string_view UnpackMember(std::string_view bytes, Decoded* decoded) {
  std::string plain(4096, '\0');
  z_stream stream{};
  int result = Z_OK;
  for (;;) {
    Require(inflateInit2(&stream, 15 + 16) == Z_OK);
    stream.next_in = Data(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = Data(plain);
    stream.avail_out = static_cast<uInt>(plain.size());
    result = inflate(&stream, Z_FINISH);
    if (stream.avail_out > 0) break;
    // More room, and once more from the beginning.
    inflateEnd(&stream);
    stream = {};
    plain.resize(plain.size() * 8);
  }
  decoded->plain.append(plain, 0, stream.total_out);
  bytes.remove_prefix(stream.total_in);
  inflateEnd(&stream);
  decoded->end = End::kCorrupt;
  if (result == Z_STREAM_END) decoded->end = End::kClean;
  if (result == Z_BUF_ERROR || result == Z_OK) decoded->end = End::kTruncated;
  return bytes;
}

Decoded Unpack(std::string_view bytes) {
  Decoded decoded;
  do bytes = UnpackMember(bytes, &decoded);
  while (decoded.end == End::kClean && !bytes.empty() && bytes.front() != '\0');
  if (decoded.end == End::kClean && bytes.find_first_not_of('\0') != std::string_view::npos) {
    decoded.end = End::kCorrupt;
  }
  return decoded;
}

// Shows only `size` of its bytes, and only a few at a time.
struct Disk {
  std::string bytes;
  std::size_t size = 0;
  std::size_t read_bytes_max = 1;
};

class DiskFile final : public LogFile {
 public:
  explicit DiskFile(Disk* disk) : disk_(disk) {}
  Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
    if (offset >= disk_->size) return {0};
    const auto at = static_cast<std::size_t>(offset);
    const std::size_t bytes = std::min({disk_->size - at, into.size(), disk_->read_bytes_max});
    std::copy_n(disk_->bytes.data() + at, bytes, into.data());
    return bytes;
  }
  Expected<FileStat> Stat() override { return FileStat{}; }

 private:
  Disk* disk_;
};

std::string Compose(std::uint8_t mode, std::string_view text, Cuts* cuts) {
  if ((mode & 1) != 0) return std::string(text);
  std::string bytes;
  const std::size_t members = 1U + (mode >> 1 & 3);
  for (std::size_t i = 0; i < members; ++i) {
    std::string plain;
    const std::size_t from = cuts->Below(text.size() + 1);
    const std::size_t times = 1U + ((mode & 0x80) != 0 ? cuts->Below(100) : 0);
    for (std::size_t n = 0; n < times; ++n) plain.append(text.substr(from));
    const int strategy = cuts->Below(2) == 0 ? Z_DEFAULT_STRATEGY : Z_FIXED;
    bytes += Pack(plain, static_cast<int>(cuts->Below(7)), strategy);
  }
  if ((mode & 8) != 0) bytes.resize(cuts->Below(bytes.size() + 1));
  if ((mode & 16) != 0 && !bytes.empty()) {
    char& byte = bytes[cuts->Below(bytes.size())];
    byte = static_cast<char>(byte ^ static_cast<int>(1 + cuts->Below(255)));
  }
  if ((mode & 32) != 0) bytes.append(1 + cuts->Below(600), '\0');
  if ((mode & 64) != 0) bytes.append(text.substr(0, 1 + cuts->Below(20)));
  return bytes;
}

void CheckRead(GzipLogFile* file, std::uint64_t offset, std::size_t bytes,
               const std::string& plain) {
  std::string into(bytes, '?');
  const auto got = file->ReadAt(offset, into);
  Require(got && *got <= bytes && file->decoded() <= plain.size());
  Require(offset + *got <= plain.size() || *got == 0);
  Require(plain.compare(std::min<std::size_t>(offset, plain.size()), *got, into, 0, *got) == 0);
  Require(*got == bytes || bytes == 0 || file->end() != End::kNotReached);
}

void Run(std::uint8_t mode, Cuts cuts, std::string_view text) {
  Disk disk{.bytes = Compose(mode, text, &cuts)};
  const Decoded all = Unpack(disk.bytes);
  GzipLogFile file(std::make_unique<DiskFile>(&disk));
  disk.read_bytes_max = 1 + cuts.Below(300);
  for (int round = 0; round < 20; ++round) {
    disk.size = std::min(disk.bytes.size(), disk.size + cuts.Below(disk.bytes.size() / 5 + 2));
    const std::size_t offset = cuts.Below(all.plain.size() + 10);
    const std::size_t bytes_max = cuts.Below(cuts.Below(2) == 0 ? 20 : 100'000);
    const std::uint64_t before = file.decoded();
    const bool again = offset < before && before - offset > GzipLogFile::kHistoryBytes;
    switch (cuts.Below(3)) {
      case 0: {
        const auto reached = file.Advance(offset, bytes_max);
        Require(reached && file.decoded() <= (again ? 0 : before) + bytes_max);
        Require(!*reached || file.decoded() >= offset || file.end() != End::kNotReached);
        break;
      }
      case 1:
        CheckRead(&file, offset, bytes_max, all.plain);
        break;
      default:
        CheckRead(&file, file.decoded(), bytes_max, all.plain);
        break;
    }
  }
  disk.size = disk.bytes.size();
  // The last bytes in small steps: the inflater may hold some back when the input is over.
  const std::size_t last = std::min<std::size_t>(all.plain.size(), cuts.Below(600));
  while (!file.Advance(all.plain.size() - last, 1 + cuts.Below(300'000)).value()) {
  }
  while (!file.Advance(all.plain.size() + 1, 1 + cuts.Below(30)).value()) {
  }
  Require(file.end() == all.end && file.decoded() == all.plain.size());
  CheckRead(&file, 0, all.plain.size() + 1, all.plain);
  Require(file.end() == all.end && file.decoded() == all.plain.size());
}

}  // namespace
}  // namespace podtail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::uint32_t seed = data[1] | std::uint32_t{data[2]} << 8 | std::uint32_t{data[3]} << 16;
  const std::string_view text(reinterpret_cast<const char*>(data) + 4, size - 4);
  podtail::Run(data[0], podtail::Cuts(seed), text.substr(0, podtail::kInputBytesMax));
  return 0;
}
