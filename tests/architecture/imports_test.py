#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the core asks of the world, read from its object code.

Sources can hide a call behind a macro or a template; the linker cannot. The undefined symbols of
the core archives must be defined by the core itself, by engine/port, or stand in
allowed_imports.txt; no entry there may be a clock, file, thread, socket or random number. Nor may
the core hold writable data: a global is a singleton.

usage: imports_test.py ALLOWED --core A.a ... --port B.a ... | --self-test
"""

import argparse
import re
import shutil
import subprocess
import sys

# No allow-list entry may match one of these.
DENIED = """
clock_gettime gettimeofday time nanosleep usleep sleep localtime_r gmtime_r
std::chrono::_V2::system_clock::now() std::chrono::_V2::steady_clock::now()
open openat openat64 open64 openat2 read pread pread64 write pwrite fopen fread fwrite fdopen stat
fstat lstat statx rename unlink mkdir opendir readdir fsync fdatasync ftruncate mmap munmap ioctl
fcntl syscall close dup pipe
pthread_create pthread_mutex_lock pthread_cond_wait fork clone execve
socket connect send recv poll epoll_wait select getaddrinfo eventfd inotify_init1 signal sigaction
rand random getrandom getentropy drand48 std::random_device::_M_getval()
printf fprintf vfprintf snprintf puts putchar perror stdout stderr std::cout std::cerr
std::ios_base::Init::Init() getenv secure_getenv setlocale exit _exit abort std::terminate()
""".split() + [
    "std::basic_ofstream<char, std::char_traits<char> >::open(char const*, std::_Ios_Openmode)",
    "std::filesystem::status(std::filesystem::__cxx11::path const&)",
    "std::thread::_M_start_thread(std::unique_ptr<std::thread::_State>, void (*)())",
    "std::ostream::write(char const*, long)",
]

WRITABLE = re.compile(r"^(\.bss|\.data|\.tbss|\.tdata)(?!\.rel\.ro)")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# Run() is where the core meets the world: it asks port for the time, waits, and is woken by a
# stop_token, whose callback libstdc++ builds on a futex.
NOT_CORE = ("runner.cc.o",)


def symbols(archives):
    """({undefined name: objects that want it}, {defined name}), mangled, over all archives."""
    undefined, defined, member = {}, set(), "?"
    for line in run("nm", "--format=posix", *archives).splitlines():
        header = re.match(r".*\[(.*)\]:$", line)
        fields = line.split()
        if header:
            member = header.group(1)
        elif len(fields) == 2 and fields[1] in "Uwv":
            undefined.setdefault(fields[0], []).append(member)
        elif len(fields) > 2:
            defined.add(fields[0])
    wanted = {name: [m for m in members if m not in NOT_CORE]
              for name, members in undefined.items()}
    return {name: members for name, members in wanted.items() if members}, defined


def demangle(names):
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True,
                          check=True).stdout
    return dict(zip(names, text.splitlines()))


def read_allowed(text):
    """[(pattern text, compiled)]; raises ValueError for an entry that names no group."""
    entries, group = [], None
    for line in text.splitlines():
        if line.startswith("## "):
            group = line[3:]
        elif line.strip() and not line.startswith("#"):
            if group is None:
                raise ValueError(f"{line}: stands in no group, so nobody knows why it is allowed")
            entries.append((line, re.compile(line)))
    return entries


def denied_entries(entries):
    return [(text, name) for text, pattern in entries for name in DENIED
            if pattern.fullmatch(name)]


def unexplained(names, entries):
    """Demangled names that no entry allows."""
    return [n for n in names if not any(p.fullmatch(n) for _, p in entries)]


def writable_data(archives):
    """(object, symbol) of every named writable datum."""
    found, member = [], "?"
    for line in run("objdump", "-t", *archives).splitlines():
        header = re.match(r"^(\S+\.o):\s+file format", line)
        if header:
            member = header.group(1)
        match = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
        if match and "d" not in match.group(1) and WRITABLE.match(match.group(2)) and \
                int(match.group(3), 16) > 0 and not match.group(4).startswith("DW.ref."):
            found.append((member, match.group(4)))
    return found


def check(allowed_text, core, port):
    failures = []
    entries = read_allowed(allowed_text)
    for text, name in denied_entries(entries):
        failures.append(f"allowed_imports.txt: '{text}' would allow {name}: the core must not")
    undefined, defined = symbols(core)
    imports = set(undefined) - defined - symbols(port)[1]
    names = demangle(sorted(imports))
    bad = set(unexplained(names.values(), entries))
    for mangled in sorted(imports):
        if names[mangled] in bad:
            failures.append(f"{names[mangled]}: imported by {', '.join(undefined[mangled])}; take "
                            "it as an argument, or allow it with a reason in allowed_imports.txt")
    for text, pattern in entries:
        if not any(pattern.fullmatch(name) for name in names.values()):
            failures.append(f"allowed_imports.txt: '{text}' is used by nothing: delete it")
    for member, symbol in writable_data(core):
        name = demangle([symbol])[symbol]
        failures.append(f"{member}: {name} is writable data: the core has no globals; make it "
                        "constexpr or a member")
    for failure in failures:
        print("FAIL " + failure)
    print(f"imports: {len(core)} archives, {len(imports)} imported symbols, "
          f"{len(entries)} entries, {len(failures)} findings")
    return 1 if failures else 0


def self_test():
    entries = read_allowed("## why\nmem(cpy|move)\nstd::_Rb_tree_[a-z_]+\\(.*\\)\n")
    good = ["memcpy", "std::_Rb_tree_increment(std::_Rb_tree_node_base*)"]
    bad = ["clock_gettime", "memcpy_", "podtail::Missing()"]
    wide = read_allowed("## why\n.*open.*\n[a-z_]+\nstd::.*now.*\n")
    checks = {
        "allowed names pass": unexplained(good, entries) == [],
        "others do not": unexplained(bad, entries) == bad,
        "narrow entries pass": denied_entries(entries) == [],
        "a wide entry is refused": len({text for text, _ in denied_entries(wide)}) == 3,
        "data is writable, constants are not":
            bool(WRITABLE.match(".bss._ZN1x")) and not WRITABLE.match(".data.rel.ro.local"),
    }
    try:
        read_allowed("memcpy\n")
        checks["an entry without a reason is refused"] = False
    except ValueError:
        checks["an entry without a reason is refused"] = True
    for name, passed in checks.items():
        print(f"{'ok  ' if passed else 'FAIL'} {name}")
    return 0 if all(checks.values()) else 1


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    parser = argparse.ArgumentParser()
    parser.add_argument("allowed")
    parser.add_argument("--core", nargs="+", required=True)
    parser.add_argument("--port", nargs="+", required=True)
    parser.add_argument("--build", default="Release")
    parser.add_argument("--sanitize", default="")
    parser.add_argument("--compiler", default="GNU")
    args = parser.parse_args()
    if args.sanitize or args.build != "Release" or args.compiler != "GNU":
        print(f"did not run: the list is for g++ Release archives; this is {args.compiler} "
              f"{args.build} {args.sanitize}")
        return 77
    for tool in ("nm", "objdump", "c++filt"):
        if shutil.which(tool) is None:
            print(f"did not run: {tool} is not installed (tools/setup installs it)")
            return 77
    with open(args.allowed, encoding="utf-8") as stream:
        return check(stream.read(), args.core, args.port)


if __name__ == "__main__":
    sys.exit(main())
