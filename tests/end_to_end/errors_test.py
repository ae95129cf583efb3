# SPDX-License-Identifier: Apache-2.0
"""What goes wrong outside of podtail: said in one line, counted, and not fatal where it need not be.

Exit statuses are those of the command line contract (cli.md).
"""
import errno
import json
import os
import signal
import subprocess
import sys

from support import (Process, check, check_equal, cri, log_path, main, parse_records, run, run_once, shorten,
                     wait_until, write)

START = 1_790_000_000 * 10**9
# Every flag of the contract that this version knows and does not support.
LATER_FLAGS = [
    ["--config", "f"], ["--loki", "http://localhost"], ["--otlp", "http://localhost"], ["--metadata", "pod_uid"],
    ["--multiline", "java"], ["--trace-pattern", "x"], ["--tenant", "a"], ["--loki-streams-per-request", "one"],
    ["--header", "a=b"], ["--user", "a"], ["--password-file", "f"], ["--bearer-token-file", "f"],
    ["--ca-file", "f"], ["--cert-file", "f"], ["--key-file", "f"], ["--tls-insecure"], ["--compression", "gzip"],
    ["--loki-bearer-token-file", "f"], ["--otlp-compression", "gzip"],
    ["--metrics", "127.0.0.1:9464"], ["--logs-only"], ["--strict-compat"],
]


def line(number, body=b"hello"):
    return cri(START + number, "stdout", "F", body)


def bodies(done):
    return [record["body"] for record in done.records()]


def one_line(done, status, *words):
    """Exactly one line on stderr, nothing on stdout, this exit status."""
    check_equal(done.status, status, f"exit status ({shorten(done.stderr)})")
    check_equal(done.stdout, b"", "stdout")
    check_equal(done.stderr.count("\n"), 1, f"lines on stderr ({shorten(done.stderr)})")
    for word in words:
        check(word in done.stderr, f"{word!r} is not in {done.stderr!r}")


def usage(podtail, directory):
    one_line(run(podtail, ["run", "--no-such-flag"], directory), 64, "--no-such-flag")
    one_line(run(podtail, ["no-such-command"], directory), 64, "no-such-command")
    one_line(run(podtail, ["run", "--memory-max", "64XB"], directory), 64, "--memory-max")
    one_line(run(podtail, ["run", "--stdout", "xml"], directory), 64, "--stdout")
    one_line(run(podtail, ["run", "--label", "nothing"], directory), 64, "--label")
    for shards in ("0", "65", "two", "-1"):
        one_line(run(podtail, ["run", "--shards", shards], directory), 64, "--shards")
    one_line(run(podtail, ["run", "--null", "--stdout", "json", "--shards", "5"], directory), 64, "--memory-max", "10")
    one_line(run(podtail, ["run", "--memory-max", "1MiB"], directory), 64, "--memory-max", "8MiB")
    one_line(run(podtail, ["checkpoints"], directory), 64, "DIR")
    one_line(run(podtail, ["replay"], directory), 64, "--seed")
    one_line(run(podtail, ["replay", "--tape", directory + "/none"], directory), 1, "tape")


def later_flags(podtail, directory):
    """None is silently accepted."""
    for flag in LATER_FLAGS:
        one_line(run(podtail, ["run", "--once", "--root", directory, *flag], directory), 64, flag[0], "yet")
    root = os.path.join(directory, "pods")
    write(log_path(root, 1), line(1))
    done = run_once(podtail, root, directory, "--shards", "1", "--metrics", "off")
    check_equal(bodies(done), ["hello"], "bodies")


def missing_root(podtail, directory):
    root = os.path.join(directory, "pods")
    one_line(run(podtail, ["run", "--once", "--root", root, "--checkpoint-dir", directory + "/s"], directory), 66, root)
    # Without --once podtail says so, waits, and begins when the root is there.
    follower = Process(podtail, ["run", "--root", root, "--stdout", "json"], directory, "follower")
    wait_until(lambda: root in follower.stderr(), "podtail says that the root is missing")
    write(log_path(root, 1), line(1, b"late"))
    wait_until(lambda: follower.stdout().endswith(b"\n"), "the first line comes out")
    done = follower.finish(signal.SIGTERM)
    check_equal(done.status, 0, "exit status")
    check_equal(bodies(done), ["late"], "bodies")
    check_equal(done.stderr.count("waits for it"), 1, "how often the missing root is said")


def checkpoint_directory(podtail, directory):
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    write(log_path(root, 1), line(1))
    write(state, b"a file in the way")
    flags = ["run", "--root", root, "--stdout", "json", "--checkpoint-dir"]
    one_line(run(podtail, [*flags, state, "--once"], directory), 73, state)
    one_line(run(podtail, [*flags, os.path.join(state, "below"), "--once"], directory), 73, state)
    good = os.path.join(directory, "good")
    first = Process(podtail, [*flags, good], directory, "first")
    wait_until(lambda: first.stdout().endswith(b"\n"), "the first podtail has delivered")
    one_line(run(podtail, [*flags, good, "--once"], directory, "second"), 73, "locked", good)
    check_equal(oct(os.stat(good).st_mode & 0o777), "0o700", "mode of the checkpoint directory")
    listing = subprocess.run([podtail, "checkpoints", good], capture_output=True, check=False)
    check_equal(listing.returncode, 0, "podtail checkpoints, while a podtail runs")
    check_equal(first.finish(signal.SIGTERM).status, 0, "exit status of the first")
    # A lock that somebody died with is no lock.
    check_equal(bodies(run_once(podtail, root, directory, "--checkpoint-dir", good)), [], "bodies of the third run")


def positions_in_memory(podtail, directory):
    """Said once, and only without --checkpoint-dir."""
    root = os.path.join(directory, "pods")
    write(log_path(root, 1), line(1))
    check_equal(run_once(podtail, root, directory).stderr.count("positions_in_memory: "), 1, "how often it is said")
    done = run_once(podtail, root, directory, "--checkpoint-dir", os.path.join(directory, "state"))
    check_equal(done.stderr.count("positions_in_memory: "), 0, "how often it is said with a checkpoint directory")


def malformed_lines(podtail, directory):
    root = os.path.join(directory, "pods")
    path = log_path(root, 1)
    write(path, line(1) + b"no head\n" + b"\n" + b"2026-13-01T00:00:00Z stdout F month 13\n" + line(2, b"good"))
    done = run_once(podtail, root, directory)
    check_equal(bodies(done), ["hello", "no head", "", "2026-13-01T00:00:00Z stdout F month 13", "good"], "bodies")
    check_equal(["malformed" in record.get("flags", []) for record in done.records()],
                [False, True, True, True, False], "flags")
    check_equal(done.totals["malformed_lines"], 3, "malformed lines")
    check(path in done.stderr, "the file is not named")


def odd_files(podtail, directory):
    """Files that are not read are counted by reason and named, and the others are read."""
    root, outside = os.path.join(directory, "pods"), os.path.join(directory, "outside")
    write(log_path(root, 1), line(1))
    write(outside, line(2, b"secret"))
    os.symlink(outside, log_path(root, 2))
    os.mkfifo(log_path(root, 3))
    os.mkdir(log_path(root, 4))
    write(os.path.join(os.path.dirname(log_path(root, 1)), "core.12"), line(3, b"foreign"))
    write(log_path(root, 5, suffix=".20260101-000000.gz"), b"\x1f\x8b")
    os.makedirs(os.path.join(root, "nobodys", "app"))
    write(os.path.join(root, "nobodys", "app", "0.log"), line(4, b"foreign"))
    done = run_once(podtail, root, directory, "--log-format", "json")
    check_equal(bodies(done), ["hello"], "bodies")
    events = [json.loads(text) for text in done.stderr.splitlines()]
    skipped = {event["path"]: event["reason"] for event in events if event["event"] == "file_skipped"}
    wanted = {log_path(root, 2): "link_outside", log_path(root, 3): "not_regular", log_path(root, 4): "not_regular"}
    for path, reason in wanted.items():
        check_equal(skipped.get(path), reason, f"why {path} was skipped")
    check_equal(set(skipped.values()), {"link_outside", "not_regular", "unparsed_path", "unreadable"}, "reasons")
    summary = [event for event in events if event["event"] == "files_skipped"]
    check_equal(len(summary), 1, "summaries of skipped files")
    check_equal(summary[0]["files"], len(skipped), "skipped files")


def unreadable_file(podtail, directory):
    """chmod 000, as a user that may not: named, not fatal, and read once it may be."""
    if os.getuid() != 0:
        print("        did not run: unreadable_file needs root, to become somebody else")
        return
    root = os.path.join(directory, "pods")
    write(log_path(root, 1), line(1))
    locked = log_path(root, 2)
    write(locked, line(2, b"later"))
    os.chmod(locked, 0)
    opened = open_to_all(directory)
    nobody = dict(user=65534, group=65534, extra_groups=[])
    follower = Process(podtail, ["run", "--root", root, "--stdout", "json"], directory, "follower", **nobody)
    wait_until(lambda: locked in follower.stderr(), "the unreadable file is named")
    wait_until(lambda: follower.stdout().count(b"\n") == 1, "the readable file comes out")
    os.chmod(locked, 0o644)
    wait_until(lambda: follower.stdout().count(b"\n") == 2, "the file comes out once it may be read")
    done = follower.finish(signal.SIGTERM)
    for path, mode in opened:
        os.chmod(path, mode)
    check_equal(done.status, 0, "exit status")
    check_equal(bodies(done), ["hello", "later"], "bodies")
    check("not_permitted=1" in done.stderr, "the summary does not count it")


def open_to_all(directory):
    """Lets everybody reach the directory; what was changed, to change it back."""
    changed = []
    while directory != "/":
        mode = os.stat(directory).st_mode & 0o7777
        if mode & 0o055 != 0o055:
            os.chmod(directory, mode | 0o055)
            changed.append((directory, mode))
        directory = os.path.dirname(directory)
    return changed


def closed_reader(podtail, directory):
    """podtail run | head -1: ends by itself, cleanly, and the next run goes on."""
    root, state = os.path.join(directory, "pods"), os.path.join(directory, "state")
    total = 20_000
    write(log_path(root, 1), b"".join(line(n, b"%08d" % n) for n in range(total)))
    reader, writer = os.pipe()
    flags = ["run", "--root", root, "--stdout", "json", "--checkpoint-dir", state]
    follower = Process(podtail, flags, directory, "follower", stdout=writer)
    os.close(writer)
    seen = os.read(reader, 4096)
    os.close(reader)
    done = follower.finish()
    check_equal(done.status, 0, f"exit status ({done.stderr})")
    check(done.totals is not None, "no totals")
    check(b'"00000000"' in seen, "the first line was not read")
    # What was not accepted comes again: nothing is missing behind what was read.
    again = [int(record["body"]) for record in run_once(podtail, root, directory, *flags[5:]).records()]
    check(again == list(range(again[0], total)), "a gap after the closed reader")
    whole = seen[:seen.rfind(b"\n") + 1]
    taken = [int(record["body"]) for record in parse_records(whole)]
    check(again[0] <= taken[-1] + 1 or done.totals["records_delivered"] >= again[0], "lines between the runs are missing")


def full_disk(podtail, directory):
    """The state directory's disk is full: delivery goes on, trouble is said, nothing is lost."""
    state = os.path.join(directory, "state")
    os.mkdir(state)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "podtail-test", state],
                      capture_output=True, check=False).returncode != 0:
        print("        did not run: full_disk may not mount a tmpfs here")
        return
    try:
        follow_with_full_disk(podtail, directory, state)
    finally:
        subprocess.run(["umount", "-l", state], check=True)


def follow_with_full_disk(podtail, directory, state):
    root = os.path.join(directory, "pods")
    path = log_path(root, 1)
    write(path, line(0, b"0"))
    follower = Process(podtail, ["run", "--root", root, "--stdout", "json", "--checkpoint-dir", state],
                       directory, "follower")
    wait_until(lambda: committed_offset(podtail, state) == os.path.getsize(path), "the first line is committed")
    filler = os.path.join(state, "filler")
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"f" * 512)
        except OSError as error:
            check_equal(error.errno, errno.ENOSPC, "how the disk fills up")
    number = 0

    def more_trouble():
        nonlocal number
        number += 1
        write(path, line(number, b"%d" % number))
        wait_until(lambda: follower.stdout().count(b"\n") == number + 1, "delivery goes on")
        return "state_trouble" in follower.stderr()

    wait_until(more_trouble, "the full disk is said")
    os.unlink(filler)
    wait_until(lambda: committed_offset(podtail, state) == os.path.getsize(path), "commits go on once there is room")
    done = follower.finish(signal.SIGTERM)
    check_equal(done.status, 0, "exit status")
    check_equal(bodies(done), [str(n) for n in range(number + 1)], "bodies")
    check_equal(bodies(run_once(podtail, root, directory, "--checkpoint-dir", state)), [], "bodies of the next run")


def committed_offset(podtail, state):
    listing = subprocess.run([podtail, "checkpoints", state, "--json"], capture_output=True, check=False)
    offsets = [json.loads(text)["offset"] for text in listing.stdout.splitlines()]
    return offsets[0] if offsets else None


def second_signal(podtail, directory):
    """The first signal waits for what is in flight; the second does not."""
    root = os.path.join(directory, "pods")
    write(log_path(root, 1), b"".join(line(n, b"x" * 200) for n in range(20_000)))
    reader, writer = os.pipe()  # that nobody reads: the drain cannot come to its end
    follower = Process(podtail, ["run", "--root", root, "--stdout", "json"], directory, "follower", stdout=writer)
    os.close(writer)
    os.read(reader, 1)
    follower.signal(signal.SIGTERM)
    wait_until(lambda: "stopping" in follower.stderr(), "the first signal is taken")
    done = follower.finish(signal.SIGTERM, deadline=5)
    os.close(reader)
    check_equal(done.status, 1, "exit status")


def refusing_sink(podtail, directory):
    """A full disk behind stdout: a run that is to end ends after a minute of that, and says why."""
    root = os.path.join(directory, "pods")
    write(log_path(root, 1), line(1))
    with open("/dev/full", "wb") as full:
        run = Process(podtail, ["run", "--once", "--root", root, "--stdout", "json"], directory, "refusing", stdout=full)
    done = run.finish()
    check_equal(done.status, 69, f"exit status ({done.stderr})")
    check("gave_up" in done.stderr and "refused for 60 s" in done.stderr, f"it does not say why: {done.stderr}")
    check_equal(done.totals["records_delivered"], 0, "records delivered")


def blocked_log(podtail, directory):
    """Nobody reads stderr: podtail goes on all the same."""
    root = os.path.join(directory, "pods")
    write(log_path(root, 1), b"".join(b"malformed %d\n" % n for n in range(5000)))
    reader, writer = os.pipe()
    while True:  # full from the start
        os.set_blocking(writer, False)
        try:
            os.write(writer, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    out = os.path.join(directory, "out")
    with open(out, "wb") as file:
        process = subprocess.Popen([podtail, "run", "--once", "--root", root, "--stdout", "json"], stdout=file,
                                   stderr=writer)
    os.close(writer)
    check_equal(process.wait(60), 0, "exit status")
    os.close(reader)
    with open(out, "rb") as file:
        check_equal(len(parse_records(file.read())), 5000, "records")


def escaped_names(podtail, directory):
    """A name that would move a cursor cannot."""
    root = os.path.join(directory, "pods")
    container = os.path.join(os.path.dirname(os.path.dirname(log_path(root, 1))), "a\x1b[31m\u202eb\nc")
    os.makedirs(container)
    os.mkfifo(os.path.join(container, "0.log"))
    for log_format in ("text", "json"):
        done = run_once(podtail, root, directory, "--log-format", log_format)
        check("\x1b" not in done.stderr and "\u202e" not in done.stderr, f"raw control characters: {done.stderr!r}")
        named = [text for text in done.stderr.splitlines() if "not_regular" in text and "31m" in text]
        check(named, f"the FIFO is not named: {done.stderr!r}")


if __name__ == "__main__":
    sys.exit(main([usage, later_flags, missing_root, checkpoint_directory, positions_in_memory, malformed_lines,
                   odd_files, unreadable_file, closed_reader, full_disk, refusing_sink, second_signal, blocked_log, escaped_names]))
