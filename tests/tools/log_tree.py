# SPDX-License-Identifier: Apache-2.0
"""Reads a pod log tree slowly, from the specification alone (sources.md A.1 to B.4).

It shares no code with podtail: what it says is what a tree holds.
"""
import calendar
import gzip
import hashlib
import os
import re
import time

FILE = re.compile(r"^(\d+)\.log(?:\.(\d{8}-\d{6})(\.gz)?)?$")
LINE = re.compile(
    rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF]) (.*)$",
    re.DOTALL)


class Line:
    """One CRI line, and where its instance was when it came."""

    def __init__(self, raw):
        match = LINE.match(raw)
        assert match, f"not a CRI line: {raw[:120]!r}"
        second, fraction, zone, stream, tag, self.content = match.groups()
        self.time_text = raw[:raw.index(b" ")].decode()
        self.fraction = (fraction or b"").decode()
        self.zone = zone.decode()
        self.stream = stream.decode()
        self.partial = tag == b"P"
        self.time = exact_time(second.decode(), self.fraction, self.zone)
        self.bytes = len(raw) + 1


def exact_time(second, fraction, zone):
    """RFC 3339 in UTC with nine digits and Z."""
    epoch = calendar.timegm(time.strptime(second, "%Y-%m-%dT%H:%M:%S"))
    if zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[4:])
        epoch += -60 * minutes if zone[0] == "+" else 60 * minutes
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch)) + "." + fraction.ljust(9, "0") + "Z"


class Stream:
    def __init__(self):
        self.records = []  # (time, body)
        self.run = []  # fragments of an open run

    def add(self, line):
        self.run.append(line)
        if not line.partial:
            self.records.append((self.run[0].time, b"".join(part.content for part in self.run)))
            self.run = []


def digest(records):
    sha = hashlib.sha256()
    for stamp, body in records:
        sha.update(stamp.encode() + b" " + body + b"\n")
    return sha.hexdigest()


def instance_files(directory, restart):
    """Names of one container instance, oldest first, the live file last."""
    rotated, live = [], []
    for name in sorted(os.listdir(directory)):
        match = FILE.match(name)
        assert match, f"foreign file {name} in {directory}"
        if int(match[1]) == restart:
            (rotated if match[2] else live).append(name)
    return rotated + live


def read_bytes(path):
    if path.endswith(".gz"):
        with gzip.open(path) as file:
            return file.read()
    with open(path, "rb") as file:
        return file.read()


def instance_bytes(directory, restart):
    return b"".join(
        read_bytes(os.path.join(directory, name)) for name in instance_files(directory, restart))


def split_lines(data):
    assert data == b"" or data.endswith(b"\n"), "a log ends inside a line"
    return [Line(raw) for raw in data.split(b"\n")[:-1]]


def join(lines):
    streams = {"stdout": Stream(), "stderr": Stream()}
    for line in lines:
        streams[line.stream].add(line)
    return streams


def tree(root):
    """{(namespace, pod, uid, container, restart): directory}, from the paths alone."""
    found = {}
    for pod_directory in os.listdir(root):
        name_space, pod, uid = pod_directory.split("_", 2)
        for container in os.listdir(os.path.join(root, pod_directory)):
            directory = os.path.join(root, pod_directory, container)
            for name in os.listdir(directory):
                match = FILE.match(name)
                assert match, f"foreign file {name} in {directory}"
                found[name_space, pod, uid, container, int(match[1])] = directory
    return found
