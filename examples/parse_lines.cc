// SPDX-License-Identifier: Apache-2.0
// Parsers alone: container log lines on stdin, stream and message on stdout. Links podtail::parse.
#include <iostream>
#include <string>

#include "podtail/cri_line.h"

int main() {
  int bad = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const auto cri = podtail::ParseCriLine(line);  // a view into `line`, or which field is wrong
    if (!cri) {
      ++bad;
      continue;
    }
    const bool out = cri->stream == podtail::LogStream::kStdout;
    std::cout << (out ? "stdout " : "stderr ") << cri->message << '\n';
  }
  std::cout << bad << " bad lines\n";
}
