// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpoint/loss_line.h"

#include <span>

#include "engine/base/hex.h"
#include "engine/base/json_writer.h"
#include "engine/base/utc_text.h"
#include "podtail/log_record.h"

namespace podtail {
namespace {

std::string TimeText(Timestamp time) {
  std::string text;
  AppendUtcText(time, &text);
  return text;
}

template <class Bytes>
std::string HexText(const Bytes& bytes) {
  std::string text;
  AppendHex(bytes, &text);
  return text;
}

void ExactText(std::string_view name, std::string_view value, JsonWriter* json) {
  json->Key(name);
  if (json->String(value) == 0) return;
  const auto* data = reinterpret_cast<const std::uint8_t*>(value.data());
  json->Member(std::string(name) + "_hex", HexText(std::span(data, value.size())));
}

void AppendFlags(RecordFlags flags, JsonWriter* json) {
  struct Name {
    RecordFlags flag;
    std::string_view name;
  };
  constexpr Name kNames[] = {{RecordFlags::kJoined, "joined"},
                             {RecordFlags::kMalformed, "malformed"},
                             {RecordFlags::kUnterminated, "unterminated"},
                             {RecordFlags::kTimeClamped, "time_clamped"}};
  json->Key("flags");
  json->BeginArray();
  for (const Name& name : kNames) {
    if ((static_cast<unsigned>(flags) & static_cast<unsigned>(name.flag)) != 0) {
      json->String(name.name);
    }
  }
  json->EndArray();
}

void AppendRecord(const LogRecord& record, JsonWriter* json) {
  json->Key("record");
  json->BeginObject();
  json->Member("time", TimeText(record.time));
  json->Member("stream", record.stream == LogStream::kStdout ? "stdout" : "stderr");
  if (record.flags != RecordFlags::kNone) AppendFlags(record.flags, json);
  if (record.part != 0) json->Member("part", record.part);
  if (record.severity.number != 0) {
    json->Member("severity", record.severity.number);
    json->Member("severity_text", record.severity.text);
  }
  if (record.trace.trace_id.valid()) {
    json->Member("trace_id", HexText(record.trace.trace_id.bytes));
    if (record.trace.span_id.valid()) {
      json->Member("span_id", HexText(record.trace.span_id.bytes));
    }
    json->Member("trace_flags", record.trace.flags);
  }
  ExactText("body", record.body.view(), json);
  json->EndObject();
}

}  // namespace

std::string_view LossReasonName(LossReason reason) noexcept {
  switch (reason) {
    case LossReason::kTruncated:
      return "truncated";
    case LossReason::kUnpinned:
      return "unpinned";
    case LossReason::kUnreadable:
      return "unreadable";
    case LossReason::kNulRun:
      return "nul_run";
    case LossReason::kOverflow:
      return "overflow";
    case LossReason::kRefused:
      return "refused";
    case LossReason::kTooOld:
      return "too_old";
    case LossReason::kTooLarge:
      return "too_large";
    case LossReason::kPoison:
      return "poison";
  }
  return "unknown";
}

void AppendLossLine(const LossEntry& entry, std::string* out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Member("time", TimeText(entry.time));
  json.Member("reason", LossReasonName(entry.reason));
  ExactText("path", entry.path, &json);
  json.Member("inode", entry.file.inode);
  json.Member("born", TimeText(entry.file.birth_time));
  json.Member("handle", entry.file.handle_generation);
  json.Member("head", HexText(entry.file.head.hash) + ':' + std::to_string(entry.file.head.bytes));
  json.Member("begin", entry.extent.begin);
  json.Member("end", entry.extent.end);
  json.Member("bytes", entry.bytes);
  if (!entry.detail.empty()) json.Member("detail", entry.detail);
  if (entry.record != nullptr) AppendRecord(*entry.record, &json);
  json.EndObject();
  out->push_back('\n');
}

}  // namespace podtail
