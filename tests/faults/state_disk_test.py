# SPDX-License-Identifier: Apache-2.0
"""C8 to C17, C24, C25: the disk under the state directory fails in every way it can.

Tailing and sending go on, the trouble is said and not for every record, what is durable stays
durable, and when the disk is well again commits go on by themselves.
"""
import contextlib
import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import sys

from fault_support import (Ledger, Lives, check, check_commits, check_equal, command, committed,
                           injecting, loop_ext4, make_image, need_mounts, need_root, need_strace, need_tools, shorten,
                           tmpfs, verify, wait_records, wait_until)
from errors_test import open_to_all  # behind fault_support, which knows the way
from support import main

FS_IOC_SHUTDOWN = 0x8004587D
FILES = 12
RECORD_MAX = 1 << 20  # bytes
TROUBLE_LINES_MAX = 4  # of one trouble: once per step that fails, whatever the retries


class Trial:
    """One podtail that follows a few files while something happens to its state directory."""

    def __init__(self, podtail, directory, state=None, flags=(), files=FILES):
        self.lives = Lives(podtail, directory, state=state, flags=flags)
        self.ledgers = [Ledger(self.lives.root, number) for number in range(1, files + 1)]
        self.agent = None

    def start(self, wrapped=(), **options):
        self.agent = self.lives.start(wrapped=wrapped, **options)

    def write(self, lines=5):
        for ledger in self.ledgers:
            ledger.fill(lines)

    def arrives(self):
        """Sending goes on."""
        have = sum(out.count(b"\n") for out in self.lives.outputs)
        wait_records(self.agent, *self.ledgers, before=have)

    def all_durable(self):
        durable = self.lives.committed()
        offsets = {inode: offset for (inode, _), offset in durable.items()}
        return all(offsets.get(os.stat(ledger.path).st_ino) == os.path.getsize(ledger.path)
                   for ledger in self.ledgers)

    def becomes_durable(self):
        wait_until(self.all_durable, "everything is committed", 60)

    def says(self, *words):
        """The trouble is said; each look writes a little, so that there is something to commit."""
        def said():
            if any(all(word in line for word in words) for line in self.agent.stderr().splitlines()):
                return True
            self.write(1)
            self.arrives()
            return False
        wait_until(said, f"podtail says {words}", 60)

    def said_seldom(self):
        count = self.agent.stderr().count("state_trouble")
        check(1 <= count <= TROUBLE_LINES_MAX, f"the trouble was said {count} times: {shorten(self.agent.stderr())}")

    def ends_well(self, repeats=False):
        self.lives.end(self.agent)
        _, repeated = verify(self.lives.outputs, *self.ledgers)
        check(repeats or repeated == 0, f"{repeated} records came again")
        self.lives.nothing_comes_again()


def trouble_and_back(trial, break_it, mend_it, *words):
    trial.start()
    trial.write()
    trial.arrives()
    trial.becomes_durable()
    break_it()
    trial.says("state_trouble", *words)
    trial.write()
    trial.arrives()
    check_commits(trial.lives.committed(), trial.ledgers, [trial.agent.stdout()])
    mend_it()
    trial.becomes_durable()
    trial.said_seldom()
    trial.ends_well()


def no_space(podtail, directory):
    state = os.path.join(directory, "state")
    with tmpfs(state, "size=256k"):
        ballast = os.path.join(state, "ballast")

        def fill_up():
            with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)

        trouble_and_back(Trial(podtail, directory, state), fill_up, lambda: os.unlink(ballast), "No space left")


def no_inodes(podtail, directory):
    """Room for the directory and its lock, and for nothing else."""
    state = os.path.join(directory, "state")
    with tmpfs(state, "size=1m,nr_inodes=3"):
        trial = Trial(podtail, directory, state)
        trial.start()
        trial.says("state_trouble", "No space left")
        command("mount", "-o", "remount,nr_inodes=64", state)
        trial.becomes_durable()
        trial.said_seldom()
        trial.ends_well()


def killed_while_full(podtail, directory):
    """A crash in the middle of the trouble costs repeats and nothing else."""
    state = os.path.join(directory, "state")
    with tmpfs(state, "size=1m,nr_inodes=3"):
        trial = Trial(podtail, directory, state)
        for _ in range(2):
            trial.start()
            trial.says("state_trouble", "No space left")
            trial.lives.end(trial.agent, signal.SIGKILL)
        command("mount", "-o", "remount,nr_inodes=64", state)
        trial.start()
        trial.write()
        trial.becomes_durable()
        trial.ends_well(repeats=True)


def read_only(podtail, directory):
    """ext4 with errors=remount-ro meets an error: EROFS under a running podtail."""
    state, image = os.path.join(directory, "state"), make_image(os.path.join(directory, "image"), 16)
    trial = Trial(podtail, directory, state)
    with loop_ext4(state, image, "errors=remount-ro"):
        device = os.path.basename(command("findmnt", "-n", "-o", "SOURCE", state).strip())
        trigger = f"/sys/fs/ext4/{device}/trigger_fs_error"
        trial.start()
        trial.write()
        trial.arrives()
        trial.becomes_durable()
        with open(trigger, "w", encoding="ascii") as file:
            file.write("podtail test")
        trial.says("state_trouble", "Read-only file system")
        trial.write()
        trial.arrives()
        trial.said_seldom()
        trial.lives.end(trial.agent, signal.SIGKILL)
    subprocess.run(["e2fsck", "-fy", image], capture_output=True, check=False)
    with loop_ext4(state, image):
        trial.start()
        trial.becomes_durable()
        trial.ends_well(repeats=True)


def file_system_shutdown(podtail, directory):
    """Everything below the state directory is EIO from one moment on."""
    state, image = os.path.join(directory, "state"), make_image(os.path.join(directory, "image"), 16)
    trial = Trial(podtail, directory, state)
    with loop_ext4(state, image):
        trial.start()
        trial.write()
        trial.arrives()
        trial.becomes_durable()
        descriptor = os.open(state, os.O_RDONLY)
        fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", 2))
        os.close(descriptor)
        trial.says("state_trouble", "Input/output error")
        trial.write()
        trial.arrives()
        trial.said_seldom()
        trial.lives.end(trial.agent, signal.SIGKILL)
    with loop_ext4(state, image):
        trial.start()
        trial.becomes_durable()
        trial.ends_well(repeats=True)


def injected(podtail, directory, *faults, words=("state_trouble",), repeats=False):
    """Errors of single calls: said, and over when they are over."""
    need_strace()
    trial = Trial(podtail, directory)
    os.makedirs(os.path.join(trial.lives.state, "stdout"))  # or the start itself would meet the fault
    trial.start(wrapped=injecting(*faults))
    trial.says(*words)
    trial.write()
    trial.arrives()
    trial.becomes_durable()
    trial.said_seldom()
    trial.ends_well(repeats)


def sync_fails(podtail, directory):
    """The first sync of the journal is EIO; what it was to save is written into a new file."""
    injected(podtail, directory, "fdatasync:error=EIO:when=1..2", words=("state_trouble", "Input/output error"))


def sync_of_files_and_directory_fails(podtail, directory):
    injected(podtail, directory, "fsync:error=EIO:when=1..5", words=("state_trouble", "Input/output error"))


def quota_and_rename(podtail, directory):
    injected(podtail, directory, "pwrite64:error=EDQUOT:when=1..3", "renameat:error=EROFS:when=1..2",
             words=("state_trouble", "Disk quota exceeded"))


def short_writes(podtail, directory):
    """A disk that says it wrote 3 bytes and wrote none: the checksum finds it at the next start."""
    need_strace()
    trial = Trial(podtail, directory)
    trial.start(wrapped=injecting("pwrite64:retval=3:when=3+2"))
    trial.write()
    trial.arrives()
    wait_until(lambda: os.path.exists(os.path.join(trial.lives.state, "stdout", "journal")), "a journal")
    trial.lives.end(trial.agent, signal.SIGKILL)
    trial.start()
    trial.write()
    trial.becomes_durable()
    trial.ends_well(repeats=True)


def file_size_limit(podtail, directory):
    """EFBIG behind a write that was short for real; SIGXFSZ ends nobody. stdout is a pipe: the limit
    is for the state alone."""
    need_tools("prlimit")
    trial = Trial(podtail, directory)
    reader, writer = os.pipe()
    out = os.path.join(directory, "piped")
    with open(out, "wb") as file, subprocess.Popen(["cat"], stdin=reader, stdout=file) as drain:
        os.close(reader)
        trial.start(stdout=writer)
        os.close(writer)
        trial.agent.out_path = out
        trial.write()
        trial.arrives()
        trial.becomes_durable()
        size = os.path.getsize(os.path.join(trial.lives.state, "stdout", "journal"))
        command("prlimit", "--pid", str(trial.agent.process.pid), f"--fsize={size + 100}:unlimited")
        trial.says("state_trouble", "File too large")
        trial.write()
        trial.arrives()
        command("prlimit", "--pid", str(trial.agent.process.pid), "--fsize=unlimited:unlimited")
        trial.becomes_durable()
        trial.said_seldom()
        trial.agent.finish(signal.SIGTERM)
        check_equal(drain.wait(), 0, "the reader of the pipe")
    trial.ends_well()


def slow_sync(podtail, directory):
    """Each sync takes 400 ms: commits wait, records do not."""
    need_strace()
    trial = Trial(podtail, directory)
    trial.start(wrapped=injecting("fsync:delay_enter=400ms", "fdatasync:delay_enter=400ms"))
    wait_until(lambda: os.path.exists(os.path.join(trial.lives.state, "stdout", "lock")), "the state directory")
    trial.write()
    trial.arrives()
    check(not trial.all_durable(), "the first commit took no sync at all")
    for _ in range(20):
        trial.write(1)
        trial.arrives()
    trial.becomes_durable()
    trial.ends_well()


def deleted_while_running(podtail, directory):
    trial = Trial(podtail, directory)
    trial.start()
    for _ in range(2):
        trial.write()
        trial.arrives()
        trial.becomes_durable()
        shutil.rmtree(trial.lives.state)
        trial.write()
        trial.arrives()
        trial.becomes_durable()
    trial.ends_well()


def not_writable_at_start(podtail, directory):
    """Exit status 73 before any log is read: nothing comes out."""
    need_tools("setpriv")
    state = os.path.join(directory, "state")
    trial = Trial(podtail, directory, state, files=1)
    trial.write()
    with tmpfs(state, "size=64k,ro"):
        done = trial.lives.once(status=73)
        check(state in done.stderr, f"the path is not named: {shorten(done.stderr)}")
    opened = open_to_all(directory)
    with tmpfs(state, "size=64k,mode=700"):
        trial.lives.once(wrapped=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                                  "--bounding-set=-all"], status=73)
    for path, mode in opened:
        os.chmod(path, mode)
    check_equal(b"".join(trial.lives.outputs), b"", "records of a podtail that may not start")
    trial.lives.once()
    verify(trial.lives.outputs, *trial.ledgers)


def two_owners(podtail, directory):
    """The second one ends with 73 and changes nothing; after kill -9 the lock is nobody's."""
    trial = Trial(podtail, directory)
    trial.start()
    trial.write()
    trial.arrives()
    trial.becomes_durable()
    before = committed(podtail, trial.lives.state)
    for _ in range(3):
        done = trial.lives.once(status=73)
        check("locked" in done.stderr, f"the lock is not named: {shorten(done.stderr)}")
        check_equal(done.stdout, b"", "records of the second owner")
    check_equal(committed(podtail, trial.lives.state), before, "what is durable")
    trial.write()
    trial.arrives()
    trial.lives.end(trial.agent, signal.SIGKILL)
    trial.start()
    trial.write()
    trial.becomes_durable()
    trial.ends_well(repeats=True)


def restored_from_backup(podtail, directory):
    """The state of an hour ago: what was accepted since comes again, identically, and nothing is skipped,
    also where files were rotated or cut since."""
    trial = Trial(podtail, directory)
    trial.write()
    trial.lives.once()
    backup = os.path.join(directory, "backup")
    shutil.copytree(trial.lives.state, backup)
    for number, ledger in enumerate(trial.ledgers):
        ledger.fill(20)
        if number % 3 == 0:
            ledger.rename()
            ledger.reopen()
            ledger.fill(3)
    trial.lives.once()
    for ledger in trial.ledgers[1::3]:
        os.truncate(ledger.path, 0)
        ledger.fill(2)
    trial.lives.once()
    shutil.rmtree(trial.lives.state)
    shutil.copytree(backup, trial.lives.state)
    trial.write()
    trial.lives.once()
    verify(trial.lives.outputs, *trial.ledgers)
    trial.lives.nothing_comes_again()


def losses_of(state):
    with open(os.path.join(state, "stdout", "losses"), encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.startswith("{")]


def loss_log_full(podtail, directory):
    """What cannot be delivered waits for its line in the loss log, and says so."""
    state = os.path.join(directory, "state")
    with tmpfs(state, "size=256k,nr_inodes=3"):
        trial = Trial(podtail, directory, state, flags=["--line-overflow", "drop"], files=1)
        ledger = trial.ledgers[0]
        trial.start()
        ledger.put(b"y" * (RECORD_MAX + 5000))
        ledger.wanted[list(ledger.wanted)[-1]] = "y" * RECORD_MAX
        wait_until(lambda: "state_trouble" in trial.agent.stderr(), "podtail says that it cannot write")
        check_equal(trial.lives.committed(), {}, "what is durable")
        command("mount", "-o", "remount,nr_inodes=64", state)
        ledger.fill(5)
        trial.becomes_durable()
        trial.ends_well()
        losses = losses_of(state)
        check_equal(len(losses), 1, f"losses ({losses})")


TESTS = [no_space, no_inodes, killed_while_full, read_only, file_system_shutdown, sync_fails,
         sync_of_files_and_directory_fails, quota_and_rename, short_writes, file_size_limit, slow_sync,
         deleted_while_running, not_writable_at_start, two_owners, restored_from_backup,
         loss_log_full]

if __name__ == "__main__":
    need_root()
    need_mounts()
    sys.exit(main(TESTS))
