# SPDX-License-Identifier: Apache-2.0
"""`podtail gen` in the background, and its manifest against records that came out."""
import json
import os

from support import Process, by_stream, check, check_equal, digest, join_parts, shorten

NOTHING = digest([])


class Manifest:
    """{(instance, stream): (records, SHA-256)}, streams without records left out."""

    def __init__(self, text):
        self.json = json.loads(text)
        self.streams = {}
        for entry in self.json["instances"]:
            instance = (entry["namespace"], entry["pod"], entry["pod_uid"], entry["container"],
                        entry["restart_count"])
            for stream, summary in entry["streams"].items():
                if summary["records"]:
                    self.streams[instance, stream] = (summary["records"], summary["sha256"])
                else:
                    check_equal(summary["sha256"], NOTHING, "hash of a stream without records")
        self.records = self.json["records"]
        check_equal(sum(records for records, _ in self.streams.values()), self.records, "the manifest's own sum")


class Gen:
    def __init__(self, podtail, directory, *flags, name="gen"):
        self.process = Process(podtail, ["gen", "--root", os.path.join(directory, "pods"), *flags], directory, name)

    def ended(self):
        return self.process.poll() is not None

    def finish(self):
        done = self.process.finish()
        check_equal(done.status, 0, f"exit status of gen ({done.stderr})")
        return Manifest(done.stdout)


def compare_with_manifest(records, manifest):
    """Every record of the manifest exactly once: instance, stream, order, time to the nanosecond, body
    to the byte; and nothing else."""
    found = by_stream(records)
    for name, (count, sha256) in manifest.streams.items():
        entries = []
        for ns, body, flags in join_parts(found.pop(name, [])):
            check(not flags & {"malformed", "unterminated", "time_clamped"}, f"{name}: flags {flags}")
            entries.append((ns, body.encode("utf-8")))
        check_equal(len(entries), count, f"{name}: records")
        check_equal(digest(entries), sha256, f"{name}: SHA-256")
    check(not found, f"records of nobody: {shorten(list(found))}")
