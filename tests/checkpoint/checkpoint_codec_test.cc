// SPDX-License-Identifier: Apache-2.0
// The lines of the store: decode(encode(x)) == x, and no changed byte is ever
// accepted (reliability.md Z12; engine/checkpoint/FORMAT.md, "Lines").
#include "engine/checkpoint/checkpoint_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/port/checksum.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

std::string Encode(const StoreLine& line) {
  std::string text;
  std::visit([&](const auto& value) { AppendStoreLine(value, &text); }, line);
  EXPECT_EQ(text.back(), '\n');
  text.pop_back();
  return text;
}

// `body` with the checksum that belongs to it.
std::string Sealed(std::string body) {
  const std::uint32_t crc = Crc32(body);
  constexpr char kDigits[] = "0123456789abcdef";
  body += " crc=";
  for (int shift = 28; shift >= 0; shift -= 4) body += kDigits[crc >> shift & 15];
  return body;
}

Checkpoint Extreme() {
  Checkpoint checkpoint;
  checkpoint.file.inode = std::numeric_limits<std::uint64_t>::max();
  checkpoint.file.birth_time = Timestamp::min();
  checkpoint.file.handle_generation = std::numeric_limits<std::uint64_t>::max();
  checkpoint.file.head.hash.fill(0xFF);
  checkpoint.file.head.bytes = std::numeric_limits<std::uint32_t>::max();
  checkpoint.committed.offset = std::numeric_limits<std::uint64_t>::max();
  checkpoint.committed.replay.streams[0].last_raw = Timestamp::max();
  checkpoint.committed.replay.streams[0].last_out = Timestamp::min();
  checkpoint.committed.replay.streams[1].part = std::numeric_limits<std::uint32_t>::max();
  checkpoint.committed.replay.streams[1].part_bytes = std::numeric_limits<std::uint64_t>::max() - 1;
  checkpoint.committed.replay.streams[1].run_gap = std::numeric_limits<std::uint64_t>::max();
  checkpoint.committed.replay.line_time = Timestamp(std::chrono::nanoseconds(-1));
  checkpoint.committed.replay.line_stream = LogStream::kStderr;
  checkpoint.cuts = {0, std::numeric_limits<std::uint64_t>::max()};
  checkpoint.device = std::numeric_limits<std::uint64_t>::max();
  for (int byte = 0; byte < 256; ++byte) checkpoint.path.push_back(static_cast<char>(byte));
  return checkpoint;
}

std::vector<StoreLine> Lines() {
  Checkpoint bare;
  return {StoreHeader{StoreFile::kSnapshot, 1, 12, 0},
          StoreHeader{StoreFile::kJournal, 1, 12, 0x9ae0daaf},
          bare,
          CheckpointOf(3, 4),
          CheckpointOf(3, 6),
          Extreme(),
          Forget{IdentityOf(9)},
          EditEnd{17, 3, 0x00000001},
          SnapshotEnd{10'000, 0xffffffff}};
}

TEST(CheckpointCodec, GivesBackWhatWasWritten) {
  for (const StoreLine& line : Lines()) {
    const std::string text = Encode(line);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto decoded = DecodeStoreLine(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_TRUE(*decoded == line) << text;
  }
}

TEST(CheckpointCodec, IsReadableText) {
  EXPECT_EQ(Encode(CheckpointOf(1, 3)),
            "put inode=1001 born=1700000000000000001 handle=7 "
            "head=01010101010101010101010101010101:57 offset=301 "
            "tail=03030303030303030303030303030303:256 "
            "stdout=1714558830000003001,1714558830000003002,0,0,0 "
            "stderr=1714558830000003003,1714558830000003004,2,30,3 "
            "line=1714558830000003005,stderr cuts=350,370 device=2049 "
            "path=/var/log/pods/ns_web-1_0000-1/app/0.log crc=4e1f781b");
  for (const char c : Encode(Extreme())) {
    EXPECT_TRUE(c >= 0x20 && c < 0x7F);
  }
}

TEST(CheckpointCodec, RejectsEveryChangedByte) {
  for (const StoreLine& line : Lines()) {
    std::string text = Encode(line);
    for (char& byte : text) {
      const char before = byte;
      for (int change = 1; change < 256; ++change) {
        byte = static_cast<char>(before ^ change);
        EXPECT_FALSE(DecodeStoreLine(text)) << text;
      }
      byte = before;
    }
  }
}

TEST(CheckpointCodec, RejectsEveryPartOfALine) {
  const std::string text = Encode(CheckpointOf(3, 6));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(DecodeStoreLine(text.substr(0, length)));
    EXPECT_FALSE(DecodeStoreLine(text.substr(length + 1)));
  }
}

TEST(CheckpointCodec, AcceptsOneSpellingOfAValue) {
  const std::string forget =
      "forget inode=1 born=-2 handle=0 head=00000000000000000000000000000000:0";
  ASSERT_TRUE(DecodeStoreLine(Sealed(forget)));
  const std::vector<std::string> bodies = {
      "",
      "forget",
      "forget inode=01 born=-2 handle=0 head=00000000000000000000000000000000:0",
      "forget inode=+1 born=-2 handle=0 head=00000000000000000000000000000000:0",
      "forget inode= born=-2 handle=0 head=00000000000000000000000000000000:0",
      "forget inode=1 born=-0 handle=0 head=00000000000000000000000000000000:0",
      "forget inode=1 born=-02 handle=0 head=00000000000000000000000000000000:0",
      "forget inode=1 born=-2 handle=0 head=0000000000000000000000000000000A:0",
      "forget inode=1 born=-2 handle=0 head=000000000000000000000000000000:0",
      "forget inode=1 born=-2 handle=0 head=00000000000000000000000000000000:4294967296",
      ("forget inode=18446744073709551616 born=-2 handle=0 "
       "head=00000000000000000000000000000000:0"),
      "forget  inode=1 born=-2 handle=0 head=00000000000000000000000000000000:0",
      "forget handle=0 inode=1 born=-2 head=00000000000000000000000000000000:0",
      forget + " ",
      forget + " more=1",
      "Forget" + forget.substr(6),
      "end entries=1",
      "end entries=1 chain=0000000G",
      "commit edit=1 lines=1 chain=00000000 ",
      "podtail-snapshot 0 generation=1",
      "podtail-snapshot 01 generation=1",
      "podtail-snapshot 1 generation=18446744073709551615",
      "podtail-snapshot 1 generation=1 snapshot=00000000",
      "podtail-journal 1 generation=1",
  };
  for (const std::string& body : bodies) {
    const auto decoded = DecodeStoreLine(Sealed(body));
    ASSERT_FALSE(decoded) << body;
    EXPECT_EQ(decoded.error(), StoreLineError::kSyntax) << body;
  }
}

TEST(CheckpointCodec, AcceptsOneSpellingOfAPath) {
  const std::string text = Encode(Checkpoint{});
  const std::string body = text.substr(0, text.size() - 13);
  ASSERT_TRUE(body.ends_with(" path="));
  EXPECT_TRUE(DecodeStoreLine(Sealed(body + "/a%20b%0a%ff%25")));
  for (const char* path : {"/%61", "/a b", "/a%2", "/a%", "/a%FF", "/a\xff", "/a\n", "/%+1"}) {
    EXPECT_FALSE(DecodeStoreLine(Sealed(body + path))) << path;
  }
}

TEST(CheckpointCodec, NamesTheVersionOfALaterHeader) {
  const auto decoded = DecodeStoreLine(Sealed("podtail-journal 900 whatever will be there"));
  ASSERT_TRUE(decoded);
  const StoreHeader expected{StoreFile::kJournal, 900, 0, 0};
  EXPECT_TRUE(*decoded == StoreLine(expected));
  EXPECT_FALSE(DecodeStoreLine("podtail-journal 900 whatever will be there crc=00000000"));
}

TEST(Checksum, IsTheOneOfZlibAndContinues) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(Crc32(""), 0U);
  EXPECT_EQ(Crc32("456789", Crc32("123")), 0xCBF43926U);
  EXPECT_EQ(Crc32("", Crc32("123456789")), 0xCBF43926U);
}

}  // namespace
}  // namespace podtail
