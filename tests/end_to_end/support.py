# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share. Nothing here comes from podtail: lines are read, times parsed
and fragments joined by slow code of its own, written from the specification of the formats.

A test is a script: test.py PODTAIL WORK_DIRECTORY. Exit status 0: passed, 1: failed, 77: did not run.
"""
import atexit
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

SKIP = 77
DEADLINE = 120.0  # seconds for anything that should take one; only a hang gets there


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def check_equal(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: found {shorten(found)}, wanted {shorten(wanted)}")


def shorten(value, limit=600):
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + f"... ({len(text)} characters)"


def skip(reason):
    print(f"did not run: {reason}")
    sys.exit(SKIP)


def main(tests):
    """Runs each test(podtail, directory) in a fresh directory and says which failed."""
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} PODTAIL WORK_DIRECTORY [TEST]...")
    podtail, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    os.makedirs(work, exist_ok=True)
    wanted = [test for test in tests if not sys.argv[3:] or test.__name__ in sys.argv[3:]]
    sys.exit(1 if [test for test in wanted if not passes_apart(test, podtail, work)] else 0)


def passes_apart(test, podtail, work):
    """Runs one test in a process of its own. What a child of ours had resident before its exec counts
    as its peak memory, so the process that starts podtail must not hold what other tests wrote."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        run_apart(test, podtail, work)
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except BaseException:
        os.kill(child, signal.SIGTERM)
        raise
    if status == SKIP:
        sys.exit(SKIP)
    return status == 0


def run_apart(test, podtail, work):
    """The child's whole life: what is registered for its end runs here, too."""
    status = 2
    try:
        status = 0 if passes(test, podtail, work) else 1
    except SystemExit as left:
        status = left.code
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()  # pylint: disable=protected-access
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def passes(test, podtail, work):
    directory = tempfile.mkdtemp(prefix=f"{test.__name__}-", dir=work)
    began = time.monotonic()
    try:
        test(podtail, directory)
    except Failure as failure:
        print(f"FAILED  {test.__name__}: {failure}\n        left for a look: {directory}")
        return False
    print(f"ok      {test.__name__} ({time.monotonic() - began:.1f} s)")
    shutil.rmtree(directory, ignore_errors=True)
    return True


def sanitized(podtail):
    """Sanitizers multiply memory and time: tests that measure either ask this."""
    if os.environ.get("PODTAIL_SANITIZED"):
        return True
    with open(podtail, "rb") as file:
        image = file.read()
    return b"__asan_init" in image or b"__tsan_init" in image


def scale(default, podtail):
    """Bytes, seconds or rounds of a long test: PODTAIL_TEST_SCALE multiplies, sanitizers take a 16th."""
    factor = float(os.environ.get("PODTAIL_TEST_SCALE", 1 / 16 if sanitized(podtail) else 1))
    return max(1, int(default * factor))


def wait_until(condition, what, deadline=DEADLINE):
    """Waits for the condition, not for a time: the pause only keeps the loop cool."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, f"never happened: {what}")
        time.sleep(0.01)


# podtail as a process

class Run:
    """What a finished podtail left behind."""

    def __init__(self, status, out_path, stderr, peak_bytes):
        self.status, self.out_path, self.stderr, self.peak_bytes = status, out_path, stderr, peak_bytes
        self.totals = None
        for line in stderr.splitlines():
            if line.startswith('{"event":"totals"'):
                self.totals = json.loads(line)

    @property
    def stdout(self):
        with open(self.out_path, "rb") as file:
            return file.read()

    def records(self):
        return parse_records(self.stdout)


def parse_records(stdout):
    """One JSON object per line; only LF ends a line."""
    check(stdout == b"" or stdout.endswith(b"\n"), "the last line of stdout is not whole")
    return [json.loads(line.decode("utf-8")) for line in stdout.split(b"\n")[:-1]]


class Process:
    """podtail in the background; its stdout and stderr are files, so that nobody has to drain them."""

    def __init__(self, podtail, arguments, directory, name, stdout=None, **more):
        self.out_path = os.path.join(directory, name + ".out")
        self.err_path = os.path.join(directory, name + ".err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([podtail, *arguments], stdin=subprocess.DEVNULL,
                                            stdout=stdout if stdout is not None else out, stderr=err, **more)
        self.usage = None
        self.status = None

    def poll(self):
        if self.status is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.status, self.usage = os.waitstatus_to_exitcode(status), usage
                self.process.returncode = self.status
        return self.status

    def signal(self, number):
        if self.poll() is None:
            os.kill(self.process.pid, number)

    def finish(self, number=None, deadline=DEADLINE):
        """Waits for the end, after a signal if one is given."""
        if number is not None:
            self.signal(number)
        try:
            wait_until(lambda: self.poll() is not None, "podtail ends", deadline)
        except Failure:
            self.signal(signal.SIGKILL)
            wait_until(lambda: self.poll() is not None, "podtail ends after SIGKILL")
            raise Failure(f"podtail did not end; its stderr: {shorten(self.stderr())}")
        return Run(self.status, self.out_path, self.stderr(), self.usage.ru_maxrss * 1024)

    def stdout(self):
        with open(self.out_path, "rb") as file:
            return file.read()

    def stderr(self):
        with open(self.err_path, "r", errors="replace") as file:
            return file.read()


def count_lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def run(podtail, arguments, directory, name="run", deadline=DEADLINE, **more):
    return Process(podtail, arguments, directory, name, **more).finish(deadline=deadline)


def run_once(podtail, root, directory, *flags, name="once", status=0, deadline=DEADLINE, **more):
    """`podtail run --once --stdout json`, which must end with `status`."""
    done = run(podtail, ["run", "--once", "--root", root, "--stdout", "json", *flags], directory, name, deadline,
               **more)
    check_equal(done.status, status, f"exit status (stderr: {shorten(done.stderr)})")
    if status == 0:
        check(done.totals is not None, f"no totals on stderr: {shorten(done.stderr)}")
    return done


# log files, read the slow way

TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
EPOCH = datetime.datetime(1970, 1, 1)


def time_ns(text):
    """RFC 3339 to nanoseconds since the epoch; further digits are cut off."""
    match = TIME.fullmatch(text)
    check(match, f"not a time: {text!r}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    whole = datetime.datetime(int(year), int(month), int(day), int(hour), int(minute), int(second)) - EPOCH
    seconds = whole.days * 86400 + whole.seconds
    if zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[4:6])
        seconds -= (minutes if zone[0] == "+" else -minutes) * 60
    return seconds * 10**9 + int(((fraction or "") + "0" * 9)[:9])


def format_time(ns):
    """Nanoseconds as the JSON output writes them: always nine digits, always Z."""
    whole = EPOCH + datetime.timedelta(seconds=ns // 10**9)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % 10**9:09d}Z"


def cri(ns, stream, tag, body):
    return format_time(ns).encode() + b" " + stream.encode() + b" " + tag.encode() + b" " + body + b"\n"


def log_path(root, number, container="app", restart=0, namespace="default", suffix=""):
    uid = f"00000000-0000-4000-8000-{number:012d}"
    directory = os.path.join(root, f"{namespace}_pod-{number}_{uid}", container)
    os.makedirs(directory, exist_ok=True)
    return os.path.join(directory, f"{restart}.log{suffix}")


def write(path, data, mode="ab"):
    with open(path, mode) as file:
        file.write(data)


GENERATION = re.compile(r"(\d+)\.log(?:\.(\d{8}-\d{6}))?")


def generations(root):
    """{(namespace, pod, uid, container, restart): plain files, oldest first}"""
    found = {}
    for pod in sorted(os.listdir(root)):
        namespace, name, uid = pod.split("_", 2)
        for container in sorted(os.listdir(os.path.join(root, pod))):
            directory = os.path.join(root, pod, container)
            for file in sorted(os.listdir(directory), key=lambda n: (GENERATION.fullmatch(n) is None, n)):
                match = GENERATION.fullmatch(file)
                if match:
                    key = (namespace, name, uid, container, int(match[1]))
                    found.setdefault(key, []).append((match[2] or "~", os.path.join(directory, file)))
    return {key: [path for _, path in sorted(files)] for key, files in found.items()}


def join_files(paths):
    """{stream: [(time_ns, body)]} of one container instance: fragments joined per stream, across its
    files. A run that never gets its F, and a last line without LF, give nothing."""
    joined, runs = {"stdout": [], "stderr": []}, {}
    for path in paths:
        with open(path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    continue
                stamp, stream, tag, body = line[:-1].split(b" ", 3)
                stream = stream.decode()
                run_time, pieces = runs.setdefault(stream, (time_ns(stamp.decode()), []))
                pieces.append(body)
                if tag.split(b":")[0] != b"P":
                    joined[stream].append((run_time, b"".join(pieces)))
                    del runs[stream]
    return joined


def instance(record):
    return (record["namespace"], record["pod"], record["pod_uid"], record["container"], record["restart_count"])


def join_parts(records):
    """Records of one stream in order, with the parts of a split record put together again:
    [(time_ns, body as text, flags)]. Parts after the first may carry a time of their own."""
    whole = []
    for record in records:
        part = record.get("part", 0)
        if part > 1:
            check(whole and whole[-1][3] == part - 1, f"part {part} does not follow part {part - 1}")
            before = whole[-1]
            whole[-1] = (before[0], before[1] + record["body"], before[2] | set(record.get("flags", ())), part)
        else:
            whole.append((time_ns(record["time"]), record["body"], set(record.get("flags", ())), part))
    return [entry[:3] for entry in whole]


def by_stream(records):
    """{(instance, stream): records in the order they came out}"""
    streams = {}
    for record in records:
        streams.setdefault((instance(record), record["stream"]), []).append(record)
    return streams


def digest(entries):
    """SHA-256 over `time SP body LF` of (time_ns, body bytes), as the manifest of `podtail gen` has it."""
    total = hashlib.sha256()
    for ns, body in entries:
        total.update(format_time(ns).encode() + b" " + body + b"\n")
    return total.hexdigest()


def compare_with_files(records, root):
    """Every record of every plain file exactly once, in the order of its stream, to the byte."""
    found = by_stream(records)
    for key, paths in generations(root).items():
        for stream, wanted in join_files(paths).items():
            entries = [(ns, body.encode()) for ns, body, _ in join_parts(found.pop((key, stream), []))]
            wanted = [(ns, body.decode("utf-8", "replace").encode()) for ns, body in wanted]
            compare_lists(entries, wanted, f"{key} {stream}")
    check(not found, f"records of no file: {shorten(list(found))}")


def compare_lists(found, wanted, what):
    if found == wanted:
        return
    place = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
    raise Failure(f"{what}: {len(found)} records, wanted {len(wanted)}; first difference at {place}: "
                  f"{shorten(found[place:place + 2], 300)} instead of {shorten(wanted[place:place + 2], 300)}")
