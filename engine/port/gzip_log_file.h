// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_PORT_GZIP_LOG_FILE_H_
#define PODTAIL_ENGINE_PORT_GZIP_LOG_FILE_H_
// A compressed generation read as if it were the plain file: offsets are of the
// uncompressed bytes.
//
//   compressed  | member | member | ... | zero padding |    decoded in one direction
//   bytes       |..............[ history ]|                 back: again from the start
//                                       decoded()
//
// Whatever was planted in the file, a bomb or a million empty members, memory is
// constant (about 350 KiB once something was decoded, next to nothing before), and
// Advance() does bounded work. ReadAt() decodes until its bytes are there: who has
// to bound it calls Advance() first and then reads up to decoded().
// Owns the compressed file. Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/port/inflater.h"
#include "podtail/log_file_system.h"

namespace podtail {

class GzipLogFile final : public LogFile {
 public:
  // Where a pass over the file stands. kNotReached and kTruncated may change when
  // more is read, the other one of these two included; kCorrupt stays until a pass
  // begins again. Certain once a read was short or an Advance() beyond decoded()
  // said true: the last byte alone does not prove the checksum behind it.
  enum class End : std::uint8_t {
    kNotReached = 1,
    kClean = 2,      // every member was whole; also a file that grows later reads on
    kTruncated = 3,  // ends within a member, or is empty: the end for now
    kCorrupt = 4,    // not gzip from here on, or a checksum or length was wrong
  };
  static constexpr std::size_t kHistoryBytes = std::size_t{192} * 1024;
  // More compressed bytes in a row of which nothing comes (a hole of a terabyte, a
  // comment without end) are kCorrupt. A million empty members are 20 MB.
  static constexpr std::uint64_t kIdleBytesMax = std::uint64_t{64} * 1024 * 1024;

  explicit GzipLogFile(std::unique_ptr<LogFile> compressed);

  // 0: the end of the stream, or of what can be decoded so far (see end()).
  // Offsets within the last kHistoryBytes before decoded() cost nothing; further
  // back starts again from the beginning of the file. Fills `into` as far as it
  // can: short only at the end. May decode some KiB more than it was asked for.
  // Errors are those of the compressed file, unchanged, and kResourceExhausted when
  // there is no memory; after any of them the same call may be made again.
  Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override;
  // Of the compressed file, with its compressed size.
  Expected<FileStat> Stat() override;

  // Decodes towards `offset`, at most `bytes_max` uncompressed bytes now, and of not
  // many more compressed ones. Starts again where ReadAt would. True: it is reached, or the stream
  // ended before it; ReadAt(offset) then has nothing to skip. Errors as ReadAt.
  Expected<bool> Advance(std::uint64_t offset, std::size_t bytes_max);
  // Gives back what decoding takes; the next read starts again from the beginning.
  void Release();
  // Uncompressed bytes so far, of this pass.
  std::uint64_t decoded() const noexcept { return decoded_; }
  End end() const noexcept { return end_; }

  // What the file says of its uncompressed size, modulo 2^32, if it has one member
  // (and no padding): the last four bytes. nullopt: too short for a member. Decodes
  // nothing, and proves nothing.
  Expected<std::optional<std::uint32_t>> TrailerSize();

 private:
  enum class Place : std::uint8_t { kStart = 1, kMember = 2, kBetween = 3, kZeroes = 4 };

  void Restart();
  bool InHistory(std::uint64_t offset) const noexcept;
  // Reads more input where none is left. False: the file has no more, for now.
  Expected<bool> Fill();
  // Decodes at most `bytes_max` bytes and returns how many compressed ones that took.
  // No byte more and end() reached: there is nothing to decode, for now at least.
  Expected<std::size_t> Step(std::size_t bytes_max);
  // Between members: whether the input begins another one, which is then begun.
  bool EnterNext();
  // False: no memory.
  bool Decode(std::size_t bytes_max);
  void Copy(std::uint64_t offset, std::span<char> into) const;

  const std::unique_ptr<LogFile> compressed_;
  Inflater inflater_;
  std::unique_ptr<char[]> buffers_;  // the ring, and the input behind it; none at first
  Place place_ = Place::kStart;
  End end_ = End::kNotReached;
  std::uint64_t decoded_ = 0;
  std::uint64_t compressed_at_ = 0;  // of the compressed file, where input_ ends
  std::uint64_t idle_bytes_ = 0;     // consumed since the last uncompressed byte
  std::string_view input_ = {};      // read and not consumed
};

}  // namespace podtail
#endif
