# SPDX-License-Identifier: Apache-2.0
"""A directory after a power cut, to the letter of POSIX, from the system calls of a run.

Data and size of a file are on the disk once the file was synced, a name once its directory was: what
came later may be there or not, each operation by itself, writes also in part. Syncing a file says
nothing of its name. After a sync that failed, what it should have covered may never reach the disk,
whatever later syncs say. Real file systems keep more than that, and each of them something else.
"""
import dataclasses
import os

import strace_log

SECTOR = 512
NEVER = float("inf")
IGNORED = ("read", "pread64", "getdents64", "close", "lseek")


@dataclasses.dataclass
class Operation:
    born: int             # at which event
    kind: str             # write truncate | link unlink rename
    offset: int = 0       # write: where; truncate: the new size
    data: bytes = b""
    name: bytes = b""     # path below the root
    inode: object = None
    source: bytes = b""   # rename
    durable: float = NEVER  # from which event on
    doubtful: bool = False


@dataclasses.dataclass(eq=False)
class Inode:
    operations: list = dataclasses.field(default_factory=list)
    size: int = 0


class History:
    """What a run did to the folder `root`, as numbered events, and its lines among them."""

    def __init__(self, root, log):
        self.root = os.fsencode(str(root))
        self.files = strace_log.Files([root])
        self.names, self.open, self.positions = {}, {}, {}
        self.name_operations, self.inodes = [], []
        self.lines, self.line_events = [], []
        self.syncs = []  # events at which a sync succeeded
        self.event = 0
        self._text = ""
        for call in strace_log.calls(log):
            self._see(call)

    def _see(self, call):
        self.event += 1
        if call.name == "write" and call.number(0) == 1 and (call.result or 0) > 0:
            self._print(call.text(1)[:call.result])
        elif call.result is not None and self.files.ours(call):
            self._ours(call)
        self.files.see(call)
        if call.name == "close" and call.error != "EBADF" and not call.injected:
            self.open.pop(call.number(0), None)

    def _print(self, data):
        self._text += data.decode("utf-8", "replace")
        *whole, self._text = self._text.split("\n")
        self.lines += whole
        self.line_events += [self.event] * len(whole)

    def _below(self, path):
        return path[len(self.root):].lstrip(b"/")

    def _ours(self, call):
        if call.name in ("fsync", "fdatasync"):
            self._sync(call)
        elif call.result < 0 or call.name in IGNORED:
            return
        elif call.name in ("open", "openat", "creat"):
            self._opened(call)
        elif call.name in ("write", "pwrite64"):
            self._wrote(call)
        elif call.name == "ftruncate":
            self._truncated(self.open[call.number(0)], call.number(1))
        elif call.name in ("unlink", "unlinkat"):
            name = self._below(self.files.named(call))
            self.names.pop(name, None)
            self._name(Operation(self.event, "unlink", name=name))
        elif call.name.startswith("rename"):
            self._renamed(call)
        else:
            raise NotImplementedError("the model does not know %s" % call.name)

    def _name(self, operation):
        self.name_operations.append(operation)

    def _opened(self, call):
        name = self._below(self.files.named(call))
        flags = next((word for word in call.arguments if "O_" in word), "")
        inode = self.names.get(name)
        if inode is None and "O_CREAT" in flags:
            inode = Inode()
            self.inodes.append(inode)
            self.names[name] = inode
            self._name(Operation(self.event, "link", name=name, inode=inode))
        elif inode is not None and "O_TRUNC" in flags:
            self._truncated(inode, 0)
        self.open[call.result] = inode if inode is not None else name  # a folder by its name
        self.positions[call.result] = None if "O_APPEND" in flags else 0

    def _wrote(self, call):
        inode = self.open[call.number(0)]
        data = call.text(1)[:call.result]
        if call.name == "pwrite64":
            offset = call.number(3)
        else:
            position = self.positions[call.number(0)]
            offset = inode.size if position is None else position
            if position is not None:
                self.positions[call.number(0)] += len(data)
        inode.operations.append(Operation(self.event, "write", offset=offset, data=data))
        inode.size = max(inode.size, offset + len(data))

    def _truncated(self, inode, size):
        inode.operations.append(Operation(self.event, "truncate", offset=size))
        inode.size = size

    def _renamed(self, call):
        named = [at for at, word in enumerate(call.arguments) if word.startswith('"')]
        source, target = (self._below(self.files.named(call, at)) for at in named)
        inode = self.names.pop(source, None)
        self.names[target] = inode
        self._name(Operation(self.event, "rename", name=target, source=source, inode=inode))

    def _sync(self, call):
        about = self.open.get(call.number(0))
        if isinstance(about, Inode):
            covered = about.operations
        else:
            covered = [one for one in self.name_operations if os.path.dirname(one.name) == (about or b"")]
        for one in covered:
            if one.durable == NEVER and not one.doubtful:
                if call.result == 0:
                    one.durable = self.event
                elif call.error != "EINTR":
                    one.doubtful = True
        if call.result == 0:
            self.syncs.append(self.event)

    def lines_before(self, event):
        """How many lines had been printed when `event` began."""
        low, high = 0, len(self.line_events)
        while low < high:
            middle = (low + high) // 2
            if self.line_events[middle] < event:
                low = middle + 1
            else:
                high = middle
        return low

    def image(self, event, keep, chance):
        """{name: content} after a cut before `event`. `keep` is asked for the share of what is not
        durable that is on the disk; (whole, torn)."""
        whole, torn = keep
        names = {}
        for one in self.name_operations:
            if one.born >= event or (one.durable >= event and chance.random() >= whole + torn / 2):
                continue
            if one.kind == "link":
                names[one.name] = one.inode
            elif one.kind == "unlink":
                names.pop(one.name, None)
            elif one.inode is not None:
                names.pop(one.source, None)
                names[one.name] = one.inode
        return {name: content(inode, event, whole, torn, chance) for name, inode in names.items()}


def content(inode, event, whole, torn, chance):
    held = bytearray()
    for one in inode.operations:
        if one.born >= event:
            break
        dice = 0.0 if one.durable < event else chance.random()
        if one.durable >= event and dice >= whole:
            if one.kind == "write" and dice < whole + torn:
                tear(held, one, chance)
            continue
        if one.kind == "truncate":
            del held[one.offset:]
            held.extend(bytes(one.offset - len(held)))
        else:
            held.extend(bytes(max(0, one.offset - len(held))))
            held[one.offset:one.offset + len(one.data)] = one.data
    return bytes(held)


def tear(held, one, chance):
    """Some sectors of a write; and sometimes the size has grown though nothing was written."""
    end = one.offset + len(one.data)
    first = one.offset // SECTOR
    for sector in range(first, (end - 1) // SECTOR + 1):
        if chance.random() < 0.5:
            begin, stop = max(sector * SECTOR, one.offset), min((sector + 1) * SECTOR, end)
            held.extend(bytes(max(0, begin - len(held))))
            held[begin:stop] = one.data[begin - one.offset:stop - one.offset]
    if chance.random() < 0.3 and len(held) < end:
        held.extend(bytes(end - len(held)))
