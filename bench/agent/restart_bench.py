# SPDX-License-Identifier: Apache-2.0
"""How long after a start, or a kill, is every file read to its end?

Every file has one line that came while podtail was not there, so it is known to have been read when
that line arrives: on stdout, with a batch age of 0, hence a little later than it was read.
"""
import os
import signal
import statistics

from agent import Figure, Podtail, Tree, check, check_lines, cpu_seconds


def measure(binary, work, files, starts):
    tree = Tree(os.path.join(work, "tree"), files, lines=5)
    state = os.path.join(work, "state")
    podtail = start(binary, tree, state)
    podtail.wait_for(tree.lines)
    podtail.finish()
    arrived, first_life = podtail.arrived(), podtail.last
    check_lines(arrived, tree)

    stopped = [live(binary, tree, state, signal.SIGTERM, arrived) for _ in range(starts)]
    check_lines(arrived, tree)  # over all lives each line once
    killed = []
    for _ in range(starts):
        killed.append(live(binary, tree, state, signal.SIGKILL, arrived))
        came = [life["lines"] for life in killed]
        # What a life sends again is at most what the one before it sent.
        before = came[-2] if len(came) > 1 else 0
        check(came[-1] <= files + before, f"{came[-1]} lines came, {files} were new, {before} came before")
    podtail = start(binary, tree, state)
    podtail.settle()
    podtail.finish()
    arrived.update(podtail.arrived())
    again = check_lines(arrived, tree, once=False)

    name = f"restart_{files}"
    ready = [life["ready"] for life in stopped]
    return [
        Figure(f"{name}_first_life", first_life, None, "s"),
        Figure(f"{name}_ready_median", statistics.median(ready), 2, "s"),
        Figure(f"{name}_ready_max", max(ready), 2, "s"),
        Figure(f"{name}_first_line_max", max(life["first"] for life in stopped), 3, "s"),
        Figure(f"{name}_cpu_median", statistics.median(life["cpu"] for life in stopped), None, "CPU s"),
        Figure(f"{name}_killed_ready_max", max(life["ready"] for life in killed), 2, "s"),
        Figure(f"{name}_killed_again", again / starts, None, "lines/kill"),
    ]


def start(binary, tree, state):
    return Podtail(binary, tree.root, state, "--batch-age", "0s")


def live(binary, tree, state, end, arrived):
    """One life, until every file's newest line came."""
    for number in range(len(tree.paths)):
        tree.append(number)
    podtail = start(binary, tree, state)
    wanted = len(tree.paths)
    while True:
        podtail.wait_for(wanted)
        wanted = podtail.lines + 1  # read before the look: others may be lines of an earlier life
        if has_newest(podtail, tree):
            break
    life = {"ready": podtail.last, "first": podtail.first, "cpu": cpu_seconds(podtail.pid)}
    podtail.finish(end)
    came = podtail.arrived()
    arrived.update(came)
    return life | {"lines": sum(came.values())}


def has_newest(podtail, tree):
    came = podtail.arrived()
    return all((number, count - 1) in came for number, count in enumerate(tree.written))
