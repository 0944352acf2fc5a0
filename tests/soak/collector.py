# SPDX-License-Identifier: Apache-2.0
"""A subscriber that reads bytes and leaves understanding them for later, so that no broker has to wait
for it: what a broker has acknowledged stands in our socket when the broker is killed."""
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("e2e", "standin")]
from mqtt_wire import PUBLISH, listen, split_publish  # noqa: E402

PIECE = 1 << 18
TIMEOUT_S = 30


class Collector:
    """Subscribes to everything at QoS 0; `take` hands out the messages that are whole."""

    def __init__(self, port):
        self._early = []
        self._sock, self._packets = listen(port, "soak-subscriber", lambda *found: self._early.append(found))
        self._pieces, self._lock = [], threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while True:
                piece = self._sock.recv(PIECE)
                if not piece:
                    return
                with self._lock:
                    self._pieces.append(piece)
        except OSError:
            pass

    def to_its_end(self):
        """The broker is dead: all that it wrote is read."""
        self._thread.join(TIMEOUT_S)
        self._sock.close()

    def take(self):
        """(topic, payload) of each message that has come whole since the last call."""
        with self._lock:
            pieces, self._pieces = self._pieces, []
        early, self._early = self._early, []
        for first, body in [*early, *self._packets.feed(b"".join(pieces))]:
            if first >> 4 == PUBLISH:
                topic, _, payload = split_publish(first & 15, body, 5)
                yield topic.encode(), payload
