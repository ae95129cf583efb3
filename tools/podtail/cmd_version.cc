// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "tools/podtail/commands.h"
#include "tools/podtail/flags.h"

namespace podtail {
namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

}  // namespace

int CmdVersion(int argc, char** argv) {
  Flags flags("version", "print the version, the compiler and the build type");
  if (const std::optional<int> status = flags.Parse(argc, argv)) return *status;
  std::printf("podtail %s (%s, %s)\n", PODTAIL_VERSION, kCompiler, PODTAIL_BUILD_TYPE);
  return kExitOk;
}

}  // namespace podtail
