// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/gen/manifest.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "tools/podtail/run_text.h"

namespace podtail::gen {
namespace {

void AppendKey(std::string_view key, std::string* out) {
  if (out->back() != '{' && out->back() != '\n') out->push_back(',');
  AppendJsonString(key, out);
  out->push_back(':');
}

void AppendMember(std::string_view key, std::string_view value, std::string* out) {
  AppendKey(key, out);
  AppendJsonString(value, out);
}

void AppendMember(std::string_view key, std::uint64_t value, std::string* out) {
  AppendKey(key, out);
  out->append(std::to_string(value));
}

void AppendStream(std::string_view name, const StreamSummary& stream, std::string* out) {
  AppendKey(name, out);
  out->push_back('{');
  AppendMember("records", stream.records, out);
  AppendMember("sha256", stream.sha256, out);
  if (stream.dangling_fragments > 0) {
    AppendMember("dangling_fragments", stream.dangling_fragments, out);
    AppendMember("dangling_bytes", stream.dangling_bytes, out);
  }
  out->push_back('}');
}

void AppendInstance(const InstanceSummary& instance, std::string* out) {
  out->push_back('{');
  AppendMember("namespace", instance.name_space, out);
  AppendMember("pod", instance.pod, out);
  AppendMember("pod_uid", instance.pod_uid, out);
  AppendMember("container", instance.container, out);
  AppendMember("restart_count", instance.restart_count, out);
  AppendKey("files", out);
  out->push_back('[');
  for (const std::string& file : instance.files) {
    if (out->back() != '[') out->push_back(',');
    AppendJsonString(file, out);
  }
  out->push_back(']');
  AppendKey("streams", out);
  out->push_back('{');
  AppendStream("stdout", instance.streams[0], out);
  AppendStream("stderr", instance.streams[1], out);
  out->append("}}");
}

}  // namespace

std::string Manifest::ToJson() const {
  std::string out = "{\"instances\":[";
  for (const InstanceSummary& instance : instances) {
    out.append(&instance == instances.data() ? "\n" : ",\n");
    AppendInstance(instance, &out);
  }
  out.append("],\n");
  AppendMember("bytes", totals.bytes, &out);
  AppendMember("lines", totals.lines, &out);
  AppendMember("records", totals.records, &out);
  AppendMember("rotations", totals.rotations, &out);
  AppendKey("seconds", &out);
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3f", seconds);
  out.append(text.data()).append("}\n");
  return out;
}

}  // namespace podtail::gen
