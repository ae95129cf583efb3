# SPDX-License-Identifier: Apache-2.0
"""`--shards N`: several engines share a sink's state and its stdout. Whatever their number at each
start, every record comes once, lines are whole, and after kill -9 what comes again is the same.

PODTAIL_KILLS: how many kills (6); PODTAIL_SEED: of the moments and numbers.
"""
import json
import os
import random
import signal
import sys

from gen import Gen, compare_with_manifest
from kill_test import first_copies
from support import (Process, check, check_equal, compare_with_files, count_lines, cri, log_path, main, parse_records,
                     run_once, scale, wait_until, write)

KILLS = int(os.environ.get("PODTAIL_KILLS", "6"))
SEED = int(os.environ.get("PODTAIL_SEED", "20261122"))
PODS = 12
MEMORY = ["--memory-max", "96MiB"]


def another_number_every_time(podtail, directory):
    """1, 3, 2 engines, and lines that are appended in between: each comes once, also the end of a run
    that was open over the change."""
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    flags = ["--checkpoint-dir", state, *MEMORY]
    records, number = [], 0
    for turn, shards in enumerate((1, 3, 2)):
        for pod in range(PODS):
            for _ in range(scale(400, podtail)):
                number += 1
                tag = "F" if number % 3 else "P"
                write(log_path(root, pod), cri(10**18 + number, "stdout", tag, b"%d %d" % (turn, number)))
            write(log_path(root, pod), cri(10**18 + number, "stdout", "F" if turn == 2 else "P", b"edge"))
        done = run_once(podtail, root, directory, "--shards", str(shards), *flags, name=f"turn-{turn}")
        check_equal(done.totals["waiting_bytes"] > 0, turn < 2, f"whether something waits after turn {turn}")
        records += done.records()
    compare_with_files(records, root)
    check_equal(run_once(podtail, root, directory, "--shards", "5", *flags, name="idle").records(), [],
                "records of one more run")


def totals_are_sums(podtail, directory):
    root = os.path.join(directory, "pods")
    for pod in range(PODS):
        write(log_path(root, pod), cri(10**18, "stdout", "F", b"one") + b"malformed\n")
    one = run_once(podtail, root, directory, name="one").totals
    three = run_once(podtail, root, directory, "--shards", "3", *MEMORY, name="three").totals
    for key in ("files", "bytes_read", "lines_read", "records", "records_delivered", "malformed_lines"):
        check_equal(three[key], one[key], key)
    both = run_once(podtail, root, directory, "--null", "--shards", "3", *MEMORY, name="both").totals
    check_equal(both["records_delivered"], 2 * one["records_delivered"], "records of two sinks")


def slow_reader(podtail, directory):
    """Through a pipe that is read in small pieces: every line is whole."""
    root = os.path.join(directory, "pods")
    for pod in range(PODS):
        for number in range(scale(100, podtail)):
            write(log_path(root, pod), cri(10**18 + number, "stdout", "F", b"x" * (2000 + 37 * number)))
    reader, writer = os.pipe()
    follower = Process(podtail, ["run", "--once", "--root", root, "--stdout", "json", "--shards", "3", *MEMORY],
                       directory, "piped", stdout=writer)
    os.close(writer)
    got = b""
    while piece := os.read(reader, 7001):
        got += piece
    os.close(reader)
    check_equal(follower.finish().status, 0, "exit status")
    compare_with_files(parse_records(got), root)


def killed_with_another_number_every_time(podtail, directory):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    moments = random.Random(SEED)
    live = Gen(podtail, directory, "--seed", str(SEED), "--gzip", "off", "--keep", "all", "--rate", "4000",
               "--duration", "6s", "--pods", "7", "--rotate-bytes", "300KiB", "--restarts", "2")
    outputs = []
    for number in range(KILLS):
        shards = str(moments.randint(1, 4))
        follower = Process(podtail, ["run", "--root", root, "--stdout", "json", "--checkpoint-dir", state,
                                     "--shards", shards, *MEMORY], directory, f"run-{number}")
        lines = int(2 ** moments.uniform(0, 12))
        wait_until(lambda: count_lines(follower.out_path) >= lines or live.ended(), f"{lines} lines come out")
        done = follower.finish(signal.SIGKILL)
        check_equal(done.status, -signal.SIGKILL, "how podtail ended")
        # A race that was found before the kill has no exit status to show.
        check("ThreadSanitizer" not in done.stderr, done.stderr)
        outputs.append(done.stdout)
    manifest = live.finish()
    done = run_once(podtail, root, directory, "--checkpoint-dir", state, "--shards", "3", *MEMORY, name="last")
    records, repeated = first_copies([*outputs, done.stdout])
    print(f"        seed {SEED}: {len(records)} records, {repeated} came again")
    compare_with_manifest(records, manifest)
    check(done.totals["waiting_bytes"] == 0, f"{done.totals['waiting_bytes']} bytes still wait")


def stops_together(podtail, directory):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    for pod in range(PODS):
        write(log_path(root, pod), cri(10**18, "stdout", "F", b"one"))
    follower = Process(podtail, ["run", "--root", root, "--stdout", "json", "--checkpoint-dir", state, "--shards", "4",
                                 *MEMORY], directory, "follower")
    wait_until(lambda: count_lines(follower.out_path) == PODS, "all lines come out")
    second = Process(podtail, ["run", "--once", "--root", root, "--checkpoint-dir", state], directory, "second")
    check_equal(second.finish().status, 73, "a second podtail on the same directory")
    done = follower.finish(signal.SIGTERM)
    check_equal(done.status, 0, "exit status")
    check_equal(json.loads(done.stderr.splitlines()[-1])["records_delivered"], PODS, "records in the totals")
    check_equal(run_once(podtail, root, directory, "--checkpoint-dir", state, name="idle").records(), [],
                "records of one more run")


if __name__ == "__main__":
    sys.exit(main([another_number_every_time, totals_are_sums, slow_reader, killed_with_another_number_every_time,
                   stops_together]))
