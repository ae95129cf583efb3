// SPDX-License-Identifier: Apache-2.0
// A folder's tests are one binary; ctest asks it for a file at a time:
//
//   tests_tail --file=parked_test.cc [--gtest_filter=...]
//
// A file without tests is a mistake in CMakeLists.txt, and fails. Exit status 77: none of them
// could run on this machine.
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view kFileFlag = "--file=";

// The tests of the other files, as a filter takes them. Empty: `name` has none itself.
std::string OtherTests(std::string_view name) {
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  std::string others;
  bool found = false;
  for (int s = 0; s < all.total_test_suite_count(); ++s) {
    const testing::TestSuite& suite = *all.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t) {
      const testing::TestInfo& test = *suite.GetTestInfo(t);
      const std::string_view file = test.file();
      if (file.substr(file.rfind('/') + 1) == name) {
        found = true;
      } else {
        others += std::string(":") + suite.name() + "." + test.name();
      }
    }
  }
  return found ? others + ":" : "";
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with(kFileFlag)) {
      std::cerr << "unknown argument " << word << "\n";
      return 2;
    }
    const std::string others = OtherTests(word.substr(kFileFlag.size()));
    if (others.empty()) {
      std::cerr << "no test is in " << word.substr(kFileFlag.size()) << "\n";
      return 2;
    }
    std::string filter = GTEST_FLAG_GET(filter);
    filter += (filter.find('-') == std::string::npos ? "-" : "") + others;
    GTEST_FLAG_SET(filter, filter);
  }
  const int status = RUN_ALL_TESTS();
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  const bool none_ran = all.skipped_test_count() > 0 && all.successful_test_count() == 0;
  return status == 0 && none_ran ? 77 : status;
}
