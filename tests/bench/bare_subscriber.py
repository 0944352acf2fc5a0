# SPDX-License-Identifier: Apache-2.0
"""A bare MQTT 5 subscriber as a process of its own, so that its load is nobody else's.

It stamps each piece of the stream as the kernel hands it over (CLOCK_MONOTONIC) and cuts it into
messages; nothing is decoded until it is asked for. QoS 0: no acknowledgement of its own loads the
broker; that nothing is lost shows in the count. As a program it takes a port, how topics end that count (`/state`;
nothing: all), and commands on standard input, each answered by one JSON line:

    count            {"states": .., "topics": .., "first_at": .., "last_at": ..}
    dump FILE N      writes the states from the Nth on, a line each: time, topic, payload (tabs)
    forget           drops what was kept, keeps the counts
"""
import json
import os
import selectors
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from mqtt_wire import PUBLISH, listen, read_varint  # noqa: E402

PIECE = 1 << 18
TIMEOUT_S = 30


class Collector:
    """Keeps (time, topic, payload) of each message on a topic with this end, in order of arrival."""

    def __init__(self, port, end=b"/state"):
        self._end = end
        self.kept, self.topics = [], set()
        self.states, self.first_at, self.last_at = 0, None, None
        self.sock, self._packets = listen(port, "bench-subscriber", self._take)

    def read(self):
        """One piece from the socket; False at its end."""
        try:
            piece = self.sock.recv(PIECE)
        except OSError:  # the broker was killed
            piece = b""
        at = time.monotonic()
        for first, body in self._packets.feed(piece):
            self._take(first, body, at)
        return bool(piece)

    def _take(self, first, body, at=None):
        if first >> 4 != PUBLISH:
            return
        at, end = at or time.monotonic(), 2 + (body[0] << 8 | body[1])
        topic = body[2:end]
        if not topic.endswith(self._end):
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


def serve(port, end="/state"):
    collector = Collector(port, end.encode())
    print("{}", flush=True)
    stream, both = selectors.DefaultSelector(), selectors.DefaultSelector()
    for chosen in (stream, both):
        chosen.register(collector.sock, selectors.EVENT_READ)
    both.register(sys.stdin, selectors.EVENT_READ)
    ended = False
    while True:
        asked = any(key.fileobj is sys.stdin for key, _ in both.select())
        while not ended and stream.select(0):  # what has come goes before any answer
            ended = not collector.read()
            if ended:
                both.unregister(collector.sock)
        if not asked:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        print(json.dumps(answer(collector, line)), flush=True)


class BareSubscriber:
    """The parent's side."""

    def __init__(self, port, end="/state"):
        self._process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(port), end],
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
    serve(int(sys.argv[1]), *sys.argv[2:3])
