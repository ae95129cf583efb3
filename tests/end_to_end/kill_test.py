# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments while a live tree is followed: nothing is missing, and whatever comes
again is identical to its first copy.

PODTAIL_KILLS: how many kills (8); PODTAIL_SEED: of the moments.
"""
import json
import os
import random
import signal
import sys

from gen import Gen, compare_with_manifest
from support import Process, check, check_equal, count_lines, main, parse_records, run_once, wait_until

KILLS = int(os.environ.get("PODTAIL_KILLS", "8"))
SEED = int(os.environ.get("PODTAIL_SEED", "20261122"))


def key(record):
    """Which record of the world this is. Rotated files share a path: the time tells them apart."""
    return (record["pod_uid"], record["container"], record["restart_count"], record["path"], record["offset"],
            record.get("part", 0), record["stream"], record["time"])


def first_copies(outputs):
    """The records of all runs in the order of their first copies, and how many came again."""
    seen, order, repeated = {}, [], 0
    for out in outputs:
        for line in out.split(b"\n")[:-1]:  # what is behind the last LF was torn by the kill
            record = json.loads(line)
            name = key(record)
            if name not in seen:
                seen[name] = line
                order.append(record)
                continue
            repeated += 1
            check_equal(line, seen[name], "a repeated record")
    return order, repeated


def follow_and_kill(podtail, directory, kills, seed, live_flags, run_flags):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    moments = random.Random(seed)
    flags = ["--root", root, "--stdout", "json", "--checkpoint-dir", state, *run_flags]
    live = Gen(podtail, directory, "--seed", str(seed), "--gzip", "off", "--keep", "all", *live_flags)
    outputs = []
    for number in range(kills):
        follower = Process(podtail, ["run", *flags], directory, f"run-{number}")
        lines = int(2 ** moments.uniform(0, 13))  # early and late, by what has come out
        wait_until(lambda: count_lines(follower.out_path) >= lines or live.ended(), f"{lines} lines come out")
        done = follower.finish(signal.SIGKILL)
        check_equal(done.status, -signal.SIGKILL, "how podtail ended")
        outputs.append(done.stdout)
    manifest = live.finish()
    done = run_once(podtail, root, directory, "--checkpoint-dir", state, *run_flags, name="last")
    records, repeated = first_copies([*outputs, done.stdout])
    print(f"        seed {seed}: {len(records)} records, {repeated} came again")
    compare_with_manifest(records, manifest)
    check_equal(parse_records(run_once(podtail, root, directory, "--checkpoint-dir", state, name="idle").stdout), [],
                "records of one more run")
    check(done.totals["waiting_bytes"] == 0, f"{done.totals['waiting_bytes']} bytes still wait")


def containerd(podtail, directory):
    follow_and_kill(podtail, directory, KILLS, SEED,
                    ["--rate", "6000", "--duration", "8s", "--pods", "3", "--rotate-bytes", "300KiB",
                     "--restarts", "2"], [])


def conmon_long_lines(podtail, directory):
    """Runs of fragments, small batches: kills fall inside runs and between their parts."""
    follow_and_kill(podtail, directory, KILLS, SEED + 1,
                    ["--rate", "1500", "--duration", "8s", "--pods", "2", "--rotate-bytes", "1MiB", "--mix", "long",
                     "--runtime", "conmon", "--zone", "+09:00"],
                    ["--batch-bytes", "8KiB", "--batch-age", "20ms", "--memory-max", "16MiB"])


if __name__ == "__main__":
    sys.exit(main([containerd, conmon_long_lines]))
