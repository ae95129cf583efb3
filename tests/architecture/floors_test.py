#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Imports only go down, and siblings never meet (HACKING.md, "Floors").

usage: floors_test.py ROOT | --self-test
"""

import os
import re
import sys

from source_tree import Finding, main

FLOOR = {"base": 0, "parse": 1, "record": 2, "port": 2, "tail": 3, "enrich": 3, "checkpoint": 3,
         "export": 3, "pipeline": 4, "capi": 5, "sim": 5}

# Public header -> the folder whose subject it is; its floor follows. "vocabulary" is floor 2
# without a folder: nouns that every folder from floor 2 on may speak.
SUBJECT = {
    "base": "export expected padded_view status tick version write_progress",
    "parse": "cri_line pod_log_path severity timestamp trace_context",
    "record": "record_batch",
    "port": "log_file_system",
    "vocabulary": "checkpoint hold lane log_record loss_log observer pod_resource projection "
                  "resume_point source",
    "tail": "tailer",
    "enrich": "metadata_cache message_extractor",
    "checkpoint": "checkpoint_ledger state_directory state_reader",
    "export": "exporter http_exporters record_text",
    "pipeline": "engine runner",
    "capi": "c",
}
HEADER_FOLDER = {name: folder for folder, names in SUBJECT.items() for name in names.split()}

# One third-party library, one including file (house rule: its price is paid once, and it can be
# replaced in one place). A trailing slash means every header below.
THIRD_PARTY = {
    "xxhash.h": ["engine/base/hash.cc"],
    "zlib.h": ["engine/port/checksum.cc", "engine/port/inflater.cc", "fuzz/", "bench/",
               "engine/sim/sim_gzip.cc",
               "tests/port/gzip_bytes.cc", "tools/podtail/gen/gzip_file.cc"],
    "CLI/": ["tools/podtail/flags.cc"],
    "openssl/": ["tools/podtail/gen/sha256.cc"],
    "re2/": ["engine/enrich/pattern.cc", "fuzz/", "bench/"],
    "simdjson.h": ["engine/record/json_probe.cc"],
    "curl/": ["engine/port/curl_transport.cc"],
    "zstd.h": ["engine/export/wire/zstd_compressor.cc"],
    "snappy.h": ["engine/export/wire/snappy_compressor.cc"],
    "gtest/": ["tests/"],
    "gmock/": ["tests/"],
    "benchmark/": ["bench/"],
    "malloc.h": ["tests/tail/source_end_test.cc"],  # what is allocated, as glibc counts it
}

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfloat charconv chrono cinttypes
climits clocale cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdarg
cstddef cstdint cstdio cstdlib cstring ctime cwchar deque exception filesystem forward_list fstream
functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges
ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept
stop_token streambuf string string_view system_error thread tuple type_traits typeindex typeinfo
unordered_map unordered_set utility valarray variant vector version""".split())
# What the CPU offers, as the compiler spells it; kernels are chosen at run time in base.
INTRINSICS = {"immintrin.h", "emmintrin.h", "arm_neon.h", "cpuid.h"}
OPERATING_SYSTEM = re.compile(
    r"^(sys|linux|netinet|arpa|net|asm)/|^(unistd|fcntl|dirent|poll|signal|pthread|sched|time|"
    r"errno|limits|stdio|stdlib|string|sysexits|termios|spawn|ftw|glob|fnmatch|dlfcn|mntent|pwd)\.h$")
# Who may speak to the operating system: port's .cc files, programs, and tests.
OPERATING_SYSTEM_FOLDERS = ("tools/", "tests/", "fuzz/", "bench/", "examples/")


def engine_folder(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "engine" and len(parts) > 2 else None


def place_of(path):
    """(floor, folder) of an engine file or a public header; None for programs and tests."""
    folder = engine_folder(path)
    if folder is not None:
        return FLOOR.get(folder, 99), folder
    if path.startswith("include/podtail/"):
        folder = HEADER_FOLDER.get(os.path.basename(path)[:-2])
        return FLOOR.get(folder, 2), folder
    return None


def target_of(name):
    """The file that an include names, when it is one of ours."""
    if name.startswith("podtail/"):
        return "include/" + name
    return name if name.split("/")[0] in ("engine", "tools", "tests", "fuzz", "bench") else None


def every_place_is_known(tree):
    for path in tree.code_paths("engine", "include"):
        place = place_of(path)
        if path.startswith("engine/") and (place is None or place[0] == 99):
            yield Finding(path, 1, "a folder without a floor: add it to FLOOR in floors_test.py "
                                   "and to the floor map in HACKING.md")
        if path.startswith("include/podtail/") and place[1] is None:
            yield Finding(path, 1, "a public header without a subject: add it to SUBJECT in "
                                   "floors_test.py")


def imports_go_down(tree):
    for path in tree.code_paths("engine", "include"):
        floor, folder = place_of(path)
        for line, name, _ in tree.includes(path):
            target = target_of(name)
            if target is None:
                continue
            if path.startswith("include/") and not target.startswith("include/"):
                yield Finding(path, line, f"a public header includes {name}: embedders do not "
                                          "have it; include podtail/*.h and the standard library")
                continue
            place = place_of(target)
            if place is None:
                yield Finding(path, line, f"the engine includes {name}: move what you need into "
                                          "an engine folder on this floor or below")
                continue
            there, other = place
            if there > floor:
                yield Finding(path, line, f"floor {floor} ({folder}) includes {name} of floor "
                                          f"{there}: imports only go down; pass it in from above")
            elif there == floor and other != folder and "vocabulary" not in (folder, other):
                yield Finding(path, line, f"{folder} includes {name} of its sibling {other}: "
                                          "siblings meet in engine/pipeline only")


def programs_use_the_front_door(tree):
    for path in tree.code_paths("tools", "examples", "bench", "fuzz", "tests"):
        top = path.split("/")[0]
        for line, name, _ in tree.includes(path):
            target = target_of(name)
            if target is None or target.startswith("include/"):
                continue
            simulator = target.startswith("engine/sim/") and path == "tools/podtail/cmd_replay.cc"
            if top in ("tools", "examples") and not target.startswith(top + "/") and \
                    not simulator:
                yield Finding(path, line, f"{top}/ includes {name}: only podtail/*.h and its own "
                                          "headers; if people need it, it belongs into include/")
            elif target.startswith("engine/") and top == "tests":
                mirror = path.split("/")[1]
                other = engine_folder(target)
                if mirror in FLOOR and other != mirror and FLOOR.get(other, 99) >= FLOOR[mirror]:
                    yield Finding(path, line, f"tests/{mirror} includes {name}: a test sees its "
                                              "mirror and the floors below it")
            elif not target.startswith("engine/") and target.split("/")[0] != top and \
                    not (path.startswith("tests/tools/") and target.startswith("tools/")):
                yield Finding(path, line, f"{top}/ includes {name} of another program")


def includes_resolve(tree):
    for path in tree.code_paths():
        for line, name, _ in tree.includes(path):
            target = target_of(name)
            beside = os.path.join(os.path.dirname(path), name)
            if target is not None and target not in tree.files:
                yield Finding(path, line, f"{name} does not exist")
            elif target is None and beside in tree.files:
                yield Finding(path, line, f'{name}: name headers from the project root, '
                                          f'"{beside}", so that every rule can read it')


def includes_have_no_cycles(tree):
    graph = {path: [(line, target_of(name)) for line, name, _ in tree.includes(path)
                    if target_of(name) in tree.files] for path in tree.code_paths()}
    done, stack = set(), []

    def visit(path):
        if path in stack:
            yield stack[stack.index(path):] + [path]
            return
        if path in done:
            return
        stack.append(path)
        for _, target in graph.get(path, ()):
            yield from visit(target)
        stack.pop()
        done.add(path)

    for path in graph:
        for cycle in visit(path):
            yield Finding(cycle[0], 1, "include cycle: " + " -> ".join(cycle) +
                          "; move what both need into a third header, or forward-declare")


def one_library_one_file(tree):
    for path in tree.code_paths():
        public = path.startswith("include/")
        for line, name, system in tree.includes(path):
            if target_of(name) is not None or name in STANDARD or name in INTRINSICS:
                continue
            key = next((k for k in THIRD_PARTY if name == k or
                        (k.endswith("/") and name.startswith(k))), None)
            if key is not None:
                allowed = THIRD_PARTY[key]
                if not any(path == a or (a.endswith("/") and path.startswith(a)) for a in allowed):
                    yield Finding(path, line, f"{name} belongs to {allowed[0]} alone: ask that "
                                              "file for what you need")
            elif OPERATING_SYSTEM.match(name):
                in_port = path.startswith("engine/port/") and path.endswith(".cc")
                if not in_port and not path.startswith(OPERATING_SYSTEM_FOLDERS):
                    yield Finding(path, line, f"{name}: only engine/port/*.cc and programs speak "
                                              "to the operating system (C headers: use <cname>)")
            elif system or public:
                yield Finding(path, line, f"{name}: unknown library; name the one file that may "
                                          "include it in THIRD_PARTY of floors_test.py")


RULES = {rule.__name__: rule for rule in (
    every_place_is_known, imports_go_down, programs_use_the_front_door, includes_resolve,
    includes_have_no_cycles, one_library_one_file)}



SAMPLES = {
    "every_place_is_known": [
        ({"engine/attic/a.cc": ""}, "folder without a floor"),
        ({"include/podtail/unheard_of.h": ""}, "without a subject"),
        ({"engine/base/hex.h": "", "include/podtail/tick.h": ""}, None)],
    "imports_go_down": [
        ({"engine/base/a.cc": '#include "engine/parse/b.h"\n'}, "imports only go down"),
        ({"engine/tail/a.cc": '#include "engine/enrich/b.h"\n'}, "sibling"),
        ({"engine/tail/a.cc": '#include "podtail/checkpoint_ledger.h"\n'}, "sibling"),
        ({"engine/record/a.cc": '#include "engine/port/b.h"\n'}, "sibling"),
        ({"engine/parse/a.cc": '#include "podtail/source.h"\n'}, "imports only go down"),
        ({"include/podtail/tick.h": '#include "podtail/engine.h"\n'}, "imports only go down"),
        ({"include/podtail/tick.h": '#include "engine/base/hex.h"\n'}, "public header includes"),
        ({"engine/tail/a.cc": '#include "tools/podtail/flags.h"\n'}, "engine includes"),
        ({"engine/pipeline/a.cc": '#include "engine/tail/b.h"\n#include "engine/export/c.h"\n',
          "engine/port/d.cc": '#include "podtail/checkpoint.h"\n',
          "engine/tail/e.cc": '#include "podtail/log_file_system.h"\n'}, None)],
    "programs_use_the_front_door": [
        ({"tools/podtail/a.cc": '#include "engine/base/hex.h"\n'}, "only podtail/*.h"),
        ({"examples/a.cc": '#include "tools/podtail/b.h"\n'}, "only podtail/*.h"),
        ({"tests/parse/a_test.cc": '#include "engine/tail/b.h"\n'}, "sees its mirror"),
        ({"bench/a.cc": '#include "tools/podtail/b.h"\n'}, "another program"),
        ({"tests/tools/a_test.cc": '#include "tools/podtail/b.h"\n',
          "tests/tail/a_test.cc": '#include "engine/base/hex.h"\n#include "engine/tail/b.h"\n',
          "tools/podtail/c.cc": '#include "tools/podtail/c.h"\n'}, None)],
    "includes_resolve": [
        ({"engine/base/a.cc": '#include "engine/base/gone.h"\n'}, "does not exist"),
        ({"engine/base/a.cc": '#include "a.h"\n', "engine/base/a.h": ""}, "project root"),
        ({"engine/base/a.cc": '#include "engine/base/a.h"\n', "engine/base/a.h": ""}, None)],
    "includes_have_no_cycles": [
        ({"engine/base/a.h": '#include "engine/base/b.h"\n',
          "engine/base/b.h": '#include "engine/base/a.h"\n'}, "include cycle"),
        ({"engine/base/a.h": '#include "engine/base/b.h"\n', "engine/base/b.h": ""}, None)],
    "one_library_one_file": [
        ({"engine/tail/a.cc": "#include <xxhash.h>\n"}, "belongs to engine/base/hash.cc"),
        ({"engine/parse/a_test.cc": "#include <gtest/gtest.h>\n"}, "belongs to tests/"),
        ({"engine/tail/a.cc": "#include <sys/stat.h>\n"}, "operating system"),
        ({"engine/port/a.h": "#include <fcntl.h>\n"}, "operating system"),
        ({"engine/tail/a.cc": "#include <boost/any.hpp>\n"}, "unknown library"),
        ({"engine/base/hash.cc": "#include <xxhash.h>\n#include <vector>\n",
          "engine/port/b.cc": "#include <fcntl.h>\n"}, None)],
}

if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    main("floors", RULES, SAMPLES)
