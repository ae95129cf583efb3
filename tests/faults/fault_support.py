# SPDX-License-Identifier: Apache-2.0
"""What the tests with real faults share: mounts that go away again, faults put into system calls,
a writer that knows every record that must come out, and the verdict over all lives of podtail.

The verdict is always the same: nothing is lost, and what comes again is the same to the byte.
"""
import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "end_to_end"))
# pylint: disable=wrong-import-position
from support import (Failure, Process, check, check_equal, cri, format_time, log_path, shorten,  # noqa: E402
                     skip, wait_until)

START = 1_790_000_000 * 10**9
DEADLINE = 60.0


# What this machine can do

def need_root():
    if os.getuid() != 0:
        skip("needs root, for mounts and injected faults")
    # A test that is stopped still takes its mounts away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def need_tools(*names):
    for name in names:
        if not shutil.which(name):
            skip(f"{name} is not installed (tools/setup)")


def need_strace():
    need_tools("strace")
    tried = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"],
                           capture_output=True, check=False)
    if tried.returncode != 0:
        skip(f"strace cannot trace here: {tried.stderr.decode(errors='replace').strip()}")


def command(*words, **more):
    done = subprocess.run(words, capture_output=True, check=False, **more)
    check(done.returncode == 0, f"{' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


# Mounts

MOUNTED = []


def unmount(path):
    if path in MOUNTED:
        MOUNTED.remove(path)
        if subprocess.run(["umount", path], capture_output=True, check=False).returncode != 0:
            subprocess.run(["umount", "-l", path], capture_output=True, check=False)


@atexit.register
def unmount_all():
    for path in reversed(list(MOUNTED)):
        unmount(path)


@contextlib.contextmanager
def mounted(path, *words):
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", *words, path], capture_output=True, check=False)
    check(done.returncode == 0, f"mount {' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")
    MOUNTED.append(path)
    try:
        yield path
    finally:
        unmount(path)


def tmpfs(path, options):
    return mounted(path, "-t", "tmpfs", "-o", options, "podtail-test")


def need_mounts():
    """tmpfs and ext4 on a loop device: asked once, so that a later failure is a failure."""
    need_tools("mkfs.ext4")
    with tempfile.TemporaryDirectory() as directory:
        try:
            with tmpfs(os.path.join(directory, "tmpfs"), "size=64k"):
                pass
            with loop_ext4(os.path.join(directory, "ext4"), make_image(os.path.join(directory, "image"), 4)):
                pass
        except Failure as failure:
            skip(f"cannot mount here: {failure}")


def make_image(image, mebibytes, *options):
    """An ext4 image that begins empty; its journal commits only when asked, or after 5 s."""
    with open(image, "wb") as file:
        file.truncate(mebibytes << 20)
    command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", *options, image)
    return image


def loop_ext4(path, image, options=""):
    return mounted(path, "-t", "ext4", "-o", "loop" + (options and "," + options), image)


# podtail with faults

class Agent(Process):
    """podtail that does not outlive its test."""
    alive = []

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        Agent.alive.append(self)


@atexit.register
def kill_all():
    for agent in Agent.alive:
        if agent.poll() is None:
            for number in (signal.SIGCONT, signal.SIGKILL):
                agent.signal(number)


def injecting(*faults, paths=(), trace=None):
    """The words in front of a command that put faults into its system calls: "fsync:error=EIO:when=2".
    podtail stays the direct child (-D); `when` counts per thread. Not with --seccomp-bpf: strace 6.1 then
    counts wrongly, and most of the faults never happen."""
    calls = trace or ",".join(sorted({fault.split(":")[0] for fault in faults}))
    words = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}"]
    for path in paths:
        words += ["-P", path]
    for fault in faults:
        words += ["-e", f"inject={fault}"]
    return words


class Lives:
    """All lives of one podtail on one root and one state directory, and what came out of each."""

    def __init__(self, podtail, directory, root=None, state=None, flags=()):
        self.podtail, self.directory = podtail, directory
        self.root = root or os.path.join(directory, "pods")
        self.state = state or os.path.join(directory, "state")
        self.flags = list(flags)
        self.outputs, self.count = [], 0
        os.makedirs(directory, exist_ok=True)
        os.makedirs(self.root, exist_ok=True)

    def words(self, *more):
        return [self.podtail, "run", "--root", self.root, "--checkpoint-dir", self.state, "--stdout", "json",
                "--batch-age", "20ms", *self.flags, *more]

    def start(self, *more, wrapped=(), **options):
        words = [*wrapped, *self.words(*more)]
        self.count += 1
        return Agent(words[0], words[1:], self.directory, f"life-{self.count}", **options)

    def end(self, agent, number=signal.SIGTERM, status=0, deadline=DEADLINE):
        done = agent.finish(number, deadline)
        if status is not None:
            check_equal(done.status, -number if number == signal.SIGKILL else status,
                        f"how podtail ended ({shorten(done.stderr)})")
        self.outputs.append(whole_lines(done.stdout))
        return done

    def once(self, *more, wrapped=(), status=0, deadline=DEADLINE):
        return self.end(self.start("--once", *more, wrapped=wrapped), None, status, deadline)

    def committed(self):
        return committed(self.podtail, self.state)

    def nothing_comes_again(self):
        before = len(self.outputs)
        self.once()
        check_equal(b"".join(self.outputs[before:]), b"", "records of one more run")


def whole_lines(stdout):
    """What a kill has torn is no line."""
    return stdout[:stdout.rfind(b"\n") + 1]


def committed(podtail, state, whole=False):
    """{(inode, birth time): durable offset}; {} where only a part can be read, and the whole is asked for."""
    done = subprocess.run([podtail, "checkpoints", state, "--json"], capture_output=True, check=False)
    found = {}
    if whole and done.returncode != 0:
        return found
    for line in done.stdout.splitlines():
        entry = json.loads(line)
        found[entry["inode"], entry.get("birth_time")] = entry["offset"]
    return found


def check_not_back(before, after):
    for file, offset in before.items():
        if file in after:
            check(after[file] >= offset, f"the durable offset of {file} went back from {offset} to {after[file]}")


# The ledger

class Ledger:
    """One container's log, written line by line; it knows every record that must come out.
    Each record has a time of its own, which names it."""
    times = START

    def __init__(self, root, number=1, container="app", restart=0):
        self.path = log_path(root, number, container, restart)
        self.uid = f"00000000-0000-4000-8000-{number:012d}"
        self.name = (self.uid, container, restart)
        self.wanted = {}   # (stream, time text): body
        self.extents = []  # (inode, end of the record, its key)
        self.runs = {}
        self.rotations = 0
        self.live = open(self.path, "ab", buffering=0)

    def put(self, body, stream="stdout", tag="F", file=None):
        Ledger.times += 1
        file = file or self.live
        line = cri(Ledger.times, stream, tag, body)
        written = file.write(line)
        check_equal(written, len(line), f"bytes written to {self.path}")
        self.note(Ledger.times, stream, tag, body, file)

    def note(self, ns, stream, tag, body, file):
        ns, head = self.runs.pop(stream, (ns, b""))
        if tag == "P":
            self.runs[stream] = (ns, head + body)
            return
        key = (stream, format_time(ns))
        self.wanted[key] = (head + body).decode("utf-8", "replace")
        self.extents.append((os.fstat(file.fileno()).st_ino, os.fstat(file.fileno()).st_size, key))

    def fill(self, lines, what=b"line", size=100, stream="stdout"):
        """Many lines with one write(2)."""
        block = []
        for number in range(lines):
            Ledger.times += 1
            body = b"%s %d %s" % (what, number, b"x" * size)
            block.append(cri(Ledger.times, stream, "F", body))
            self.wanted[stream, format_time(Ledger.times)] = body.decode()
        base = os.fstat(self.live.fileno())
        check_equal(self.live.write(b"".join(block)), sum(map(len, block)), f"bytes written to {self.path}")
        end = base.st_size
        for key, line in zip(list(self.wanted)[-lines:], block):
            end += len(line)
            self.extents.append((base.st_ino, end, key))

    def rename(self):
        self.rotations += 1
        old = f"{self.path}.20261122-{self.rotations // 3600:02d}{self.rotations // 60 % 60:02d}" \
              f"{self.rotations % 60:02d}"
        os.rename(self.path, old)
        return old

    def reopen(self):
        self.live.close()
        self.live = open(self.path, "ab", buffering=0)

    def forget(self, keys):
        """These need not come out: they were destroyed before anybody could read them."""
        for key in keys:
            self.wanted.pop(key, None)


def owner(record):
    return (record["pod_uid"], record["container"], record["restart_count"])


def accepted(outputs):
    """{(owner, stream, time)} of every record that came out."""
    found = set()
    for out in outputs:
        for line in out.splitlines():
            record = json.loads(line)
            found.add((owner(record), record["stream"], record["time"]))
    return found


def check_commits(durable, ledgers, outputs):
    """I2: nothing is committed that the sink has not."""
    have = accepted(outputs)
    offsets = {}
    for (inode, _), offset in durable.items():
        offsets[inode] = max(offset, offsets.get(inode, 0))
    for ledger in ledgers:
        for inode, end, (stream, time) in ledger.extents:
            if end <= offsets.get(inode, 0):
                check((ledger.name, stream, time) in have,
                      f"committed to {offsets[inode]}, but the record that ends at {end} never came out")


def verify(outputs, *ledgers, in_order=True):
    """Every record of the ledgers, in the order of its stream, and nothing else; what came again is the
    same to the byte. (records, how many came again)"""
    by_owner = {ledger.name: ledger for ledger in ledgers}
    lines, last, repeated = {}, {}, 0
    for out in outputs:
        for line in out.split(b"\n")[:-1]:
            record = json.loads(line)
            who = owner(record)
            key = (record["stream"], record["time"])
            if (who, key) in lines:
                repeated += 1
                check_equal(line, lines[who, key], "a record that came again")
                continue
            check(who in by_owner, f"a record of nobody: {shorten(record)}")
            check(key in by_owner[who].wanted, f"a record that nobody wrote: {shorten(record)}")
            check_equal(record["body"], by_owner[who].wanted[key], f"body of {key}")
            lines[who, key] = line
            if in_order:
                check(last.get((who, key[0]), "") < key[1], f"{key} came after {last.get((who, key[0]))}")
            last[who, key[0]] = key[1]
    for ledger in ledgers:
        missing = [key for key in ledger.wanted if (ledger.name, key) not in lines]
        check(not missing, f"{len(missing)} of {len(ledger.wanted)} records of {ledger.path} never came out, "
                           f"first {shorten(missing[:1])}: {shorten(ledger.wanted[missing[0]] if missing else '')}")
    return len(lines), repeated


def lines_of(agent):
    return agent.stdout().count(b"\n")


def wait_records(agent, *ledgers, before=0, deadline=DEADLINE):
    """Until as many lines came out as the ledgers have records, less `before`."""
    wanted = sum(len(ledger.wanted) for ledger in ledgers) - before
    wait_until(lambda: lines_of(agent) >= wanted or agent.poll() is not None, f"{wanted} records come out", deadline)
    check(lines_of(agent) >= wanted, f"podtail ended early: {shorten(agent.stderr())}")


__all__ = [name for name in dir() if not name.startswith("_")]
