# SPDX-License-Identifier: Apache-2.0
"""C2 and A3 on a real ext4: the power goes, and an inode comes back.

The state directory lies on a loop-mounted ext4 with noauto_da_alloc, which does not hide a missing
sync. At many moments of a run the backing image is copied: that is the disk after a power cut. On
each copy podtail starts again: the state is an old one or a new one, never damaged; nothing is
committed that the sink did not have; nothing is lost.
"""
import os
import random
import signal
import subprocess
import sys

from fault_support import (Ledger, Lives, check, check_commits, check_equal, injecting, loop_ext4, make_image,
                           need_mounts, need_root, need_strace, need_tools, verify, wait_records, wait_until,
                           whole_lines)
from kubelet import Kubelet
from support import main

SEED = int(os.environ.get("PODTAIL_SEED", "20261122"))
CUTS = 30
ROTATIONS = 8


class Disk:
    """Where the state lies, and copies of it."""

    def __init__(self, directory):
        self.directory, self.count = directory, 0
        self.state = os.path.join(directory, "state")
        self.image = make_image(os.path.join(directory, "image"), 8)

    def mounted(self, image=None):
        return loop_ext4(self.state, image or self.image, "noauto_da_alloc,commit=1")

    def cut(self):
        """The disk as it is at this moment."""
        self.count += 1
        copy = os.path.join(self.directory, f"cut-{self.count}")
        subprocess.run(["cp", "--sparse=always", self.image, copy], check=True)
        return copy


def damage(podtail, state):
    """What the store says about itself, read-only; nothing before the first commit."""
    if not os.path.exists(os.path.join(state, "stdout")):
        return ""
    done = subprocess.run([podtail, "checkpoints", os.path.join(state)], capture_output=True, check=False)
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace")


def cuts_of_a_run(podtail, directory):
    moments = random.Random(SEED)
    disk = Disk(directory)
    lives = Lives(podtail, directory, state=disk.state)
    ledgers = [Ledger(lives.root, number) for number in (1, 2, 3)]
    cuts = []
    with disk.mounted():
        agent = lives.start()
        for _ in range(CUTS):
            for ledger in ledgers:
                ledger.put(b"begun ", tag="P")
                ledger.fill(moments.randrange(1, 200), stream="stderr")
                ledger.put(b"ended")
                if moments.random() < 0.1:
                    ledger.rename()
                    ledger.reopen()
            frozen = moments.random() < 0.5
            # Between the first byte that comes out and the commit of the last one, wherever.
            out = os.path.getsize(agent.out_path)
            wanted = moments.randrange(0, 40_000)
            durable = lives.committed() if moments.random() < 0.5 else None
            wait_until(lambda: os.path.getsize(agent.out_path) - out >= wanted and
                       (durable is None or lives.committed() != durable) or all_out(agent, ledgers), "a moment")
            if frozen:
                agent.signal(signal.SIGSTOP)
            copy = disk.cut()
            cuts.append((copy, os.path.getsize(agent.out_path)))
            agent.signal(signal.SIGCONT)
        wait_records(agent, *ledgers)
        done = lives.end(agent)
    after_each_cut(lives, disk, ledgers, cuts, done.stdout)


def all_out(agent, ledgers):
    return agent.stdout().count(b"\n") >= sum(len(ledger.wanted) for ledger in ledgers)


def after_each_cut(lives, disk, ledgers, cuts, stdout):
    states = set()
    for copy, size in cuts:
        with disk.mounted(copy):
            check_equal(damage(lives.podtail, disk.state), "", f"damage of {copy}")
            durable = lives.committed()
            states.add(tuple(sorted(durable.items(), key=str)))
            before = [whole_lines(stdout[:size])]
            check_commits(durable, ledgers, before)
            lives.outputs = before
            lives.once()
            verify(lives.outputs, *ledgers)
        os.unlink(copy)
    print(f"        seed {SEED}: {len(cuts)} power cuts, {len(states)} different states")
    check(len(states) >= 4, "the cuts all hit the same state")


def a_missing_sync_is_seen(podtail, directory):
    """The test of the test: with syncs that do nothing, some copy holds a damaged state; even that one
    costs repeats and no record."""
    need_strace()
    disk = Disk(directory)
    lives = Lives(podtail, directory, state=disk.state)
    ledger = Ledger(lives.root)
    found = []

    def damaged():
        ledger.fill(20)
        copy, size = disk.cut(), os.path.getsize(agent.out_path)
        with loop_ext4(os.path.join(directory, "look"), copy, "noauto_da_alloc"):
            if damage(podtail, os.path.join(directory, "look")):
                found.append((copy, size))
            else:
                os.unlink(copy)
        return found

    with disk.mounted():
        agent = lives.start(wrapped=injecting("fsync:retval=0", "fdatasync:retval=0"))
        ledger.fill(20)
        wait_records(agent, ledger)
        wait_until(damaged, "a copy is damaged", 60)
        wait_records(agent, ledger)
        done = lives.end(agent)
    with disk.mounted(found[0][0]):
        lives.outputs = [whole_lines(done.stdout[:found[0][1]])]
        lives.once()
        verify(lives.outputs, ledger)
        lives.nothing_comes_again()


def closed(agent, inode):
    """podtail has no descriptor of this file any more."""
    folder = f"/proc/{agent.process.pid}/fd"
    for name in os.listdir(folder):
        try:
            if os.stat(os.path.join(folder, name)).st_ino == inode:
                return False
        except OSError:
            continue
    return True


def rotated_onto_its_inode(podtail, directory, lives_of):
    """In the kubelet's order the new live file has the inode of the file compressed in the same tick.
    It is read from its beginning, and the other one not again."""
    need_tools("gzip")
    image = make_image(os.path.join(directory, "image"), 32)
    root = os.path.join(directory, "pods")
    with loop_ext4(root, image):
        lives = Lives(podtail, directory, root=root)
        ledger = Ledger(root)
        kubelet = Kubelet(ledger, keep=5)
        reused = lives_of(lives, ledger, kubelet)
        verify(lives.outputs, ledger)
        check_equal(reused, ROTATIONS - 1, "how often the inode came back")


def tick_on_the_same_inode(ledger, kubelet):
    kubelet.tick()
    if not kubelet.freed:
        return 0  # the first one: there was nothing to compress
    return int(os.stat(ledger.path).st_ino == kubelet.freed[-1])


def inode_comes_back_while_running(podtail, directory):
    """An open descriptor keeps its inode: so podtail runs with too few, and is frozen for the tick at a
    moment at which it has lent the one of the rotated file to others."""
    def live(lives, ledger, kubelet):
        others = [Ledger(lives.root, number) for number in range(2, 60)]
        for other in others:
            other.put(b"first")
        reused = 0
        agent = lives.start(wrapped=["prlimit", "--nofile=64:64"])
        for number in range(ROTATIONS):
            ledger.fill(50 + number)
            wait_records(agent, ledger, *others)
            for name in [name for name in kubelet.rotated() if not name.endswith(".gz")]:
                inode = os.stat(kubelet.path(name)).st_ino
                wait_until(lambda inode=inode: frozen_without(agent, inode, ledger, others),
                           "podtail lends the descriptor of what it has read")
            reused += tick_on_the_same_inode(ledger, kubelet)
            agent.signal(signal.SIGCONT)
        ledger.fill(50)
        wait_records(agent, ledger, *others)
        lives.end(agent)
        check_equal(verify(lives.outputs, ledger, *others)[1], 0, "records that came again")
        lives.outputs.clear()
        lives.outputs.append(of_one(agent.stdout(), ledger))
        return reused
    rotated_onto_its_inode(podtail, directory, live)


def frozen_without(agent, inode, ledger, others):
    agent.signal(signal.SIGCONT)
    for other in others:
        other.put(b"busy")
    wait_records(agent, ledger, *others)
    agent.signal(signal.SIGSTOP)
    wait_until(lambda: stopped(agent), "podtail stops")
    return closed(agent, inode)


def stopped(agent):
    with open(f"/proc/{agent.process.pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def of_one(stdout, ledger):
    return b"".join(line + b"\n" for line in stdout.splitlines() if ledger.uid.encode() in line)


def inode_comes_back_while_down(podtail, directory):
    def live(lives, ledger, kubelet):
        reused = 0
        for number in range(ROTATIONS):
            # Shorter and longer than the file before: the offset alone would not tell.
            ledger.fill(50 + number * (-1) ** number)
            lives.once()
            reused += tick_on_the_same_inode(ledger, kubelet)
        ledger.fill(60)
        lives.once()
        check_equal(verify(lives.outputs, ledger)[1], 0, "records that came again")
        return reused
    rotated_onto_its_inode(podtail, directory, live)


TESTS = [cuts_of_a_run, a_missing_sync_is_seen, inode_comes_back_while_running, inode_comes_back_while_down]

if __name__ == "__main__":
    need_root()
    need_mounts()
    sys.exit(main(TESTS))
