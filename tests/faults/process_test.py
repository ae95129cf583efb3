# SPDX-License-Identifier: Apache-2.0
"""H2, H3, H6, H8, E6, E8, E10, E11: signals, limits and crash loops of the process itself."""
import fcntl
import os
import resource
import signal
import subprocess
import sys
import termios

from fault_support import (Ledger, Lives, check, check_equal, lines_of, need_root, need_tools, shorten, verify,
                           wait_records, wait_until, whole_lines)
from errors_test import open_to_all  # behind fault_support, which knows the way
from support import main

STORMS = 200
STARTS = 50
STATE_BYTES_MAX = 64 * 1024


def following(podtail, directory, *flags, **options):
    lives = Lives(podtail, directory, flags=flags)
    ledger = Ledger(lives.root)
    ledger.fill(50)
    return lives, ledger, lives.start(**options)


def stops_on_the_first_signal(podtail, directory):
    """SIGTERM and SIGINT: what was read is settled and committed, exit status 0, nothing comes again."""
    for number in (signal.SIGTERM, signal.SIGINT):
        lives, ledger, agent = following(podtail, os.path.join(directory, number.name))
        wait_records(agent, ledger)
        ledger.fill(5000)
        wait_until(lambda agent=agent: lines_of(agent) > 50, "more comes out")
        done = lives.end(agent, number)
        check(done.totals is not None, f"no totals: {shorten(done.stderr)}")
        before = verify_no_repeats(lives, ledger)
        check_equal(before, 0, "records that came again")


def verify_no_repeats(lives, ledger):
    lives.once()
    return verify(lives.outputs, ledger)[1]


def second_signal_ends_at_once(podtail, directory):
    """stdout is a full pipe, so that settling would take its ten seconds: the second SIGTERM ends it,
    and the state is as after a kill."""
    reader, writer = os.pipe()
    lives, ledger, agent = following(podtail, directory, stdout=writer)
    os.close(writer)
    ledger.fill(20_000)
    os.set_blocking(reader, False)
    wait_until(lambda: pipe_is_full(reader), "the pipe is full")
    agent.signal(signal.SIGTERM)
    wait_until(lambda: "stopping" in agent.stderr(), "podtail says that it stops")
    agent.signal(signal.SIGTERM)
    wait_until(lambda: agent.poll() is not None, "podtail ends")
    check_equal(agent.status, 1, "exit status")
    piped = drain(reader)
    os.close(reader)
    lives.outputs.append(whole_lines(piped))
    lives.once()
    verify(lives.outputs, ledger)


def pipe_is_full(reader):
    waiting = bytearray(4)
    fcntl.ioctl(reader, termios.FIONREAD, waiting)
    return int.from_bytes(waiting, sys.byteorder) >= 60_000


def drain(reader):
    pieces = []
    while True:
        try:
            piece = os.read(reader, 1 << 16)
        except BlockingIOError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def harmless_signals(podtail, directory):
    """SIGPIPE, SIGCHLD, SIGWINCH, SIGURG in storms, SIGSTOP and SIGCONT in the middle: nobody ends."""
    lives, ledger, agent = following(podtail, directory)
    wait_records(agent, ledger)  # it has begun: before that SIGPIPE is as for any program
    for storm in range(STORMS):
        for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGWINCH, signal.SIGURG):
            agent.signal(number)
        if storm % 20 == 0:
            agent.signal(signal.SIGSTOP)
            ledger.fill(20)
            agent.signal(signal.SIGCONT)
    wait_records(agent, ledger)
    lives.end(agent)
    check_equal(verify(lives.outputs, ledger)[1], 0, "records that came again")


def hangup_storm(podtail, directory):
    """There is nothing to reload yet: SIGHUP ends podtail like kill -9, or is ignored; either way
    nothing is lost."""
    lives, ledger, agent = following(podtail, directory)
    wait_records(agent, ledger)
    for _ in range(STORMS):
        agent.signal(signal.SIGHUP)
    ledger.fill(20)
    wait_until(lambda: agent.poll() is not None or lines_of(agent) >= len(ledger.wanted), "it ends, or goes on")
    check(agent.poll() in (None, -signal.SIGHUP), f"exit status {agent.poll()}")
    lives.end(agent, signal.SIGTERM, status=None)
    lives.once()
    verify(lives.outputs, ledger)


def stderr_that_nobody_reads(podtail, directory):
    """podtail's own log goes into a pipe that is full: delivery does not wait for it."""
    reader, writer = os.pipe()
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    ledger.fill(10)
    words = lives.words("--log-level", "debug")
    out = os.path.join(directory, "out")
    with open(out, "wb") as file:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=writer)
    os.close(writer)
    try:
        for number in range(40):
            # Malformed lines make it talk; each is delivered as it is.
            for other in range(50):
                ledger.live.write(b"torn line %d %d\n" % (number, other))
            ledger.fill(5)
        wanted = len(ledger.wanted) + 40 * 50
        wait_until(lambda: whole_lines(read(out)).count(b"\n") >= wanted, "everything comes out")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            check_equal(process.wait(20), 0, "exit status")
        finally:
            process.kill()
            os.close(reader)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def frozen(podtail, directory):
    """Frozen while the log grows and rotates: it catches up, and nothing comes twice."""
    lives, ledger, agent = following(podtail, directory)
    wait_records(agent, ledger)
    agent.signal(signal.SIGSTOP)
    for _ in range(3):
        ledger.fill(500)
        ledger.rename()
        ledger.reopen()
    ledger.fill(100)
    agent.signal(signal.SIGCONT)
    wait_records(agent, ledger)
    lives.end(agent)
    check_equal(verify(lives.outputs, ledger)[1], 0, "records that came again")


def no_memory(podtail, directory):
    """RLIMIT_AS: whatever the limit, podtail works or ends; a life with room delivers the rest."""
    need_tools("prlimit")
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    worked = ended = 0
    for mebibytes in (16, 24, 32, 40, 48, 64, 96, 128, 192, 256, 512):
        ledger.fill(200, size=2000)
        done = lives.once(wrapped=["prlimit", f"--as={mebibytes << 20}"], status=None)
        worked += done.status == 0
        ended += done.status != 0
    print(f"        {worked} lives worked, {ended} ended")
    check(worked and ended, "the limits were all too large, or all too small")
    lives.once()
    verify(lives.outputs, ledger)


def no_thread(podtail, directory):
    """The thread that syncs the state cannot start: podtail says so and reads nothing."""
    need_tools("setpriv", "prlimit")
    lives = Lives(podtail, directory)
    ledger = Ledger(lives.root)
    ledger.fill(5)
    opened = open_to_all(directory)
    os.chmod(directory, 0o777)
    done = lives.once(wrapped=["prlimit", "--nproc=1", "setpriv", "--reuid", "64999", "--regid", "64999",
                               "--clear-groups", "--bounding-set=-all"], status=None)
    for path, mode in opened:
        os.chmod(path, mode)
    check(done.status > 0, f"exit status {done.status}: {shorten(done.stderr)}")
    check("thread" in done.stderr, f"the thread is not named: {shorten(done.stderr)}")
    check_equal(done.stdout, b"", "records")


def crash_loop(podtail, directory):
    """50 starts, each killed as soon as anything came out: the state does not grow, no descriptor or
    file is left behind, and the last life delivers what is missing."""
    lives = Lives(podtail, directory)
    ledgers = [Ledger(lives.root, number) for number in range(1, 21)]
    for _ in range(STARTS):
        for ledger in ledgers:
            ledger.fill(2)
        agent = lives.start()
        wait_until(lambda agent=agent: lines_of(agent) > 0, "something comes out")
        lives.end(agent, signal.SIGKILL)
    lives.once()
    verify(lives.outputs, *ledgers)
    folder = os.path.join(lives.state, "stdout")
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)}
    check(sum(sizes.values()) <= STATE_BYTES_MAX, f"the state grew: {sizes}")
    check(not [name for name in sizes if name.endswith(".new")], f"half-done files stay: {sizes}")
    lives.nothing_comes_again()


def no_core_files():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    need_root()
    no_core_files()
    sys.exit(main([stops_on_the_first_signal, second_signal_ends_at_once, harmless_signals, hangup_storm,
                   stderr_that_nobody_reads, frozen, no_memory, no_thread, crash_loop]))
