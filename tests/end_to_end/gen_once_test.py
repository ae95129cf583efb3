# SPDX-License-Identifier: Apache-2.0
"""The whole way, against what was written: `podtail gen`, then `podtail run --once --stdout json`.

Every record exactly once: pod, container, stream, restart count, time to the nanosecond, body to the
byte. Again with the same checkpoint directory: nothing. After more was appended: only that.
"""
import json
import os
import subprocess
import sys

from gen import Gen, compare_with_manifest
from support import check, check_equal, cri, log_path, main, parse_records, run, run_once, sanitized, write

MIB = 1 << 20


def size(podtail, mebibytes):
    return str((1 if sanitized(podtail) else mebibytes) * MIB)


def three_runs(podtail, directory, gen_flags, run_flags=(), append=True):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    flags = ["--checkpoint-dir", state, *run_flags]
    kept = ["--gzip", "off", "--keep", "all"]
    manifest = Gen(podtail, directory, *kept, *gen_flags).finish()
    done = run_once(podtail, root, directory, *flags, name="first")
    compare_with_manifest(done.records(), manifest)
    check_equal(done.totals["records_delivered"], len(parse_records(done.stdout)), "records delivered")
    check_equal(done.totals["lines_read"], manifest.json["lines"], "lines read")
    check_equal(done.totals["bytes_read"], manifest.json["bytes"], "bytes read")
    check_equal((done.totals["malformed_lines"], done.totals["gaps"], done.totals["records_refused"]), (0, 0, 0),
                "malformed lines, gaps, refused records")
    check_equal(done.totals["waiting_bytes"], 0, "waiting bytes")
    again = run_once(podtail, root, directory, *flags, name="again")
    check_equal(again.stdout, b"", "stdout of the second run")
    check_equal(again.totals["bytes_read"], 0, "bytes read by the second run")
    if append:
        more = Gen(podtail, directory, *kept, *gen_flags, "--append", name="gen-append").finish()
        check(more.records > 0, "nothing was appended")
        compare_with_manifest(run_once(podtail, root, directory, *flags, name="appended").records(), more)


def standard_mix(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 12), "--pods", "5", "--containers", "2"])


def seed_mix_with_rotation(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 16), "--pods", "4", "--mix", "seed", "--seed", "7",
                                    "--rotate-bytes", "500KiB"])


def restarts(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 8), "--pods", "3", "--mix", "plain", "--seed", "8",
                                    "--restarts", "3", "--rotate-bytes", "200KiB"])


def json_mix(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 8), "--mix", "json", "--seed", "9"])


def odd_mix(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 4), "--pods", "2", "--mix", "odd", "--seed", "10"])


def conmon_long_lines(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 32), "--pods", "3", "--mix", "long", "--seed", "11",
                                    "--runtime", "conmon", "--zone", "+05:45", "--rotate-bytes", "3MiB"])


def containerd_long_lines(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 32), "--pods", "3", "--mix", "long", "--seed", "12",
                                    "--zone", "-03:30", "--rotate-bytes", "3MiB"])


def small_memory(podtail, directory):
    """Batches of a few records, little room: the same records."""
    three_runs(podtail, directory, ["--bytes", size(podtail, 16), "--pods", "20", "--mix", "long", "--seed", "13",
                                    "--rotate-bytes", "600KiB"],
               ["--memory-max", "8MiB", "--batch-bytes", "1000", "--batch-age", "1ms"])


def large_batches(podtail, directory):
    three_runs(podtail, directory, ["--bytes", size(podtail, 16), "--pods", "2", "--seed", "14"],
               ["--memory-max", "256MiB", "--batch-bytes", "64MiB", "--batch-age", "1h"])


def stdout_and_null(podtail, directory):
    """Two sinks are two engines with positions of their own: each reads everything once."""
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    manifest = Gen(podtail, directory, "--bytes", size(podtail, 4), "--pods", "3").finish()
    done = run_once(podtail, root, directory, "--null", "--checkpoint-dir", state)
    compare_with_manifest(done.records(), manifest)
    check_equal(done.totals["records_delivered"], 2 * manifest.records, "records delivered to both")
    check_equal(sorted(os.listdir(state)), ["null", "stdout"], "folders in the checkpoint directory")
    alone = run(podtail, ["run", "--once", "--root", root, "--null", "--checkpoint-dir", state], directory, "null")
    check_equal((alone.status, alone.totals["bytes_read"]), (0, 0), "status and bytes of one more run with --null")


def start_at_end(podtail, directory):
    """Counts only while the state is new: what is appended later comes out, old files never do."""
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    flags = ["--start-at", "end", "--checkpoint-dir", state]
    gen_flags = ["--bytes", size(podtail, 2), "--pods", "2"]
    Gen(podtail, directory, *gen_flags).finish()
    check_equal(run_once(podtail, root, directory, *flags, name="first").stdout, b"", "stdout of the first run")
    more = Gen(podtail, directory, *gen_flags, "--append", name="gen-append").finish()
    compare_with_manifest(run_once(podtail, root, directory, *flags, name="second").records(), more)


def include_and_exclude(podtail, directory):
    root = os.path.join(directory, "pods")
    manifest = Gen(podtail, directory, "--bytes", size(podtail, 2), "--pods", "4", "--containers", "2", "--rotate-bytes",
                   "100KiB", "--keep", "all", "--gzip", "off").finish()
    pods = sorted({name[0][:3] for name in manifest.streams})
    folder = "_".join(pods[1])
    done = run_once(podtail, root, directory, "--include", f"{folder}/*/*.log", name="include")
    check_equal({(r["namespace"], r["pod"], r["pod_uid"]) for r in done.records()}, {pods[1]}, "pods with --include")
    kept = done.records()
    done = run_once(podtail, root, directory, "--exclude", f"{folder}/*/*.log", name="exclude")
    compare_with_manifest([*kept, *done.records()], manifest)


def checkpoints_listing(podtail, directory):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    Gen(podtail, directory, "--bytes", size(podtail, 2), "--pods", "3").finish()
    run_once(podtail, root, directory, "--checkpoint-dir", state)
    for place, name in ((state, "all"), (os.path.join(state, "stdout"), "one")):
        listing = run(podtail, ["checkpoints", place, "--json"], directory, name)
        check_equal(listing.status, 0, f"exit status ({listing.stderr})")
        offsets = {entry["path"]: entry["offset"] for entry in parse_records(listing.stdout)}
        files = subprocess.run(["find", root, "-type", "f"], check=True, capture_output=True, text=True).stdout.split()
        check_equal(offsets, {path: os.path.getsize(path) for path in files}, "committed offsets")
    table = run(podtail, ["checkpoints", state], directory, "table").stdout.decode()
    for path in offsets:
        check(path in table, f"{path} is not in the table")


def open_run_in_the_listing(podtail, directory):
    """What replays need to know of a run that has no end yet, each key once."""
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    path, start = log_path(root, 1), 1_790_000_000 * 10**9
    write(path, cri(start, "stderr", "P", b"begun ") + cri(start + 1, "stdout", "P", b"x" * 10))
    run_once(podtail, root, directory, "--checkpoint-dir", state, name="first")
    # The run on stderr closes; the one on stdout still holds the file between its lines.
    write(path, cri(start + 2, "stderr", "F", b"ended"))
    run_once(podtail, root, directory, "--checkpoint-dir", state, name="second")
    listing = run(podtail, ["checkpoints", state, "--json"], directory, "listing")
    entries = [json.loads(text, object_pairs_hook=list) for text in listing.stdout.splitlines()]
    check_equal(len(entries), 1, "files listed")
    keys = [key for key, _ in entries[0]]
    check_equal(sorted(keys), sorted(set(keys)), "keys")
    entry = dict(entries[0])
    check_equal(entry["offset"], len(cri(start, "stderr", "P", b"begun ")), "committed offset")
    check_equal((entry["stderr_part"], entry["stderr_part_bytes"]), (1, 6), "part and bytes of the run on stderr")


if __name__ == "__main__":
    sys.exit(main([standard_mix, seed_mix_with_rotation, restarts, json_mix, odd_mix, conmon_long_lines,
                   containerd_long_lines, small_memory, large_batches, stdout_and_null, start_at_end,
                   include_and_exclude, checkpoints_listing, open_run_in_the_listing]))
