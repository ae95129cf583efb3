# SPDX-License-Identifier: Apache-2.0
"""C2 and A3 on a real ext4: the power goes, and an inode comes back.

The state directory lies on a loop-mounted ext4 with noauto_da_alloc, which does not hide a missing
sync. At many moments of a run the backing image is copied: that is the disk after a power cut. On
each copy podtail starts again: the state is an old one or a new one, never damaged, and not older than
what was synced; nothing is committed that the sink did not have; nothing is lost.
"""
import filecmp
import os
import random
import signal
import subprocess
import sys

from fault_support import (Ledger, Lives, check, check_commits, check_equal, committed, injecting, loop_ext4,
                           make_image, need_mounts, need_root, need_strace, need_tools, verify, wait_records,
                           wait_until, whole_lines)
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


class Views:
    """What was read from the page cache, and so what the disk must hold.

    The store has one job in flight (FileCheckpointStore::StartJob): it begins to write a commit only after
    the sync of the one before has come back. So a view that a later one has overtaken is on the disk.
    """

    def __init__(self, podtail, state):
        self.podtail, self.state = podtail, state
        self.synced, self.newest, self.overtaken = {}, {}, 0

    def look(self):
        """True when there is a newer commit than at the last look."""
        view = committed(self.podtail, self.state, whole=True)
        if all(offset <= self.newest.get(file, -1) for file, offset in view.items()):
            return False
        self.synced, self.newest, self.overtaken = self.newest, view, self.overtaken + 1
        return True

    def owed(self):
        """What a copy taken from now on must hold at least: what is still there, and was synced."""
        return {file: offset for file, offset in self.synced.items() if file in self.newest}


def missing(owed, found):
    """What was synced and is not on the disk: {file: (offset owed, offset found)}"""
    return {file: (offset, found.get(file)) for file, offset in owed.items() if found.get(file, -1) < offset}


def frozen_cut(agent, disk, views):
    """(copy, size of the output, what the copy must hold) of a podtail that stands still. ext4 may go on
    writing for a moment: only a copy that equals its image afterwards is the disk of one moment."""
    agent.signal(signal.SIGSTOP)
    views.look()
    owed, copies = views.owed(), []

    def of_one_moment():
        for copy in copies:
            os.unlink(copy)
        copies[:] = [disk.cut()]
        return filecmp.cmp(copies[0], disk.image, shallow=False)

    wait_until(of_one_moment, "the image stands still")
    size = os.path.getsize(agent.out_path)
    agent.signal(signal.SIGCONT)
    return copies[0], size, owed


def cuts_of_a_run(podtail, directory):
    moments = random.Random(SEED)
    disk = Disk(directory)
    lives = Lives(podtail, directory, state=disk.state)
    ledgers = [Ledger(lives.root, number) for number in (1, 2, 3)]
    views = Views(podtail, disk.state)
    cuts = []
    with disk.mounted():
        agent = lives.start()
        for number in range(CUTS):
            for ledger in ledgers:
                ledger.put(b"begun ", tag="P")
                ledger.fill(moments.randrange(1, 200), stream="stderr")
                ledger.put(b"ended")
                if moments.random() < 0.1:
                    ledger.rename()
                    ledger.reopen()
            wait_for_a_moment(agent, ledgers, views, moments)
            if number % 2 == 0:
                cuts.append(frozen_cut(agent, disk, views))
            else:
                # The copy takes a while: a disk of no one moment, which owes no commit.
                cuts.append((disk.cut(), os.path.getsize(agent.out_path), {}))
        wait_records(agent, *ledgers)
        done = lives.end(agent)
    after_each_cut(lives, disk, ledgers, cuts, done.stdout)


def wait_for_a_moment(agent, ledgers, views, moments):
    """Between the first byte that comes out and the commit of the last one, wherever."""
    out = os.path.getsize(agent.out_path)
    wanted = moments.randrange(0, 40_000)
    overtaken = views.overtaken + moments.randrange(0, 3)

    def is_now():
        views.look()
        return os.path.getsize(agent.out_path) - out >= wanted and views.overtaken >= overtaken
    wait_until(lambda: is_now() or all_out(agent, ledgers), "a moment")


def all_out(agent, ledgers):
    return agent.stdout().count(b"\n") >= sum(len(ledger.wanted) for ledger in ledgers)


def after_each_cut(lives, disk, ledgers, cuts, stdout):
    states, owing = set(), 0
    for copy, size, owed in cuts:
        with disk.mounted(copy):
            check_equal(damage(lives.podtail, disk.state), "", f"damage of {copy}")
            durable = lives.committed()
            check_equal(missing(owed, durable), {}, f"what was synced and is not in {copy}")
            owing += bool(owed)
            states.add(tuple(sorted(durable.items(), key=str)))
            before = [whole_lines(stdout[:size])]
            check_commits(durable, ledgers, before)
            lives.outputs = before
            lives.once()
            verify(lives.outputs, *ledgers)
        os.unlink(copy)
    print(f"        seed {SEED}: {len(cuts)} power cuts, {len(states)} different states, {owing} owed a commit")
    check(len(states) >= 4, "the cuts all hit the same state")
    check(owing >= CUTS // 4, "too few cuts owed a commit")


def a_missing_sync_is_seen(podtail, directory):
    """The test of the test: with syncs that do nothing, a copy lacks what was synced, for ext4 writes data
    back after seconds only; even that copy costs repeats and no record."""
    need_strace()
    disk = Disk(directory)
    lives = Lives(podtail, directory, state=disk.state)
    ledger = Ledger(lives.root)
    views = Views(podtail, disk.state)
    found, tries = [], []

    def lacks_what_was_synced():
        overtaken = views.overtaken + 3
        while views.overtaken < overtaken:
            ledger.fill(20)
            wait_until(views.look, "a commit")
        copy, size, owed = frozen_cut(agent, disk, views)
        tries.append(copy)
        look = os.path.join(directory, "look")
        with loop_ext4(look, copy, "noauto_da_alloc"):
            lacking = missing(owed, committed(podtail, look))
        if lacking:
            found.append((copy, size))
        else:
            os.unlink(copy)  # somebody has called sync(2) just now
        return lacking

    with disk.mounted():
        agent = lives.start(wrapped=injecting("fsync:retval=0", "fdatasync:retval=0"))
        wait_until(lacks_what_was_synced, "a copy lacks what was synced", 60)
        wait_records(agent, ledger)
        done = lives.end(agent)
    print(f"        seen at cut {len(tries)}")
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
