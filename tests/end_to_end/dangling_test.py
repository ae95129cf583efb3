# SPDX-License-Identifier: Apache-2.0
"""Decision 10: a run that never gets its F does not freeze the checkpoint.

One dangling P on stderr, then 1 GiB on stdout through 20 rotations. Once everything settled is
committed, kill -9: the next run reads at most 2 MiB again. PODTAIL_TEST_SCALE scales the 1 GiB.
"""
import json
import os
import signal
import subprocess
import sys

from support import Process, check, check_equal, cri, log_path, main, parse_records, run_once, scale, wait_until, write

START = 1_790_000_000 * 10**9
REREAD_MAX = 2 * 1024 * 1024
ROTATIONS = 20


def block_of(size, start=START):
    """`size` bytes of whole stdout lines, roughly."""
    line = len(cri(start, "stdout", "F", b"x" * 200))
    return b"".join(cri(start + n, "stdout", "F", b"%09d " % n + b"x" * 190) for n in range(max(1, size // line)))


def rotate(path, number):
    os.rename(path, f"{path}.20261122-{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}")


def committed(podtail, state, path):
    """The committed offset of the file that has this path now, or None."""
    listing = subprocess.run([podtail, "checkpoints", state, "--json"], capture_output=True, check=False)
    inode = os.stat(path).st_ino
    for line in listing.stdout.splitlines():
        entry = json.loads(line)
        if entry["inode"] == inode and entry["path"].endswith(".log"):
            return entry["offset"]
    return None


def write_with_rotations(path, total):
    """A dangling P on stderr, then `total` bytes on stdout through ROTATIONS rotations."""
    write(path, cri(START, "stderr", "P", b"Password: "))
    block = block_of(min(1 << 20, max(1024, total // (ROTATIONS + 1))))
    written = 0
    for number in range(ROTATIONS + 1):
        with open(path, "ab") as file:
            while written < total * (number + 1) // (ROTATIONS + 1):
                file.write(block)
                written += len(block)
        if number < ROTATIONS:
            rotate(path, number)
    return written


def kill_and_read_again(podtail, directory, total, *sink):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    path = log_path(root, 1)
    flags = ["--root", root, "--checkpoint-dir", state, *sink]
    follower = Process(podtail, ["run", *flags], directory, "follower")
    written = write_with_rotations(path, total)
    size = os.path.getsize(path)
    wait_until(lambda: committed(podtail, state, path) == size, f"all of {written} bytes is committed", 300)
    # A second prompt, still open at the end: from here on it holds the checkpoint, and only it.
    write(path, cri(START, "stderr", "P", b"Again: ") + block_of(256 * 1024))
    wait_until(lambda: committed(podtail, state, path) == size, "the second prompt holds the checkpoint")
    follower.finish(signal.SIGKILL)
    return flags, path, size, follower


def one_gibibyte(podtail, directory):
    total = scale(1 << 30, podtail)
    flags, path, size, _ = kill_and_read_again(podtail, directory, total, "--null")
    again = Process(podtail, ["run", "--once", *flags], directory, "again").finish()
    check_equal(again.status, 0, f"exit status ({again.stderr})")
    check(again.totals["bytes_read"] <= REREAD_MAX,
          f"{again.totals['bytes_read']} bytes were read again, at most {REREAD_MAX} may be")
    check(again.totals["bytes_read"] >= os.path.getsize(path) - size, "the open run was not read again")
    check(again.totals["waiting_bytes"] > 0, "the open run is not reported as waiting")


def the_record_itself(podtail, directory):
    """The closed run comes out once, flagged, and is the same when it is read again."""
    flags, _, _, follower = kill_and_read_again(podtail, directory, scale(32 << 20, podtail) + (2 << 20),
                                                "--stdout", "json")
    first = [record for record in parse_whole_lines(follower) if record["stream"] == "stderr"]
    check_equal([(record["body"], record["flags"]) for record in first], [("Password: ", ["unterminated"])],
                "stderr records")
    again = run_once(podtail, flags[1], directory, *flags[2:4], name="again")
    check(not [record for record in again.records() if record["stream"] == "stderr"],
          "the open run was sent although it waits for its end")
    numbers = [record["body"][:9] for record in parse_whole_lines(follower) if record["stream"] == "stdout"]
    check(numbers[0] == "000000000", f"the first line is {numbers[0]}")


def parse_whole_lines(process):
    """The records of a process that was killed: its last line may be torn."""
    out = process.stdout()
    return parse_records(out[:out.rfind(b"\n") + 1])


if __name__ == "__main__":
    sys.exit(main([one_gibibyte, the_record_itself]))
