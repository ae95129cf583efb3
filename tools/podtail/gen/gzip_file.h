// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_GZIP_FILE_H_
#define PODTAIL_TOOLS_GEN_GZIP_FILE_H_
#include <string>

#include "podtail/status.h"

namespace podtail::gen {

// Writes `from` compressed to `to`, one gzip member, with the mode of `from`.
// The same input gives the same bytes: no name and no time in the header.
[[nodiscard]] Status GzipFile(const std::string& from, const std::string& to);

}  // namespace podtail::gen
#endif
