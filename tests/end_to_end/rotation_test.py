# SPDX-License-Identifier: Apache-2.0
"""Rename rotation under a running podtail, which keeps its descriptor: everything once, in order."""
import gzip
import os
import shutil
import signal
import sys

from gen import Gen, compare_with_manifest
from support import (Process, check_equal, compare_lists, count_lines, cri, join_parts, log_path, main,
                     wait_until, write)

START = 1_790_000_000 * 10**9


def follow(podtail, directory, root, *flags):
    return Process(podtail, ["run", "--root", root, "--stdout", "json", "--checkpoint-dir",
                             os.path.join(directory, "state"), *flags], directory, "follower")


def with_gzip_and_retention(podtail, directory):
    """The kubelet's own order: delete the oldest, compress the last but one, rename, reopen."""
    root = os.path.join(directory, "pods")
    follower = follow(podtail, directory, root)
    live = Gen(podtail, directory, "--rate", "4000", "--duration", "6s", "--pods", "2", "--containers", "2",
               "--rotate-bytes", "256KiB", "--gzip", "on", "--keep", "5", "--restarts", "1")
    manifest = live.finish()
    wait_until(lambda: count_lines(follower.out_path) >= manifest.records, "every record comes out")
    done = follower.finish(signal.SIGTERM)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_equal(done.totals["gaps"], 0, "gaps")
    compare_with_manifest(done.records(), manifest)


class Writer:
    """One container as the kubelet and a runtime write it, step by step; it knows what must come out."""

    def __init__(self, root):
        self.path = log_path(root, 1)
        self.live = open(self.path, "ab", buffering=0)
        self.old = None
        self.number = self.rotations = 0
        self.wanted = {"stdout": [], "stderr": []}
        self.runs = {}

    def put(self, stream, tag, body, old=False):
        self.number += 1
        ns = START + self.number
        (self.old if old else self.live).write(cri(ns, stream, tag, body))
        ns, head = self.runs.pop(stream, (ns, b""))
        if tag == "P":
            self.runs[stream] = (ns, head + body)
        else:
            self.wanted[stream].append((ns, head + body))

    def rename(self):
        """From here on the runtime still writes to the old inode, under its new name."""
        self.rotations += 1
        self.old_path = f"{self.path}.20261122-{self.rotations:06d}"
        os.rename(self.path, self.old_path)

    def reopen(self):
        if self.old:
            self.old.close()
        self.old, self.live = self.live, open(self.path, "ab", buffering=0)

    def compress(self, path):
        with open(path, "rb") as plain, gzip.open(path + ".tmp", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        os.rename(path + ".tmp", path + ".gz")
        os.unlink(path)

    def records(self):
        return sum(len(entries) for entries in self.wanted.values())


def finish(follower, writer):
    wait_until(lambda: count_lines(follower.out_path) >= writer.records(), "every record comes out")
    done = follower.finish(signal.SIGTERM)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check_equal(done.totals["gaps"], 0, "gaps")
    streams = {"stdout": [], "stderr": []}
    for record in done.records():
        streams[record["stream"]].append(record)
    for stream, wanted in writer.wanted.items():
        found = [(ns, body.encode()) for ns, body, _ in join_parts(streams[stream])]
        compare_lists(found, wanted, stream)


def late_writes(podtail, directory):
    """After the rename the old inode goes on growing, and a line is split over the two files."""
    root = os.path.join(directory, "pods")
    os.makedirs(root)
    follower, writer = follow(podtail, directory, root), Writer(root)
    for number in range(12):
        for n in range(20):
            writer.put("stdout", "F", b"round %d line %d" % (number, n))
            writer.put("stderr", "F", b"error")
        writer.put("stdout", "P", b"begun in the live file, ")
        writer.rename()
        writer.put("stdout", "P", b"gone on after the rename, ")
        writer.put("stderr", "F", b"still the old inode")
        writer.reopen()
        writer.put("stderr", "P", b"new file first ")
        if number % 3 == 0:
            wanted = writer.records()
            wait_until(lambda: count_lines(follower.out_path) >= wanted, "what is whole comes out")
        writer.put("stderr", "F", b"and whole")
        writer.put("stdout", "F", b"ended in the new one")
    finish(follower, writer)


def renamed_back(podtail, directory):
    """The runtime could not reopen: the kubelet renames back, and the same file goes on."""
    root = os.path.join(directory, "pods")
    os.makedirs(root)
    follower, writer = follow(podtail, directory, root), Writer(root)
    for number in range(5):
        writer.put("stdout", "F", b"before %d" % number)
        writer.rename()
        writer.put("stdout", "F", b"under the new name %d" % number)
        if number % 2:
            wanted = writer.records()
            wait_until(lambda: count_lines(follower.out_path) >= wanted, "what was written comes out")
        os.rename(writer.old_path, writer.path)
        writer.put("stdout", "F", b"and back %d" % number)
    finish(follower, writer)


def deleted_while_open(podtail, directory):
    """Deleted by retention before it was read to its end: the descriptor keeps the bytes."""
    root = os.path.join(directory, "pods")
    os.makedirs(root)
    follower, writer = follow(podtail, directory, root), Writer(root)
    writer.put("stdout", "F", b"opened")
    wait_until(lambda: count_lines(follower.out_path) >= 1, "the file is open")
    for n in range(50_000):
        writer.put("stdout", "F", b"line %d " % n + b"x" * 100)
    writer.rename()
    writer.reopen()
    os.unlink(writer.old_path)
    writer.put("stdout", "F", b"the next file")
    finish(follower, writer)


def compressed_after_reading(podtail, directory):
    """A generation that was read and is then compressed does not come out again."""
    root = os.path.join(directory, "pods")
    os.makedirs(root)
    follower, writer = follow(podtail, directory, root), Writer(root)
    for number in range(3):
        for n in range(100):
            writer.put("stdout", "F", b"round %d line %d" % (number, n))
        wanted = writer.records()
        wait_until(lambda: count_lines(follower.out_path) >= wanted, "the round comes out")
        writer.rename()
        writer.reopen()
        writer.compress(writer.old_path)
    finish(follower, writer)


if __name__ == "__main__":
    sys.exit(main([with_gzip_and_retention, late_writes, renamed_back, deleted_while_open, compressed_after_reading]))
