// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TESTS_PORT_GZIP_BYTES_H_
#define PODTAIL_TESTS_PORT_GZIP_BYTES_H_
// Real gzip bytes, made by zlib.
#include <string>
#include <string_view>

namespace podtail {

// One member. Level 0 stores, 9 packs.
std::string GzipBytes(std::string_view plain, int level = 6);

}  // namespace podtail
#endif
