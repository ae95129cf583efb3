# SPDX-License-Identifier: Apache-2.0
"""The kubelet's rotation, in its order and with gzip(1), on a log that a Ledger writes.

One tick: leftovers go, the oldest go, every plain rotated file becomes .gz by way of .tmp, and then
the live file is renamed and the runtime reopens. The inode that the plain file had is the first free
one, so ext4 gives it to the new live file.
"""
import os
import subprocess

from fault_support import check


class Kubelet:
    def __init__(self, ledger, keep=0):
        self.ledger, self.keep = ledger, keep
        self.directory, self.live = os.path.split(ledger.path)
        self.freed = []  # inodes of the plain files that the last tick removed

    def rotated(self):
        return sorted(name for name in os.listdir(self.directory) if name.startswith(self.live + "."))

    def path(self, name):
        return os.path.join(self.directory, name)

    def compress(self, name):
        path = self.path(name)
        with open(path, "rb") as plain, open(path + ".tmp", "wb") as packed:
            done = subprocess.run(["gzip", "-c"], stdin=plain, stdout=packed, check=False)
            check(done.returncode == 0, f"gzip of {path}")
        os.rename(path + ".tmp", path + ".gz")
        self.freed.append(os.stat(path).st_ino)
        os.unlink(path)

    def clean(self):
        self.freed = []
        names = self.rotated()
        for name in names:
            if name.endswith(".tmp") or name + ".gz" in names:
                os.unlink(self.path(name))
        names = self.rotated()
        while self.keep and len(names) > self.keep - 2:
            os.unlink(self.path(names.pop(0)))
        for name in names:
            if not name.endswith(".gz"):
                self.compress(name)

    def tick(self):
        self.clean()
        self.ledger.rename()
        self.ledger.reopen()
