#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs examples/ as an embedder would: against an installed podtail (find_package) or
with its source folder (add_subdirectory). The output of each program is checked to the byte.

usage: install_test.py installed|subdirectory --source=DIR --build=DIR --cmake=... --generator=...
       --compiler=... --sanitize=...
"""

import argparse
import os
import subprocess
import sys
import tempfile

LINES_MAX = 30
PROGRAMS = ("parse_lines", "tail_with_acks", "own_exporter")
UID = "6ce9f6b2-9b5c-4d0e-8d4a-0f0a5a1d1c11"
INSTANCE = f"default_web-0_{UID}/app"
LOG = """\
2026-11-22T10:00:00.000000001Z stdout F first
2026-11-22T10:00:00.000000002Z stderr F second
2026-11-22T10:00:00.000000003Z stdout P thi
2026-11-22T10:00:00.000000004Z stdout F rd
"""
MORE = "2026-11-22T10:00:01.000000000Z stdout F fourth\n"


class Failure(Exception):
    pass


def run(command, stdin=None):
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=600,
                              check=False)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{' '.join(command)}: does not end\n{late.stdout}") from late
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-6000:]}\n"
                      f"{done.stderr[-6000:]}")
    return done.stdout


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: found {found!r}, wanted {wanted!r}")
    print(f"ok   {what}")


def build(args, scratch):
    """Returns the folder with the three programs."""
    binary = os.path.join(scratch, "build")
    # Nobody debugs these: without -g they are compiled faster.
    configure = [args.cmake, "-G", args.generator, "-B", binary, "-D", "CMAKE_BUILD_TYPE=Debug",
                 "-D", "CMAKE_CXX_FLAGS_DEBUG=-O0", "-D", f"CMAKE_CXX_COMPILER={args.compiler}"]
    if args.way == "installed":
        prefix = os.path.join(scratch, "prefix")
        run([args.cmake, "--install", args.build, "--prefix", prefix])
        run([*configure, "-S", os.path.join(args.source, "examples"), "-D",
             f"CMAKE_PREFIX_PATH={prefix}", "-D", "CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"])
        programs = binary
        check_prefix(prefix)
    else:
        run([*configure, "-S", os.path.join(args.source, "tests/install/subdirectory"), "-D",
             f"PODTAIL_SOURCE={args.source}"])
        programs = os.path.join(binary, "examples")
    run([args.cmake, "--build", binary, "--parallel", str(os.cpu_count() or 1), "--target", *PROGRAMS])
    return programs


def check_prefix(prefix):
    """What is installed names no folder of this build, and holds nothing private."""
    for folder, _, names in os.walk(prefix):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".cmake"):
                with open(path, encoding="utf-8") as stream:
                    text = stream.read()
                for private in ("podtail_flags", "/build/", "engine/"):
                    if private in text:
                        raise Failure(f"{name} names {private}: embedders do not have it")
            if name.endswith(".h") and os.path.basename(folder) != "podtail":
                raise Failure(f"{path} is installed: only include/podtail is public")
    print("ok   the prefix holds public headers and relocatable package files")


def check_programs(programs, scratch):
    bad_and_good = "no log line\n" + LOG
    expect(run([f"{programs}/parse_lines"], bad_and_good),
           "stdout first\nstderr second\nstdout thi\nstdout rd\n1 bad lines\n", "parse_lines")

    root, state = os.path.join(scratch, "pods"), os.path.join(scratch, "state")
    log = os.path.join(root, INSTANCE, "0.log")
    os.makedirs(os.path.dirname(log))
    write(log, LOG)
    expect(run([f"{programs}/own_exporter", root]),
           "web-0 first\nweb-0 second\nweb-0 third\n", "own_exporter: joined, delivered, idle")
    tail = [f"{programs}/tail_with_acks", root, state]
    expect(run(tail), LOG, "tail_with_acks: every line")
    expect(run(tail), "", "tail_with_acks, again: nothing new")
    write(log, MORE)
    expect(run(tail), MORE, "tail_with_acks, appended: only that")


def write(path, text):
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(text)


def check_lengths(source):
    for name in PROGRAMS:
        with open(f"{source}/examples/{name}.cc", encoding="utf-8") as stream:
            lines = len(stream.readlines())
        if lines > LINES_MAX:
            raise Failure(f"examples/{name}.cc:{LINES_MAX + 1}: {lines} lines, {LINES_MAX} allowed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=("installed", "subdirectory"))
    for name in ("source", "build", "cmake", "generator", "compiler"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--sanitize", default="")
    args = parser.parse_args()
    if args.sanitize:
        print(f"did not run: archives built with {args.sanitize} are not for embedders")
        return 77
    try:
        check_lengths(args.source)
        with tempfile.TemporaryDirectory() as scratch:
            check_programs(build(args, scratch), scratch)
    except Failure as failure:
        print(f"FAIL {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
