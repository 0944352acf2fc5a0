# SPDX-License-Identifier: Apache-2.0
"""Runs a command under strace, and reads what strace wrote."""
import dataclasses
import functools
import os
import re
import shutil

import driver
import machine

# Calls by which a program changes or reads files, or says something. `?`: not on every architecture.
READS = ("read", "pread64", "readv", "?preadv", "getdents64")
WRITES = ("write", "pwrite64", "writev", "?pwritev", "?pwritev2", "?copy_file_range", "?sendfile")
SYNCS = ("fsync", "fdatasync", "?sync_file_range", "?syncfs", "?sync", "?msync")
OPENS = ("?open", "openat", "?openat2", "?creat")
NAMES = ("?rename", "?renameat", "renameat2", "?unlink", "unlinkat", "?mkdir", "mkdirat", "?link",
         "?linkat", "?symlink", "?symlinkat", "?rmdir")
SIZES = ("ftruncate", "?truncate", "?fallocate")
CLOSES = ("close",)
ALL = READS + WRITES + SYNCS + OPENS + NAMES + SIZES + CLOSES

BEGIN = re.compile(r"^(\d+)\s+(\w+)\(")
END = re.compile(r"^(-?\d+|\?)(?:<[^>]*>)?(?: ([A-Z][A-Z0-9]+)\b)?(.*)$")
UNFINISHED = " <unfinished ...>"
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")
# No quote within a string: with -xx there is none, and without it only descriptors are asked for.
ARGUMENT = re.compile(r'"[^"]*"(?:\.\.\.)?|[\[{][^\]}]*[\]}]|[^,\s][^,]*')


@dataclasses.dataclass
class Call:
    name: str
    text_of_arguments: str
    result: int       # None where it did not return
    error: str        # "" or EIO and so on
    injected: bool

    @functools.cached_property
    def arguments(self):
        return ARGUMENT.findall(self.text_of_arguments)

    def number(self, index):
        """An argument as a number: a descriptor, an offset, a size."""
        if index == 0:
            return int(self.text_of_arguments.partition(",")[0], 0)
        return int(self.arguments[index], 0)

    def text(self, index):
        """An argument that is a string, as bytes; strace ran with -xx."""
        quoted = self.arguments[index]
        if not quoted.startswith('"') or quoted.endswith("..."):
            raise ValueError("not a whole string: %s" % quoted[:60])
        return bytes.fromhex(quoted[1:-1].replace("\\x", ""))


def parse(line):
    """A Call, or None where the line is none."""
    begin = BEGIN.match(line)
    front, found, tail = line.rpartition(") = ")
    end = END.match(tail)
    if not begin or not found or not end:
        return None
    result, error, rest = end.groups()
    return Call(begin.group(2), front[begin.end():], None if result == "?" else int(result), error or "",
                "INJECTED" in rest)


def calls(path):
    """The calls in a log, in the order in which they returned."""
    pending = {}
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.endswith(UNFINISHED):
                pending[line.split(maxsplit=1)[0]] = line[:-len(UNFINISHED)]
                continue
            resumed = RESUMED.match(line)
            if resumed:
                line = pending.pop(resumed.group(1), "") + resumed.group(3)
            call = parse(line)
            if call:
                yield call


def require_strace():
    if shutil.which("strace") is None:
        raise machine.Skip("no strace (package strace)")
    probe = driver.run(["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=close",
                        "/bin/true"])
    if probe.code != 0:
        raise machine.Skip("strace cannot trace here (%s)" % probe.stderr.strip()[:120])


def run(command, log=os.devnull, trace=ALL, inject=None, strings=False, timeout_s=driver.TIMEOUT_S):
    """`inject`: as strace's option has it, without the word. A program that a signal killed gives the
    code that subprocess gives for it."""
    words = ["strace", "-f", "-qq", "-a1", "-o", str(log), "-e", "trace=" + ",".join(trace)]
    if strings:
        words += ["-xx", "-s", "16777216"]
    if inject:
        words += ["-e", "inject=" + inject]
    # Stops only at the calls that are wanted. With it, strace 6.1 sends no signals.
    if not inject or "signal=" not in inject:
        words.append("--seccomp-bpf")
    finished = driver.run(words + command, timeout_s)
    if finished.code is not None and finished.code > 128:
        finished.code = 128 - finished.code
    return finished


class Files:
    """Which path stands behind a descriptor, call by call."""

    def __init__(self, roots):
        self.roots = [os.fsencode(str(root)) for root in roots]
        self.paths = {}

    def see(self, call):
        """To be told of each call, after `path` was asked for it."""
        if call.name in ("open", "openat", "openat2", "creat") and (call.result or -1) >= 0:
            self.paths[call.result] = self.named(call)
        if call.name == "close" and not call.injected:
            self.paths.pop(call.number(0), None)

    def named(self, call, index=None):
        """The path that a call names; `index` of the string, where it has several."""
        if index is None:
            index = next(at for at, word in enumerate(call.arguments) if word.startswith('"'))
        path = call.text(index)
        if not path.startswith(b"/") and index > 0 and call.arguments[index - 1].isdigit():
            path = self.paths.get(call.number(index - 1), b"?") + b"/" + path
        return os.path.normpath(path)

    def path(self, call):
        """The path that a call is about, by name or by descriptor; b"" for none that we know."""
        first = call.text_of_arguments.partition(",")[0]
        if first.isdigit() and not call.name.startswith(("open", "unlinkat", "rename", "mkdirat")):
            return self.paths.get(int(first), b"")
        if '"' not in call.text_of_arguments:
            return b""
        return self.named(call)

    def ours(self, call):
        path = self.path(call)
        return any(path == root or path.startswith(root + b"/") for root in self.roots)
