# SPDX-License-Identifier: Apache-2.0
"""The virtual clock. Whole seconds of Unix time; real, or moved only by `advance`."""
import threading
import time


class Clock:
    """`real` follows the host's clock plus an offset; `stepped` stands until it is moved."""

    def __init__(self, mode="real", start=None):
        if mode not in ("real", "stepped"):
            raise ValueError("clock mode is real or stepped")
        self.mode = mode
        self._lock = threading.Lock()
        now = int(time.time())
        start = now if start is None else int(start)
        self._stepped = start
        self._offset = start - now

    def now(self):
        with self._lock:
            if self.mode == "stepped":
                return self._stepped
            return int(time.time()) + self._offset

    def advance(self, seconds):
        """Moves the clock by whole seconds (negative goes back); returns the new time."""
        with self._lock:
            self._stepped += int(seconds)
            self._offset += int(seconds)
        return self.now()


def server_now(options):
    """What time the answers say it is, in their header `Date`: real, and shifted where a test wants it."""
    return time.time() + (options.date_offset or 0)
