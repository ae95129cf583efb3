# SPDX-License-Identifier: Apache-2.0
"""Bad samples that each rule of tidy_test.py must flag, and good ones that it must not."""

_SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
_LONG_BODY = "  x();\n" * 80


def _banned(line, path="engine/tail/a.cc"):
    return {path: line + "\n"}


SAMPLES = {
    "banned_calls": [
        (_banned("auto t = std::chrono::system_clock::now();"), "take a Tick"),
        (_banned("clock_gettime(CLOCK_MONOTONIC, &t);"), "take a Tick"),
        (_banned("auto t = time(nullptr);"), "take a Tick"),
        (_banned('printf("x");'), "never prints"),
        (_banned('std::fprintf(stderr, "x");'), "never prints"),
        (_banned("std::cerr << 1;"), "never prints"),
        (_banned('snprintf(b, 3, "x");'), "to_chars"),
        (_banned('std::getenv("HOME");'), "take an option"),
        (_banned("std::abort();"), "never ends its host"),
        (_banned("exit(1);"), "never ends its host"),
        (_banned("std::jthread t(f);"), "poll-shaped"),
        (_banned("f(NULL);"), "has a type"),
        (_banned("std::this_thread::sleep_for(d);"), "polled next"),
        (_banned("int x = rand();"), "seed"),
        (_banned("assert(x);"), "PODTAIL_DCHECK"),
        (_banned("std::regex r;"), "scanner"),
        (_banned("void* p = mmap(0, 1, 2, 3, 4, 5);", "engine/port/a.cc"), "SIGBUS"),
        (_banned("std::signal(1, f);"), "tools/"),
        (_banned("int n = atoi(s);"), "from_chars"),
        (_banned("std::ofstream out(path);"), "engine/port"),
        (_banned("std::mutex m;"), "no locks"),
        (_banned("thread_local int x;"), "no globals"),
        (_banned("throw 1;"), "return Expected"),
        ({"engine/port/a.cc": "std::jthread t(f);\nclock_gettime(CLOCK_REALTIME, &t);\n",
          "engine/base/check.h": "#define PODTAIL_DCHECK(c) assert(c)\n",
          "engine/base/b.cc": '// printf("x") and rand()\nconst char* k = "abort()";\n'
                              "static_assert(sizeof(int) == 4);\nbool HasExit(int x);\n",
          "tools/podtail/c.cc": 'std::printf("x");\n'}, None)],
    "tests_do_not_sleep": [
        ({"tests/tail/a_test.cc": "usleep(100);\n"}, "Tick"),
        ({"tests/tail/a_test.cc": "poll(&p, 1, 100);\n"}, None)],
    "file_length": [
        ({"engine/base/a.cc": "\n" * 501}, "500 allowed"),
        ({"engine/base/a.h": "\n" * 201}, "200 allowed"),
        ({"tools/setup": "#!/bin/sh\n" + "\n" * 501}, "500 allowed"),
        ({"engine/base/a.cc": "\n" * 500, "README.md": "\n" * 900}, None)],
    "function_length": [
        ({"engine/base/a.cc": "namespace podtail {\nint F(int a,\n      int b) {\n" + _LONG_BODY +
          "}\n}\n"}, "F has 83 lines"),
        ({"engine/base/a.cc": "A::A() : b_{1}, c_(2) {\n" + _LONG_BODY + "}\n"}, "A::A has 82"),
        ({"engine/base/a.h": "class [[nodiscard]] A {\n  int G() const noexcept {\n" + _LONG_BODY +
          "  }\n};\n"}, "G has 82 lines"),
        ({"tests/base/a_test.cc": "TEST(Sum, AddsWhenAsked) {\n" + _LONG_BODY + "}\n"},
         "TEST(Sum, AddsWhenAsked) has 82"),
        ({"engine/base/a.cc": "const int kTable[] = {\n" + "  1,\n" * 90 + "};\n"
          "struct B {\n" + "  int x = 0;\n" * 90 + "};\n"
          "const auto kCases = std::to_array<Case>({\n" + "  {1, f(2)},\n" * 90 + "});\n"
          "namespace {\nint F() {\n  return 1;\n}\n}\n"}, None)],
    "leftover_markers": [
        ({"engine/base/a.cc": "// TO" "DO: later\n"}, "do it"),
        ({"tests/base/a_test.cc": "TEST(A, DISABLED" "_B) {}\n"}, "do it"),
        ({"tests/base/a_test.cc": "GTEST" "_SKIP();\n"}, "do it"),
        ({"engine/base/a.cc": "#if " "0\n"}, "do it"),
        ({"engine/base/a.cc": "int x;  // NOL" "INT\n"}, "names its check"),
        ({"engine/base/a.cc": 'int x;  // NOLINT(bugprone-x): because\nauto k = "XXXXXX";\n',
          "tests/base/a_test.cc": 'if (!root) GTEST' '_SKIP() << "takes root";\n'},
         None)],
    "machine_paths": [
        ({"tools/test": "cd /wo" "rk/main\n"}, "one machine"),
        ({"engine/base/a.cc": "// see /ho" "me/me\n"}, "one machine"),
        ({"tools/test": "cd \"$(mktemp -d)\"\n", "a.md": "../shared/golden, DIR/work/x\n"}, None)],
    "spdx_first": [
        ({"engine/base/a.cc": "#include <vector>\n"}, "SPDX"),
        ({"tools/setup": "#!/bin/bash\nset -e\n"}, "SPDX"),
        ({"engine/base/a.cc": _SPDX, "tools/setup": "#!/bin/bash\n#" + _SPDX[2:],
          "README.md": "# podtail\n"}, None)],
    "guards_match": [
        ({"engine/base/a.h": "#ifndef A_H\n#define A_H\n#endif\n"}, "PODTAIL_ENGINE_BASE_A_H_"),
        ({"include/podtail/a.h": "#pragma once\n"}, "PODTAIL_A_H_"),
        ({"include/podtail/a.h": "#ifndef PODTAIL_A_H_\n#define PODTAIL_A_H_\n#endif\n"}, None)],
    "dead_sources": [
        ({"engine/base/a.cc": "", "engine/base/CMakeLists.txt": "podtail_floor(base SOURCES aa.cc)"},
         "nobody builds"),
        ({"tests/base/a_test.cc": ""}, "nobody builds"),
        ({"engine/base/a.cc": "", "engine/base/CMakeLists.txt": "podtail_floor(base SOURCES a.cc)",
          "fuzz/x_fuzz.cc": "", "fuzz/CMakeLists.txt": "podtail_fuzzer(x SOURCES x_fuzz.cc)"}, None)],
    "dead_scripts": [
        ({"tests/e2e/a.py": "", "tests/e2e/CMakeLists.txt": "podtail_script_test(b COMMAND b.py)"},
         "no CMakeLists.txt runs it"),
        ({"tests/e2e/a_test.py": "", "tests/e2e/CMakeLists.txt":
          "function(one name)\nadd_test(${name}_test.py)\none(b)\n"}, "no CMakeLists.txt runs it"),
        ({"tests/e2e/c_test.py": "", "tests/e2e/CMakeLists.txt":
          "function(one name)\nadd_test(${name}_test.py)\none(c)\n"}, None),
        ({"tests/e2e/a.py": "import b\n", "tests/e2e/b.py": "",
          "tests/e2e/CMakeLists.txt": "add_test(a.py)"}, None)],
    "dead_headers": [
        ({"engine/base/a.h": "", "engine/base/a.cc": '#include "engine/base/a.h"\n'}, "no code includes"),
        ({"include/podtail/a.h": ""}, "no code includes"),
        ({"engine/base/a.h": "", "engine/tail/b.cc": '#include "engine/base/a.h"\n'}, None)],
    "public_headers_are_words": [
        ({"include/podtail/a.h": _SPDX + "int F();\nint G();\nint H();\n"}, "25% of its lines"),
        ({"include/podtail/a.h": _SPDX + "// F is H.\nint F();\nint G();  // or H\n"}, None)],
    "files_people_read_first": [
        ({"README.md": "# podtail\n"}, "missing or empty"),
        ({name: "words\n" for name in ("README.md", "HACKING.md", "CONTRIBUTING.md",
                                       "CHANGELOG.md", "LICENSE")}, None)],
}
