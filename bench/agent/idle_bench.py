# SPDX-License-Identifier: Apache-2.0
"""What does it cost to follow files in which nothing, or little, happens?

Each file has a container and a pod of its own. Quiet: no line at all. Trickle: a hundredth of the
files (at least one) get a line each second.
"""
import os
import time

from agent import Figure, Meter, Podtail, Tree, check, check_lines, descriptors, rss_mib
from load import Load


def measure(binary, work, files, seconds):
    tree = Tree(os.path.join(work, "tree"), files, lines=5)
    podtail = Podtail(binary, tree.root, os.path.join(work, "state"))
    podtail.wait_for(tree.lines)
    podtail.settle()

    meter = Meter(podtail.pid)
    time.sleep(seconds)
    quiet = meter.stop()
    check(quiet.writes == 0, f"{quiet.writes} writes of {quiet.written_bytes} bytes while nothing moved")
    idle_rss, open_files = rss_mib(podtail.pid), descriptors(podtail.pid)

    active = max(1, files // 100)
    load = Load(tree, active, active)
    meter = Meter(podtail.pid)
    time.sleep(seconds)
    trickle = meter.stop()
    load.stop()
    podtail.wait_for(tree.lines)
    podtail.settle()
    rss = max(idle_rss, rss_mib(podtail.pid))
    podtail.finish()
    check_lines(podtail.arrived(), tree)

    name = f"idle_{files}"
    few = files <= 110
    return [
        Figure(f"{name}_cpu", quiet.core_percent, 0.1 if few else 0.5, "% of a core"),
        Figure(f"{name}_wakes", quiet.wakes_per_second, 5, "wake-ups/s"),
        Figure(f"{name}_writes", quiet.writes, 0, "writes"),
        Figure(f"{name}_rss", idle_rss, 12 if few else 64 + files * 2 / 1024, "MiB"),
        Figure(f"{name}_descriptors", open_files, files + 64, "descriptors"),
        Figure(f"{name}_trickle_cpu", trickle.core_percent, None if few else 10, "% of a core"),
        Figure(f"{name}_trickle_written", trickle.written_per_second / 1024, None, "KiB/s"),
        Figure(f"{name}_trickle_rss", rss, 12 if few else 64 + files * 2 / 1024, "MiB"),
    ]
