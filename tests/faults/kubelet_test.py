# SPDX-License-Identifier: Apache-2.0
"""5A on real files: what a kubelet and a runtime do to names, on the directory of the build. The
simulator has the same with chosen moments; here the kernel says what names, links and inodes do."""
import os
import shutil
import signal
import sys

from fault_support import Ledger, Lives, check, check_equal, lines_of, verify, wait_records, wait_until
from support import main

PODS = 200
MANY_FILES = 3000
ROTATIONS = 10


def begin(podtail, directory, number=1):
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root, number)
    ledger.fill(20)
    agent = lives.start()
    wait_records(agent, ledger)
    return lives, ledger, agent


def finish(lives, agent, *ledgers, in_order=True):
    """Everything came out once, and nothing was declared lost."""
    wait_records(agent, *ledgers)
    done = lives.end(agent)
    check_equal(done.totals["gaps"], 0, "gaps")
    check_equal(verify(lives.outputs, *ledgers, in_order=in_order)[1], 0, "records that came again")
    lives.nothing_comes_again()


def overwritten_name(podtail, directory):
    """A6: two rotations in one second give two files one name; the first lives on in a descriptor."""
    lives, ledger, agent = begin(podtail, directory)
    agent.signal(signal.SIGSTOP)
    for _ in range(3):
        ledger.fill(20)
        os.rename(ledger.path, ledger.path + ".20261122-000000")
        ledger.reopen()
        ledger.fill(20)
        agent.signal(signal.SIGCONT)
        wait_records(agent, ledger)
        agent.signal(signal.SIGSTOP)
    agent.signal(signal.SIGCONT)
    finish(lives, agent, ledger)


def never_reopened(podtail, directory):
    """A8: the kubelet died behind the rename; the runtime goes on under the rotated name, also over a
    restart of podtail."""
    lives, ledger, agent = begin(podtail, directory)
    ledger.rename()
    for number in range(3):
        ledger.fill(20)
        wait_records(agent, ledger, before=0 if number == 0 else sum(out.count(b"\n") for out in lives.outputs))
        if number < 2:
            lives.end(agent)
            agent = lives.start()
    ledger.fill(20)
    wait_records(agent, ledger, before=sum(out.count(b"\n") for out in lives.outputs))
    lives.end(agent)
    check_equal(verify(lives.outputs, ledger)[1], 0, "records that came again")


def rotated_by_way_of_tmp(podtail, directory):
    """A12 and A11: a name that ends in .tmp is followed while it is open, and ignored otherwise."""
    lives, ledger, agent = begin(podtail, directory)
    stray = ledger.path + ".20261121-000000.tmp"
    with open(stray, "wb") as file:
        file.write(b"\x1f\x8b half a file")
    os.rename(ledger.path, ledger.path + ".tmp")
    ledger.fill(20)
    wait_records(agent, ledger)
    os.rename(ledger.path + ".tmp", ledger.path + ".20261122-000001")
    ledger.fill(20)
    ledger.reopen()
    ledger.fill(20)
    finish(lives, agent, ledger)


def deleted_while_lagging(podtail, directory):
    """A13: deleted by retention while podtail is frozen in the middle of it."""
    lives, ledger, agent = begin(podtail, directory)
    agent.signal(signal.SIGSTOP)
    ledger.fill(20_000)
    old = ledger.rename()
    ledger.reopen()
    ledger.fill(20)
    os.unlink(old)
    agent.signal(signal.SIGCONT)
    finish(lives, agent, ledger)


def short_lives(podtail, directory):
    """A15 and A16: pods that come, write, restart and stay, one after another; what stays is read, and
    two instances of a container never meet."""
    lives = Lives(podtail, directory)
    agent = lives.start()
    ledgers = []
    for number in range(1, PODS + 1):
        for restart in (0, 1):
            ledgers.append(Ledger(lives.root, number, restart=restart))
            ledgers[-1].fill(3)
            ledgers[-1].live.close()
    finish(lives, agent, *ledgers)


def removed_pods(podtail, directory):
    """A15: the directory goes away as soon as its file was opened: the descriptor has the rest."""
    lives, ledger, agent = begin(podtail, directory)
    others = []
    for number in range(2, 12):
        other = Ledger(lives.root, number)
        others.append(other)
        other.fill(1)
        wait_records(agent, ledger, *others)
        agent.signal(signal.SIGSTOP)
        other.fill(2000)
        shutil.rmtree(os.path.dirname(os.path.dirname(other.path)))
        agent.signal(signal.SIGCONT)
        wait_records(agent, ledger, *others)
    finish(lives, agent, ledger, *others)


def replaced_by_rename(podtail, directory):
    """A23: another file is renamed over the live one."""
    lives, ledger, agent = begin(podtail, directory)
    for _ in range(5):
        ledger.fill(20)
        wait_records(agent, ledger)
        fresh = ledger.path + "-new"
        ledger.live.close()
        ledger.live = open(fresh, "ab", buffering=0)
        ledger.fill(30)
        os.rename(fresh, ledger.path)
    finish(lives, agent, ledger)


def hard_link(podtail, directory):
    """A24: a second name of the same file is not a second file."""
    lives, ledger, agent = begin(podtail, directory)
    os.link(ledger.path, ledger.path + ".20261122-000001")
    ledger.fill(20)
    wait_records(agent, ledger)
    ledger.fill(20)
    finish(lives, agent, ledger)


def renamed_directory(podtail, directory):
    """A28: the directory of the container is renamed away and comes back, over a restart."""
    lives, ledger, agent = begin(podtail, directory)
    folder = os.path.dirname(ledger.path)
    os.rename(folder, folder + "-gone")
    ledger.fill(20)
    wait_records(agent, ledger)
    os.rename(folder + "-gone", folder)
    ledger.fill(20)
    wait_records(agent, ledger)
    lives.end(agent)
    ledger.fill(20)
    lives.once()
    verify(lives.outputs, ledger)


def many_files_at_once(podtail, directory):
    """A27: thousands of files appear between two looks, and one has ten generations."""
    lives, ledger, agent = begin(podtail, directory)
    agent.signal(signal.SIGSTOP)
    others = [Ledger(lives.root, number) for number in range(2, MANY_FILES)]
    for other in others:
        other.put(b"one")
        other.live.close()
    for _ in range(ROTATIONS):
        ledger.fill(2)
        ledger.rename()
        ledger.reopen()
    ledger.fill(2)
    agent.signal(signal.SIGCONT)
    wait_until(lambda: lines_of(agent) >= len(others) + len(ledger.wanted), "everything comes out", 300)
    done = lives.end(agent)
    check_equal(done.totals["gaps"], 0, "gaps")
    check(verify(lives.outputs, ledger, *others)[1] == 0, "records came again")


def clock_jumped_back(podtail, directory):
    """A26: the stamps of rotated names sort against their order. A running podtail keeps the order; one
    that was down may only know the names, but loses nothing."""
    lives, ledger, agent = begin(podtail, directory)
    for stamp in ("20261122-000005", "20261122-000003", "20261122-000004"):
        os.rename(ledger.path, f"{ledger.path}.{stamp}")
        ledger.reopen()
        ledger.fill(20)
        wait_records(agent, ledger)
    finish(lives, agent, ledger)
    for stamp in ("20261122-000002", "20261122-000001"):
        ledger.fill(20)
        os.rename(ledger.path, f"{ledger.path}.{stamp}")
        ledger.reopen()
    ledger.fill(20)
    lives.once()
    check_equal(verify(lives.outputs, ledger, in_order=False)[1], 0, "records that came again")


def forgotten_files(podtail, directory):
    """C18: what is gone and settled leaves the checkpoints too: they do not grow with dead files."""
    lives, ledger, agent = begin(podtail, directory)
    everything = [ledger]
    for number in range(2, 62):
        other = Ledger(lives.root, number)
        other.fill(2)
        other.live.close()
        everything.append(other)
    wait_records(agent, *everything)
    wait_until(lambda: len(lives.committed()) == len(everything), "every file has a checkpoint")
    for other in everything[1:]:
        shutil.rmtree(os.path.dirname(os.path.dirname(other.path)))
    wait_until(lambda: len(lives.committed()) == 1, "the checkpoints of dead files go")
    finish(lives, agent, *everything)


if __name__ == "__main__":
    sys.exit(main([overwritten_name, never_reopened, rotated_by_way_of_tmp, deleted_while_lagging, short_lives,
                   removed_pods, replaced_by_rename, hard_link, renamed_directory, many_files_at_once,
                   clock_jumped_back, forgotten_files]))
