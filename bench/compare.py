#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares speeds within one run with bench/baseline.csv.

usage: compare.py [--fail-below FACTOR] [--repetitions N] BENCHMARK_OR_JSON...

BENCHMARK is a Google Benchmark binary, which is run; JSON is what one wrote. Each row of
baseline.csv is name,relative_to,ratio: bytes per second of `name` over those of `relative_to`,
medians of one run. Absolute speeds differ by machine and by hour, so none are kept. With
--fail-below 0.8 the exit status is 1 when a ratio fell below 0.8 of its baseline.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys


def read(path, repetitions):
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    command = [path, "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
               "--benchmark_enable_random_interleaving=true"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def speeds(report):
    """Median bytes per second by name."""
    samples = {}
    for row in report["benchmarks"]:
        if row.get("run_type") != "aggregate" and "bytes_per_second" in row:
            samples.setdefault(row["run_name"], []).append(row["bytes_per_second"])
    return {name: statistics.median(values) for name, values in samples.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fail-below", type=float, default=0.0)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("benchmarks", nargs="+")
    options = parser.parse_args()

    runs = [speeds(read(path, options.repetitions)) for path in options.benchmarks]
    baseline = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baseline.csv")
    slower = 0
    print(f"{'name':<16}{'relative to':<16}{'MB/s':>8}{'ratio':>9}{'baseline':>10}{'change':>8}")
    with open(baseline, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            name, other, was = row["name"], row["relative_to"], float(row["ratio"])
            # A ratio of two runs would compare two hours, not two programs.
            run = next((run for run in runs if name in run and other in run), None)
            if run is None:
                print(f"{name:<16}{other:<16}{'not measured':>17}")
                continue
            ratio = run[name] / run[other]
            bad = ratio < options.fail_below * was
            slower += bad
            print(f"{name:<16}{other:<16}{run[name] / 1e6:>8.0f}{ratio:>9.3f}{was:>10.3f}"
                  f"{ratio / was:>7.2f}x{'  SLOWER' if bad else ''}")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
