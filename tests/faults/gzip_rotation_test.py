# SPDX-License-Identifier: Apache-2.0
"""Appendix A, last row: the kubelet's rotation with gzip(1), on a loop-mounted ext4 and on the directory
of the build: frozen over many rotations, down over rotation and compression, and what a kubelet that
died leaves behind.
"""
import contextlib
import os
import signal
import sys

from fault_support import (Ledger, Lives, check, check_equal, loop_ext4, make_image, need_mounts, need_root, need_tools,
                           verify, wait_records)
from kubelet import Kubelet
from support import main

ROTATIONS = 4
IMAGE_MEBIBYTES = 64


@contextlib.contextmanager
def on_ext4(directory):
    root = os.path.join(directory, "pods")
    with loop_ext4(root, make_image(os.path.join(directory, "image"), IMAGE_MEBIBYTES)):
        yield root


@contextlib.contextmanager
def here(directory):
    yield os.path.join(directory, "pods")


def everywhere(trial):
    """The trial on ext4 and on the file system of the build."""
    def both(podtail, directory):
        for name, place in (("ext4", on_ext4), ("here", here)):
            inside = os.path.join(directory, name)
            os.makedirs(inside)
            with place(inside) as root:
                lives = Lives(podtail, inside, root=root)
                ledger = Ledger(root)
                try:
                    trial(lives, ledger, Kubelet(ledger))
                finally:
                    ledger.live.close()
    both.__name__ = trial.__name__
    return both


def once_each(lives, ledger):
    lives.nothing_comes_again()
    check_equal(verify(lives.outputs, ledger)[1], 0, "records that came again")


@everywhere
def frozen_over_rotations(lives, ledger, kubelet):
    """A5: SIGSTOP over k rotations: all but the last two generations are compressed when it wakes."""
    ledger.fill(20)
    agent = lives.start()
    wait_records(agent, ledger)
    agent.signal(signal.SIGSTOP)
    for _ in range(ROTATIONS):
        ledger.fill(200)
        kubelet.tick()
    ledger.fill(20)
    agent.signal(signal.SIGCONT)
    wait_records(agent, ledger)
    done = lives.end(agent)
    check_equal(done.totals["gaps"], 0, "gaps")
    once_each(lives, ledger)


@everywhere
def down_over_rotations(lives, ledger, kubelet):
    """A9, I-6: the committed offset lies inside what is a .gz at the next start."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        ledger.fill(20)
        agent = lives.start()
        ledger.put(b"an open run ", tag="P")
        wait_records(agent, ledger, before=sum(out.count(b"\n") for out in lives.outputs))
        lives.end(agent, stop)
        ledger.put(b"is ended in the same file")
        ledger.fill(100)
        for _ in range(ROTATIONS):
            kubelet.tick()
            ledger.fill(50)
        lives.once()
        verify(lives.outputs, ledger)
    lives.nothing_comes_again()


@everywhere
def run_across_a_compressed_file(lives, ledger, kubelet):
    """F5 with A9: P in a file that is compressed by the time that its F is read."""
    ledger.fill(5)
    lives.once()
    for number in range(ROTATIONS):
        ledger.put(b"begun in %d, " % number, tag="P")
        kubelet.tick()
        ledger.put(b"ended in the next one")
        ledger.fill(5)
    lives.once()
    once_each(lives, ledger)


@everywhere
def gz_beside_plain(lives, ledger, kubelet):
    """A10: the kubelet died between rename and unlink: both are there, and read once."""
    ledger.fill(50)
    old = ledger.rename()
    ledger.reopen()
    with open(old, "rb") as file:
        plain = file.read()
    kubelet.compress(os.path.basename(old))
    with open(old, "wb") as file:
        file.write(plain)
    ledger.fill(20)
    lives.once()
    once_each(lives, ledger)
    kubelet.tick()
    ledger.fill(20)
    lives.once()
    once_each(lives, ledger)


@everywhere
def leftover_tmp(lives, ledger, kubelet):
    """A11: half a .tmp of a kubelet that died is nothing; the plain file is read."""
    ledger.fill(50)
    old = ledger.rename()
    ledger.reopen()
    with open(old + ".tmp", "wb") as file:
        file.write(b"\x1f\x8b\x08\x00half")
    ledger.fill(20)
    lives.once()
    kubelet.tick()
    ledger.fill(20)
    lives.once()
    once_each(lives, ledger)


def cut_gz(podtail, directory):
    """W6, I-2: a .gz that ends in the middle gives what can be unpacked, the rest is in the loss log, and
    it is not tried for ever."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    kubelet = Kubelet(ledger)
    ledger.fill(5000)
    keys = list(ledger.wanted)
    kubelet.tick()
    kubelet.clean()
    path = kubelet.path(kubelet.rotated()[0])
    check(path.endswith(".gz"), f"{path} is not compressed")
    os.truncate(path, os.path.getsize(path) // 2)
    ledger.fill(20)
    done = lives.once()
    came = lives.outputs[0].count(b"\n")
    check(20 < came < 5020, f"{came} records came out of half a file")
    check(done.totals["gaps"] >= 1, "nothing is in the loss log")
    ledger.forget(keys[came - 20:])
    once_each(lives, ledger)


if __name__ == "__main__":
    need_root()
    need_mounts()
    need_tools("gzip")
    sys.exit(main([frozen_over_rotations, down_over_rotations, run_across_a_compressed_file, gz_beside_plain, leftover_tmp,
                   cut_gz]))
