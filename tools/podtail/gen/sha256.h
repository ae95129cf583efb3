// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_GEN_SHA256_H_
#define PODTAIL_TOOLS_GEN_SHA256_H_
// SHA-256 of bytes that come in pieces. Movable; not thread-safe.
#include <memory>
#include <string>
#include <string_view>

namespace podtail::gen {

class Sha256 {
 public:
  Sha256();
  void Add(std::string_view bytes);
  // 64 lowercase hex digits. Nothing may be added afterwards.
  std::string Finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;  // of the library
};

}  // namespace podtail::gen
#endif
