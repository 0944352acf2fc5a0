# SPDX-License-Identifier: Apache-2.0
"""A bare MQTT 5 subscriber as a process of its own, so that its load is nobody else's.

It stamps each piece of the stream as the kernel hands it over (CLOCK_MONOTONIC) and cuts it into
messages; nothing is decoded until it is asked for. QoS 0: no acknowledgement of its own loads the
broker; that nothing is lost shows in the count. As a program it takes a port, and commands on
standard input, each answered by one JSON line:

    count            {"states": .., "topics": .., "first_at": .., "last_at": ..}
    dump FILE N      writes the states from the Nth on, a line each: time, topic, payload (tabs)
    forget           drops what was kept, keeps the counts
"""
import json
import os
import selectors
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from mqtt_wire import (CONNACK, CONNECT, PUBLISH, SUBACK, SUBSCRIBE, packet,  # noqa: E402
                       read_varint, text)

PIECE = 1 << 18
TIMEOUT_S = 30


class Stream:
    """Bytes in, whole packets out."""

    def __init__(self):
        self._left = b""

    def packets(self, piece):
        data, at = self._left + piece, 0
        while len(data) - at >= 2:
            try:
                length, begin = read_varint(data, at + 1)
            except IndexError:
                break
            if len(data) < begin + length:
                break
            yield data[at], data[begin:begin + length]
            at = begin + length
        self._left = data[at:]


class Collector:
    """Keeps (time, topic, payload) of each state in order of arrival."""

    def __init__(self, port):
        self._stream = Stream()
        self.kept, self.topics = [], set()
        self.states, self.first_at, self.last_at = 0, None, None
        self.sock = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.sock.sendall(packet(CONNECT, text("MQTT") + b"\x05\x02\x00\x00\x00"
                                 + text("bench-subscriber")))
        self._await(CONNACK)
        self.sock.sendall(packet(SUBSCRIBE, b"\x00\x01\x00" + text("depotlink/#") + b"\x08", 2))
        self._await(SUBACK)

    def _await(self, kind):
        while True:
            piece = self.sock.recv(PIECE)
            if not piece:
                raise OSError("the broker hung up")
            if self._take_all(piece, kind):
                return

    def read(self):
        """One piece from the socket; False at its end."""
        piece = self.sock.recv(PIECE)
        self._take_all(piece)
        return bool(piece)

    def _take_all(self, piece, awaited=None):
        """Takes the messages that `piece` completes; True where the awaited packet was there."""
        at, found = time.monotonic(), False
        for first, body in self._stream.packets(piece):
            found = found or first >> 4 == awaited
            if first >> 4 == PUBLISH:
                self._take(at, body)
        return found

    def _take(self, at, body):
        end = 2 + (body[0] << 8 | body[1])
        topic = body[2:end]
        if not topic.endswith(b"/state"):
            return
        properties, begin = read_varint(body, end)  # QoS 0: no packet id
        payload = body[begin + properties:]
        if not payload:
            return
        self.states += 1
        self.first_at = self.first_at or at
        self.last_at = at
        self.topics.add(topic)
        self.kept.append((at, topic, payload))

    def count(self):
        return {"states": self.states, "topics": len(self.topics), "first_at": self.first_at,
                "last_at": self.last_at}

    def dump(self, path, since):
        kept = self.kept[max(0, since - (self.states - len(self.kept))):]
        with open(path, "wb") as out:
            for at, topic, payload in kept:
                out.write(b"%.6f\t%s\t%s\n" % (at, topic, payload))
        return {"written": len(kept)}


def answer(collector, line):
    name, *arguments = line.split()
    if name == "count":
        return collector.count()
    if name == "dump":
        return collector.dump(arguments[0], int(arguments[1]))
    collector.kept.clear()
    return {}


def serve(port):
    collector = Collector(port)
    print("{}", flush=True)
    chosen = selectors.DefaultSelector()
    chosen.register(collector.sock, selectors.EVENT_READ)
    chosen.register(sys.stdin, selectors.EVENT_READ)
    while True:
        for key, _ in chosen.select():
            if key.fileobj is collector.sock:
                if not collector.read():
                    chosen.unregister(collector.sock)
                continue
            line = sys.stdin.readline()
            if not line:
                return
            print(json.dumps(answer(collector, line)), flush=True)


class BareSubscriber:
    """The parent's side."""

    def __init__(self, port):
        self._process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the subscriber ended")
        return json.loads(line)

    def ask(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        return self._answer()

    def close(self):
        self._process.stdin.close()
        self._process.wait(TIMEOUT_S)
        self._process.stdout.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
