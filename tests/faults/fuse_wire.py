# SPDX-License-Identifier: Apache-2.0
"""As much of the kernel's FUSE protocol (linux/fuse.h, 7.31) as two plain files in one folder need.

No library: one thread reads a request, answers it, reads the next. So the order in which requests
are handled is one order, and whoever waits for an answer waits for it.
"""
import errno
import os
import stat
import struct

(LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC) = (
    1, 2, 3, 4, 14, 15, 16, 17, 18, 20)
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = (
    25, 26, 27, 28, 29, 36, 38, 42)
FOPEN_DIRECT_IO = 1
MAX_WRITE = 128 * 1024
BIG_WRITES = 1 << 5

IN_HEADER = struct.Struct("=IIQQIIII")   # len opcode unique nodeid uid gid pid padding
OUT_HEADER = struct.Struct("=IiQ")       # len error unique
ATTR = struct.Struct("=QQQQQQIIIIIIIIII")
INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")
READ_IN = struct.Struct("=QQII")         # handle offset size ...; WRITE has the same beginning
WRITE_IN_SIZE = 40
ROOT = 1


class Server:
    """Subclasses give `files`: {node: (name, size, direct)}, and on_read, on_write, on_flush."""

    files = {}

    def __init__(self, device):
        self.device = device

    def serve(self):
        """Until the file system is unmounted."""
        while True:
            try:
                request = os.read(self.device, MAX_WRITE + 4096)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                if error.errno == errno.ENODEV:
                    return
                raise
            self._handle(request)

    def _handle(self, request):
        _, opcode, unique, node = IN_HEADER.unpack_from(request)[:4]
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return
        try:
            body = self._answer(opcode, node, request[IN_HEADER.size:])
            code = 0
        except OSError as error:
            body, code = b"", -error.errno
        reply = OUT_HEADER.pack(OUT_HEADER.size + len(body), code, unique) + body
        try:
            os.write(self.device, reply)
        except OSError as error:
            if error.errno != errno.ENOENT:  # the asker was interrupted
                raise

    def _answer(self, opcode, node, body):
        simple = {
            INIT: self._init, LOOKUP: self._lookup, READ: self._read, WRITE: self._write,
            GETATTR: lambda node, body: struct.pack("=QII", 3600, 0, 0) + self._attr(node),
            SETATTR: lambda node, body: struct.pack("=QII", 3600, 0, 0) + self._attr(node),
            OPEN: lambda node, body: struct.pack("=QII", node, FOPEN_DIRECT_IO if self.files[node][2] else 0, 0),
            OPENDIR: lambda node, body: struct.pack("=QII", node, 0, 0),
            STATFS: lambda node, body: bytes(80),
        }
        if opcode == FSYNC:
            self.on_flush(node)
            return b""
        if opcode in (FLUSH, RELEASE, RELEASEDIR, READDIR, DESTROY):
            return b""
        if opcode not in simple:
            raise OSError(errno.ENOSYS, "opcode %d" % opcode)
        return simple[opcode](node, body)

    def _init(self, _node, body):
        major, minor, read_ahead = struct.unpack_from("=III", body)
        if major != 7 or minor < 12:
            raise OSError(errno.EPROTO, "FUSE %d.%d" % (major, minor))
        return INIT_OUT.pack(7, min(minor, 31), read_ahead, BIG_WRITES, 0, 0, MAX_WRITE, 1, 0, 0, 0)

    def _lookup(self, _node, body):
        wanted = body.rstrip(b"\0").decode()
        for node, (name, _, _) in self.files.items():
            if name == wanted:
                return struct.pack("=QQQQII", node, 0, 3600, 3600, 0, 0) + self._attr(node)
        raise OSError(errno.ENOENT, wanted)

    def _attr(self, node):
        size = 0 if node == ROOT else self.files[node][1]
        mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o600
        return ATTR.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def _read(self, node, body):
        _, offset, size, _ = READ_IN.unpack_from(body)
        return self.on_read(node, offset, size)

    def _write(self, node, body):
        _, offset, size, _ = READ_IN.unpack_from(body)
        data = body[WRITE_IN_SIZE:WRITE_IN_SIZE + size]
        self.on_write(node, offset, data)
        return struct.pack("=II", len(data), 0)

    def on_read(self, node, offset, size):
        raise NotImplementedError

    def on_write(self, node, offset, data):
        raise NotImplementedError

    def on_flush(self, node):
        raise NotImplementedError
