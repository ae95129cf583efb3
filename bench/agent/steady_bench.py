# SPDX-License-Identifier: Apache-2.0
"""What does it cost to follow 10,000 lines a second, and to remember how far?

Nothing is exported (--null): reading, parsing, batches of a second, and the checkpoints. Over 110
files, and over as many as the idle case has.
"""
import json
import os
import time

from agent import Figure, Meter, Podtail, Tree, check, rss_mib
from load import Load

LINES_PER_SECOND = 10_000


def measure(binary, work, files, seconds):
    tree = Tree(os.path.join(work, "tree"), files, lines=1)
    podtail = Podtail(binary, tree.root, os.path.join(work, "state"), stdout=False)
    load = Load(tree, LINES_PER_SECOND, files)
    time.sleep(min(3, seconds))
    meter = Meter(podtail.pid)
    time.sleep(seconds)
    meter.stop()
    rss = rss_mib(podtail.pid)
    rate = load.stop()
    podtail.settle()
    podtail.finish()
    totals = json.loads(podtail.stderr.splitlines()[-1])
    check(totals["records_delivered"] == tree.lines,
          f"{totals['records_delivered']} records of {tree.lines} lines")
    name = f"steady_{files}"
    few = files <= 110
    return [
        Figure(f"{name}_cpu", meter.core_percent, 2 if few else None, "% of a core"),
        Figure(f"{name}_rss", rss, 32 if few else 64 + files * 2 / 1024, "MiB"),
        Figure(f"{name}_rate", rate, None, "lines/s"),
        Figure(f"{name}_wakes", meter.wakes_per_second, None, "wake-ups/s"),
        Figure(f"{name}_written", meter.written_per_second / 1024, None, "KiB/s"),
    ]
