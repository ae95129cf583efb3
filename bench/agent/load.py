# SPDX-License-Identifier: Apache-2.0
"""A writer beside the measurement: so many lines a second, in turn over the first files of a tree.

It is a process of its own, so that it and who measures do not share an interpreter's lock.
"""
import multiprocessing
import time


class Load:
    """Writes until stop(), which puts what was written into the tree's count."""

    def __init__(self, tree, lines_per_second, files):
        context = multiprocessing.get_context("fork")
        self._tree, self._stop = tree, context.Event()
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=self._write, args=(lines_per_second, files, theirs))
        self._process.start()

    def _write(self, lines_per_second, files, result):
        fds = [self._tree.open(number) for number in range(files)]
        began, done = time.monotonic(), 0
        while not self._stop.is_set():
            due = int((time.monotonic() - began) * lines_per_second)
            for turn in range(done, due):
                self._tree.write_to(fds[turn % files], turn % files)
            done = due
            time.sleep(0.001)
        result.send((self._tree.written, done / (time.monotonic() - began)))

    def stop(self):
        """Lines a second that it managed."""
        self._stop.set()
        self._tree.written, rate = self._ours.recv()
        self._process.join()
        return rate
