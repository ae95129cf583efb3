# SPDX-License-Identifier: Apache-2.0
"""`podtail ledger`: everything that was lost, each place once, whatever else is in the files."""
import json
import os
import subprocess
import sys

from support import check, check_equal, cri, log_path, main, run, run_once, write

LIMIT = 1024 * 1024


def overflowing(podtail, directory):
    """A run of podtail that drops what is beyond the limit of a line, and says so exactly."""
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    long = cri(10**9, "stdout", "F", b"x" * (LIMIT + 500))
    write(log_path(root, 1), cri(10**9, "stdout", "F", b"short") + long + cri(10**9, "stderr", "F", b"end"))
    done = run_once(podtail, root, directory, "--checkpoint-dir", state, "--line-overflow", "drop")
    check_equal([len(r["body"]) for r in done.records()], [5, LIMIT, 3], "lengths of the bodies")
    check_equal(done.totals["gaps"], 1, "gaps")
    check_equal(done.totals["gap_bytes"], 501, "bytes of gaps: the rest of the line and its end")
    return os.path.join(state, "stdout")


def entries(podtail, directory, place, name):
    done = run(podtail, ["ledger", place, "--json"], directory, name)
    check_equal(done.status, 0, f"exit status of ledger ({done.stderr})")
    return done, [json.loads(line) for line in done.stdout.decode().splitlines()]


def shows_what_was_dropped(podtail, directory):
    sink = overflowing(podtail, directory)
    for place in (sink, os.path.dirname(sink), os.path.dirname(sink) + "/"):
        done, found = entries(podtail, directory, place, "json")
        check_equal(len(found), 1, "entries")
        entry = found[0]
        check_equal((entry["sink"], entry["reason"], entry["bytes"]), ("stdout", "overflow", 501), "the entry")
        check_equal(entry["end"] - entry["begin"], 501, "its range")
        check_equal(entry["path"], log_path(os.path.join(directory, "pods"), 1), "its path")
        check_equal(done.stderr, "", "stderr")
    table = run(podtail, ["ledger", sink], directory, "table").stdout.decode()
    check("overflow" in table and "gap" in table and "total" in table and " 501 " in table, f"the table: {table}")


def twice_damaged_and_hostile(podtail, directory):
    """An entry that a crash wrote again; lines that somebody damaged; a path with an escape sequence."""
    sink = overflowing(podtail, directory)
    losses = os.path.join(sink, "losses")
    with open(losses, "rb") as file:
        line = file.read()
    other = line.replace(b'"begin":', b'"begin":1').replace(b'"end":', b'"end":1')
    letter = other.replace(b'"overflow"', b'"refused"').replace(
        b'"bytes":501', b'"bytes":7,"detail":"no \\u001b[31m","record":{"body":"}{"}')
    letter = letter.replace(b"/0.log", b"/\\u001b[2J\\u202e0.log")
    os.rename(losses, losses + ".1")
    write(losses, b"garbage\n" + line + other + letter + b"\x1b[2J\n" + other[:40])
    done, found = entries(podtail, directory, sink, "json")
    check_equal([entry["reason"] for entry in found], ["overflow", "overflow", "refused"], "reasons")
    check_equal([entry.get("written", 1) for entry in found], [2, 1, 1], "how often each was written")
    check_equal(done.stderr.strip(),
                "podtail ledger: stdout: 2 damaged lines passed over: losses line 1, losses line 5", "stderr")
    check(b"\x1b" not in done.stdout, "an escape sequence in the JSON")
    table = run(podtail, ["ledger", sink], directory, "table")
    check_equal(table.status, 0, "exit status")
    check(b"\x1b" not in table.stdout and "\u202e".encode() not in table.stdout, "an escape sequence in the table")
    check(b"\\x1b[2J\\u202e0.log  no \\x1b[31m" in table.stdout, f"the path is not shown: {table.stdout}")
    rows = [line.split() for line in table.stdout.decode().splitlines()]
    check(["gap", "overflow", "2", "0", "1002", "1"] in rows, f"the sum of the gaps: {rows}")
    check(["dead", "letter", "refused", "1", "1", "7", "0"] in rows, f"the sum of the dead letters: {rows}")


def nothing_and_nowhere(podtail, directory):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    write(log_path(root, 1), cri(10**9, "stdout", "F", b"one"))
    run_once(podtail, root, directory, "--checkpoint-dir", state)
    done = run(podtail, ["ledger", state], directory, "table")
    check_equal((done.status, done.stdout), (0, b"sink stdout, nothing lost\n"), "nothing lost")
    check_equal(entries(podtail, directory, state, "json")[1], [], "nothing lost, as JSON")
    nowhere = run(podtail, ["ledger", os.path.join(directory, "nowhere")], directory, "nowhere")
    check_equal(nowhere.status, 1, "exit status without such a directory")
    check_equal(run(podtail, ["ledger"], directory, "none").status, 64, "exit status without DIR")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([podtail, "ledger", state], stdout=full, stderr=subprocess.PIPE, check=False)
    check_equal(done.returncode, 1, "exit status when stdout is full")


if __name__ == "__main__":
    sys.exit(main([shows_what_was_dropped, twice_damaged_and_hostile, nothing_and_nowhere]))
