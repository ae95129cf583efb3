#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, and twice, without a warning.

Public headers on g++ and on the oldest clang that podtail supports (the two disagree about
visibility, attributes and designated initialisers); engine headers on g++. An engine header that
its own source includes first is compiled alone there, when install_subdirectory compiles the sources
of every floor one by one; that it can be included twice is its guard's (guards_match).

usage: header_alone.py ROOT | --self-test
"""

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

from source_tree import Tree

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
         "-Wno-missing-field-initializers", "-fsyntax-only", "-x", "c++"]
COMPILERS = {"g++": ("include", "engine"), "clang++-14": ("include",)}


def shown_by_its_source(tree, header):
    """A header of a floor whose own source begins with it."""
    source = header[:-len(".h")] + ".cc"
    if not header.startswith("engine/") or header.startswith("engine/sim/") or source not in tree.files:
        return False
    return next((name for _, name, _ in tree.includes(source)), None) == header


def compile_twice(job):
    compiler, root, header, scratch = job
    name = header[len("include/"):] if header.startswith("include/") else header
    unit = os.path.join(scratch, f"{compiler}-{name.replace('/', '-')}.cc")
    with open(unit, "w", encoding="utf-8") as stream:
        stream.write(f'#include "{name}"\n#include "{name}"\n')
    done = subprocess.run([compiler, *FLAGS, "-I", os.path.join(root, "include"), "-I", root, unit],
                          capture_output=True, text=True, check=False)
    return compiler, header, done.returncode, done.stderr


def check(root, headers):
    """Returns the failures; one job per core, for a compiler is one process."""
    with tempfile.TemporaryDirectory() as scratch:
        jobs = [(c, root, h, scratch) for c, tops in COMPILERS.items()
                for h in headers if h.split("/")[0] in tops]
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            results = list(pool.map(compile_twice, jobs))
    failures = [r for r in results if r[2] != 0]
    for compiler, header, _, message in failures:
        print(f"FAIL {header}:1: does not compile alone on {compiler}: include what it uses\n"
              f"{message}")
    print(f"headers alone: {len(results)} compilations, {len(failures)} failures")
    return failures


def self_test():
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, "include/podtail"))
        bad = {"needs_a_friend": "std::string Name();\n",
               "no_guard": "struct Twice {};\n",
               "narrows": "#pragma once\ninline char F(int x) { return x; }\n"}
        for name, text in bad.items():
            with open(f"{root}/include/podtail/{name}.h", "w", encoding="utf-8") as stream:
                stream.write(text)
        with open(f"{root}/include/podtail/good.h", "w", encoding="utf-8") as stream:
            stream.write("#pragma once\n#include <string>\ninline std::string F() { return {}; }\n")
        failures = check(root, [f"include/podtail/{name}.h" for name in [*bad, "good"]])
        wanted = {(c, f"include/podtail/{name}.h") for c in COMPILERS for name in bad}
        print(f"self-test: {len(failures)} of {len(wanted)} bad headers flagged")
        return 0 if {f[:2] for f in failures} == wanted else 1


def main():
    missing = [c for c in COMPILERS if shutil.which(c) is None]
    if missing:
        print(f"did not run: {', '.join(missing)} is not installed (tools/setup installs it)")
        return 77
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = sys.argv[1]
    tree = Tree.read(root)
    return 1 if check(root, [p for p in tree.code_paths("include", "engine")
                             if p.endswith(".h") and not shown_by_its_source(tree, p)]) else 0


if __name__ == "__main__":
    sys.exit(main())
