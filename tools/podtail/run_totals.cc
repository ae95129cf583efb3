// SPDX-License-Identifier: Apache-2.0
#include "tools/podtail/run_totals.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace podtail {
namespace {

struct Key {
  std::string_view name;
  std::uint64_t EngineCounters::*member;
};

constexpr std::array<Key, 11> kKeys = {{
    {"files", &EngineCounters::files_opened},
    {"bytes_read", &EngineCounters::bytes_read},
    {"lines_read", &EngineCounters::lines_read},
    {"records", &EngineCounters::records},
    {"records_delivered", &EngineCounters::records_delivered},
    {"records_refused", &EngineCounters::records_refused},
    {"malformed_lines", &EngineCounters::malformed_lines},
    {"gaps", &EngineCounters::gaps},
    {"gap_bytes", &EngineCounters::gap_bytes},
    {"waiting_bytes", &EngineCounters::waiting_bytes},
    {"retries", &EngineCounters::retries},
}};

}  // namespace

void AddCounters(const EngineCounters& more, EngineCounters* sum) {
  for (const Key& key : kKeys) sum->*key.member += more.*key.member;
}

std::string TotalsLine(const EngineCounters& counters, Duration elapsed) {
  std::string line = "{\"event\":\"totals\"";
  for (const Key& key : kKeys) {
    line.append(",\"").append(key.name).append("\":");
    line.append(std::to_string(counters.*key.member));
  }
  std::array<char, 32> seconds;
  std::snprintf(seconds.data(), seconds.size(), "%.3f",
                std::chrono::duration<double>(elapsed).count());
  return line.append(",\"seconds\":").append(seconds.data()).append("}\n");
}

}  // namespace podtail
