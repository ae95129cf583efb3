// SPDX-License-Identifier: Apache-2.0
// Property: SeverityNumberOf equals a look-up in the table of sinks.md D.3 on
// every token, in any mix of cases.
#include <cstdint>
#include <map>
#include <string>

#include "podtail/severity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::map<std::string, int> table = {
      {"trace", 1},   {"trc", 1},         {"finest", 1},        {"silly", 1},
      {"t", 1},       {"debug", 5},       {"dbg", 5},           {"finer", 5},
      {"verbose", 5}, {"d", 5},           {"fine", 6},          {"config", 7},
      {"http", 7},    {"info", 9},        {"inf", 9},           {"log", 9},
      {"i", 9},       {"information", 9}, {"informational", 9}, {"notice", 10},
      {"warn", 13},   {"warning", 13},    {"wrn", 13},          {"w", 13},
      {"error", 17},  {"err", 17},        {"eror", 17},         {"severe", 17},
      {"e", 17},      {"critical", 18},   {"crit", 18},         {"dpanic", 18},
      {"alert", 19},  {"panic", 19},      {"fatal", 21},        {"emerg", 21},
      {"f", 21},      {"emergency", 21},
  };
  if (size > 32) return 0;  // the longest word has 13 bytes
  const std::string token(reinterpret_cast<const char*>(data), size);
  std::string lower = token;
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto found = table.find(lower);
  if (podtail::SeverityNumberOf(token) != (found == table.end() ? 0 : found->second)) {
    __builtin_trap();
  }
  return 0;
}
