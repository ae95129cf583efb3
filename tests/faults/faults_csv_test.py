# SPDX-License-Identifier: Apache-2.0
"""tests/faults.csv, the catalogue of faults: every row once, every test and patch it names is there.

usage: faults_csv_test.py BUILD_DIRECTORY
"""
import csv
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = {"A": 28, "B": 17, "C": 26, "D": 10, "E": 11, "F": 18, "H": 11, "I-": 7}
STARS = {"A1", "A2", "A3", "A5", "A6", "A7", "A9", "A10", "A14", "A17", "A18", "A19", "B1", "B2", "B7", "B11", "C1",
         "C2", "C3", "C4", "C5", "C8", "C9", "C16", "C21", "D1", "D4", "D7", "E1", "E2", "E3", "E5", "F1", "F2", "F3",
         "F5", "F8", "F16", "H1", "H2", "H4", "I-1", "I-2"}
STATUSES = {"covered", "open", "void", "later"}
OPEN_MAX = 15


def commands_of(build):
    """{ctest name: command}"""
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, check=True)
    return {test["name"]: test.get("command", []) for test in json.loads(listing.stdout)["tests"]}


def unit_tests(command):
    """The names a GoogleTest command knows, parameters left out; None when it is not built."""
    if not os.path.exists(command[0]):
        return None
    listing = subprocess.run([*command, "--gtest_list_tests"], capture_output=True, text=True, check=True)
    suite, names = "", set()
    for line in listing.stdout.splitlines():
        if line.startswith(" "):
            names.add(suite + line.split("#")[0].strip().split("/")[0])
        else:
            suite = line.split("#")[0].strip().split("/")[-1]
    return names


def mutants():
    """Names in the simulator's list of mutants, where there is one."""
    path = os.path.join(HERE, "..", "..", "engine", "base", "mutant.h")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return set(re.findall(r"\b(k[A-Z]\w+)", file.read()))


def problems_of_test(test, commands):
    name, _, unit = test.partition(":")
    if name not in commands:
        yield f"ctest knows no test {name}"
    elif unit:
        known = unit_tests(commands[name]) if commands[name] else None
        if known is not None and unit not in known:
            yield f"{name} has no test {unit}"


def problems_of_patch(guard):
    """A patch that lags behind the code would be noticed only when .ci/patch_gate draws it."""
    path = os.path.join(HERE, guard)
    if not os.path.exists(path):
        yield f"there is no {guard}"
        return
    tried = subprocess.run(["patch", "-p1", "--dry-run", "--force", "-i", path], cwd=os.path.join(HERE, "..", ".."),
                           capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        yield f"{guard} does not apply: {tried.stdout.strip()}"


def problems_of(row, commands, known_mutants):
    status = row["status"]
    if status not in STATUSES:
        yield f"status {status!r}"
    if (row["star"] == "*") != (row["row"] in STARS):
        yield "the star is wrong"
    if (status == "covered") != bool(row["test"]):
        yield "a test belongs to a covered row, and only there"
    if status != "covered" and not row["reason"]:
        yield f"{status} without a reason"
    for test in filter(None, row["test"].split(";")):
        yield from problems_of_test(test, commands)
    guard = row["mutant_or_patch"]
    if guard.endswith(".patch"):
        yield from problems_of_patch(guard)
    elif guard and guard not in known_mutants:
        yield f"there is no mutant {guard}"
    if status == "open" and (row["star"] or row["row"][0] in "AC"):
        yield "may not be open"


def main():
    with open(os.path.join(HERE, "..", "faults.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    commands, known_mutants = commands_of(sys.argv[1]), mutants()
    wanted = [f"{family}{number}" for family, count in ROWS.items() for number in range(1, count + 1)]
    found = [row["row"] for row in rows]
    problems = [f"{name}: {found.count(name)} times" for name in wanted if found.count(name) != 1]
    problems += [f"{name}: nobody knows this row" for name in found if name not in wanted]
    for row in rows:
        problems += [f"{row['row']}: {problem}" for problem in problems_of(row, commands, known_mutants)]
    count = {status: sum(row["status"] == status for row in rows) for status in sorted(STATUSES)}
    if count["open"] > OPEN_MAX:
        problems.append(f"{count['open']} rows are open, {OPEN_MAX} may be")
    patches = {row["mutant_or_patch"] for row in rows}
    for name in sorted(os.listdir(os.path.join(HERE, "patches"))):
        if f"patches/{name}" not in patches:
            problems.append(f"patches/{name}: no row names it")
    for problem in problems:
        print(f"faults.csv: {problem}")
    print(f"{len(rows)} rows: " + ", ".join(f"{value} {key}" for key, value in count.items()))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
