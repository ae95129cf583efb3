# SPDX-License-Identifier: Apache-2.0
"""kill -9, many times, on `podtail run` under `podtail gen`: rotation, gzip, retention, on ext4.

usage: kill_soak.py PODTAIL WORK_DIRECTORY [--kills N] [--seed N]

The generator writes at a pace; podtail is killed at random moments of a seed, which is printed. At
the end the records of all lives are compared with the generator's manifest: none lost, none that
nobody wrote, and every record that came again the same to the byte. What came again is also held
against what was durable when the life before was killed: nothing that was committed comes again.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from fault_support import (Agent, Failure, Lives, check, check_equal, check_not_back, loop_ext4, make_image,
                           need_mounts, need_root, owner, shorten, wait_until)
from gen import Manifest

PAUSE_MIN, PAUSE_MAX = 0.3, 1.5  # seconds of one life
RATE, PODS, CONTAINERS = 2000, 3, 2
ROTATE_BYTES, KEEP = "1MiB", 6
# A container rotates every 14 s or so and is without a reader for a fraction of one: nothing is
# deleted before it could be read. Asserted at the end.
ROTATION_SECONDS_MIN = 5.0
IMAGE_MEBIBYTES = 256
PATH = re.compile(r".*/[^/_]+_[^/_]+_([^/_]+)/([^/]+)/(\d+)\.log[^/]*")
BAD_FLAGS = {"malformed", "unterminated", "time_clamped"}


class Sink:
    """What came out of all lives, in the order of first copies: a digest per stream."""

    def __init__(self):
        self.copies = {}   # hash of a record's name: hash of its line
        self.streams = {}  # (instance, stream): [records, digest]
        self.durable = {}  # (owner, stream): time of the last line behind which nothing is needed
        self.repeated = self.within = self.differing = 0
        self.life, self.again = 0, {}  # (life, instance, stream): the first record that was committed and came

    def absorb(self, stdout):
        for line in stdout[:stdout.rfind(b"\n") + 1].split(b"\n")[:-1]:
            record = json.loads(line)
            # Rotated files share a path: the time tells them apart.
            name = hash((owner(record), record["path"], record["offset"], record.get("part", 0), record["stream"],
                         record["time"]))
            known = self.copies.setdefault(name, hash(line))
            if len(self.copies) > self.records():
                self.first_copy(record)
                continue
            self.repeated += 1
            self.differing += known != hash(line)
            # RFC 3339 with nine digits and Z: text order is time order.
            durable = self.durable.get((owner(record), record["stream"]), "")
            self.within += record["time"] > durable
            if record["time"] <= durable:
                self.again.setdefault((self.life, owner(record), record["stream"]),
                                      f"{record['path']} from {record['offset']} at {record['time']}, committed to {durable}")

    def records(self):
        return self.count

    count = 0

    def first_copy(self, record):
        self.count += 1
        check(not BAD_FLAGS & set(record.get("flags", ())) and "part" not in record, f"flags of {shorten(record)}")
        instance = (record["namespace"], record["pod"], *owner(record))
        entry = self.streams.setdefault((instance, record["stream"]), [0, hashlib.sha256()])
        entry[0] += 1
        entry[1].update(f"{record['time']} {record['body']}\n".encode())

    def lost(self, manifest):
        """Records that are missing; what is there must be what was written, in its order."""
        lost = 0
        for name, (count, digest) in manifest.streams.items():
            found = self.streams.pop(name, [0, hashlib.sha256()])
            lost += count - found[0]
            if found[0] != count:
                print(f"        {name}: {found[0]} records instead of {count}")
            check(found[0] != count or found[1].hexdigest() == digest,
                  f"{name}: {count} records, but not those written")
        check(not self.streams, f"records of nobody: {shorten(list(self.streams))}")
        return lost


class Soak:
    def __init__(self, podtail, directory, kills, seed):
        self.podtail, self.kills, self.seed = podtail, kills, seed
        self.moments = random.Random(seed)
        disk = os.path.join(directory, "disk")
        self.lives = Lives(podtail, directory, root=os.path.join(disk, "pods"), state=os.path.join(disk, "state"))
        self.sink, self.offsets, self.began = Sink(), {}, time.monotonic()

    def end_life(self, agent, number, status):
        agent.finish(number)
        check_equal(agent.status, status, f"how podtail ended ({shorten(agent.stderr())})")
        self.sink.life += 1
        self.sink.absorb(agent.stdout())
        Agent.alive.remove(agent)
        before, self.offsets = self.offsets, self.lives.committed()
        check_not_back(before, self.offsets)
        self.sink.durable = durable_times(self.podtail, self.lives.state)
        for path in (agent.out_path, agent.err_path):
            os.unlink(path)

    def run(self):
        generator = Agent(self.podtail, [
            "gen", "--root", self.lives.root, "--seed", str(self.seed), "--rate", str(RATE), "--pods", str(PODS),
            "--containers", str(CONTAINERS), "--rotate-bytes", ROTATE_BYTES, "--keep", str(KEEP), "--gzip", "on"],
            self.lives.directory, "gen")
        for _ in range(self.kills):
            agent = self.lives.start()
            time.sleep(self.moments.uniform(PAUSE_MIN, PAUSE_MAX))  # the moment of the kill is random, not awaited
            self.end_life(agent, signal.SIGKILL, -signal.SIGKILL)
            check(generator.poll() is None, f"the generator ended early: {shorten(generator.stderr())}")
        agent = self.lives.start()
        generator.finish(signal.SIGTERM)
        check_equal(generator.status, 0, f"exit status of the generator ({shorten(generator.stderr())})")
        manifest = Manifest(generator.stdout())
        wait_until(lambda: self.sink.records() + agent.stdout().count(b"\n") >= manifest.records or
                   agent.poll() is not None, "the rest comes out")
        self.end_life(agent, signal.SIGTERM, 0)
        self.end_life(self.lives.start("--once"), None, 0)
        self.verdict(manifest)

    def verdict(self, manifest):
        rotations, seconds = manifest.json["rotations"], manifest.json["seconds"]
        lost = self.sink.lost(manifest)
        rows = [("seed", self.seed), ("kills", self.kills), ("records", manifest.records), ("lost", lost),
                ("sent again", self.sink.repeated), ("  of them not committed before", self.sink.within),
                ("differing", self.sink.differing), ("rotations", rotations),
                ("seconds", round(time.monotonic() - self.began))]
        for name, value in rows:
            print(f"        {name:<30} {value:>10}", flush=True)
        for (life, *_), what in list(self.sink.again.items())[:10]:
            print(f"        committed, and came again in life {life}: {what}", flush=True)
        check(lost == 0, f"{lost} records are lost")
        check(self.sink.differing == 0, f"{self.sink.differing} records came again and were not the same")
        check(self.sink.within == self.sink.repeated, "records that were committed came again")
        check(rotations >= PODS * CONTAINERS, "nothing was rotated")
        pace = seconds * PODS * CONTAINERS / rotations
        check(pace >= ROTATION_SECONDS_MIN, f"a rotation every {pace:.1f} s is faster than this run can judge")


def durable_times(podtail, state):
    """{(owner, stream): time of the last line before the durable offset}, over all generations"""
    done = subprocess.run([podtail, "checkpoints", state, "--json"], capture_output=True, check=False)
    found = {}
    for line in done.stdout.splitlines():
        entry = json.loads(line)
        uid, container, restart = PATH.fullmatch(entry["path"]).groups()
        for stream in ("stdout", "stderr"):
            name = ((uid, container, int(restart)), stream)
            found[name] = max(found.get(name, ""), entry.get(stream + "_time", ""))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("podtail")
    parser.add_argument("work")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("PODTAIL_SEED", "20261122")))
    given = parser.parse_args()
    need_root()
    need_mounts()
    os.makedirs(given.work, exist_ok=True)
    directory = tempfile.mkdtemp(prefix="kill-", dir=os.path.abspath(given.work))
    image = make_image(os.path.join(directory, "image"), IMAGE_MEBIBYTES)
    try:
        with loop_ext4(os.path.join(directory, "disk"), image):
            Soak(os.path.abspath(given.podtail), directory, given.kills, given.seed).run()
    except Failure as failure:
        print(f"FAILED  {failure}\n        seed {given.seed}; left for a look: {directory}", flush=True)
        return 1
    shutil.rmtree(directory, ignore_errors=True)
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
