# SPDX-License-Identifier: Apache-2.0
"""What the agent benchmarks share: a tree of logs, podtail as a process, and what /proc says of it.

Nothing here asserts a time. Counts are asserted: every line has a file and a number, and the lines
that arrived are held against those that were written.
"""
import collections
import os
import re
import resource
import signal
import subprocess
import threading
import time

DEADLINE = 120.0  # seconds for anything that should take a few; only a hang gets there
WATCHES_MAX = "/proc/sys/fs/inotify/max_user_watches"
_LINE = re.compile(rb"\bn=(\d+) q=(\d+)\b")


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


class Figure(collections.namedtuple("Figure", "name value must unit")):
    """One measured number; `must` is what it may be at most, or None."""


class Tree:
    """`files` logs, each of a container and a pod of its own; every line is numbered in its file."""

    def __init__(self, root, files, lines):
        self.root, self.written = root, [0] * files
        self.paths = []
        for number in range(files):
            uid = f"00000000-0000-4000-8000-{number:012d}"
            directory = os.path.join(root, f"bench_pod-{number}_{uid}", "app")
            os.makedirs(directory)
            self.paths.append(os.path.join(directory, "0.log"))
        for number in range(files):
            self.append(number, lines)

    @property
    def lines(self):
        return sum(self.written)

    def open(self, number):
        """A descriptor for write_to(): a writer that runs for long keeps its files open."""
        return os.open(self.paths[number], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def append(self, number, lines=1):
        fd = self.open(number)
        self.write_to(fd, number, lines)
        os.close(fd)

    def write_to(self, fd, number, lines=1, text=""):
        data = []
        for _ in range(lines):
            data.append(cri_line(number, self.written[number], text))
            self.written[number] += 1
        os.write(fd, "".join(data).encode())


def cri_line(number, sequence, text=""):
    now = time.time_ns()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09d}Z"
    return f"{stamp} stdout F n={number} q={sequence} {text:100}\n"


class Podtail:
    """podtail in the background; what it writes to stdout is taken in with the time it came."""

    def __init__(self, binary, root, state, *flags, stdout=True):
        command = [binary, "run", "--root", root, "--log-format", "json", *flags]
        command += ["--checkpoint-dir", state] if state else []
        command += ["--stdout", "json"] if stdout else ["--null"]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, preexec_fn=_many_files)
        self.pid = self.process.pid
        self.chunks = []  # (monotonic ns, bytes)
        self.lines = 0
        self.first = None  # when the first and the last line came, seconds since the start
        self.last = None
        self.stderr = b""
        self._threads = [threading.Thread(target=self._take_stdout, daemon=True),
                         threading.Thread(target=self._take_stderr, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _take_stdout(self):
        fd = self.process.stdout.fileno()
        while data := os.read(fd, 1 << 20):
            now = time.monotonic_ns()
            self.chunks.append((now, data))
            self.last = now / 1e9 - self.began
            self.first = self.first or self.last
            self.lines += data.count(b"\n")

    def _take_stderr(self):
        while data := os.read(self.process.stderr.fileno(), 1 << 16):
            self.stderr += data

    def wait_for(self, lines):
        end = time.monotonic() + DEADLINE
        while self.lines < lines:
            check(self.process.poll() is None, f"podtail ended: {self.stderr[-500:]}")
            check(time.monotonic() < end, f"{self.lines} of {lines} lines came")
            time.sleep(0.005)

    def settle(self):
        """Until nothing is written any more: what was accepted is committed."""
        quiet, before = 0, None
        end = time.monotonic() + DEADLINE
        while quiet < 4:
            check(time.monotonic() < end, "podtail never stopped writing")
            time.sleep(0.5)
            now = proc_io(self.pid)["wchar"]
            quiet, before = (quiet + 1 if now == before else 0), now

    def finish(self, number=signal.SIGTERM):
        """Ends it; the last line on stderr has the totals, unless it was killed."""
        self.process.send_signal(number)
        self.process.wait(DEADLINE)
        for thread in self._threads:
            thread.join(DEADLINE)
        self.process.stdout.close()
        self.process.stderr.close()
        if number == signal.SIGTERM:
            check(self.process.returncode == 0, f"exit status {self.process.returncode}: {self.stderr[-500:]}")

    def arrived(self):
        """Counter of (file, number), of whole lines: a kill may cut the last one."""
        text = b"".join(data for _, data in self.chunks)
        whole = text[:text.rfind(b"\n") + 1]
        return collections.Counter((int(n), int(q)) for n, q in _LINE.findall(whole))


def _many_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def check_lines(arrived, tree, once=True):
    """Every line of the tree is there, and with `once` none of them twice. Returns the repeated ones."""
    missing = sum((n, q) not in arrived for n, count in enumerate(tree.written) for q in range(count))
    check(missing == 0, f"{missing} of {tree.lines} lines did not arrive")
    foreign = sum(n >= len(tree.written) or q >= tree.written[n] for n, q in arrived)
    check(foreign == 0, f"{foreign} lines arrived that nobody wrote")
    repeated = sum(arrived.values()) - tree.lines
    check(not once or repeated == 0, f"{repeated} lines arrived more than once")
    return repeated


# what the kernel says of a process

def proc_io(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return {key: int(value) for key, value in (line.split(":") for line in file)}


def proc_status(pid, path="status"):
    with open(f"/proc/{pid}/{path}", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def rss_mib(pid):
    return int(proc_status(pid)["VmRSS"].split()[0]) / 1024


def cpu_seconds(pid):
    """Of all threads. The scheduler counts nanoseconds; utime and stime are hundredths, and for short
    wake-ups guessed."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def wake_ups(pid):
    return sum(int(proc_status(pid, f"task/{thread}/status")["voluntary_ctxt_switches"])
               for thread in os.listdir(f"/proc/{pid}/task"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Meter:
    """What podtail used between start() and stop()."""

    def __init__(self, pid):
        self.pid = pid
        self._before = self._read()

    def _read(self):
        io = proc_io(self.pid)
        return time.monotonic(), cpu_seconds(self.pid), wake_ups(self.pid), io["syscw"], io["wchar"]

    def stop(self):
        after = self._read()
        spent, cpu, wakes, writes, written = (b - a for a, b in zip(self._before, after))
        self.core_percent = 100 * cpu / spent
        self.wakes_per_second = wakes / spent
        self.writes, self.written_bytes = writes, written
        self.written_per_second = written / spent
        return self


def watches_max(wanted):
    """Raises the limit of inotify watches where that is allowed. Returns what it was, to be given to
    restore_watches(); None: it was high enough, or has to do. Without a watch for every directory
    podtail is right all the same, but has to look for itself, which costs CPU."""
    with open(WATCHES_MAX, encoding="ascii") as file:
        limit = int(file.read())
    if limit >= wanted:
        return None
    try:
        restore_watches(wanted)
    except OSError:
        print(f"{WATCHES_MAX} is {limit}, not {wanted}, and cannot be raised: idle costs more")
        return None
    print(f"{WATCHES_MAX} raised from {limit} to {wanted} for this run")
    return limit


def restore_watches(limit):
    if limit is not None:
        with open(WATCHES_MAX, "w", encoding="ascii") as file:
            file.write(str(limit))
