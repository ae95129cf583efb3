# SPDX-License-Identifier: Apache-2.0
"""C1: kill -9 at every system call of the commit path, one call per life.

Each scenario prepares a root and a state directory, counts the calls of one run, and then repeats
that run from the same state, killed at the first call, at the second, and so on. After each kill:
what is durable was accepted, no durable offset went back, the next run delivers the rest, what comes
again is the same to the byte, and one more run has nothing to say.
"""
import collections
import os
import re
import shutil
import subprocess
import sys

from fault_support import (Ledger, Lives, check, check_commits, check_equal, check_not_back, injecting, need_root,
                           need_strace, verify)
from support import main

# What only the state directory uses; the last two are used by others too, and are asked for by path.
CALLS = ["mkdir", "pwrite64", "fsync", "fdatasync", "renameat", "unlinkat", "ftruncate"]
BY_PATH = ["openat", "close"]
RECORD_MAX = 1 << 20  # bytes
FILES = ["", "lock", "journal", "journal.new", "snapshot.0", "snapshot.0.new", "snapshot.1", "snapshot.1.new",
         "losses", "losses.new"]


def traced_paths(state):
    return [os.path.join(state, "stdout", name).rstrip("/") for name in FILES]


def count_calls(lives, calls, paths):
    """{call: how often the thread that uses it most does}"""
    log = os.path.join(lives.directory, "calls")
    words = ["strace", "-f", "-qq", "-o", log, "-e", "trace=" + ",".join(calls)]
    for path in paths:
        words += ["-P", path]
    done = subprocess.run([*words, *lives.words("--once")], capture_output=True, check=False)
    check_equal(done.returncode, 0, f"the run that counts ({done.stderr.decode(errors='replace')})")
    counts = collections.Counter()
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"(\d+) +(\w+)\(", line)
            if match:
                counts[match[2], match[1]] += 1
    return {call: max(count for (name, _), count in counts.items() if name == call)
            for call in {name for name, _ in counts}}


class Scenario:
    def __init__(self, podtail, directory, *flags):
        self.lives = Lives(podtail, directory, flags=flags)
        self.ledgers = [Ledger(self.lives.root, number) for number in (1, 2)]
        self.kept = os.path.join(directory, "kept")
        self.monotone = True

    def keep(self):
        """From here on every life begins with this state."""
        self.base = list(self.lives.outputs)
        self.before = self.lives.committed()
        os.makedirs(self.lives.state, exist_ok=True)
        shutil.copytree(self.lives.state, self.kept, dirs_exist_ok=True)
        if not os.listdir(self.kept):
            os.rmdir(self.kept)

    def again(self):
        shutil.rmtree(self.lives.state, ignore_errors=True)
        if os.path.exists(self.kept):
            shutil.copytree(self.kept, self.lives.state)
        self.lives.outputs = list(self.base)

    def kill_at(self, call, number, paths):
        self.again()
        what = f"{call} number {number}"
        done = self.lives.once(wrapped=injecting(f"{call}:signal=SIGKILL:when={number}", paths=paths), status=None)
        check(done.status in (0, -9), f"killed at {what}: exit status {done.status} ({done.stderr})")
        durable = self.lives.committed()
        check_commits(durable, self.ledgers, self.lives.outputs)
        if self.monotone:
            check_not_back(self.before, durable)
        self.lives.once()
        verify(self.lives.outputs, *self.ledgers)
        self.lives.nothing_comes_again()
        return done.status == -9

    def all_kills(self, calls_min, also="pwrite64"):
        kills, tried = 0, collections.Counter()
        paths = traced_paths(self.lives.state)
        for calls, where in ((CALLS, ()), (BY_PATH, paths)):
            self.again()
            for call, most in sorted(count_calls(self.lives, calls, where).items()):
                for number in range(1, most + 1):
                    hit = self.kill_at(call, number, where)
                    kills += hit
                    tried[call] += hit
        print(f"        {kills} kills: " + ", ".join(f"{call} {count}" for call, count in sorted(tried.items())))
        check(kills >= calls_min, f"only {kills} kills, {calls_min} expected: the commit path was not traced")
        check(tried[also], f"no kill at {also}")


def first_start(podtail, directory):
    scenario = Scenario(podtail, directory)
    for ledger in scenario.ledgers:
        ledger.fill(20)
    scenario.keep()
    scenario.all_kills(12)


def more_bytes(podtail, directory):
    """A store that exists, an open run across the commit, and a rotation."""
    scenario = Scenario(podtail, directory)
    for ledger in scenario.ledgers:
        ledger.fill(20)
        ledger.put(b"begun ", tag="P")
        scenario.lives.once()
        ledger.put(b"and ended", tag="F")
        ledger.rename()
        ledger.reopen()
        ledger.fill(20)
    scenario.keep()
    scenario.all_kills(10)


def several_commits(podtail, directory):
    """4 MiB accepted make a commit: several appends in one life."""
    scenario = Scenario(podtail, directory)
    for ledger in scenario.ledgers:
        ledger.fill(400, size=16000)
    scenario.keep()
    scenario.all_kills(12, also="fdatasync")


def with_a_loss(podtail, directory):
    """What a limit cuts off is in the loss log before anything passes it."""
    scenario = Scenario(podtail, directory, "--line-overflow", "drop")
    for ledger in scenario.ledgers:
        ledger.fill(20)
    scenario.lives.once()
    for ledger in scenario.ledgers:
        ledger.put(b"y" * (RECORD_MAX + 200_000))
        ledger.wanted[list(ledger.wanted)[-1]] = "y" * RECORD_MAX
        ledger.fill(20)
    scenario.keep()
    scenario.all_kills(14, also="fdatasync")


def damaged_state(podtail, directory):
    """The store is set aside and everything is read again: that, too, may be killed anywhere."""
    scenario = Scenario(podtail, directory)
    for ledger in scenario.ledgers:
        ledger.fill(20)
    scenario.lives.once()
    with open(os.path.join(scenario.lives.state, "stdout", "journal"), "r+b") as file:
        file.write(b"podtail-journal 1 garbage\n")
    scenario.keep()
    scenario.monotone = False
    scenario.all_kills(12)


if __name__ == "__main__":
    need_root()
    need_strace()
    sys.exit(main([first_start, more_bytes, several_commits, with_a_loss, damaged_state]))
