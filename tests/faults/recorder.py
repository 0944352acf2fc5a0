# SPDX-License-Identifier: Apache-2.0
"""A disk that writes down what is done to it: each write and each flush, in order, and between them
the lines that the driver prints.

A folder with two files. `disk` goes under a loop device; `lines` is the driver's standard output. Both
come to one thread, and the driver goes on only when its line is in the log. So the place of a line
among the flushes is exact: what happened before it was printed stands before it.
"""
import contextlib
import dataclasses
import errno
import os
import pathlib
import pickle
import signal

import fuse_wire
import machine

WRITE, FLUSH, LINE = "write", "flush", "line"
DISK_NODE, LINES_NODE = 2, 3


class Recorder(fuse_wire.Server):
    """`fail`: ("write" or "flush", n): the n-th of them after the first line fails with EIO."""

    def __init__(self, device, image, fail=None):
        super().__init__(device)
        self.image = image
        self.size = os.fstat(image).st_size
        self.files = {DISK_NODE: ("disk", self.size, False), LINES_NODE: ("lines", 0, True)}
        self.fail = fail
        self.counts = None  # from the first line on
        self.log = []

    def on_read(self, node, offset, size):
        return os.pread(self.image, size, offset) if node == DISK_NODE else b""

    def on_write(self, node, offset, data):
        if node == LINES_NODE:
            self.counts = self.counts or {WRITE: 0, FLUSH: 0}
            self.log.append((LINE, data.decode("utf-8", "replace")))
            return
        self._fail_where_told(WRITE)
        os.pwrite(self.image, data, offset)
        self.log.append((WRITE, offset, data))

    def on_flush(self, node):
        if node == DISK_NODE:
            self._fail_where_told(FLUSH)
            self.log.append((FLUSH,))

    def _fail_where_told(self, kind):
        if self.counts is None:
            return
        self.counts[kind] += 1
        if self.fail == (kind, self.counts[kind]):
            raise OSError(errno.EIO, "told to fail")


@dataclasses.dataclass
class Recording:
    base: bytes   # the image before the first entry
    log: list     # (WRITE, offset, data), (FLUSH,), (LINE, text)


def _serve(device, image_path, log_path, fail, parent):
    machine.die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    image = os.open(image_path, os.O_RDWR)
    server = Recorder(device, image, fail)
    server.serve()
    with open(log_path, "wb") as file:
        pickle.dump(server.log, file)


@contextlib.contextmanager
def recording(folder, image_path, fail=None):
    """Yields the folder with `disk` and `lines`. After the block, `log.pickle` lies in `folder`."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise machine.Skip("no FUSE here (%s)" % error) from error
    target = pathlib.Path(folder) / "recorder"
    target.mkdir()
    machine.mount("recorder", target, "fuse", 0,
                  "fd=%d,rootmode=40000,user_id=0,group_id=0" % device)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _serve(device, image_path, pathlib.Path(folder) / "log.pickle", fail, parent)
            code = 0
        finally:
            os._exit(code)
    os.close(device)
    try:
        yield target
    finally:
        machine.unmount(target, machine.MNT_DETACH)
        os.waitpid(child, 0)


def load_log(folder):
    with open(pathlib.Path(folder) / "log.pickle", "rb") as file:
        return pickle.load(file)
