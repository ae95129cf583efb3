#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures a release build of podtail on real files, and holds it against baseline.csv.

usage: run.py [--smoke] [--json FILE] [--write-baseline] PODTAIL WORK_DIRECTORY [CASE]...

WORK_DIRECTORY should be on a disk file system; each case makes a folder there and removes it. All
cases take about six minutes. --smoke takes seconds, with few files: it shows that the cases run and
that counts are right, and its figures mean nothing. Exit status 1: a count is wrong. A figure
above `must` is shown, never a failure: a shared machine proves nothing about time.
"""
import argparse
import csv
import json
import os
import platform
import shutil
import sys
import tempfile

import agent
import idle_bench
import latency_bench
import restart_bench
import steady_bench

BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baseline.csv")
COLUMNS = ["figure", "value", "must", "unit", "machine"]
FULL = {
    "idle_110": lambda *where: idle_bench.measure(*where, files=110, seconds=30),
    "idle_10000": lambda *where: idle_bench.measure(*where, files=10_000, seconds=30),
    "restart_10000": lambda *where: restart_bench.measure(*where, files=10_000, starts=10),
    "latency": lambda *where: latency_bench.measure(*where, probes=2000),
    "steady_110": lambda *where: steady_bench.measure(*where, files=110, seconds=20),
    "steady_10000": lambda *where: steady_bench.measure(*where, files=10_000, seconds=20),
}
SMOKE = {
    "idle": lambda *where: idle_bench.measure(*where, files=500, seconds=1),
    "restart": lambda *where: restart_bench.measure(*where, files=500, starts=2),
    "latency": lambda *where: latency_bench.measure(*where, probes=50),
    "steady": lambda *where: steady_bench.measure(*where, files=110, seconds=1),
}
WATCHES = 2 * 10_000 + 1  # of the largest tree: the root, its pods and their containers


def machine():
    model = platform.processor() or "unknown processor"
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    return f"{os.cpu_count()} x {model}; Linux {platform.release()}; load {os.getloadavg()[0]:.0f}"


def read_baseline():
    if not os.path.exists(BASELINE):
        return {}
    with open(BASELINE, encoding="utf-8", newline="") as file:
        return {row["figure"]: row for row in csv.DictReader(file)}


def write_baseline(figures, rows):
    for figure in figures:
        rows[figure.name] = dict(zip(COLUMNS, (
            figure.name, f"{figure.value:.3g}" if figure.value < 1000 else f"{figure.value:.0f}",
            "" if figure.must is None else f"{figure.must:g}", figure.unit, machine())))
    with open(BASELINE, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())


def show(figures, rows):
    print(f"{'figure':<30}{'was':>10}{'now':>10}{'must':>10}  unit")
    for figure in figures:
        was = float(rows[figure.name]["value"]) if figure.name in rows else None
        missed = figure.must is not None and figure.value > figure.must
        text = ["-" if value is None else f"{value:.2f}" for value in (was, figure.value, figure.must)]
        print(f"{figure.name:<30}{text[0]:>10}{text[1]:>10}{text[2]:>10}  {figure.unit}"
              f"{'  ABOVE' if missed else ''}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--write-baseline", action="store_true")
    parser.add_argument("podtail")
    parser.add_argument("work")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    cases = SMOKE if options.smoke else FULL
    unknown = set(options.cases) - set(cases)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(cases)}")

    os.makedirs(options.work, exist_ok=True)
    rows = {} if options.smoke else read_baseline()
    limit = None if options.smoke else agent.watches_max(WATCHES)
    figures, failed = [], 0
    try:
        for name in options.cases or cases:
            work = tempfile.mkdtemp(prefix=f"{name}-", dir=options.work)
            try:
                measured = cases[name](os.path.abspath(options.podtail), work)
                figures += measured
                show(measured, rows)
            except agent.Failure as failure:
                failed += 1
                print(f"FAILED {name}: {failure}", flush=True)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    finally:
        agent.restore_watches(limit)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "figures": [figure._asdict() for figure in figures]}, file, indent=1)
    if options.write_baseline and not failed:
        write_baseline(figures, rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
