// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/loss_line_reader.h"

#include <array>
#include <charconv>

#include "engine/base/hex.h"
#include "engine/base/utf8.h"
#include "engine/checkpoint/loss_line.h"

namespace podtail {
namespace {

bool IsHarmless(std::string_view line) {
  while (!line.empty()) {
    std::size_t bad = 0;
    const std::size_t length = Utf8SequenceLength(line, &bad);
    if (length == 0 || IsTerminalControl(line.substr(0, length))) return false;
    line.remove_prefix(length);
  }
  return true;
}

void AppendCodePoint(unsigned code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// JSON without blanks between its tokens, as JsonWriter makes it.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool empty() const { return rest_.empty(); }
  bool Take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool String(std::string* out) {
    out->clear();
    if (!Take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\') {
        out->push_back(c);
      } else if (!Escape(out)) {
        return false;
      }
    }
    return false;
  }
  bool Number(std::uint64_t* out) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *out);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  // Any value: up to the comma or bracket that ends it.
  bool Skip() {
    std::size_t depth = 0;
    std::string ignored;
    const std::size_t before = rest_.size();
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"') {
        if (!String(&ignored)) return false;
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',')) return rest_.size() < before;
      if (c == '{' || c == '[') ++depth;
      if (closes) --depth;
      rest_.remove_prefix(1);
    }
    return false;
  }

 private:
  bool Escape(std::string* out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case 'n':
        out->push_back('\n');
        return true;
      case 't':
        out->push_back('\t');
        return true;
      case 'r':
        out->push_back('\r');
        return true;
      case 'b':
        out->push_back('\b');
        return true;
      case 'f':
        out->push_back('\f');
        return true;
      case '"':
      case '\\':
      case '/':
        out->push_back(c);
        return true;
      case 'u':
        return UnicodeEscape(out);
      default:
        return false;
    }
  }
  // podtail escapes single code points only, never in pairs.
  bool UnicodeEscape(std::string* out) {
    std::array<std::uint8_t, 2> code{};
    if (rest_.size() < 4 || !DecodeHex(rest_.substr(0, 4), code)) return false;
    rest_.remove_prefix(4);
    const unsigned value = static_cast<unsigned>(code[0]) << 8 | code[1];
    if (value >= 0xD800 && value <= 0xDFFF) return false;
    AppendCodePoint(value, out);
    return true;
  }

  std::string_view rest_;
};

// Where a value goes; neither: it is passed over.
struct Member {
  std::uint64_t* number = nullptr;
  std::string* text = nullptr;
};

Member MemberOf(std::string_view key, LoggedLoss* loss) {
  if (key == "time") return {nullptr, &loss->time};
  if (key == "reason") return {nullptr, &loss->reason};
  if (key == "path") return {nullptr, &loss->path};
  if (key == "born") return {nullptr, &loss->born};
  if (key == "head") return {nullptr, &loss->head};
  if (key == "detail") return {nullptr, &loss->detail};
  if (key == "inode") return {&loss->inode, nullptr};
  if (key == "handle") return {&loss->handle, nullptr};
  if (key == "begin") return {&loss->extent.begin, nullptr};
  if (key == "end") return {&loss->extent.end, nullptr};
  if (key == "bytes") return {&loss->bytes, nullptr};
  return {};
}

std::optional<LossReason> ReasonOf(std::string_view name) {
  for (unsigned value = 1; value < 32; ++value) {
    const auto reason = static_cast<LossReason>(value);
    if (LossReasonName(reason) == name && name != "unknown") return reason;
  }
  return std::nullopt;
}

}  // namespace

std::optional<LoggedLoss> ParseLossLine(std::string_view line) {
  if (!IsHarmless(line)) return std::nullopt;
  LoggedLoss loss;
  Cursor cursor(line);
  if (!cursor.Take('{')) return std::nullopt;
  bool has_begin = false;
  bool has_end = false;
  do {
    std::string key;
    if (!cursor.String(&key) || !cursor.Take(':')) return std::nullopt;
    const Member member = MemberOf(key, &loss);
    const bool good = member.number != nullptr ? cursor.Number(member.number)
                      : member.text != nullptr ? cursor.String(member.text)
                                               : cursor.Skip();
    if (!good) return std::nullopt;
    has_begin = has_begin || key == "begin";
    has_end = has_end || key == "end";
    loss.has_record = loss.has_record || key == "record";
  } while (cursor.Take(','));
  if (!cursor.Take('}') || !cursor.empty()) return std::nullopt;
  const std::optional<LossReason> reason = ReasonOf(loss.reason);
  if (!reason || !has_begin || !has_end || loss.extent.end < loss.extent.begin) return std::nullopt;
  loss.dead_letter = *reason >= LossReason::kRefused;
  loss.json = line;
  return loss;
}

std::string LossLineKey(const LoggedLoss& loss) {
  std::string key = loss.reason;
  for (const std::uint64_t part : {loss.inode, loss.handle, loss.extent.begin, loss.extent.end}) {
    key.append(" ").append(std::to_string(part));
  }
  return key.append(" ").append(loss.born).append(" ").append(loss.head);
}

}  // namespace podtail
