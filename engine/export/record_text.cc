// SPDX-License-Identifier: Apache-2.0
#include "podtail/record_text.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/hex.h"
#include "engine/base/json_writer.h"
#include "engine/base/utc_text.h"
#include "engine/base/utf8.h"

namespace podtail {
namespace {

std::string_view StreamName(LogStream stream) {
  return stream == LogStream::kStderr ? "stderr" : "stdout";
}

struct FlagName {
  RecordFlags flag;
  std::string_view name;
};
// "part" is told by the part's number and has no bit.
constexpr FlagName kJoined = {RecordFlags::kJoined, "joined"};
constexpr FlagName kTroubles[] = {{RecordFlags::kMalformed, "malformed"},
                                  {RecordFlags::kUnterminated, "unterminated"},
                                  {RecordFlags::kTimeClamped, "time_clamped"}};

bool Has(const LogRecord& record, RecordFlags flag) {
  return (static_cast<unsigned>(record.flags) & static_cast<unsigned>(flag)) != 0;
}

void AppendNumber(std::uint64_t number, std::string* out) {
  char text[20];
  out->append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

// Keys are literals that need no escaping: they go out as they are, with the
// quotes, colon and comma around them.
void AppendString(std::string_view key, std::string_view value, std::string* out) {
  if (value.empty()) return;
  out->append(key);
  JsonWriter(out).String(value);
}

void AppendFlagsAndPart(const LogRecord& record, std::string* out) {
  if (record.flags == RecordFlags::kNone && record.part == 0) return;
  std::string_view before = ",\"flags\":[\"";
  const auto append = [&](std::string_view name) {
    out->append(before).append(name);
    before = "\",\"";
  };
  if (Has(record, kJoined.flag)) append(kJoined.name);
  if (record.part != 0) append("part");
  for (const FlagName& trouble : kTroubles) {
    if (Has(record, trouble.flag)) append(trouble.name);
  }
  out->append("\"]");
  if (record.part == 0) return;
  out->append(",\"part\":");
  AppendNumber(record.part, out);
}

void AppendTrace(const TraceContext& trace, std::string* out) {
  if (!trace.valid()) return;
  out->append(",\"trace_id\":\"");
  AppendHex(trace.trace_id.bytes, out);
  out->push_back('"');
  if (trace.span_id.valid()) {
    out->append(",\"span_id\":\"");
    AppendHex(trace.span_id.bytes, out);
    out->push_back('"');
  }
  if (trace.flags == 0) return;
  out->append(",\"trace_flags\":");
  AppendNumber(trace.flags, out);
}

void AppendLabels(const StaticLabels& labels, std::string* out) {
  if (labels.empty()) return;
  out->append(",\"labels\":");
  JsonWriter json(out);
  json.BeginObject();
  for (const auto& [name, value] : labels) json.Member(name, std::string_view(value));
  json.EndObject();
}

// What a terminal would obey, and what is no text, as the digits of its bytes or
// of its code point; '\t' does no harm.
void AppendForPeople(std::string_view text, std::string* out) {
  std::size_t begin = 0;  // [begin, i) goes out as it is
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte >= 0x20 && byte < 0x7F) || byte == '\t') {
      ++i;
      continue;
    }
    std::size_t bad = 0;
    const std::size_t length = Utf8SequenceLength(text.substr(i), &bad);
    if (length > 1 && !IsTerminalControl(text.substr(i, length))) {
      i += length;
      continue;
    }
    out->append(text.substr(begin, i - begin));
    if (length > 1) {
      const char32_t code = Utf8CodePoint(text.substr(i, length));
      const std::uint8_t bytes[] = {static_cast<std::uint8_t>(code >> 8),
                                    static_cast<std::uint8_t>(code)};
      out->append("\\u");
      AppendHex(bytes, out);
    } else if (byte == '\n' || byte == '\r') {
      out->append(byte == '\n' ? "\\n" : "\\r");
    } else {
      out->append("\\x");
      AppendHex({&byte, 1}, out);
    }
    i += length > 1 ? length : 1;
    begin = i;
  }
  out->append(text.substr(begin));
}

std::string_view LevelName(std::uint8_t number) {
  constexpr std::string_view kNames[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
  return number == 0 || number > 24 ? "-" : kNames[(number - 1) / 4];
}

}  // namespace

void AppendRecordJson(const RecordBatch& batch, std::size_t record, const StaticLabels& labels,
                      std::string* out) {
  PODTAIL_DCHECK(record < batch.records().size());
  const LogRecord& r = batch.records()[record];
  const PodResource& resource = batch.resource();
  out->append("{\"time\":\"");
  AppendUtcText(r.time, out);
  out->append("\",\"stream\":\"").append(StreamName(r.stream)).push_back('"');
  AppendString(",\"namespace\":", resource.namespace_name, out);
  AppendString(",\"pod\":", resource.pod_name, out);
  AppendString(",\"pod_uid\":", resource.pod_uid, out);
  AppendString(",\"container\":", resource.container_name, out);
  out->append(",\"restart_count\":");
  AppendNumber(resource.restart_count, out);
  if (r.severity.number != 0) {
    out->append(",\"severity\":");
    AppendNumber(r.severity.number, out);
  }
  AppendString(",\"severity_text\":", r.severity.text, out);
  AppendTrace(r.trace, out);
  AppendFlagsAndPart(r, out);
  AppendLabels(labels, out);
  AppendString(",\"path\":", resource.log_path, out);
  out->append(",\"offset\":");
  AppendNumber(r.pieces.front().extent.begin, out);
  out->append(",\"body\":");
  JsonWriter(out).String(r.body.view());
  out->append("}\n");
}

void AppendRecordText(const RecordBatch& batch, std::size_t record, const StaticLabels& labels,
                      std::string* out) {
  PODTAIL_DCHECK(record < batch.records().size());
  const LogRecord& r = batch.records()[record];
  const PodResource& resource = batch.resource();
  AppendUtcText(r.time, out);
  char before = ' ';
  for (const std::string* name :
       {&resource.namespace_name, &resource.pod_name, &resource.container_name}) {
    out->push_back(before);
    AppendForPeople(*name, out);
    before = '/';
  }
  before = '{';
  for (const auto& [name, value] : labels) {
    out->push_back(before);
    AppendForPeople(name, out);
    out->push_back('=');
    AppendForPeople(value, out);
    before = ',';
  }
  if (!labels.empty()) out->push_back('}');
  out->append(" ").append(StreamName(r.stream)).append(" ").append(LevelName(r.severity.number));
  if (r.part != 0) {
    out->append(" [part ");
    AppendNumber(r.part, out);
    out->push_back(']');
  }
  for (const FlagName& trouble : kTroubles) {
    if (Has(r, trouble.flag)) out->append(" [").append(trouble.name).append("]");
  }
  out->push_back(' ');
  AppendForPeople(r.body.view(), out);
  out->push_back('\n');
}

}  // namespace podtail
