# SPDX-License-Identifier: Apache-2.0
"""Which function asked for the allocation that failed: offsets into a stripped program, by its linker's map."""
import bisect
import re
import subprocess

SECTION = re.compile(r"^ \.text(?:\.(\S+))?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$", re.M)
# Who asks for others.
BROKERS = re.compile(r"^(__wrap_|_Zn[wa]|_ZNS|_ZNKS|_ZSt|_ZN9__gnu_cxx|_ZN12_GLOBAL__N_1(8NoteFrame|8TellSite)|_ZN9depotlink8platform11HeapHasRoom"
                     r"|_ZN12_GLOBAL__N_17Failing)|libgcc|Heap\.c\.o|libstdc\+\+|failing_heap|wrapped_malloc")


class Sites:
    def __init__(self, map_file):
        with open(map_file, encoding="utf-8", errors="replace") as file:
            found = SECTION.findall(file.read())
        entries = sorted((int(at, 16), int(size, 16), name, where) for name, at, size, where in found if int(at, 16) and int(size, 16))
        self._starts, self._entries = [entry[0] for entry in entries], entries

    def _function(self, place):
        at = bisect.bisect_right(self._starts, place) - 1
        if at < 0 or place >= self._entries[at][0] + self._entries[at][1]:
            return None
        _, _, name, where = self._entries[at]
        return name, where.rpartition("/")[2]

    def of(self, log):
        """The first function above the allocator and the standard library, with its file; None where none failed."""
        line = next((line for line in log.splitlines() if line.startswith("failed-at")), None)
        if line is None:
            return None
        found = [self._function(int(word, 16)) for word in line.split()[1:]]
        known = [one for one in found if one is not None]
        for name, where in known:
            if not BROKERS.search(name or "") and not BROKERS.search(where):
                return "%s (%s)" % (name, where) if name else where
        return "?"


def readable(names):
    done = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=False)
    return done.stdout.split("\n") if done.returncode == 0 else list(names)
