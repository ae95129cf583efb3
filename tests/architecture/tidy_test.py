#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a reader of the sources can check: banned calls, sizes, words, leftovers.

usage: tidy_test.py ROOT | --self-test
"""

import os
import re

import tidy_samples
from cpp_functions import functions
from source_tree import Finding, is_script, main

FILE_LINES_MAX = 500
HEADER_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
WORDS_MIN = 0.40

# pattern, where it is allowed (path prefixes), what to do instead. Read on code only: comments and
# strings are blanked first.
EVERYWHERE = ()
BANNED = [
    (r"\b(system|steady|high_resolution|utc|file)_clock\b", ("engine/port/",),
     "time is an argument: take a Tick (podtail/tick.h)"),
    (r"\b(clock_gettime|gettimeofday|localtime(_r)?|gmtime(_r)?|time)\s*\(\s*(CLOCK|NULL|nullptr|0|&)",
     ("engine/port/",), "time is an argument: take a Tick (podtail/tick.h)"),
    (r"\b(f|v|vf|d|vd)?printf\s*\(|\b(puts|putchar|fputs|perror)\s*\(|\bstd::(cout|cerr|clog)\b",
     EVERYWHERE, "the library never prints: tell the Observer or return a Status"),
    (r"\bv?s(n)?printf\s*\(", EVERYWHERE, "use std::to_chars, or JsonWriter for JSON"),
    (r"\b(secure_)?getenv\s*\(", EVERYWHERE, "settings are arguments: take an option"),
    (r"\b(abort|_?exit|quick_exit|_Exit|terminate)\s*\(", EVERYWHERE,
     "the library never ends its host: return a Status, PODTAIL_DCHECK for bugs"),
    (r"\bstd::(jthread|thread|async)\b|\bpthread_create\b|\bfork\s*\(", ("engine/port/",),
     "no thread but the one in port that syncs state: be poll-shaped"),
    (r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(", ("engine/port/",),
     "return when you want to be polled next; only the runner's wait in port sleeps"),
    (r"\b(s?rand|random|drand48)\s*\(|\brandom_device\b|\bmt19937", EVERYWHERE,
     "nothing in the core is random: take a seed or a hash"),
    (r"(?<![_\w])(static_)?assert\s*\(", ("engine/base/check.h", "include/podtail/expected.h"),
     "use PODTAIL_DCHECK (engine/base/check.h)"),
    (r"\bstd::w?regex\b", EVERYWHERE, "std::regex recurses and is slow: write the scanner"),
    (r"\bmmap\s*\(", EVERYWHERE, "pread: a truncated mapping raises SIGBUS"),
    (r"\b(signal|sigaction|raise)\s*\(", EVERYWHERE, "signals belong to the program, in tools/"),
    (r"\bNULL\b", EVERYWHERE, "nullptr has a type"),
    (r"\b(strcpy|strcat|gets|strtok|alloca)\s*\(", EVERYWHERE, "use std::string and views"),
    (r"\b(setlocale|strtod|atof|atoi|atol|strtoul?l?|stoi|stoull?|stod)\s*\(", EVERYWHERE,
     "use std::from_chars: no locale, no exception"),
    (r"\b(std::(i|o)?fstream|fopen|freopen|tmpfile)\b", EVERYWHERE,
     "files belong to engine/port: openat2 and pread beneath a root"),
    (r"\bstd::(mutex|condition_variable|shared_mutex)\b", ("engine/port/", "engine/base/mailbox."),
     "one engine is one thread and has no locks"),
    (r"\bthread_local\b", EVERYWHERE, "no globals: pass the object"),
    (r"(?<!\w)throw\b(?!\s*\(\))", EVERYWHERE, "no exception crosses a border: return Expected"),
]
# static_assert is fine; the pattern above matches it only to be able to leave it out here.
BANNED_EXCEPTIONS = re.compile(r"^static_assert")

# Spelled apart, so that this file does not trip over itself.
MARKERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|TB" r"D)\b|DISABLED" r"_|GTEST" r"_SKIP\(\)(?! << \")|"
                     r"#if " r"0\b|unittest\.sk" r"ip|NOL" r"INT(NEXTLINE)?\b(?!\([^)]+\))")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(wo" r"rk|ho" r"me|ro" r"ot)/[\w.]|/tm" r"p/build|/tm" r"p/bash")


def core_and_port(tree):
    return tree.code_paths("engine", "include")


def banned_calls(tree):
    for path in core_and_port(tree):
        for number, line in enumerate(tree.code(path).split("\n"), 1):
            for pattern, allowed, remedy in BANNED:
                match = re.search(pattern, line)
                if match and not BANNED_EXCEPTIONS.match(match.group(0)) and \
                        not any(path.startswith(a) for a in allowed):
                    yield Finding(path, number, f"{match.group(0).strip()} is banned here: {remedy}")


def tests_do_not_sleep(tree):
    """A test waits for a condition, never for luck; real time is for programs."""
    for path in tree.code_paths("tests", "fuzz"):
        for number, line in enumerate(tree.code(path).split("\n"), 1):
            match = re.search(r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(", line)
            if match:
                yield Finding(path, number, f"{match.group(0).strip()}: give the code its Tick, "
                                            "or wait on a descriptor")


def file_length(tree):
    for path, text in tree.files.items():
        if not path.endswith((".cc", ".h", ".c")) and not is_script(path, text):
            continue
        limit = HEADER_LINES_MAX if path.endswith(".h") else FILE_LINES_MAX
        lines = text.count("\n")
        if lines > limit:
            yield Finding(path, limit + 1, f"{lines} lines, {limit} allowed: two concepts live "
                                           "here, give each its file")


def function_length(tree):
    for path in tree.code_paths():
        for name, begin, end in functions(tree.code(path)):
            if end - begin + 1 > FUNCTION_LINES_MAX:
                yield Finding(path, begin, f"{name} has {end - begin + 1} lines, "
                                           f"{FUNCTION_LINES_MAX} allowed: branches up, loops down")


def leftover_markers(tree):
    for path, text in tree.files.items():
        for number, line in enumerate(text.split("\n"), 1):
            match = MARKERS.search(line)
            if match:
                yield Finding(path, number, f"{match.group(0)}: do it, file an issue, or delete "
                                            "it (a lint exception names its check, a test that "
                                            "cannot run here says why)")


def machine_paths(tree):
    for path, text in tree.files.items():
        for number, line in enumerate(text.split("\n"), 1):
            match = MACHINE_PATHS.search(line)
            if match:
                yield Finding(path, number, f"{match.group(0)}...: a path of one machine; derive "
                                            "it from the source or a temporary folder")


def spdx_first(tree):
    for path, text in tree.files.items():
        if not path.endswith((".cc", ".h", ".c")) and not is_script(path, text) and \
                path not in (".clang-tidy", ".clang-format"):
            continue
        lines = text.split("\n")
        first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
        if "SPDX-License-Identifier: Apache-2.0" not in first:
            yield Finding(path, 1, "begin with the line SPDX-License-Identifier: Apache-2.0 "
                                   "(behind a #! line, if there is one)")


def guards_match(tree):
    for path in tree.code_paths():
        if not path.endswith(".h"):
            continue
        place = path[len("include/"):] if path.startswith("include/") else "podtail/" + path
        guard = re.sub(r"[^A-Z0-9]", "_", place.upper()) + "_"
        guard = guard.replace("PODTAIL_TOOLS_PODTAIL_", "PODTAIL_TOOLS_")
        text = tree.files[path]
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            yield Finding(path, 2, f"the include guard must be {guard}")


def names_in_cmake(tree, path):
    """The text of every CMakeLists.txt from the file's folder up to its top folder."""
    folder = os.path.dirname(path)
    text = tree.files.get("cmake/PodtailTest.cmake", "")
    while folder:
        text += tree.files.get(folder + "/CMakeLists.txt", "")
        folder = os.path.dirname(folder)
    return text


def dead_sources(tree):
    for path in tree.code_paths("engine", "tools", "tests", "fuzz", "bench", "examples"):
        if path.endswith(".h"):
            continue
        stem, suffix = os.path.splitext(os.path.basename(path))
        wanted = r"(?<![\w.])" + re.escape(stem + suffix) + r"(?![\w.])"
        if path.startswith("tests/compile_fail/"):
            wanted = r"(?<![\w.])" + re.escape(stem) + r"(?![\w.])"
        if re.search(wanted, names_in_cmake(tree, path)):
            continue
        yield Finding(path, 1, "no CMakeLists.txt names it: nobody builds this file; register it "
                               "or delete it")


def dead_scripts(tree):
    for path, text in tree.files.items():
        if not path.startswith("tests/") or not path.endswith(".py"):
            continue
        name = os.path.basename(path)
        cmake = names_in_cmake(tree, path)
        # A list of names may stand in CMake instead of a list of files: ${name}_test.py.
        stem = re.sub(r"_test\.py$", "", name)
        listed = "}_test.py" in cmake and re.search(r"\b" + re.escape(stem) + r"\b", cmake)
        imported = re.compile(r"^\s*(import|from)\s+(\w+\.)*" + re.escape(name[:-3]) + r"\b", re.M)
        if name in cmake or listed or any(
                imported.search(other) for where, other in tree.files.items()
                if where.endswith(".py") and where != path):
            continue
        yield Finding(path, 1, "no CMakeLists.txt runs it and no script imports it")


def dead_headers(tree):
    users = {}
    for path in tree.code_paths():
        for _, name, _ in tree.includes(path):
            users.setdefault(name, []).append(path)
    for path in tree.code_paths():
        if not path.endswith(".h"):
            continue
        name = path[len("include/"):] if path.startswith("include/") else path
        own = path[:-2] + ".cc"
        used = [p for p in users.get(name, []) + users.get(os.path.basename(path), []) if p != own]
        if not used:
            yield Finding(path, 1, "no code includes this header but its own file: use it "
                                   "or delete it")


def word_share(text):
    lines = [line for line in text.split("\n") if line.strip()]
    return sum("//" in line for line in lines) / max(1, len(lines))


def public_headers_are_words(tree):
    for path in core_and_port(tree):
        if not path.startswith("include/") or path.endswith("/export.h"):
            continue
        share = word_share(tree.files[path])
        if share < WORDS_MIN:
            yield Finding(path, 1, f"{share:.0%} of its lines carry words, {WORDS_MIN:.0%} wanted: "
                                   "say ownership, lifetime, threads, errors, units, cost")


def files_people_read_first(tree):
    for name in ("README.md", "HACKING.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"):
        if not tree.files.get(name, "").strip():
            yield Finding(name, 1, "is missing or empty")


RULES = {rule.__name__: rule for rule in (
    banned_calls, tests_do_not_sleep, file_length, function_length, leftover_markers,
    machine_paths, spdx_first, guards_match, dead_sources, dead_scripts, dead_headers,
    public_headers_are_words, files_people_read_first)}

if __name__ == "__main__":
    main("tidy", RULES, tidy_samples.SAMPLES)
