#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the resident memory of a process is, from /proc/PID/smaps: `memory_map.py PID [--all]`.

Needs the right to read another process's maps: the agent is not dumpable, so root or CAP_SYS_PTRACE.
"""
import argparse
import collections
import os
import re

HEAD = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ (\d+) *(.*)")
FIELD = re.compile(r"(\w+): +(\d+) kB")
ORDER = ("text", "rodata", "relro", "data", "bss", "heap", "block", "stack", "other file", "kernel")
MEANING = {
    "text": "machine code that ran, shared with the file cache",
    "rodata": "constants, unwind tables, strings",
    "relro": "pointers that a position-independent program relocates at its start",
    "data": "initialised variables", "bss": "variables that begin as zero",
    "heap": "malloc below the mmap threshold", "block": "malloc above it, one mapping each",
    "stack": "the main thread's and each other thread's", "other file": "libraries, locale",
    "kernel": "vdso, vvar",
}


class Mapping:
    """One entry of smaps; sizes in KiB."""

    def __init__(self, match):
        self.begin, self.end = int(match.group(1), 16), int(match.group(2), 16)
        self.rights, self.offset = match.group(3), int(match.group(4), 16)
        self.path, self.sizes, self.kind, self.note = match.group(6), {}, None, ""

    @property
    def private(self):
        return self.sizes["Private_Dirty"] + self.sizes["Private_Clean"]


def read_mappings(pid):
    found = []
    with open("/proc/%d/smaps" % pid, encoding="utf-8") as lines:
        for line in lines:
            head, field = HEAD.match(line), FIELD.match(line)
            if head:
                found.append(Mapping(head))
            elif field:
                found[-1].sizes[field.group(1)] = int(field.group(2))
    return found


def stack_pointers(pid):
    """Stack pointer of each thread that waits in the kernel: {pointer: thread's name}."""
    found = {}
    for number in os.listdir("/proc/%d/task" % pid):
        folder = "/proc/%d/task/%s/" % (pid, number)
        with open(folder + "comm", encoding="utf-8") as file:
            name = file.read().strip()
        with open(folder + "syscall", encoding="ascii") as file:
            words = file.read().split()
        if len(words) >= 2 and words[0] != "running":
            found[int(words[-2], 16)] = name
    return found


def kind_in_binary(mapping, earlier_text):
    if "x" in mapping.rights:
        return "text"
    if "w" in mapping.rights:
        return "data"
    return "relro" if mapping.sizes["Anonymous"] and earlier_text else "rodata"


def classify(mappings, binary, pointers):
    text_seen, last_binary = False, None
    for number, mapping in enumerate(mappings):
        threads = [name for pointer, name in pointers.items()
                   if mapping.begin <= pointer < mapping.end]
        before = mappings[number - 1] if number else None
        if mapping.path == binary:
            mapping.kind = kind_in_binary(mapping, text_seen)
            text_seen, last_binary = text_seen or mapping.kind == "text", mapping
        elif threads or mapping.path == "[stack]":
            mapping.kind, mapping.note = "stack", ", ".join(threads) or "main"
        elif mapping.path == "[heap]":
            mapping.kind = "heap"
        elif mapping.path.startswith("[v"):
            mapping.kind = "kernel"
        elif mapping.path:
            mapping.kind = "other file"
        elif last_binary and last_binary is before and before.end == mapping.begin:
            mapping.kind = "bss"
        else:
            guarded = before is not None and before.rights == "---p" and before.end == mapping.begin
            mapping.kind = "stack" if guarded and mapping.rights == "rw-p" else "block"
    return mappings


def status(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return {name: int(size) for name, size in
                re.findall(r"(Vm\w+|Rss\w+):\s+(\d+) kB", file.read())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pid", type=int)
    parser.add_argument("--all", action="store_true", help="each mapping too")
    arguments = parser.parse_args()
    binary = os.readlink("/proc/%d/exe" % arguments.pid)
    mappings = classify(read_mappings(arguments.pid), binary, stack_pointers(arguments.pid))
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for mapping in mappings:
        for place, size in enumerate((1, mapping.sizes["Size"], mapping.sizes["Rss"],
                                      mapping.private)):
            sums[mapping.kind][place] += size
    print("| what | mappings | size KiB | resident KiB | of it private | |\n|---|---:|---:|---:|---:|---|")
    for kind in ORDER:
        if kind in sums:
            print("| %s | %d | %d | %d | %d | %s |" % (kind, *sums[kind], MEANING[kind]))
    print("| all | %d | %d | %d | %d | |" % tuple(map(sum, zip(*sums.values()))))
    facts = status(arguments.pid)
    print("\n" + " ".join("%s=%d" % (name, facts[name]) for name in
                          ("VmHWM", "VmRSS", "RssAnon", "RssFile", "VmData") if name in facts))
    if arguments.all:
        print()
        for mapping in mappings:
            if mapping.sizes["Rss"]:
                print("%x %s %-10s size %6d resident %5d  %s" % (
                    mapping.begin, mapping.rights, mapping.kind, mapping.sizes["Size"],
                    mapping.sizes["Rss"], mapping.note or os.path.basename(mapping.path)))


if __name__ == "__main__":
    main()
