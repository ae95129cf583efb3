# SPDX-License-Identifier: Apache-2.0
"""Peak memory stays within --memory-max + 16 MiB + 2 KiB per file, whatever the input.

The peak is what the kernel counted for the process (ru_maxrss). PODTAIL_TEST_SCALE scales the inputs.
A child's count begins with what its parent had at the fork: this script itself has to stay small.
"""
import json
import os
import resource
import signal
import sys
import time

from support import (Process, check, check_equal, count_lines, cri, log_path, main, run, sanitized, scale,
                     skip, wait_until, write)

START = 1_790_000_000 * 10**9
MIB = 1 << 20
MEMORY_MAX = 64 * MIB  # the default


def check_peak(done, files, memory_max=MEMORY_MAX):
    limit = memory_max + 16 * MIB + 2048 * files
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    check(own < limit, f"this script has {own} bytes itself: nothing was measured")
    print(f"        peak {done.peak_bytes / MIB:.1f} MiB of {limit / MIB:.1f} MiB")
    check(done.peak_bytes <= limit, f"peak memory {done.peak_bytes}, at most {limit}")


def fill(path, head, byte, size, tail):
    """head, `size` times the byte, tail: real bytes, not a hole."""
    block = byte * MIB
    with open(path, "wb") as file:
        file.write(head)
        for begin in range(0, size, MIB):
            file.write(block[:min(MIB, size - begin)])
        file.write(tail)


def long_line(podtail, directory, head, tail):
    root, size = os.path.join(directory, "pods"), scale(1 << 30, podtail)
    fill(log_path(root, 1), head, b"a", size, tail)
    write(log_path(root, 2), cri(START, "stdout", "F", b"a neighbour"))
    done = run(podtail, ["run", "--once", "--root", root, "--null"], directory, deadline=300)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_peak(done, 2)
    return done, size


def gibibyte_line(podtail, directory):
    """A valid head, 1 GiB, LF: parts of one record."""
    done, size = long_line(podtail, directory, cri(START, "stdout", "F", b"")[:-1], b"\n")
    check(done.totals["bytes_read"] > size, f"{done.totals['bytes_read']} bytes read")
    check(done.totals["records_delivered"] > size / MIB, f"{done.totals['records_delivered']} records")
    check_equal(done.totals["waiting_bytes"], 0, "waiting bytes")


def gibibyte_line_without_head(podtail, directory):
    """1 GiB without a head, LF: malformed, and delivered."""
    done, size = long_line(podtail, directory, b"", b"\n")
    check(done.totals["bytes_read"] > size, f"{done.totals['bytes_read']} bytes read")
    check_equal(done.totals["malformed_lines"], 1, "malformed lines")
    check_equal(done.totals["waiting_bytes"], 0, "waiting bytes")


def gibibyte_line_without_end(podtail, directory):
    """1 GiB with a head and no LF: what is not settled is said to wait."""
    done, size = long_line(podtail, directory, cri(START, "stdout", "F", b"")[:-1], b"")
    settled = done.totals["records_delivered"] * MIB
    check(done.totals["waiting_bytes"] + settled >= size,
          f"{done.totals['waiting_bytes']} bytes wait, at most {settled} of {size} are settled")


def only_newlines(podtail, directory):
    root, size = os.path.join(directory, "pods"), scale(16 * MIB, podtail)
    fill(log_path(root, 1), b"", b"\n", size, b"")
    done = run(podtail, ["run", "--once", "--root", root, "--null"], directory, deadline=300)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_equal(done.totals["malformed_lines"], size, "malformed lines")
    check_equal(done.totals["records_delivered"], size, "records delivered")
    check_peak(done, 1)


def ten_thousand_files(podtail, directory):
    """Each gets a line in each of ten rounds; a round begins when the one before has come out."""
    root, count, rounds = os.path.join(directory, "pods"), scale(10_000, podtail), 10
    paths = [log_path(root, number) for number in range(count)]
    follower = Process(podtail, ["run", "--root", root, "--stdout", "json"], directory, "follower")
    for number in range(rounds):
        for path in paths:
            write(path, cri(START + number * 10**9, "stdout", "F", b"round %d" % number))
        wanted = (number + 1) * count
        wait_until(lambda: count_lines(follower.out_path) >= wanted, f"round {number} comes out", 300)
    done = follower.finish(signal.SIGTERM)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_equal(done.totals["records_delivered"], rounds * count, "records delivered")
    check_peak(done, count)


def blocked_reader(podtail, directory):
    """Nobody reads stdout while plenty is there to read; then somebody does, and nothing is missing."""
    root, files, lines = os.path.join(directory, "pods"), 50, scale(10_000, podtail)
    for number in range(files):
        with open(log_path(root, number), "wb") as file:
            file.writelines(cri(START + n, "stdout", "F", b"%08d " % n + b"x" * 180) for n in range(lines))
    reader, writer = os.pipe()
    flags = ["run", "--once", "--root", root, "--stdout", "json", "--memory-max", "32MiB"]
    follower = Process(podtail, flags, directory, "follower", stdout=writer)
    os.close(writer)
    wait_until(lambda: stands_still(follower), "podtail stands still while nobody reads")
    check(follower.poll() is None, "podtail ended although its reader had not read")
    next_line = {}
    with open(reader, "rb") as lines_out:
        for text in lines_out:
            check(text.endswith(b"\n"), "the last line is not whole")
            record = json.loads(text)
            number = next_line.get(record["pod"], 0)
            check_equal(int(record["body"][:8]), number, f"the next line of {record['pod']}")
            next_line[record["pod"]] = number + 1
    done = follower.finish()
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_equal(next_line, {f"pod-{number}": lines for number in range(files)}, "lines per pod")
    check_peak(done, files, 32 * MIB)


def stands_still(process):
    """No byte read or written during 50 looks in a row, 20 ms apart."""
    before = io_counters(process)
    for _ in range(50):
        time.sleep(0.02)
        if io_counters(process) != before:
            return False
    return True


def io_counters(process):
    with open(f"/proc/{process.process.pid}/io", encoding="ascii") as file:
        return [line for line in file if line.startswith(("read_bytes", "wchar"))]


def dangling_runs(podtail, directory):
    """200 containers, each with a run of fragments just below 1 MiB that has no end yet. Then it has."""
    root, count = os.path.join(directory, "pods"), scale(200, podtail)
    fragment = b"y" * 16384
    for number in range(count):
        with open(log_path(root, number), "wb") as file:
            file.writelines(cri(START + n, "stderr", "P", fragment) for n in range(63))
    flags = ["--root", root, "--null", "--memory-max", "32MiB", "--checkpoint-dir", os.path.join(directory, "state")]
    done = run(podtail, ["run", "--once", *flags], directory, "dangling", deadline=300)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check(done.totals["waiting_bytes"] >= count * 63 * 16384, f"{done.totals['waiting_bytes']} bytes waiting")
    check_peak(done, count, 32 * MIB)
    for number in range(count):
        write(log_path(root, number), cri(START + 99, "stderr", "F", b"end"))
    done = run(podtail, ["run", "--once", *flags], directory, "ended", deadline=300)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_equal(done.totals["records_delivered"], count, "records delivered")
    check_equal(done.totals["waiting_bytes"], 0, "waiting bytes")
    check_peak(done, count, 32 * MIB)


if __name__ == "__main__":
    if sanitized(os.path.abspath(sys.argv[1])):
        skip("a sanitizer multiplies memory: the limit holds for builds without one")
    sys.exit(main([gibibyte_line, gibibyte_line_without_head, gibibyte_line_without_end, only_newlines,
                   ten_thousand_files, blocked_reader, dangling_runs]))
