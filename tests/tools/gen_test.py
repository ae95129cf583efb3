# SPDX-License-Identifier: Apache-2.0
"""podtail gen: trees are re-read by log_tree.py and compared with the manifest.

usage: gen_test.py PODTAIL [unittest arguments]
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import log_tree

PODTAIL = ""
TRACE = re.compile(rb'trace_id["=:]+[0-9a-f]{32}')


def run(*arguments):
    return subprocess.run([PODTAIL, *arguments], capture_output=True, timeout=120, check=False)


def gen(root, *arguments):
    result = run("gen", "--root", root, *arguments)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stderr == b"", result.stderr.decode()
    return json.loads(result.stdout)


def key(instance):
    return (instance["namespace"], instance["pod"], instance["pod_uid"], instance["container"],
            instance["restart_count"])


def all_bytes(root):
    """Path below the root -> content."""
    content = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                content[os.path.relpath(path, root)] = file.read()
    return content


class GenTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="podtail-gen-")
        self.addCleanup(self.temporary.cleanup)

    def root(self, name="tree"):
        return os.path.join(self.temporary.name, name)

    def lines(self, root):
        """All lines of a tree with one container and one instance."""
        found = log_tree.tree(root)
        self.assertEqual(len(found), 1)
        (identity, directory), = found.items()
        return log_tree.split_lines(log_tree.instance_bytes(directory, identity[4]))

    def check_whole_tree(self, root, manifest):
        """Every record of the manifest is in the tree, and nothing else is."""
        found = log_tree.tree(root)
        self.assertEqual(sorted(found), sorted(key(entry) for entry in manifest["instances"]))
        totals = {"bytes": 0, "lines": 0, "records": 0}
        for entry in manifest["instances"]:
            directory = found[key(entry)]
            files = log_tree.instance_files(directory, entry["restart_count"])
            self.assertEqual(files, entry["files"])
            lines = log_tree.split_lines(log_tree.instance_bytes(directory, entry["restart_count"]))
            totals["lines"] += len(lines)
            totals["bytes"] += sum(line.bytes for line in lines)
            for name, stream in log_tree.join(lines).items():
                said = entry["streams"][name]
                totals["records"] += len(stream.records)
                self.assertEqual(len(stream.records), said["records"])
                self.assertEqual(log_tree.digest(stream.records), said["sha256"])
                self.assertEqual(len(stream.run), said.get("dangling_fragments", 0))
                self.assertEqual(sum(len(line.content) for line in stream.run),
                                 said.get("dangling_bytes", 0))
        self.assertEqual(totals, {name: manifest[name] for name in totals})

    # The manifest.

    def test_says_what_is_in_the_tree(self):
        keep_all = ["--keep", "all", "--gzip", "off", "--rotate-bytes", "40K"]
        table = [
            ["--mix", "standard", "--bytes", "700K"],
            ["--mix", "seed", "--bytes", "300K", "--pods", "3", "--containers", "2"],
            ["--mix", "plain", "--bytes", "400K", "--runtime", "conmon", "--restarts", "3"],
            ["--mix", "json", "--bytes", "300K", "--zone", "+05:45", "--pods", "5"],
            ["--mix", "long", "--bytes", "2M", "--containers", "2", "--restarts", "1"],
            ["--mix", "long", "--bytes", "2M", "--runtime", "conmon", "--zone", "-03:30"],
            ["--mix", "odd", "--bytes", "300K", "--runtime", "conmon"],
            ["--mix", "odd", "--bytes", "300K", "--dangling-stderr", "--restarts", "2"],
        ]
        for number, arguments in enumerate(table):
            with self.subTest(arguments=" ".join(arguments)):
                root = self.root(str(number))
                manifest = gen(root, *keep_all, *arguments)
                self.assertGreater(manifest["rotations"], 3)
                self.check_whole_tree(root, manifest)

    def test_goes_to_a_file_when_asked(self):
        path = os.path.join(self.temporary.name, "manifest.json")
        result = run("gen", "--root", self.root(), "--bytes", "20K", "--manifest", path)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
        with open(path, encoding="utf-8") as file:
            self.check_whole_tree(self.root(), json.load(file))

    # Seeds.

    def test_same_seed_writes_same_bytes(self):
        arguments = ["--bytes", "600K", "--pods", "4", "--rotate-bytes", "30K", "--restarts", "1"]
        manifests = [gen(self.root(name), *arguments, "--seed", "7") for name in "ab"]
        for manifest in manifests:
            del manifest["seconds"]
        self.assertEqual(manifests[0], manifests[1])
        self.assertEqual(all_bytes(self.root("a")), all_bytes(self.root("b")))

    def test_other_seed_writes_other_names_and_lines(self):
        trees = []
        for seed in ("1", "2"):
            gen(self.root(seed), "--bytes", "50K", "--seed", seed)
            trees.append(all_bytes(self.root(seed)))
        self.assertFalse(set(trees[0]) & set(trees[1]))
        self.assertFalse(set(trees[0].values()) & set(trees[1].values()))

    # Rotation: B.4, W1.

    def test_retention_leaves_the_newest_bytes(self):
        arguments = ["--bytes", "900K", "--rotate-bytes", "50K", "--seed", "3"]
        whole = gen(self.root("all"), *arguments, "--keep", "all", "--gzip", "off")
        kept = gen(self.root("five"), *arguments)
        hashes = [[entry["streams"] for entry in manifest["instances"]]
                  for manifest in (whole, kept)]
        self.assertEqual(hashes[0], hashes[1])
        self.assertEqual(whole["rotations"], kept["rotations"])
        (identity, directory), = log_tree.tree(self.root("five")).items()
        files = log_tree.instance_files(directory, 0)
        self.assertEqual(files, kept["instances"][0]["files"])
        self.assertEqual([name.endswith(".gz") for name in files],
                         [True, True, True, False, False])
        everything = log_tree.instance_bytes(log_tree.tree(self.root("all"))[identity], 0)
        rest = log_tree.instance_bytes(directory, 0)
        self.assertTrue(everything.endswith(rest))
        self.assertGreater(len(rest), 4 * 50 * 1024)
        self.assertLess(len(rest), len(everything))

    def test_keep_and_gzip_are_independent(self):
        arguments = ["--bytes", "400K", "--rotate-bytes", "30K"]
        few = gen(self.root("few"), *arguments, "--keep", "2", "--gzip", "on")
        self.assertEqual([name.endswith(".gz") for name in few["instances"][0]["files"]],
                         [False, False])
        plain = gen(self.root("plain"), *arguments, "--keep", "4", "--gzip", "off")
        self.assertEqual([name.endswith(".gz") for name in plain["instances"][0]["files"]],
                         [False] * 4)
        packed = gen(self.root("packed"), *arguments, "--keep", "all", "--gzip", "on")
        files = packed["instances"][0]["files"]
        self.assertEqual([name.endswith(".gz") for name in files],
                         [True] * (len(files) - 2) + [False, False])
        self.check_whole_tree(self.root("packed"), packed)

    def test_stamps_never_collide(self):
        manifest = gen(self.root(), "--bytes", "300K", "--rotate-bytes", "4K", "--keep", "all",
                       "--gzip", "off")
        files = manifest["instances"][0]["files"]
        self.assertEqual(len(files), manifest["rotations"] + 1)
        # Several rotations fall into one second of the tree's clock.
        first, last = self.lines(self.root())[0], self.lines(self.root())[-1]
        seconds = int(last.time[17:19]) - int(first.time[17:19])
        self.assertLess(abs(seconds), manifest["rotations"] / 2)

    def test_a_run_may_go_on_in_the_next_file(self):
        gen(self.root(), "--bytes", "400K", "--rotate-bytes", "10K", "--keep", "all", "--gzip",
            "off", "--mix", "plain")
        (_, directory), = log_tree.tree(self.root()).items()
        tails = [log_tree.split_lines(log_tree.read_bytes(os.path.join(directory, name)))[-1]
                 for name in log_tree.instance_files(directory, 0)]
        self.assertGreater(sum(line.partial for line in tails), 2)
        self.assertFalse(tails[-1].partial)

    def test_leftovers_of_a_crashed_kubelet_are_cleaned_up(self):
        arguments = ["--bytes", "100K", "--rotate-bytes", "30K", "--keep", "all"]
        gen(self.root(), *arguments, "--gzip", "off")
        (_, directory), = log_tree.tree(self.root()).items()
        oldest, second = log_tree.instance_files(directory, 0)[:2]
        leftovers = [oldest + ".gz", second + ".tmp"]
        for name in leftovers:
            with open(os.path.join(directory, name), "wb") as file:
                file.write(b"half")
        gen(self.root(), *arguments, "--append", "--gzip", "off")
        names = os.listdir(directory)
        self.assertNotIn(oldest, names)  # has a .gz
        self.assertIn(oldest + ".gz", names)
        self.assertIn(second, names)
        self.assertNotIn(second + ".tmp", names)

    def test_a_plain_corpus_is_not_rotated(self):
        manifest = gen(self.root(), "--bytes", "11M")
        self.assertEqual(manifest["rotations"], 0)
        self.assertEqual(manifest["instances"][0]["files"], ["0.log"])
        manifest = gen(self.root("asked"), "--bytes", "11M", "--keep", "all", "--gzip", "off")
        self.assertEqual(manifest["rotations"], 1)

    # Lines: A.1 to A.4.

    def test_containerd_cuts_at_16_kib(self):
        gen(self.root(), "--mix", "long", "--bytes", "6M")
        fragments = {"stdout": [], "stderr": []}
        shapes = set()
        for line in self.lines(self.root()):
            run_ = fragments[line.stream]
            run_.append(len(line.content))
            if line.partial:
                self.assertEqual(len(line.content), 16384)
                continue
            self.assertLessEqual(len(line.content), 16384)
            if len(run_) > 1:
                self.assertGreater(len(line.content), 0)
            shapes.add(tuple(run_) if sum(run_) > 16000 else None)
            run_.clear()
        # The rows of the table in A.3 that the lengths around the limit make.
        for shape in [(16384,), (16384, 1), (16384, 16384), (16384, 16384, 1), (16383,)]:
            self.assertIn(shape, shapes)

    def test_containerd_trims_times(self):
        gen(self.root(), "--bytes", "3M")
        lines = self.lines(self.root())
        self.assertEqual({line.zone for line in lines}, {"Z"})
        self.assertFalse(any(line.fraction.endswith("0") for line in lines))
        lengths = {len(line.fraction) for line in lines}
        self.assertTrue({0, 3, 8, 9} <= lengths, lengths)
        for name in ("stdout", "stderr"):
            times = [line.time for line in lines if line.stream == name]
            self.assertEqual(times, sorted(set(times)))

    def test_streams_race_a_little(self):
        gen(self.root(), "--bytes", "3M")
        times = [line.time for line in self.lines(self.root())]
        self.assertNotEqual(times, sorted(times))

    def test_conmon_writes_nine_digits_and_shares_times(self):
        gen(self.root(), "--bytes", "1M", "--runtime", "conmon", "--mix", "long")
        lines = self.lines(self.root())
        self.assertEqual({len(line.time_text) for line in lines}, {35})
        self.assertEqual({line.zone for line in lines}, {"+00:00"})
        stdout = [line for line in lines if line.stream == "stdout"]
        self.assertLess(len({line.time for line in stdout}), len(stdout) * 3 / 4)
        self.assertEqual([line.time for line in stdout], sorted(line.time for line in stdout))
        partial = {len(line.content) for line in lines if line.partial}
        self.assertEqual(max(partial), 8192)
        self.assertGreater(len(partial), 10)  # a read begins anywhere

    def test_conmon_ends_a_full_read_with_an_empty_fragment(self):
        gen(self.root(), "--bytes", "6M", "--runtime", "conmon", "--mix", "long")
        previous, empty = {}, 0
        for line in self.lines(self.root()):
            before = previous.get(line.stream)
            if before and before.partial and not line.partial and line.content == b"":
                empty += 1
            previous[line.stream] = line
        self.assertGreater(empty, 0)

    def test_zone_moves_text_not_time(self):
        arguments = ["--bytes", "200K"]
        utc = gen(self.root("utc"), *arguments)
        seoul = gen(self.root("seoul"), *arguments, "--zone", "+09:00")
        self.assertEqual({line.zone for line in self.lines(self.root("seoul"))}, {"+09:00"})
        first = [self.lines(self.root(name))[0].time for name in ("utc", "seoul")]
        self.assertEqual(first[0], first[1])
        self.assertNotEqual(utc["bytes"], 0)
        self.assertNotEqual(seoul["bytes"], 0)

    def test_runs_of_both_streams_interleave(self):
        gen(self.root(), "--bytes", "3M", "--mix", "long")
        inside = set()
        open_runs = {"stdout": False, "stderr": False}
        for line in self.lines(self.root()):
            other = "stderr" if line.stream == "stdout" else "stdout"
            if open_runs[other]:
                inside.add((other, line.partial))
            open_runs[line.stream] = line.partial
        self.assertEqual(inside, {("stdout", False), ("stdout", True), ("stderr", False),
                                  ("stderr", True)})

    def test_standard_mix_has_the_shares_of_the_corpus(self):
        manifest = gen(self.root(), "--bytes", "12M")
        (_, directory), = log_tree.tree(self.root()).items()
        streams = log_tree.join(log_tree.split_lines(log_tree.instance_bytes(directory, 0)))
        bodies = [body for stream in streams.values() for _, body in stream.records]
        count = len(bodies)

        def share(test):
            return sum(1 for body in bodies if test(body)) / count

        self.assertAlmostEqual(len(streams["stderr"].records) / count, 0.05, delta=0.01)
        self.assertAlmostEqual(share(TRACE.search), 0.90, delta=0.02)
        self.assertAlmostEqual(share(lambda body: re.match(rb"\[[A-Z]+\] \[trace_id=", body)), 0.50,
                               delta=0.02)
        self.assertAlmostEqual(share(lambda body: b"resource.service.name=" in body), 0.25,
                               delta=0.02)
        self.assertAlmostEqual(share(lambda body: body.startswith(b"{")), 0.15, delta=0.02)
        self.assertAlmostEqual(manifest["bytes"] / manifest["lines"], 223, delta=15)
        self.assertAlmostEqual(share(lambda body: len(body) > 16384) * 4.8e6, 1300, delta=700)

    def test_bodies_are_valid_utf8(self):
        for mix in ("odd", "standard"):
            gen(self.root(mix), "--bytes", "500K", "--mix", mix)
            (_, directory), = log_tree.tree(self.root(mix)).items()
            streams = log_tree.join(log_tree.split_lines(log_tree.instance_bytes(directory, 0)))
            bodies = [body for stream in streams.values() for _, body in stream.records]
            for body in bodies:
                body.decode("utf-8")
            self.assertIn(b"", bodies)
        self.assertTrue(any(b"\0" in body for body in
                            log_tree.instance_bytes(directory.replace("standard", "odd"), 0)
                            .split(b"\n")))

    # Names: B.2.

    def test_pods_have_real_names(self):
        gen(self.root(), "--bytes", "300K", "--pods", "12", "--containers", "3")
        found = log_tree.tree(self.root())
        self.assertEqual(len(found), 36)
        uids = {uid for _, _, uid, _, _ in found}
        self.assertEqual(len(uids), 12)
        uuid = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        static = [uid for uid in uids if not uuid.match(uid)]
        self.assertEqual(len(static), 1)
        self.assertRegex(static[0], r"^[0-9a-f]{32}$")
        self.assertGreater(len({name_space for name_space, *_ in found}), 3)
        label = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
        for name_space, pod, _, container, _ in found:
            self.assertRegex(name_space, f"^{label}$")
            self.assertRegex(pod, rf"^{label}(\.{label})*$")
            self.assertRegex(container, f"^{label}$")
        gen(self.root("three"), "--bytes", "300K", "--pods", "3", "--containers", "3")
        self.assertTrue(set(log_tree.tree(self.root("three"))) < set(found))

    # Going on.

    def test_append_lists_only_what_it_wrote(self):
        arguments = ["--rotate-bytes", "50K", "--keep", "all", "--gzip", "off", "--pods", "2"]
        for number, more in enumerate((["--restarts", "1"], ["--runtime", "conmon"], [])):
            with self.subTest(more=more):
                root = self.root(str(number))
                gen(root, "--bytes", "300K", *arguments, *more)
                before = {identity: log_tree.instance_bytes(directory, identity[4])
                          for identity, directory in log_tree.tree(root).items()}
                manifest = gen(root, "--bytes", "200K", "--append", *arguments)
                self.check_appended(root, before, manifest)

    def check_appended(self, root, before, manifest):
        found = log_tree.tree(root)
        newest = max(line.time for data in before.values() for line in log_tree.split_lines(data))
        added = 0
        for entry in manifest["instances"]:
            data = log_tree.instance_bytes(found[key(entry)], entry["restart_count"])
            old = before.get(key(entry), b"")
            self.assertTrue(data.startswith(old))
            added += len(data) - len(old)
            lines = log_tree.split_lines(data[len(old):])
            self.assertGreater(min(line.time for line in lines), newest)
            for name, stream in log_tree.join(lines).items():
                self.assertEqual(log_tree.digest(stream.records), entry["streams"][name]["sha256"])
        self.assertEqual(added, manifest["bytes"])
        listed = {key(entry) for entry in manifest["instances"]}
        self.assertEqual(listed, {max(other for other in before if other[:4] == identity[:4])
                                  for identity in before})
        for identity, data in before.items():
            if identity not in listed:
                self.assertEqual(log_tree.instance_bytes(found[identity], identity[4]), data)

    def test_dangling_fragment_stays_alone_on_stderr(self):
        arguments = ["--bytes", "300K", "--dangling-stderr", "--rotate-bytes", "40K", "--keep",
                     "all", "--gzip", "off"]
        manifest = gen(self.root(), *arguments)
        lines = self.lines(self.root())
        self.assertEqual((lines[0].stream, lines[0].partial), ("stderr", True))
        self.assertEqual({line.stream for line in lines[1:]}, {"stdout"})
        stderr = manifest["instances"][0]["streams"]["stderr"]
        self.assertEqual((stderr["records"], stderr["dangling_fragments"]), (0, 1))
        manifest = gen(self.root(), *arguments, "--append")
        self.assertNotIn("dangling_fragments", manifest["instances"][0]["streams"]["stderr"])
        self.assertEqual({line.stream for line in self.lines(self.root())[1:]}, {"stdout"})

    # At a pace.

    def test_paced_run_writes_rate_times_duration(self):
        manifest = gen(self.root(), "--rate", "2000/s", "--duration", "500ms", "--pods", "4",
                       "--rotate-bytes", "8K", "--keep", "all")
        # Fragments that close open runs come on top.
        self.assertGreaterEqual(manifest["lines"], 1000)
        self.assertLess(manifest["lines"], 1010)
        self.check_whole_tree(self.root(), manifest)

    def test_signal_ends_a_paced_run_with_a_manifest(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            root = self.root(str(number))
            with subprocess.Popen([PODTAIL, "gen", "--root", root, "--rate", "500", "--mix", "long",
                                   "--runtime", "conmon"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as process:
                while not any(len(data) > 50_000 for data in all_bytes(root).values()):
                    self.assertIsNone(process.poll())
                    time.sleep(0.01)
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, err), (0, b""))
            self.check_whole_tree(root, json.loads(out))

    # What goes wrong.

    def check_refused(self, status, arguments):
        result = run(*arguments)
        self.assertEqual(result.returncode, status, result)
        self.assertEqual(result.stdout, b"")
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith(b"podtail"), result.stderr)
        return result.stderr.decode()

    def test_wrong_flags_are_refused_in_one_line(self):
        good = ["--root", self.root(), "--bytes", "10K"]
        table = [
            [], ["frob"], ["top"], ["gen"], ["gen", "--root", self.root()], ["gen", "--bytes", "1"],
            ["gen", *good, "--frob"], ["gen", *good, "stray"], ["gen", *good, "--bytes", "1"],
            ["gen", *good, "--mix", "loud"], ["gen", *good, "--keep", "1"],
            ["gen", *good, "--keep", "5K"], ["gen", *good, "--gzip", "maybe"],
            ["gen", *good, "--zone", "KST"], ["gen", *good, "--duration", "1s"],
            ["gen", *good, "--rate", "0"], ["gen", *good, "--rate", "many"],
            ["gen", *good, "--pods", "0"], ["gen", *good, "--rotate-bytes", "10XB"],
            ["gen", *good, "--rate", "5", "--restarts", "1"], ["gen", *good, "--seed"],
            ["gen", *good, "--rate", "5", "--seconds", "1", "--duration", "1s"],
        ]
        for arguments in table:
            with self.subTest(arguments=arguments):
                self.check_refused(64, arguments)
        self.assertFalse(os.path.exists(self.root()))

    def test_commands_that_do_not_exist_yet_say_so(self):
        for name in ("check", "tap", "explain", "top", "audit"):
            self.assertEqual(self.check_refused(64, [name]),
                             f"podtail: `{name}` does not work yet\n")

    def test_places_that_do_not_fit_are_refused(self):
        gen(self.root(), "--bytes", "10K")
        before = all_bytes(self.root())
        message = self.check_refused(73, ["gen", "--root", self.root(), "--bytes", "10K"])
        self.assertIn("--append", message)
        self.check_refused(66, ["gen", "--root", self.root("none"), "--bytes", "1K", "--append"])
        file = os.path.join(self.temporary.name, "file")
        with open(file, "wb"):
            pass
        self.check_refused(73, ["gen", "--root", file, "--bytes", "10K"])
        self.assertEqual(all_bytes(self.root()), before)

    def test_full_disk_ends_the_run(self):
        os.mkdir(self.root())
        result = run("gen", "--root", self.root(), "--bytes", "10K", "--manifest", "/dev/full")
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_every_command_has_help(self):
        for arguments in (["--help"], ["run", "--help"], ["gen", "--help"],
                          ["checkpoints", "--help"], ["ledger", "--help"], ["version", "--help"]):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, b""), arguments)
            self.assertIn(b"podtail", result.stdout)
        self.assertRegex(run("version").stdout.decode(), r"^podtail \d+\.\d+\.\d+ ")


if __name__ == "__main__":
    PODTAIL = sys.argv.pop(1)
    unittest.main()
