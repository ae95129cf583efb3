// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_GZIP_H_
#define PODTAIL_ENGINE_SIM_SIM_GZIP_H_
#include <string>
#include <string_view>

namespace podtail {

// One gzip member with these bytes.
std::string SimGzip(std::string_view bytes);
// What a reader gets out of it, however little there is.
std::string SimGunzip(std::string_view packed);

}  // namespace podtail
#endif
