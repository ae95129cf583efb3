# SPDX-License-Identifier: Apache-2.0
"""Appendix A, last row: the kubelet's rotation with gzip(1), on a loop-mounted ext4 and on the directory
of the build: frozen over many rotations, down over rotation and compression, and what a kubelet that
died leaves behind.
"""
import contextlib
import gzip
import json
import os
import signal
import sys
import zlib

from fault_support import (START, Agent, Ledger, Lives, check, check_equal, cri, loop_ext4, make_image, need_mounts,
                           need_root, need_tools, verify, wait_records, wait_until)
from kubelet import Kubelet
from support import main

ROTATIONS = 4
IMAGE_MEBIBYTES = 64
EMPTY_MEMBERS = 100_000
BOMB_MEBIBYTES = 1024


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


def compressed_log(podtail, directory, lines=5000):
    """(lives, ledger, path of the one .gz, the keys that are in it)"""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    kubelet = Kubelet(ledger)
    ledger.fill(lines)
    keys = list(ledger.wanted)
    kubelet.tick()
    kubelet.clean()
    path = kubelet.path(kubelet.rotated()[0])
    check(path.endswith(".gz"), f"{path} is not compressed")
    return lives, ledger, path, keys


def follow_to_the_loss(lives, ledger, keys):
    """What can be unpacked comes out, the rest is declared once, and the live file goes on."""
    agent = lives.start()
    wait_until(lambda: " gap:" in agent.stderr(), "the rest is declared lost")
    ledger.fill(20)
    wait_until(lambda: agent.stdout().count(b'"line 19 ') >= 1 + (len(keys) > 19), "the live file goes on")
    done = lives.end(agent)
    check_equal(done.totals["gaps"], 1, f"gaps ({done.stderr})")
    records = [(line, json.loads(line)) for line in lives.outputs.pop().splitlines()]
    whole = [line for line, record in records if "unterminated" not in record.get("flags", ())]
    check(len(records) - len(whole) <= 1, "more than one torn line")
    lives.outputs.append(b"".join(line + b"\n" for line in whole))
    ledger.forget(keys[len(whole) - 20:])
    once_each(lives, ledger)
    return len(whole) - 20


def cut_gz(podtail, directory):
    """W6, I-2: a .gz that ends in the middle."""
    lives, ledger, path, keys = compressed_log(podtail, directory)
    os.truncate(path, os.path.getsize(path) // 2)
    came = follow_to_the_loss(lives, ledger, keys)
    check(0 < came < len(keys), f"{came} records came out of half a file")


def wrong_checksum(podtail, directory):
    """I-2: all of it can be unpacked, and the CRC at its end says otherwise: everything comes out, and
    that something is wrong is said."""
    lives, ledger, path, keys = compressed_log(podtail, directory)
    with open(path, "r+b") as file:
        file.seek(-8, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    came = follow_to_the_loss(lives, ledger, keys)
    check_equal(came, len(keys), "records out of the file")


def several_members(podtail, directory):
    """I-3, I-1: gzip members one behind another, a hundred thousand empty ones among them, are one log;
    what is no member behind them is padding or damage, and takes nothing with it."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    members = []
    for _ in range(3):
        before = os.path.getsize(ledger.path)
        ledger.fill(500)
        with open(ledger.path, "rb") as file:
            file.seek(before)
            members.append(gzip.compress(file.read()))
    empty = gzip.compress(b"")
    old = ledger.rename()
    ledger.reopen()
    os.unlink(old)
    with open(old + ".gz", "wb") as file:
        file.write(members[0] + empty * EMPTY_MEMBERS + members[1] + members[2])
    ledger.fill(20)
    lives.once()
    once_each(lives, ledger)


def already_read(podtail, directory):
    """I-7: a generation that was committed as a whole is compressed: not a record of it again, over
    several restarts."""
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    kubelet = Kubelet(ledger)
    for _ in range(ROTATIONS):
        ledger.fill(300)
        lives.once()
        kubelet.tick()
        lives.once()
    once_each(lives, ledger)


def deleted_while_unpacking(podtail, directory):
    """I-5: retention deletes the .gz while podtail is in the middle of it: the descriptor has the rest."""
    lives, ledger, path, keys = compressed_log(podtail, directory, 100_000)
    agent = lives.start()
    wait_until(lambda: agent.stdout().count(b"\n") > 0, "something of it comes out")
    agent.signal(signal.SIGSTOP)
    check(agent.stdout().count(b"\n") < len(keys), "all of it was read before it could be deleted")
    os.unlink(path)
    agent.signal(signal.SIGCONT)
    ledger.fill(20)
    wait_records(agent, ledger)
    check_equal(lives.end(agent).totals["gaps"], 0, "gaps")
    once_each(lives, ledger)


def killed_while_unpacking(podtail, directory):
    """I-6: kill -9 in the middle of a .gz, again and again: each life goes on from what is committed."""
    lives, ledger, _, keys = compressed_log(podtail, directory, 60_000)
    for _ in range(5):
        agent = lives.start()
        wait_until(lambda agent=agent: agent.stdout().count(b"\n") > 0, "something comes out")
        lives.end(agent, signal.SIGKILL)
    lives.once()
    verify(lives.outputs, ledger)
    check(keys, "nothing was compressed")
    lives.nothing_comes_again()


def bomb(podtail, directory):
    """I-1: a gibibyte of one letter in a megabyte of .gz: memory stays flat, the line is split, and the
    live file of the same container comes out."""
    lives = Lives(podtail, directory, flags=["--memory-max", "32MiB"])
    ledger = Ledger(lives.root)
    old = ledger.rename()
    ledger.reopen()
    os.unlink(old)
    head = cri(START, "stdout", "F", b"")[:-1]
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with open(old + ".gz", "wb") as file:
        file.write(packer.compress(head))
        for _ in range(BOMB_MEBIBYTES):
            file.write(packer.compress(b"z" * (1 << 20)))
        file.write(packer.compress(b"\n") + packer.flush())
    ledger.fill(20)
    words = ["run", "--once", "--root", lives.root, "--null", "--memory-max", "32MiB"]
    done = Agent(podtail, words, directory, "bomb").finish(deadline=120)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check(done.totals["records"] >= BOMB_MEBIBYTES + 20, f"{done.totals['records']} records")
    check(done.peak_bytes <= 160 << 20, f"{done.peak_bytes >> 20} MiB of memory")


TESTS = [frozen_over_rotations, down_over_rotations, run_across_a_compressed_file, gz_beside_plain, leftover_tmp,
         cut_gz, wrong_checksum, several_members, already_read, killed_while_unpacking, bomb,
         deleted_while_unpacking]

if __name__ == "__main__":
    need_root()
    need_mounts()
    need_tools("gzip")
    sys.exit(main(TESTS))
