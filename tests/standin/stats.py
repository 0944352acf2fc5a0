# SPDX-License-Identifier: Apache-2.0
"""What happened: requests, connections, handshakes, bytes on the wire, states served."""
import collections
import socket
import struct
import threading
import time

TCP_INFO = getattr(socket, "TCP_INFO", 11)
_RECEIVED, _SENT = 128, 200  # offsets of tcpi_bytes_received, tcpi_bytes_sent in struct tcp_info


def wire_bytes(sock):
    """(in, out) of a TCP socket, TLS and retransmissions included; (0, 0) where unknown."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 256)
        return (struct.unpack_from("<Q", info, _RECEIVED)[0],
                struct.unpack_from("<Q", info, _SENT)[0])
    except (OSError, struct.error):
        return 0, 0


class Stats:
    """Counters behind one condition, so that `wait` can sleep until one has risen."""

    def __init__(self, served_max=200000):
        self._changed = threading.Condition()
        self._served_max = served_max
        self._live = set()
        self.canaries = {}  # name: text
        self.reset()

    def reset(self):
        with self._changed:
            self._counts = collections.Counter()
            self._requests = collections.Counter()
            self._bodies = collections.Counter()
            self._auth = collections.Counter()
            self._met = collections.Counter()
            self._statuses = collections.Counter()
            self._faults = collections.Counter()
            self._closed_bytes = [0, 0]
            self._served = collections.deque(maxlen=self._served_max)
            self._served_count = 0
            self._times = collections.deque(maxlen=1000)

    def count(self, name, by=1):
        with self._changed:
            self._counts[name] += by
            self._changed.notify_all()

    def auth(self, way):
        with self._changed:
            self._auth[way] += 1

    def request(self, request):
        with self._changed:
            self._requests[request.action] += 1
            self._times.append((round(time.monotonic(), 4), request.action))
            if request.headers.get("user-agent"):
                self._counts["with_user_agent"] += 1
            self._bodies[request.method] += 1
            self._met.update("%s in %s" % (name, request.action) for name in self._canaries_in(request))
            self._changed.notify_all()

    def _canaries_in(self, request):
        said = "\n".join([request.target, *request.headers.values(), request.body.decode("latin-1")])
        return [name for name, word in self.canaries.items() if word in said]

    def reply(self, status, fault):
        with self._changed:
            self._statuses[str(status)] += 1
            if fault:
                self._faults[fault] += 1
            self._changed.notify_all()

    def served(self, states, whole):
        """Logs states sent in full; `whole` is False where a fault spoilt the answer."""
        at = time.monotonic()  # the kernel has the answer's last byte
        with self._changed:
            for tracker_id, updated in states:
                self._served_count += 1
                self._served.append((self._served_count, tracker_id, updated, whole, at))
            self._changed.notify_all()

    def opened(self, sock):
        with self._changed:
            self._live.add(sock)
            self._counts["connections"] += 1
            self._changed.notify_all()

    def closing(self, sock):
        """Call before the socket is closed: its byte counts die with it."""
        with self._changed:
            if sock in self._live:
                self._live.discard(sock)
                self._counts["closed"] += 1
                self._changed.notify_all()
                for place, number in enumerate(wire_bytes(sock)):
                    self._closed_bytes[place] += number

    def live(self):
        with self._changed:
            return list(self._live)

    def snapshot(self):
        with self._changed:
            totals = list(self._closed_bytes)
            for sock in self._live:
                for place, number in enumerate(wire_bytes(sock)):
                    totals[place] += number
            return {"requests": dict(self._requests), "total": sum(self._requests.values()),
                    "auth": dict(self._auth), "canaries": dict(self._met),
                    "status": dict(self._statuses),
                    "faults": dict(self._faults), "methods": dict(self._bodies),
                    "counts": dict(self._counts), "live_connections": len(self._live),
                    "wire_in": totals[0], "wire_out": totals[1],
                    "served": self._served_count, "times": list(self._times)}

    def served_since(self, counter, tracker_id=None):
        with self._changed:
            return [entry for entry in self._served
                    if entry[0] > counter and tracker_id in (None, entry[1])]

    def _number(self, name):
        if name == "*":
            return sum(self._requests.values())
        kind, _, rest = name.partition(":")
        table = {"count": self._counts, "fault": self._faults, "status": self._statuses}.get(kind)
        return table[rest] if table is not None else self._requests[name]

    def wait(self, name, at_least, timeout):
        """Waits until a number is reached: a path, `*`, `count:x`, `fault:x` or `status:x`."""
        with self._changed:
            done = self._changed.wait_for(lambda: self._number(name) >= at_least, timeout)
            return done, self._number(name)
