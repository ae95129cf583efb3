#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mistake that must not compile, proved from both sides.

The file compiles as it is, and does not with -DPODTAIL_MISTAKE; the refusal must be for the reason
in its line "// refused: REGEX", or a typo would count as proof.

usage: compile_twice.py COMPILER INCLUDE_DIR FILE
"""

import re
import subprocess
import sys

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers",
         "-fsyntax-only"]


def compile_file(compiler, include_dir, path, *more):
    return subprocess.run([compiler, *FLAGS, "-I", include_dir, *more, path],
                          capture_output=True, text=True, check=False)


def main():
    compiler, include_dir, path = sys.argv[1:]
    with open(path, encoding="utf-8") as stream:
        reason = re.search(r"^// refused: (.+)$", stream.read(), re.MULTILINE).group(1)
    good = compile_file(compiler, include_dir, path)
    if good.returncode != 0:
        print(f"{path}: must compile without PODTAIL_MISTAKE, but:\n{good.stderr}")
        return 1
    bad = compile_file(compiler, include_dir, path, "-DPODTAIL_MISTAKE")
    if bad.returncode == 0:
        print(f"{path}: compiles with PODTAIL_MISTAKE; the mistake is possible again")
        return 1
    if not re.search(reason, bad.stderr):
        print(f"{path}: refused, but not for the reason '{reason}':\n{bad.stderr}")
        return 1
    print(f"{path}: compiles, and with the mistake is refused: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
