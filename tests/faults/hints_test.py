# SPDX-License-Identifier: Apache-2.0
"""E2 to E4: the kernel's hints (inotify) are too few, none at all, or lost. Hints only make podtail
quicker: what they do not say is found by looking.

The limits are set in a user namespace of podtail's own: the host is not touched.
"""
import os
import signal
import subprocess
import sys

from fault_support import Ledger, Lives, check_equal, need_root, need_tools, skip, verify, wait_records
from support import main

FILES = 40
EVENTS = 20_000  # more than the queue of 16,384


def limited(name, value):
    """The words in front of a command that give it this limit."""
    return ["unshare", "--user", "--map-root-user", "sh", "-c",
            f'echo {value} > /proc/sys/user/{name} && exec "$@"', "sh"]


def need_namespaces():
    need_tools("unshare")
    tried = subprocess.run([*limited("max_inotify_watches", 10), "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        skip(f"no user namespaces here: {tried.stderr.decode(errors='replace').strip()}")


def follow(podtail, directory, wrapped):
    """Many containers, new ones, rotations, all under the limit."""
    lives = Lives(podtail, directory)
    ledgers = [Ledger(lives.root, number) for number in range(1, FILES + 1)]
    for ledger in ledgers:
        ledger.fill(5)
    agent = lives.start(wrapped=wrapped)
    wait_records(agent, *ledgers)
    for ledger in ledgers[::4]:
        ledger.rename()
        ledger.reopen()
        ledger.fill(5)
    for number in range(FILES + 1, FILES + 11):
        ledgers.append(Ledger(lives.root, number))
        ledgers[-1].fill(5)
    wait_records(agent, *ledgers)
    for ledger in ledgers:
        ledger.put(b"the end")
    wait_records(agent, *ledgers)
    done = lives.end(agent)
    check_equal(done.totals["gaps"], 0, "gaps")
    check_equal(verify(lives.outputs, *ledgers)[1], 0, "records that came again")


def too_few_watches(podtail, directory):
    follow(podtail, directory, limited("max_inotify_watches", 10))


def no_watch(podtail, directory):
    follow(podtail, directory, limited("max_inotify_watches", 0))


def no_instance(podtail, directory):
    follow(podtail, directory, limited("max_inotify_instances", 0))


def queue_overflow(podtail, directory):
    """Frozen while more happens than the queue holds: behind the overflow everything is looked at."""
    lives = Lives(podtail, directory)
    ledgers = [Ledger(lives.root, number) for number in range(1, FILES + 1)]
    for ledger in ledgers:
        ledger.fill(5)
    agent = lives.start()
    wait_records(agent, *ledgers)
    agent.signal(signal.SIGSTOP)
    folder = os.path.dirname(ledgers[0].path)
    for number in range(EVENTS):
        path = os.path.join(folder, f"core.{number % 2}")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(path)
    for ledger in ledgers:
        ledger.fill(5)
        ledger.rename()
        ledger.reopen()
        ledger.fill(5)
    ledgers.append(Ledger(lives.root, FILES + 1))
    ledgers[-1].fill(5)
    agent.signal(signal.SIGCONT)
    wait_records(agent, *ledgers)
    done = lives.end(agent)
    check_equal(done.totals["gaps"], 0, "gaps")
    check_equal(verify(lives.outputs, *ledgers)[1], 0, "records that came again")


if __name__ == "__main__":
    need_root()
    need_namespaces()
    sys.exit(main([too_few_watches, no_watch, no_instance, queue_overflow]))
