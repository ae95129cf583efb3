// SPDX-License-Identifier: Apache-2.0
// Compressed generations (reliability.md I-2 to I-7): whatever is decodable is given
// out, the end says what became of the rest, and nothing takes more memory or more
// work at a time than was asked for.
#include "engine/port/gzip_log_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/port/gzip_bytes.h"

namespace podtail {
namespace {

using End = GzipLogFile::End;

// A file that a test writes on while it is read.
struct Disk {
  std::string bytes;
  std::uint64_t read = 0;                // bytes given out so far
  int reads = 0;                         // calls
  int fail_at = -1;                      // the read that fails, counted from 0
  std::size_t read_bytes_max = 1 << 20;  // of one read
};

class DiskFile final : public LogFile {
 public:
  explicit DiskFile(Disk* disk) : disk_(disk) {}
  Expected<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
    if (disk_->reads++ == disk_->fail_at) {
      return Unexpected(Status(StatusCode::kUnavailable, "read disk: on strike"));
    }
    if (offset >= disk_->bytes.size()) return {0};
    const auto at = static_cast<std::size_t>(offset);
    const std::size_t bytes =
        std::min({disk_->bytes.size() - at, into.size(), disk_->read_bytes_max});
    std::copy_n(disk_->bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes, into.begin());
    disk_->read += bytes;
    return bytes;
  }
  Expected<FileStat> Stat() override {
    FileStat stat;
    stat.inode = 7;
    stat.size = disk_->bytes.size();
    return stat;
  }

 private:
  Disk* disk_;
};

GzipLogFile Over(Disk* disk) {
  return GzipLogFile(std::make_unique<DiskFile>(disk));
}

std::string ReadAt(GzipLogFile* file, std::uint64_t offset, std::size_t bytes) {
  std::string into(bytes, '?');
  const auto got = file->ReadAt(offset, into);
  if (!got) return "<" + got.error().ToString() + ">";
  into.resize(*got);
  return into;
}

// Everything from `offset` on, `bytes` at a time.
std::string ReadRest(GzipLogFile* file, std::uint64_t offset, std::size_t bytes) {
  std::string all;
  for (;;) {
    const std::string piece = ReadAt(file, offset + all.size(), bytes);
    all += piece;
    if (piece.size() < bytes) return all;
  }
}

// Numbered lines: no two places look alike.
std::string Lines(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += "2026-10-02T15:04:05.000000" + std::to_string(100 + i % 900) + "Z stdout F line " +
            std::to_string(i * 7919) + "\n";
  }
  text.resize(bytes);
  return text;
}

const std::string kText = "one\ntwo two two two two two two\nthree\n";

std::string Times(std::size_t count, const std::string& what) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += what;
  return bytes;
}

std::string Changed(std::string bytes, std::size_t from_the_end) {
  char& byte = bytes[bytes.size() - from_the_end];
  byte = static_cast<char>(byte ^ 0x20);
  return bytes;
}

TEST(GzipLogFile, GivesOutWhatIsDecodableAndNamesTheEnd) {
  const std::string whole = GzipBytes(kText);
  const std::string empty = GzipBytes("");
  const std::string named = whole.substr(0, 3) + "\x1f" + whole.substr(4, 6) +  // every field
                            std::string("\x02\0xx", 4) + std::string("name\0", 5) +
                            std::string("comment\0", 8);
  const struct {
    const char* name;
    std::string bytes;
    std::string plain;
    End end;
  } kCases[] = {
      {"empty file", "", "", End::kTruncated},
      {"one member", whole, kText, End::kClean},
      {"stored", GzipBytes(kText, 0), kText, End::kClean},
      {"empty member", empty, "", End::kClean},
      {"two members", whole + GzipBytes("four\n"), kText + "four\n", End::kClean},
      {"empty ones between", whole + empty + empty + whole, kText + kText, End::kClean},
      {"padding", whole + std::string(70'000, '\0'), kText, End::kClean},
      {"padding, then garbage", whole + std::string(512, '\0') + "x", kText, End::kCorrupt},
      {"padding, then a member", whole + std::string(1, '\0') + whole, kText, End::kCorrupt},
      {"garbage", whole + "garbage", kText, End::kCorrupt},
      {"garbage that begins well", whole + "\x1fx", kText, End::kCorrupt},
      {"half a magic number behind", whole + "\x1f", kText, End::kTruncated},
      {"half a header behind", whole + whole.substr(0, 5), kText, End::kTruncated},
      {"bad CRC", Changed(whole, 8), kText, End::kCorrupt},
      {"bad ISIZE", Changed(whole, 1), kText, End::kCorrupt},
      {"bad CRC, then a member", Changed(whole, 8) + whole, kText, End::kCorrupt},
      {"plain text", kText, "", End::kCorrupt},
      {"zeroes", std::string(4096, '\0'), "", End::kCorrupt},
      {"zlib, not gzip", "\x78\x9c\x03", "", End::kCorrupt},
      {"another method", "\x1f\x8b\x07" + whole.substr(3), "", End::kCorrupt},
      {"reserved flags", whole.substr(0, 3) + "\xe0" + whole.substr(4), "", End::kCorrupt},
      {"header checksum wrong", named + "??", "", End::kCorrupt},
      {"block of no type", whole.substr(0, 10) + "\x07", "", End::kCorrupt},
      {"distance too far back", whole.substr(0, 10) + "\x03\x02xx", "", End::kCorrupt},
  };
  for (const auto& c : kCases) {
    for (const std::size_t input_bytes : {1u << 20, 1u}) {
      for (const std::size_t read_bytes : {1u << 20, 7u, 1u}) {
        Disk disk{.bytes = c.bytes, .read_bytes_max = input_bytes};
        GzipLogFile file = Over(&disk);
        EXPECT_EQ(ReadRest(&file, 0, read_bytes), c.plain) << c.name;
        EXPECT_EQ(file.end(), c.end) << c.name;
        EXPECT_EQ(file.decoded(), c.plain.size()) << c.name;
        // It stays so, and nobody is kept.
        EXPECT_EQ(ReadAt(&file, file.decoded(), 10), "") << c.name;
        EXPECT_EQ(file.end(), c.end) << c.name;
        EXPECT_EQ(file.Advance(1'000'000, 10).value(), true) << c.name;
      }
    }
  }
}

TEST(GzipLogFile, IsTruncatedAtEveryCutAndReadsOnWhenTheRestComes) {
  const std::string first = GzipBytes(kText);
  const std::string plain = kText + "four\n";
  const std::string bytes = first + GzipBytes("four\n");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Disk disk{.bytes = bytes.substr(0, cut)};
    GzipLogFile file = Over(&disk);
    const std::string begin = ReadAt(&file, 0, 1000);
    EXPECT_EQ(begin, plain.substr(0, begin.size())) << cut;
    const bool whole = cut == first.size() || cut == bytes.size();
    EXPECT_EQ(file.end(), whole ? End::kClean : End::kTruncated) << cut;
    if (cut >= first.size()) {
      EXPECT_GE(begin.size(), kText.size()) << cut;
    }
    // The same bytes come from a reader that was at the cut, and from one that starts there.
    disk.bytes = bytes;
    EXPECT_EQ(begin + ReadRest(&file, begin.size(), 3), plain) << cut;
    EXPECT_EQ(file.end(), End::kClean) << cut;
    EXPECT_EQ(ReadAt(&file, 0, 1000), plain) << cut;
  }
}

TEST(GzipLogFile, ReadsAFileThatGrowsByteByByte) {
  const std::string plain = Lines(3000);
  const std::string bytes = GzipBytes(plain, 0) + GzipBytes(plain, 9);
  Disk disk;
  GzipLogFile file = Over(&disk);
  std::string got;
  for (const char byte : bytes) {
    disk.bytes.push_back(byte);
    got += ReadAt(&file, got.size(), 10'000);
    EXPECT_NE(file.end(), End::kNotReached);
    EXPECT_NE(file.end(), End::kCorrupt);
  }
  EXPECT_EQ(got, plain + plain);
  EXPECT_EQ(file.end(), End::kClean);
  EXPECT_EQ(disk.read, bytes.size()) << "nothing was read twice";
}

TEST(GzipLogFile, GivesOutWhatTheInflaterHeldBackWhenTheInputIsOver) {
  // Runs of one byte: a few bits of input are hundreds of bytes of output.
  const std::string plain(5000, 'a');
  std::string bytes = GzipBytes(plain, 9);
  bytes.resize(bytes.size() - 9);
  Disk disk{.bytes = bytes};
  GzipLogFile file = Over(&disk);
  const std::string at_once = ReadAt(&file, 0, 10'000);
  EXPECT_GT(at_once.size(), 4000u);
  Disk again{.bytes = bytes};
  GzipLogFile slow = Over(&again);
  while (slow.Advance(10'000, 1).value() == false) {
  }
  EXPECT_EQ(slow.decoded(), at_once.size());
  EXPECT_EQ(slow.end(), End::kTruncated);
}

TEST(GzipLogFile, ReadsBackWithinItsHistoryForNothing) {
  const std::string plain = Lines(1'000'000);
  Disk disk{.bytes = GzipBytes(plain)};
  GzipLogFile file = Over(&disk);
  std::uint64_t offset = 0;
  while (offset < plain.size()) {
    const std::string piece = ReadAt(&file, offset, 10'007);
    EXPECT_EQ(piece, plain.substr(offset, 10'007));
    offset += piece.size();
    const std::uint64_t read = disk.read;
    const std::uint64_t decoded = file.decoded();
    const std::uint64_t back = decoded - std::min(decoded, GzipLogFile::kHistoryBytes + 0u);
    EXPECT_EQ(ReadAt(&file, back, decoded - back), plain.substr(back, decoded - back));
    EXPECT_EQ(file.Advance(back, 0).value(), true);
    EXPECT_EQ(file.decoded(), decoded);
    EXPECT_EQ(disk.read, read);
  }
  EXPECT_EQ(disk.read, disk.bytes.size());
}

TEST(GzipLogFile, StartsAgainFurtherBack) {
  const std::string plain = Lines(1'000'000);
  Disk disk{.bytes = GzipBytes(plain)};
  GzipLogFile file = Over(&disk);
  EXPECT_EQ(ReadAt(&file, 999'990, 100), plain.substr(999'990));
  EXPECT_EQ(file.end(), End::kClean);
  const std::uint64_t back = file.decoded() - GzipLogFile::kHistoryBytes - 1;
  EXPECT_EQ(ReadAt(&file, back, 1000), plain.substr(back, 1000));
  EXPECT_GT(disk.read, disk.bytes.size());
  EXPECT_EQ(file.end(), End::kNotReached);
  EXPECT_EQ(ReadAt(&file, 0, 2'000'000), plain) << "larger than everything it remembers";
  EXPECT_EQ(file.decoded(), plain.size());
  EXPECT_EQ(file.Advance(5, 100).value(), true);
  EXPECT_EQ(file.decoded(), 5u);
}

TEST(GzipLogFile, AdvancesNoFurtherThanItIsTold) {
  const std::string plain = Lines(1'000'000);
  Disk disk{.bytes = GzipBytes(plain)};
  GzipLogFile file = Over(&disk);
  for (std::uint64_t rounds = 1; rounds * 70'001 < 600'000; ++rounds) {
    ASSERT_EQ(file.Advance(600'000, 70'001).value(), false);
    ASSERT_EQ(file.decoded(), rounds * 70'001);
  }
  EXPECT_EQ(file.Advance(600'000, 0).value(), false);
  EXPECT_EQ(file.Advance(600'000, 1'000'000).value(), true);
  EXPECT_EQ(file.decoded(), 600'000u) << "not beyond its goal";
  EXPECT_EQ(ReadAt(&file, 600'000, 50), plain.substr(600'000, 50));
  EXPECT_EQ(file.Advance(9'000'000, 9'000'000).value(), true) << "ended before it";
  EXPECT_EQ(file.decoded(), plain.size());
  EXPECT_EQ(file.end(), End::kClean);
}

TEST(GzipLogFile, GetsThroughAMillionEmptyMembersInBoundedSteps) {
  const std::string empty = GzipBytes("");
  Disk disk{.bytes = Times(1'000'000, empty) + GzipBytes(kText)};
  GzipLogFile file = Over(&disk);
  int rounds = 0;
  for (std::uint64_t before = 0; !file.Advance(1, 100'000).value(); ++rounds) {
    ASSERT_LE(disk.read - before, 100'000u + 64 * 1024);
    before = disk.read;
  }
  EXPECT_GE(rounds, 150);
  EXPECT_EQ(ReadAt(&file, 0, 1000), kText);
  EXPECT_EQ(file.end(), End::kClean);
}

TEST(GzipLogFile, GivesUpOnAHole) {
  Disk disk{.bytes = GzipBytes(kText) + std::string(GzipLogFile::kIdleBytesMax + 100'000, '\0')};
  GzipLogFile file = Over(&disk);
  EXPECT_EQ(ReadAt(&file, 0, 1000), kText);
  EXPECT_EQ(file.end(), End::kCorrupt);
  EXPECT_LT(disk.read, disk.bytes.size());
}

TEST(GzipLogFile, DecodesABombBitByBit) {
  const std::string plain(50'000'000, '\0');
  Disk disk{.bytes = GzipBytes(plain, 9)};
  ASSERT_LT(disk.bytes.size(), 60'000u);
  GzipLogFile file = Over(&disk);
  EXPECT_EQ(file.Advance(40'000'000, 1'000'000).value(), false);
  EXPECT_EQ(file.decoded(), 1'000'000u);
  EXPECT_EQ(ReadAt(&file, 1'000'000, 100'000), std::string(100'000, '\0'));
  EXPECT_LE(file.decoded(), 1'200'000u);
}

TEST(GzipLogFile, PassesErrorsOnAndCanBeAskedAgain) {
  const std::string plain = Lines(700'000);
  const std::string bytes = GzipBytes(plain, 0);
  for (int fail_at = 0; fail_at < 8; ++fail_at) {
    Disk disk{.bytes = bytes, .fail_at = fail_at, .read_bytes_max = 20'000};
    GzipLogFile file = Over(&disk);
    std::string into(plain.size() + 1, '?');
    const auto failed = file.ReadAt(0, into);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), StatusCode::kUnavailable);
    EXPECT_EQ(failed.error().message(), "read disk: on strike");
    EXPECT_EQ(file.end(), End::kNotReached);
    EXPECT_EQ(ReadAt(&file, 0, plain.size() + 1), plain);
    disk.fail_at = disk.reads;
    EXPECT_FALSE(file.Advance(plain.size() + 1, 10));
    EXPECT_EQ(file.Advance(plain.size() + 1, 10).value(), true);
  }
}

TEST(GzipLogFile, TellsWhatTheTrailerSaysAndWhatTheFileIs) {
  const std::string empty = GzipBytes("");
  ASSERT_EQ(empty.size(), 20u);
  const struct {
    std::string bytes;
    std::optional<std::uint32_t> size;
  } kCases[] = {
      {"", std::nullopt},
      {empty.substr(0, 19), std::nullopt},
      {empty, 0},
      {GzipBytes(kText), static_cast<std::uint32_t>(kText.size())},
      {GzipBytes(Lines(100'000)), 100'000},
      {Changed(GzipBytes(kText), 1), static_cast<std::uint32_t>(kText.size()) ^ 1u << 29}};
  for (const auto& c : kCases) {
    Disk disk{.bytes = c.bytes, .read_bytes_max = 1};
    GzipLogFile file = Over(&disk);
    EXPECT_EQ(file.TrailerSize().value(), c.size);
    EXPECT_EQ(file.Stat().value().size, c.bytes.size());
    EXPECT_EQ(file.Stat().value().inode, 7u);
    EXPECT_EQ(file.decoded(), 0u);
    disk.fail_at = disk.reads;
    EXPECT_EQ(file.TrailerSize().has_value(), c.bytes.size() < 20);
  }
}

TEST(GzipLogFile, ReadsNothingIntoNothing) {
  Disk disk{.bytes = GzipBytes(kText)};
  GzipLogFile file = Over(&disk);
  EXPECT_EQ(file.ReadAt(0, {}).value(), 0u);
  EXPECT_EQ(disk.reads, 0);
  EXPECT_EQ(ReadAt(&file, ~0ull, 10), "") << "decodes to the end, and not around it";
  EXPECT_EQ(file.end(), End::kClean);
}

}  // namespace
}  // namespace podtail
