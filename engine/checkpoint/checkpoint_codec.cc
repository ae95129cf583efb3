// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/checkpoint_codec.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "engine/base/hex.h"
#include "engine/base/mutant.h"
#include "engine/port/checksum.h"

namespace podtail {
namespace {

constexpr std::string_view kChecksumField = " crc=";
constexpr std::size_t kChecksumBytes = kChecksumField.size() + 8;

// ---- writing ----

template <class Integer>
void Put(std::string_view field, Integer value, std::string* out) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out->append(field).append(text, end);
}

void PutHex32(std::string_view field, std::uint32_t value, std::string* out) {
  out->append(field);
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (8 * (3 - i)));
  }
  AppendHex(bytes, out);
}

void PutTime(std::string_view field, Timestamp time, std::string* out) {
  Put(field, time.time_since_epoch().count(), out);
}

void PutMarker(std::string_view field, const Marker& marker, std::string* out) {
  out->append(field);
  AppendHex(marker.hash, out);
  Put(":", marker.bytes, out);
}

void PutIdentity(const FileIdentity& file, std::string* out) {
  Put(" inode=", file.inode, out);
  PutTime(" born=", file.birth_time, out);
  Put(" handle=", file.handle_generation, out);
  PutMarker(" head=", file.head, out);
}

void PutStream(std::string_view field, const ReplayState::Stream& stream, std::string* out) {
  PutTime(field, stream.last_raw, out);
  PutTime(",", stream.last_out, out);
  Put(",", stream.part, out);
  Put(",", stream.part_bytes, out);
  Put(",", stream.run_gap, out);
}

// Bytes of a path that stand for themselves.
constexpr bool IsPlain(char c) {
  return c > 0x20 && c < 0x7F && c != '%';
}

void PutPath(std::string_view path, std::string* out) {
  out->append(" path=");
  for (const char c : path) {
    if (IsPlain(c)) {
      out->push_back(c);
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out->push_back('%');
      AppendHex(std::span(&byte, 1), out);
    }
  }
}

void Seal(std::size_t begin, std::string* out) {
  PutHex32(kChecksumField, Crc32(std::string_view(*out).substr(begin)), out);
  out->push_back('\n');
}

// ---- reading ----

// Takes fields off the front of a line. Once something does not fit, nothing
// does any more: callers ask ok() at the end.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && text_.empty(); }
  std::string_view rest() const { return text_; }

  void Literal(std::string_view literal) {
    if (!ok_ || !text_.starts_with(literal)) return Fail();
    text_.remove_prefix(literal.size());
  }

  template <class Integer>
  Integer Number(std::string_view field) {
    Literal(field);
    Integer value{};
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    const std::string_view digits = text_.substr(0, static_cast<std::size_t>(end - text_.data()));
    // One spelling: no leading zero, no minus zero.
    const std::string_view magnitude = digits.starts_with('-') ? digits.substr(1) : digits;
    const bool padded = magnitude.starts_with('0') && digits != "0";
    if (!ok_ || error != std::errc{} || padded) {
      Fail();
      return {};
    }
    text_.remove_prefix(digits.size());
    return value;
  }

  void Hex(std::string_view field, std::span<std::uint8_t> bytes) {
    Literal(field);
    const std::string_view digits = text_.substr(0, 2 * bytes.size());
    if (!ok_ || !DecodeHex(digits, bytes)) return Fail();
    for (const char c : digits) {
      if (c >= 'A' && c <= 'F') return Fail();
    }
    text_.remove_prefix(digits.size());
  }

  std::uint32_t Hex32(std::string_view field) {
    std::array<std::uint8_t, 4> bytes{};
    Hex(field, bytes);
    std::uint32_t value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
  }

  void Fail() { ok_ = false; }

 private:
  std::string_view text_;
  bool ok_ = true;
};

Timestamp ReadTime(std::string_view field, FieldReader* in) {
  return Timestamp(std::chrono::nanoseconds(in->Number<std::int64_t>(field)));
}

Marker ReadMarker(std::string_view field, FieldReader* in) {
  Marker marker;
  in->Hex(field, marker.hash);
  marker.bytes = in->Number<std::uint32_t>(":");
  return marker;
}

FileIdentity ReadIdentity(FieldReader* in) {
  FileIdentity file;
  file.inode = in->Number<std::uint64_t>(" inode=");
  file.birth_time = ReadTime(" born=", in);
  file.handle_generation = in->Number<std::uint64_t>(" handle=");
  file.head = ReadMarker(" head=", in);
  return file;
}

ReplayState::Stream ReadStream(std::string_view field, FieldReader* in) {
  ReplayState::Stream stream;
  stream.last_raw = ReadTime(field, in);
  stream.last_out = ReadTime(",", in);
  stream.part = in->Number<std::uint32_t>(",");
  stream.part_bytes = in->Number<std::uint64_t>(",");
  stream.run_gap = in->Number<std::uint64_t>(",");
  return stream;
}

LogStream ReadLogStream(FieldReader* in) {
  if (in->rest().starts_with(",stdout")) {
    in->Literal(",stdout");
    return LogStream::kStdout;
  }
  in->Literal(",stderr");
  return LogStream::kStderr;
}

std::vector<std::uint64_t> ReadCuts(FieldReader* in) {
  std::vector<std::uint64_t> cuts;
  in->Literal(" cuts=");
  if (in->rest().starts_with(' ')) return cuts;
  cuts.push_back(in->Number<std::uint64_t>(""));
  while (in->ok() && in->rest().starts_with(',')) {
    cuts.push_back(in->Number<std::uint64_t>(","));
  }
  return cuts;
}

// The path is the last field, and may be empty.
std::string ReadPath(FieldReader* in) {
  in->Literal(" path=");
  const std::string_view text = in->ok() ? in->rest() : std::string_view();
  std::string path;
  std::size_t i = 0;
  while (i < text.size()) {
    if (IsPlain(text[i])) {
      path.push_back(text[i++]);
      continue;
    }
    FieldReader escape(text.substr(i, 3));
    std::uint8_t byte = 0;
    escape.Hex("%", std::span(&byte, 1));
    const char c = static_cast<char>(byte);
    if (!escape.AtEnd() || IsPlain(c)) {
      in->Fail();
      return {};
    }
    path.push_back(c);
    i += 3;
  }
  in->Literal(text);
  return path;
}

std::optional<StoreLine> ReadHeader(StoreFile file, FieldReader* in) {
  StoreHeader header;
  header.file = file;
  header.version = in->Number<std::uint32_t>(" ");
  if (!in->ok() || header.version == 0) return std::nullopt;
  if (header.version > kStoreVersion) return header;
  header.generation = in->Number<std::uint64_t>(" generation=");
  // The next one must have a number, too.
  if (header.generation == std::numeric_limits<std::uint64_t>::max()) in->Fail();
  if (file == StoreFile::kJournal) header.chain = in->Hex32(" snapshot=");
  if (!in->AtEnd()) return std::nullopt;
  return header;
}

std::optional<StoreLine> ReadCheckpoint(FieldReader* in) {
  Checkpoint checkpoint;
  checkpoint.file = ReadIdentity(in);
  ResumePoint& committed = checkpoint.committed;
  committed.offset = in->Number<std::uint64_t>(" offset=");
  committed.tail = ReadMarker(" tail=", in);
  committed.replay.streams[0] = ReadStream(" stdout=", in);
  committed.replay.streams[1] = ReadStream(" stderr=", in);
  committed.replay.line_time = ReadTime(" line=", in);
  committed.replay.line_stream = ReadLogStream(in);
  checkpoint.cuts = ReadCuts(in);
  if (in->rest().starts_with(" late=")) {
    checkpoint.late_from = in->Number<std::uint64_t>(" late=");
    checkpoint.next = ReadMarker(",", in);
  }
  checkpoint.device = in->Number<std::uint64_t>(" device=");
  checkpoint.path = ReadPath(in);
  if (!in->AtEnd()) return std::nullopt;
  return checkpoint;
}

std::optional<StoreLine> ReadBody(std::string_view body) {
  const std::string_view word = body.substr(0, body.find(' '));
  FieldReader in(body.substr(word.size()));
  if (word == "put") return ReadCheckpoint(&in);
  if (word == "podtail-snapshot") return ReadHeader(StoreFile::kSnapshot, &in);
  if (word == "podtail-journal") return ReadHeader(StoreFile::kJournal, &in);
  if (word == "forget") {
    const Forget forget{ReadIdentity(&in)};
    if (in.AtEnd()) return forget;
  } else if (word == "commit") {
    EditEnd end;
    end.edit = in.Number<std::uint64_t>(" edit=");
    end.lines = in.Number<std::uint64_t>(" lines=");
    end.chain = in.Hex32(" chain=");
    if (in.AtEnd()) return end;
  } else if (word == "end") {
    SnapshotEnd end;
    end.entries = in.Number<std::uint64_t>(" entries=");
    end.chain = in.Hex32(" chain=");
    if (in.AtEnd()) return end;
  }
  return std::nullopt;
}

}  // namespace

void AppendStoreLine(const StoreHeader& header, std::string* out) {
  const std::size_t begin = out->size();
  out->append(header.file == StoreFile::kSnapshot ? "podtail-snapshot" : "podtail-journal");
  Put(" ", header.version, out);
  Put(" generation=", header.generation, out);
  if (header.file == StoreFile::kJournal) PutHex32(" snapshot=", header.chain, out);
  Seal(begin, out);
}

void AppendStoreLine(const Checkpoint& checkpoint, std::string* out) {
  const std::size_t begin = out->size();
  const ResumePoint& committed = checkpoint.committed;
  const ReplayState& replay = committed.replay;
  out->append("put");
  PutIdentity(checkpoint.file, out);
  Put(" offset=", committed.offset, out);
  PutMarker(" tail=", committed.tail, out);
  PutStream(" stdout=", replay.streams[0], out);
  PutStream(" stderr=", replay.streams[1], out);
  PutTime(" line=", replay.line_time, out);
  out->append(replay.line_stream == LogStream::kStdout ? ",stdout" : ",stderr");
  out->append(" cuts=");
  for (std::size_t i = 0; i < checkpoint.cuts.size(); ++i) {
    Put(i == 0 ? "" : ",", checkpoint.cuts[i], out);
  }
  if (checkpoint.late_from) {
    Put(" late=", *checkpoint.late_from, out);
    PutMarker(",", checkpoint.next, out);
  }
  Put(" device=", checkpoint.device, out);
  PutPath(checkpoint.path, out);
  Seal(begin, out);
}

void AppendStoreLine(const Forget& forget, std::string* out) {
  const std::size_t begin = out->size();
  out->append("forget");
  PutIdentity(forget.file, out);
  Seal(begin, out);
}

void AppendStoreLine(const EditEnd& end, std::string* out) {
  const std::size_t begin = out->size();
  Put("commit edit=", end.edit, out);
  Put(" lines=", end.lines, out);
  PutHex32(" chain=", end.chain, out);
  Seal(begin, out);
}

void AppendStoreLine(const SnapshotEnd& end, std::string* out) {
  const std::size_t begin = out->size();
  Put("end entries=", end.entries, out);
  PutHex32(" chain=", end.chain, out);
  Seal(begin, out);
}

Expected<StoreLine, StoreLineError> DecodeStoreLine(std::string_view line) {
  if (line.size() < kChecksumBytes) return Unexpected(StoreLineError::kChecksum);
  const std::string_view body = line.substr(0, line.size() - kChecksumBytes);
  FieldReader checksum(line.substr(body.size()));
  const std::uint32_t written = checksum.Hex32(kChecksumField);
  const bool right = written == Crc32(body) || PODTAIL_MUTANT(kChecksumIgnored);
  if (!checksum.AtEnd() || !right) return Unexpected(StoreLineError::kChecksum);
  auto read = ReadBody(body);
  if (!read) return Unexpected(StoreLineError::kSyntax);
  return *std::move(read);
}

}  // namespace podtail
