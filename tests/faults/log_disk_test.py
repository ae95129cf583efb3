# SPDX-License-Identifier: Apache-2.0
"""The log volume misbehaves: I/O errors, no permission, too many files, cut and punched files,
volumes that come and go, a directory with very many entries.
"""
import contextlib
import ctypes
import json
import os
import re
import signal
import sys

from fault_support import (START, Ledger, Lives, check, check_equal, command, cri, injecting, lines_of,
                           log_path, loop_ext4, make_image, mounted, need_mounts, need_root, need_strace, need_tools,
                           shorten, tmpfs, verify, wait_records, wait_until, whole_lines)
from errors_test import open_to_all  # behind fault_support, which knows the way
from support import main, write

FALLOC_KEEP_SIZE_PUNCH_HOLE = 3
ENTRIES = 100_000
BLOCK = 4096
LOOK_DEADLINE = 150.0  # seconds


def bodies(stdout):
    return [json.loads(line)["body"] for line in whole_lines(stdout).splitlines()]


def gaps(done):
    return done.totals["gaps"], done.totals["gap_bytes"]


def bad_sectors(podtail, directory):
    """EIO at a real offset: the image ends below an extent of the file. The other files go on, nothing
    behind the bad place is taken for the next record, and when the sectors are back the rest arrives."""
    need_tools("filefrag")
    image = make_image(os.path.join(directory, "image"), 64)
    root = os.path.join(directory, "pods")
    with loop_ext4(root, image):
        good, bad = Ledger(root, 1), Ledger(root, 2)
        good.fill(100)
        bad.fill(20_000, size=500)
        os.sync()
        extents = command("filefrag", "-v", "-b1", bad.path)
        good.live.close()
        bad.live.close()
    places = re.findall(r"^ *\d+: +(\d+)\.\. +\d+: +(\d+)\.\. +(\d+):", extents, re.M)
    check(places, f"no extents: {extents}")
    # In the middle of the last extent, on a page.
    begin, physical, length = map(int, places[-1])
    cut = (physical + length // 2) // BLOCK * BLOCK
    readable = begin + (cut - physical)
    kept = os.path.join(directory, "kept")
    command("cp", "--sparse=always", image, kept)
    with loop_ext4(root, image, "ro,noload"):
        os.truncate(image, cut)
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
        lives = Lives(podtail, directory, root=root)
        agent = lives.start()
        wait_until(lambda: "nput/output error" in agent.stderr() or "I/O error" in agent.stderr(),
                   "podtail says that it cannot read")
        wait_until(lambda: agent.stdout().count(good.uid.encode()) >= len(good.wanted), "the good file comes out")
        done = lives.end(agent)
        check(bad.path in done.stderr, f"the file is not named: {shorten(done.stderr)}")
        check_equal(gaps(done), (0, 0), "gaps")
        offsets = list(lives.committed().values())
        check(max(offsets) <= readable, f"committed to {max(offsets)}, but only {readable} bytes can be read")
    os.replace(kept, image)
    with loop_ext4(root, image):
        lives.once()
    check_equal(verify(lives.outputs, good, bad)[1], 0, "records that came again")


def read_errors(podtail, directory):
    """EIO of single reads, at the start and later: tried again, nothing is skipped."""
    need_strace()
    lives = Lives(podtail, directory)
    ledgers = [Ledger(lives.root, number) for number in (1, 2, 3)]
    for ledger in ledgers:
        ledger.fill(3000)
    agent = lives.start(wrapped=injecting("pread64:error=EIO:when=4..9"))
    wait_records(agent, *ledgers)
    for ledger in ledgers:
        ledger.fill(100)
    wait_records(agent, *ledgers)
    done = lives.end(agent)
    check_equal(gaps(done), (0, 0), "gaps")
    verify(lives.outputs, *ledgers)


def short_reads(podtail, directory):
    """Reads that say 0 before the end: podtail waits and asks again."""
    need_strace()
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    ledger.fill(3000)
    agent = lives.start(wrapped=injecting("pread64:retval=0:when=3+3"))
    wait_records(agent, ledger)
    lives.end(agent)
    verify(lives.outputs, ledger)


def too_few_descriptors(podtail, directory):
    """More files than descriptors: each gets its turn, again and again."""
    need_tools("prlimit")
    lives = Lives(podtail, directory)
    ledgers = [Ledger(lives.root, number) for number in range(1, 301)]
    for ledger in ledgers:
        ledger.fill(5)
    agent = lives.start(wrapped=["prlimit", "--nofile=96:96"])
    wait_records(agent, *ledgers)
    for _ in range(3):
        for ledger in ledgers:
            ledger.fill(2)
        wait_records(agent, *ledgers)
    done = lives.end(agent)
    check_equal(gaps(done), (0, 0), "gaps")
    check_equal(verify(lives.outputs, *ledgers)[1], 0, "records that came again")


def permission_comes_and_goes(podtail, directory):
    """As nobody, without capabilities: denied is said once, granted is read from the beginning, and
    revoked while open changes nothing."""
    need_tools("setpriv")
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    ledger.fill(20)
    os.chmod(ledger.path, 0)
    opened = open_to_all(directory)
    os.makedirs(lives.state)
    os.chown(lives.state, 65534, 65534)
    agent = lives.start(wrapped=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
                                 "--bounding-set=-all"])
    wait_until(lambda: ledger.path in agent.stderr(), "the file is named")
    os.chmod(ledger.path, 0o644)
    wait_records(agent, ledger)
    os.chmod(ledger.path, 0)
    ledger.fill(20)
    wait_records(agent, ledger)
    done = lives.end(agent)
    for path, mode in opened:
        os.chmod(path, mode)
    check_equal(done.stderr.count("permission denied"), 1, "how often it is said")
    verify(lives.outputs, ledger)


def odd_names(podtail, directory):
    """Newline, ESC, quotes, bytes that are no UTF-8, 255 bytes: read or named, and always escaped."""
    lives = Lives(podtail, directory)
    uid = "00000000-0000-4000-8000-{:012d}"
    names = [b"new\nline", b"esc\x1b[31m", b"quo\"te\\", b"bad\xff\xfeutf8", b"tab\t", b"..."]
    line = cri(START, "stdout", "F", b"odd")
    for number, name in enumerate(names):
        folder = os.path.join(os.fsencode(lives.root), b"default_" + name + b"_" + uid.format(number).encode(), b"app")
        os.makedirs(folder)
        write(os.path.join(folder, b"0.log"), line)
    pod = b"default_" + b"p" * (255 - 45) + b"_" + uid.format(99).encode()
    long = os.path.join(os.fsencode(lives.root), pod, b"c" * 255)
    os.makedirs(long)
    write(os.path.join(long, b"0.log"), line)
    done = lives.once()
    for text in (done.stdout, done.stderr.encode("utf-8", "surrogateescape")):
        check(not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text), "a control character that a terminal obeys")
        text.decode("utf-8")
    found = [json.loads(record) for record in done.stdout.splitlines()]
    said = done.stderr.count("file_skipped")
    check_equal(len(found) + said, len(names) + 1, f"files read or named ({shorten(done.stderr)})")
    check(any(record["container"] == "c" * 255 for record in found), "the long name was not read")


def swapped_with_a_secret(podtail, directory):
    """A log file that is a link to a secret every other moment: the secret never comes out."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root, 1)
    ledger.fill(10)
    secret = os.path.join(directory, "secret")
    write(secret, cri(START, "stdout", "F", b"CANARY") * 10)
    victim = log_path(lives.root, 2)
    agent = lives.start()
    wait_records(agent, ledger)
    swaps = 0
    written = 0

    def swapped():
        nonlocal swaps, written
        for _ in range(500):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(victim)
            if swaps % 2:
                os.symlink(secret, victim)
            else:
                write(victim, cri(START + swaps, "stdout", "F", b"victim"))
                written += 1
            swaps += 1
        return agent.stdout().count(b"victim") > 3 or swaps > 200_000

    wait_until(swapped, "some of the files that are files are seen")
    ledger.fill(10)
    wait_until(lambda: agent.stdout().count(ledger.uid.encode()) >= 20, "the other file comes out")
    done = lives.end(agent)
    check(b"CANARY" not in done.stdout, f"the secret came out after {swaps} swaps")
    check("CANARY" not in done.stderr, "the secret is in podtail's own log")


def cut_to_smaller(podtail, directory):
    copytruncate(podtail, directory, [("smaller", 5)])


def cut_to_equal_and_larger(podtail, directory):
    copytruncate(podtail, directory, [("equal", 20), ("larger", 40)])


def copytruncate(podtail, directory, cuts):
    """What is written after the cut arrives from its beginning."""
    for name, lines in cuts:
        lives = Lives(podtail, os.path.join(directory, name))
        ledger = Ledger(lives.root)
        ledger.fill(20)
        agent = lives.start()
        wait_records(agent, ledger)
        agent.signal(signal.SIGSTOP)
        os.truncate(ledger.path, 0)
        ledger.fill(lines)
        agent.signal(signal.SIGCONT)
        wait_records(agent, ledger)
        done = lives.end(agent)
        check_equal(done.totals["gap_bytes"], 0, f"lost bytes of {name}: everything had been read before the cut")
        verify(lives.outputs, ledger)


def cut_before_it_was_read(podtail, directory):
    """A frozen podtail cannot read what is cut away; it says how many bytes it had seen and not read."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    ledger.fill(20)
    agent = lives.start()
    wait_records(agent, ledger)
    ledger.put(b"half a line, seen and never ended", tag="P")
    with open(ledger.path, "ab", buffering=0) as file:
        file.write(b"2026-11-22T13:35:50.001692239Z stdout F no newline")
    wait_until(lambda: in_sight(agent, ledger), "podtail has seen the unfinished line")
    ledger.runs.clear()
    agent.signal(signal.SIGSTOP)
    os.truncate(ledger.path, 0)
    ledger.fill(3)
    agent.signal(signal.SIGCONT)
    wait_until(lambda: all(body in agent.stdout() for body in (b'"line 0 ', b'"line 2 ')) and
               lines_of(agent) >= 23, "what was written after the cut comes out")
    done = lives.end(agent)
    check(done.totals["gaps"] >= 1, f"the cut line is nowhere: {shorten(done.totals)}")


def in_sight(agent, ledger):
    """The read position of podtail is not visible; that it has nothing more to read is."""
    with open(f"/proc/{agent.process.pid}/io", encoding="ascii") as file:
        read = int(re.search(r"rchar: (\d+)", file.read())[1])
    return read >= os.path.getsize(ledger.path)


def nul_hole(podtail, directory):
    """A writer without O_APPEND after a copytruncate leaves a run of NULs: one record or one counted
    gap, no endless loop, and the lines behind it are whole."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    ledger.fill(20)
    agent = lives.start()
    wait_records(agent, ledger)
    agent.signal(signal.SIGSTOP)
    os.truncate(ledger.path, 0)
    os.truncate(ledger.path, 100_000)
    write(ledger.path, b"\n" + cri(START, "stdout", "F", b"behind the hole"))
    agent.signal(signal.SIGCONT)
    wait_until(lambda: b"behind the hole" in agent.stdout(), "the line behind the hole comes out")
    done = lives.end(agent)
    found = bodies(done.stdout)
    check(len(found) <= 22, f"{len(found)} records")
    check_equal(found[-1], "behind the hole", "the last record")


def punched(podtail, directory):
    """A hole in what was committed long ago is nobody's business; one across the marker replays."""
    libc = ctypes.CDLL(None, use_errno=True)
    for name, offset, length in (("far", 0, BLOCK), ("near", None, BLOCK)):
        place = os.path.join(directory, name)
        lives = Lives(podtail, place)
        ledger = Ledger(lives.root)
        ledger.fill(200)
        lives.once()
        size = os.path.getsize(ledger.path)
        first = size // BLOCK * BLOCK - BLOCK if offset is None else offset + BLOCK
        with open(ledger.path, "r+b") as file:
            result = libc.fallocate(file.fileno(), FALLOC_KEEP_SIZE_PUNCH_HOLE, ctypes.c_long(first),
                                    ctypes.c_long(size - first if offset is None else length))
        if result != 0:
            print("        this file system cannot punch holes")
            return
        ledger.fill(20)
        lives.once()
        out = lives.outputs[-1]
        check(out.count(b'"line 19 ') >= 1, f"the new lines never came out ({name})")
        if name == "far":
            check_equal(out.count(b"\n"), 20, "records of the second life")


def times_of_files(podtail, directory):
    """mtime in 1970 and 2106, before and after: neither order nor identity hangs on it."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    for seconds in (0, 2**32 + 10_000_000, 1, 4_300_000_000):
        ledger.fill(10)
        os.utime(ledger.path, (seconds, seconds))
        lives.once()
        ledger.rename()
        ledger.reopen()
    ledger.fill(5)
    os.utime(ledger.path, (0, 0))
    lives.once()
    check_equal(verify(lives.outputs, ledger)[1], 0, "records that came again")


def volume_moves(podtail, directory):
    """The pod directory is renamed away and the whole root mounted over: what is open is drained, the new
    tree is found, and when the old one is back nothing is repeated."""
    lives = Lives(podtail, directory)
    old, other = Ledger(lives.root, 1), Ledger(os.path.join(directory, "other"), 2)
    old.fill(10)
    other.fill(10)
    agent = lives.start()
    wait_records(agent, old)
    with mounted(lives.root, "--bind", os.path.join(directory, "other")):
        old.fill(10)  # through its descriptor: the name is covered
        # A mount is no event: the new tree is found by the next look at all names, once a minute.
        wait_records(agent, old, other, deadline=LOOK_DEADLINE)
        other.fill(10)
        wait_records(agent, old, other)
    old.fill(10)
    wait_records(agent, old, other)
    lives.end(agent)
    check_equal(verify(lives.outputs, old, other)[1], 0, "records that came again")


def very_many_entries(podtail, directory):
    """100,000 entries in one directory, a log among them."""
    root = os.path.join(directory, "pods")
    with tmpfs(root, "size=512m,nr_inodes=200k"):
        lives = Lives(podtail, directory, root=root)
        ledger = Ledger(root)
        ledger.fill(10)
        folder = os.path.dirname(ledger.path)
        for number in range(ENTRIES):
            os.close(os.open(os.path.join(folder, f"core.{number}"), os.O_CREAT | os.O_WRONLY, 0o600))
        agent = lives.start()
        wait_records(agent, ledger)
        ledger.fill(10)
        wait_records(agent, ledger)
        lives.end(agent)
        verify(lives.outputs, ledger)


TESTS = [bad_sectors, read_errors, too_few_descriptors, permission_comes_and_goes, odd_names,
         swapped_with_a_secret, cut_to_smaller, cut_before_it_was_read, nul_hole, punched, times_of_files, volume_moves,
         very_many_entries, short_reads, cut_to_equal_and_larger]

if __name__ == "__main__":
    need_root()
    need_mounts()
    sys.exit(main(TESTS))
