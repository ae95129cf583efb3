# SPDX-License-Identifier: Apache-2.0
"""The project's files as the rules see them, and how a rule reports and tests itself.

A rule is a function from a Tree to an iterable of Finding. A Tree can be read from disk or made
from a dictionary, so that every rule is shown a small bad sample (--self-test) and must flag it.
"""

import os
import re
import sys
from collections import namedtuple

Finding = namedtuple("Finding", "path line message")

TOP_FOLDERS = ("include", "engine", "tools", "examples", "bench", "fuzz", "tests", "cmake", ".ci")
CODE_SUFFIXES = (".cc", ".h", ".c")
SCRIPT_SUFFIXES = (".py", ".sh", ".cmake")


class Tree:
    """Relative path -> text. Files that are not UTF-8 (test data) are left out."""

    def __init__(self, files):
        self.files = dict(sorted(files.items()))
        self._code = {}

    @staticmethod
    def read(root):
        files = {}
        for name in sorted(os.listdir(root)):
            full = os.path.join(root, name)
            if name == ".git":  # a file, in a worktree: where the clone is
                continue
            if os.path.isfile(full):
                _read_into(files, full, name)
            elif name in TOP_FOLDERS:
                for folder, folders, names in os.walk(full):
                    folders[:] = sorted(f for f in folders if f != "__pycache__")
                    for entry in sorted(names):
                        path = os.path.join(folder, entry)
                        _read_into(files, path, os.path.relpath(path, root))
        return Tree(files)

    def code_paths(self, *tops):
        return [p for p in self.files
                if p.endswith(CODE_SUFFIXES) and (not tops or p.split("/")[0] in tops)]

    def code(self, path):
        """The text with comments, strings and character literals blanked; lines are kept."""
        if path not in self._code:
            self._code[path] = blank_words(self.files[path])
        return self._code[path]

    def includes(self, path):
        """(line number, name, is_system) of every #include."""
        for number, line in enumerate(self.files[path].split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match.group(2), match.group(1) == "<"


def _read_into(files, full, relative):
    if os.path.islink(full) or os.path.getsize(full) > 4 << 20:
        return
    try:
        with open(full, encoding="utf-8", newline="") as stream:
            files[relative] = stream.read()
    except UnicodeDecodeError:
        pass


_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[^\n]*', re.MULTILINE)


def blank_words(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return _TOKENS.sub(blank, _INCLUDE.sub(blank, text))


def is_script(path, text):
    return path.endswith(SCRIPT_SUFFIXES) or text.startswith("#!") or \
        os.path.basename(path) == "CMakeLists.txt"


def run_rules(title, rules, samples, argv):
    """Runs all rules over a tree, or (--self-test) each over its bad samples.

    samples: rule name -> list of (files, fragment of the message that must appear), and with
    None for the fragment a good sample that must not be flagged.
    """
    if argv[1:] == ["--self-test"]:
        return _self_test(title, rules, samples)
    if len(argv) != 2:
        print(f"usage: {argv[0]} ROOT | --self-test")
        return 2
    tree = Tree.read(argv[1])
    count = 0
    for name, rule in rules.items():
        findings = list(rule(tree))
        count += len(findings)
        print(f"{'ok  ' if not findings else 'FAIL'} {name}")
        for finding in findings:
            print(f"  {finding.path}:{finding.line}: {finding.message}")
    print(f"{title}: {len(rules)} rules, {len(tree.files)} files, {count} findings")
    return 1 if count else 0


def _self_test(title, rules, samples):
    failures = 0
    checks = 0
    for name, rule in rules.items():
        if not any(fragment for _, fragment in samples.get(name, [])):
            print(f"FAIL {name}: has no bad sample")
            failures += 1
        for files, fragment in samples.get(name, []):
            checks += 1
            found = [f.message for f in rule(Tree(files))]
            good = not found if fragment is None else any(fragment in m for m in found)
            if not good:
                failures += 1
                print(f"FAIL {name}: sample {sorted(files)}: expected "
                      f"{'nothing' if fragment is None else repr(fragment)}, found {found}")
    print(f"{title}: {len(rules)} rules, {checks} samples, {failures} failures")
    return 1 if failures else 0


def main(title, rules, samples):
    sys.exit(run_rules(title, rules, samples, sys.argv))
