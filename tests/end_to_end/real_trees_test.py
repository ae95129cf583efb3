# SPDX-License-Identifier: Apache-2.0
"""Log trees that a real conmon and a real kubelet wrote, against their manifest, on raw bytes.

test.py RAW_EXPORTER WORK_DIRECTORY: the first argument is the test exporter of this folder, for
JSON output replaces bytes that are not UTF-8, and these logs hold such bytes.
"""
import hashlib
import json
import os
import subprocess
import sys

from support import check, check_equal, main, run, shorten, skip

TREES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "trees")
FLAG_MALFORMED, FLAG_UNTERMINATED = 2, 4


def unpack(name, directory):
    with open(os.path.join(directory, name + ".tar"), "wb") as tar:
        subprocess.run(["zstd", "-dcq", os.path.join(TREES, name + ".tar.zst")], stdout=tar, check=True)
    subprocess.run(["tar", "-C", directory, "-xpf", tar.name], check=True)
    os.unlink(tar.name)
    return os.path.join(directory, "pods")


def split_key(path):
    """`<namespace>_<pod>_<uid>/<container>/<restart>` of the manifest."""
    pod, container, restart = path.split("/")
    namespace, name, uid = pod.split("_", 2)
    return (f"{namespace}/{uid}", name, container, int(restart))


def read_output(lines):
    """{key: {stream: [[time_ns, part, flags, body]]}}, with the parts of a split record joined."""
    instances = {}
    for line in lines:
        space, pod, container, restart, stream, time, part, flags, body = line.split(" ")
        key = (space, pod, container, int(restart))
        records = instances.setdefault(key, {"stdout": [], "stderr": []})[stream]
        if int(part) > 1:
            check(records and records[-1][1] == int(part) - 1, f"{key} {stream}: part {part} out of order")
            records[-1][1] = int(part)
            records[-1][2] |= int(flags)
            records[-1][3] += bytes.fromhex(body)
        else:
            records.append([int(time), int(part), int(flags), bytes.fromhex(body)])
    return instances


def compare_stream(found, wanted, what):
    """`found` records of one stream with the manifest's entry. A dangling run is not in its hash."""
    dangling = [record for record in found if record[2] & FLAG_UNTERMINATED]
    whole = [record for record in found if not record[2] & FLAG_UNTERMINATED]
    check_equal(len(whole), wanted["records"], f"{what}: records")
    check_equal(sum(len(record[3]) for record in whole), wanted["body_bytes"], f"{what}: body bytes")
    total = hashlib.sha256()
    for record in whole:
        check(not record[2] & FLAG_MALFORMED, f"{what}: a malformed record: {shorten(record)}")
        total.update(record[3] + b"\n")
    check_equal(total.hexdigest(), wanted["sha256"], f"{what}: SHA-256")
    if dangling:  # closed by an observation: then it has all that there was
        check_equal(len(dangling), 1, f"{what}: unterminated records")
        check_equal(len(dangling[0][3]), wanted.get("dangling_P_bytes", 0), f"{what}: bytes of the dangling run")
    return wanted.get("dangling_P_bytes", 0) if not dangling else 0


def tree(name, raw_exporter, directory):
    root = unpack(name, directory)
    with open(os.path.join(TREES, "MANIFEST.json"), encoding="utf-8") as file:
        manifest = json.load(file)[name]
    compressed = [entry for entry in manifest if any(file.endswith(".gz") for file in entry["files"])]
    plain = [entry for entry in manifest if entry not in compressed]
    for entry in compressed:
        print(f"        not compared, it has compressed generations: {entry['path']}")
    excluded = [os.path.dirname(entry["path"]) + "/*.log" for entry in compressed]
    done = run(raw_exporter, [root, *excluded], directory)
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    lines = done.stdout.decode("ascii").split("\n")[:-1]
    end = lines.pop().split(" ")
    check_equal(end[0], "end", "last line")
    lines_read, _, malformed, waiting = (int(number) for number in end[1:])
    instances = read_output(lines)
    fragments = dangling = 0
    for entry in plain:
        found = instances.pop(split_key(entry["path"]), {"stdout": [], "stderr": []})
        for stream in ("stdout", "stderr"):
            nothing = {"records": 0, "fragments": 0, "body_bytes": 0, "sha256": hashlib.sha256().hexdigest()}
            wanted = entry.get(stream, nothing)
            fragments += wanted["fragments"]
            dangling += compare_stream(found[stream], wanted, f"{entry['path']} {stream}")
    check(not instances, f"records of nobody: {list(instances)}")
    check_equal(lines_read, fragments, "fragments (lines read)")
    check_equal(malformed, 0, "malformed lines")
    check(waiting >= dangling, f"{waiting} bytes waiting, the dangling runs alone have {dangling}")
    check((waiting > 0) == (dangling > 0), f"{waiting} bytes waiting, {dangling} bytes dangling")


def conmon(raw_exporter, directory):
    tree("conmon", raw_exporter, directory)


def kubelet(raw_exporter, directory):
    tree("kubelet", raw_exporter, directory)


if __name__ == "__main__":
    if not os.path.exists(os.path.join(TREES, "MANIFEST.json")):
        skip("../shared/trees is not here: the trees that a real conmon and a real kubelet wrote")
    sys.exit(main([conmon, kubelet]))
