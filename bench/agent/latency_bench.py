# SPDX-License-Identifier: Apache-2.0
"""How long after it was appended does a line stand on stdout?

The line carries the monotonic time of its write; writers are processes of their own, and this one
does nothing meanwhile but read stdout and stamp what comes. Quiet: nothing else is written. Beside:
other lines, 10,000 a second over 110 files.
"""
import multiprocessing
import os
import random
import re
import time

from agent import Figure, Podtail, Tree, check, check_lines
from load import Load

_PROBE = re.compile(rb"\bt=(\d+)\b")
FILES = 110
LINES_PER_SECOND = 10_000


def measure(binary, work, probes):
    quiet = _delays(binary, os.path.join(work, "quiet"), probes, 0)
    beside = _delays(binary, os.path.join(work, "beside"), probes, LINES_PER_SECOND)
    figures = []
    for name, delays in (("latency_quiet", quiet), ("latency_beside", beside)):
        delays.sort()
        figures += [
            Figure(f"{name}_p50", delays[len(delays) // 2], None, "ms"),
            Figure(f"{name}_p99", delays[len(delays) * 99 // 100], 5, "ms"),
            Figure(f"{name}_max", delays[-1], None, "ms"),
        ]
    return figures


def _delays(binary, work, probes, lines_per_second):
    tree = Tree(os.path.join(work, "tree"), FILES + 1, lines=1)
    podtail = Podtail(binary, tree.root, os.path.join(work, "state"), "--batch-age", "0s")
    podtail.wait_for(tree.lines)
    load = Load(tree, lines_per_second, FILES) if lines_per_second else None
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    writer = context.Process(target=_probe, args=(tree, probes, theirs))
    writer.start()
    written = ours.recv()
    writer.join()
    if load is not None:
        load.stop()
    tree.written[FILES] = written
    podtail.wait_for(tree.lines)
    podtail.finish()
    check_lines(podtail.arrived(), tree)
    delays = _delays_in(podtail.chunks)
    check(len(delays) == probes, f"{len(delays)} of {probes} probes came")
    return delays


def _probe(tree, probes, result):
    pause = random.Random(1)
    fd = tree.open(FILES)
    time.sleep(0.5)
    for _ in range(probes):
        time.sleep(pause.uniform(0.005, 0.015))
        tree.write_to(fd, FILES, text=f"t={time.monotonic_ns()}")
    result.send(tree.written[FILES])


def _delays_in(chunks):
    """Milliseconds. A line that came in pieces came with its last one."""
    delays, rest = [], b""
    for when, data in chunks:
        whole, end, rest = (rest + data).rpartition(b"\n")
        if end:
            delays += [(when - int(sent)) / 1e6 for sent in _PROBE.findall(whole)]
    return delays
