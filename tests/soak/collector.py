# SPDX-License-Identifier: Apache-2.0
"""A subscriber that reads bytes and leaves understanding them for later, so that no broker has to wait
for it: what a broker has acknowledged stands in our socket when the broker is killed."""
import os
import socket
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("e2e", "standin")]
from mqtt_wire import (CONNACK, CONNECT, PUBLISH, SUBACK, SUBSCRIBE, packet,  # noqa: E402
                       read_packet, read_varint, split_publish, text)

PIECE = 1 << 18
TIMEOUT_S = 30


class Collector:
    """Subscribes to everything at QoS 0; `take` hands out the messages that are whole."""

    def __init__(self, port):
        self._sock = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._stream = self._sock.makefile("rb", 0)
        self._sock.sendall(packet(CONNECT, text("MQTT") + b"\x05\x02\x00\x00\x00"
                                  + text("soak-subscriber")))  # no keep-alive
        self._await(CONNACK)
        self._sock.sendall(packet(SUBSCRIBE, b"\x00\x01\x00" + text("depotlink/#") + b"\x08", 2))
        self._await(SUBACK)
        self._sock.settimeout(None)
        self._pieces, self._left, self._lock = [], b"", threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _await(self, kind):
        found = read_packet(self._stream)
        if found is None or found[0] != kind:
            raise OSError("the broker answered %r" % (found,))

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
        data, at = self._left + b"".join(pieces), 0
        while len(data) - at >= 2:
            try:
                length, begin = read_varint(data, at + 1)
            except IndexError:
                break
            if len(data) < begin + length:
                break
            if data[at] >> 4 == PUBLISH:
                topic, _, payload = split_publish(data[at] & 15, data[begin:begin + length], 5)
                yield topic.encode(), payload
            at = begin + length
        self._left = data[at:]
