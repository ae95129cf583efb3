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

// The tests that are in the file `name`, or all others, as a filter takes them.
std::string Tests(std::string_view name, bool others) {
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  std::string tests;
  for (int s = 0; s < all.total_test_suite_count(); ++s) {
    const testing::TestSuite& suite = *all.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t) {
      const testing::TestInfo& test = *suite.GetTestInfo(t);
      const std::string_view file = test.file();
      const bool other = file.substr(file.rfind('/') + 1) != name;
      if (other == others) tests += std::string(suite.name()) + "." + test.name() + ":";
    }
  }
  return tests;
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
    const std::string_view name = word.substr(kFileFlag.size());
    std::string filter = Tests(name, false);
    if (filter.empty()) {
      std::cerr << "no test is in " << name << "\n";
      return 2;
    }
    const std::string given = GTEST_FLAG_GET(filter);
    if (given != "*") {
      filter = given + (given.find('-') == std::string::npos ? "-" : ":") + Tests(name, true);
    }
    GTEST_FLAG_SET(filter, filter);
  }
  const int status = RUN_ALL_TESTS();
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  const bool none_ran = all.skipped_test_count() > 0 && all.successful_test_count() == 0;
  return status == 0 && none_ran ? 77 : status;
}
