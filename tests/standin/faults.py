# SPDX-License-Identifier: Apache-2.0
"""The faults that wait for a request: which, for which path, how often."""
import itertools
import threading

# The answer is replaced, its body is changed, or the way it is sent is.
REPLACING = frozenset(("error", "html", "empty", "garbage", "gzip_bomb", "redirect", "endless",
                       "header_bomb", "body"))
MANGLING = frozenset(("success_false_last", "truncate", "huge_element", "deep", "label_bytes",
                      "duplicate_keys", "replace"))
SENDING = frozenset(("close", "wrong_length", "drip", "stall", "drop", "delay"))
KINDS = REPLACING | MANGLING | SENDING
# After these the client cannot be said to have got the states.
SPOILING = REPLACING | frozenset(("success_false_last", "truncate", "close", "wrong_length",
                                  "drop"))


class Fault:
    def __init__(self, number, kind, path, count, params):
        self.number, self.kind, self.path = number, kind, path
        self.count, self.params = count, params
        self.cleared = threading.Event()

    def describe(self):
        return {"id": self.number, "kind": self.kind, "path": self.path, "count": self.count,
                "params": self.params}


class Faults:
    """First come, first served: a request takes the oldest fault that fits its path."""

    def __init__(self):
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting = []
        self._stalling = []

    def add(self, kind, path="*", count=None, **params):
        """`count` None means until cleared."""
        if kind not in KINDS:
            raise ValueError("unknown fault %r; known: %s" % (kind, ", ".join(sorted(KINDS))))
        with self._lock:
            fault = Fault(next(self._numbers), kind, path, count, params)
            self._waiting.append(fault)
            return fault.describe()

    def take(self, action):
        with self._lock:
            for fault in self._waiting:
                if fault.path in ("*", action):
                    if fault.count is not None:
                        fault.count -= 1
                        if fault.count <= 0:
                            self._waiting.remove(fault)
                            self._stalling.append(fault)
                    return fault
        return None

    def clear(self):
        """Forgets all faults and lets go of the requests that they hold up."""
        with self._lock:
            for fault in self._waiting + self._stalling:
                fault.cleared.set()
            self._waiting, self._stalling = [], []

    def describe(self):
        with self._lock:
            return [fault.describe() for fault in self._waiting]
