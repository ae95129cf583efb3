# SPDX-License-Identifier: Apache-2.0
"""Bytes in, records out: the transcripts of sources.md A.3, A.4.1, A.5, C.1 and the odd tree.

The notation is explained in tests/golden/README.md.
"""
import os
import re
import subprocess
import sys

from support import Failure, check, check_equal, main, run_once, time_ns

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[rt\\])")
REPEAT = re.compile(rb"<(.)\*(\d+)>")


def unescape(match):
    code = match[1]
    if code.startswith(b"x"):
        return bytes([int(code[1:], 16)])
    return {b"r": b"\r", b"t": b"\t", b"\\": b"\\"}[code]


def decode_line(text):
    """The bytes of one line of an .in file, its line feed included."""
    if text == b"\\e":
        return b"\n"
    end = b"\n"
    if text.endswith(b"\\c"):
        text, end = text[:-2], b""
    text = REPEAT.sub(lambda match: match[1] * int(match[2]), text)
    return ESCAPE.sub(unescape, text) + end


def write_tree(name, root):
    """Unfolds NAME.in below root."""
    file = None
    with open(os.path.join(GOLDEN, name + ".in"), "rb") as source:
        for line in source.read().split(b"\n"):
            if line == b"" or line.startswith(b"#"):
                continue
            if line.startswith(b"@ "):
                path = os.path.join(root, line[2:].decode())
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if file:
                    file.close()
                file = open(path, "wb")
            else:
                file.write(decode_line(line))
    file.close()


def birth_time(path):
    text = subprocess.run(["stat", "-c", "%w", path], check=True, capture_output=True, text=True).stdout.strip()
    if text == "-":  # this file system has none: then it is the time of the last change
        return os.stat(path).st_mtime_ns
    date, clock, zone = text.split(" ")
    return time_ns(f"{date}T{clock}{zone[:3]}:{zone[3:]}")


def normalise(line, root):
    """One line of output in the notation of the .expected files."""
    path = re.search(r'"path":"([^"]*)"', line)[1]
    check(path.startswith(root + "/"), f"a path outside of the root: {path}")
    line = line.replace(f'"path":"{path}"', f'"path":"{path[len(root) + 1:]}"')
    time = re.match(r'\{"time":"([^"]*)"', line)[1]
    if '"malformed"' in line and time_ns(time) == birth_time(path):
        line = line.replace(f'{{"time":"{time}"', '{"time":"BIRTH"', 1)
    return re.sub(r"([^\\])\1{99,}", lambda match: f"<{match[1]}*{len(match[0])}>", line)


def golden(podtail, directory, name, totals, *flags):
    root = os.path.join(directory, "pods")
    write_tree(name, root)
    done = run_once(podtail, root, directory, *flags)
    found = [normalise(line, root) for line in done.stdout.decode("utf-8").split("\n")[:-1]]
    found.sort(key=lambda line: re.search(r'"path":"([^"]*)"', line)[1])
    if os.environ.get("PODTAIL_SHOW_GOLDEN"):
        print("\n".join(found))
    with open(os.path.join(GOLDEN, name + ".expected"), encoding="utf-8") as file:
        wanted = [line for line in file.read().split("\n") if line and not line.startswith("#")]
    for number, (one, other) in enumerate(zip(found, wanted)):
        if one != other:
            raise Failure(f"{name}, record {number}:\n  found  {one}\n  wanted {other}")
    check_equal(len(found), len(wanted), f"{name}: number of records")
    for key, value in totals.items():
        check_equal(done.totals[key], value, f"{name}: {key} of the totals")


def head(time, stream="stdout", tag="F"):
    return len(f"{time} {stream} {tag} ")


def a3_containerd(podtail, directory):
    """sources.md A.3: every row of the captured table. The dangling P wait."""
    waiting = (head("2026-11-22T13:59:29.96750987Z") + 4 + head("2026-11-22T13:59:31Z") + 4
               + head("2026-11-22T13:59:31.1Z") + 5 + head("2026-11-22T13:59:31.12Z") + 16385
               + head("2026-11-22T13:59:31.123Z") + 16385 + head("2026-11-22T13:59:31.1234Z") + 2)
    golden(podtail, directory, "a3_containerd", {"malformed_lines": 0, "waiting_bytes": waiting})


def a4_conmon(podtail, directory):
    """sources.md A.4.1: arbitrary fragments, equal times, offset zone, no newline at exit."""
    waiting = head("2026-11-22T22:59:52.807816631+09:00") + len("no newline at exit\n")
    golden(podtail, directory, "a4_conmon", {"malformed_lines": 0, "waiting_bytes": waiting})


def a5_docker(podtail, directory):
    """sources.md A.5: not CRI lines, so they come out raw, flagged and counted."""
    golden(podtail, directory, "a5_docker", {"malformed_lines": 6, "records": 6, "waiting_bytes": 0})


def c1_seed(podtail, directory):
    """sources.md C.1: trace ids and levels of the seed's two applications."""
    golden(podtail, directory, "c1_seed", {"malformed_lines": 0, "records": 19, "records_delivered": 19})


def odd_tree(podtail, directory):
    """The tree of the collector's golden output."""
    waiting = head("2023-12-31T01:02:09.000000009Z") + len("no newline at the end")
    golden(podtail, directory, "odd_tree", {"malformed_lines": 7, "waiting_bytes": waiting},
           "--label", "cluster=minikube")


if __name__ == "__main__":
    sys.exit(main([a3_containerd, a4_conmon, a5_docker, c1_seed, odd_tree]))
