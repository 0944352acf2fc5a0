# SPDX-License-Identifier: Apache-2.0
"""An MQTT 5 subscriber on the standard library: keeps all messages, waits without sleeping."""
import collections
import itertools
import json
import socket
import struct
import threading
import time

from mqtt_wire import (CONNACK, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, SUBACK, SUBSCRIBE, connect, packet,
                       read_packet, split_publish, text, varint)

TIMEOUT_S = 30
RETAIN_AS_PUBLISHED = 0x08
Message = collections.namedtuple("Message", "topic payload retain qos at")
_numbers = itertools.count(1)


class Subscriber:
    """Subscribes at QoS 1 when entered. `latest` holds the newest message of each topic. `user`: (name, password)."""

    def __init__(self, port, topic="#", host="127.0.0.1", user=None, qos=1):
        self._sock = socket.create_connection((host, port), TIMEOUT_S)
        self._sock.settimeout(None)
        self._user, self._qos = user, qos
        self._stream = self._sock.makefile("rb", 65536)
        self._changed = threading.Condition()
        self.messages, self.latest, self.alive, self.pongs = [], {}, True, 0
        self._connect()
        self._subscribe(topic)
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _connect(self):
        name = "e2e-subscriber-%d" % next(_numbers)
        self._sock.sendall(connect(name, self._user))
        kind, _, body = read_packet(self._stream)
        assert kind == CONNACK and body[1] == 0, "broker refused the subscriber: %r" % body

    def _subscribe(self, topic):
        options = bytes((self._qos | RETAIN_AS_PUBLISHED,))
        self._sock.sendall(packet(SUBSCRIBE, b"\x00\x01\x00" + text(topic) + options, 2))
        self._early = []
        while True:
            kind, flags, body = read_packet(self._stream)
            if kind == SUBACK:
                break
            self._early.append((kind, flags, body))
        assert body[-1] < 0x80, "broker refused the subscription: %r" % body

    def _receive(self):
        self._take(self._early)
        try:
            while self._take(self._arrived()):
                pass
        except (OSError, ValueError):
            pass
        with self._changed:
            self.alive = False
            self._changed.notify_all()

    def _arrived(self):
        """The packets that are there, waiting for the first; a large fleet comes by the hundred."""
        waiting, found = len(self._stream.peek()), []
        while waiting > 0:
            found.append(read_packet(self._stream))
            if found[-1] is None:
                break
            size = len(found[-1][2])
            waiting -= 1 + len(varint(size)) + size
        return found

    def _take(self, packets):
        """Acknowledges and keeps what is published; whether there is more to come."""
        messages, acks, now = [], [], time.monotonic()
        for kind, flags, body in filter(None, packets):
            if kind == PUBLISH:
                topic, number, payload = split_publish(flags, body, 5)
                if number is not None:
                    acks.append(packet(PUBACK, struct.pack(">H", number)))
                messages.append(Message(topic, payload, bool(flags & 1), flags >> 1 & 3, now))
        if acks:
            self._sock.sendall(b"".join(acks))
        with self._changed:
            self.messages.extend(messages)
            self.pongs += sum(kind == PINGRESP for kind, _, _ in filter(None, packets))
            self.latest.update((message.topic, message) for message in messages)
            self._changed.notify_all()
        return bool(packets) and packets[-1] is not None and packets[-1][0] != DISCONNECT

    def wait_for(self, predicate, timeout=TIMEOUT_S, what=""):
        """Waits until predicate(self) is true and returns its value; fails the test if never."""
        with self._changed:
            value = self._changed.wait_for(lambda: predicate(self), timeout)
            count, seen = len(self.latest), sorted(self.latest)[:6]
        assert value, "never came: %s; %d topics seen: %s..." % (what or "(unnamed)", count, seen)
        return value

    def wait_json(self, topic, predicate=lambda value: True, timeout=TIMEOUT_S):
        """Waits until the newest payload of a topic is JSON that fits; returns it."""
        def fits(_):
            message = self.latest.get(topic)
            if message is None or not message.payload:
                return None
            value = json.loads(message.payload)
            return (value,) if predicate(value) else None
        return self.wait_for(fits, timeout, topic)[0]

    def wait_payload(self, topic, payload, timeout=TIMEOUT_S):
        def fits(_):
            return topic in self.latest and self.latest[topic].payload == payload
        self.wait_for(fits, timeout, "%s = %r" % (topic, payload))
        return self.latest[topic]

    def settle(self):
        """All that the broker had for us until now has come."""
        with self._changed:
            wanted = self.pongs + 1
        self._sock.sendall(packet(PINGREQ, b""))
        self.wait_for(lambda _: self.pongs >= wanted, what="PINGRESP")
        return self

    def of(self, topic):
        """All messages of a topic so far, in order of arrival."""
        with self._changed:
            return [message for message in self.messages if message.topic == topic]

    def mark(self):
        """How many messages there are: a place in `messages` to look on from."""
        with self._changed:
            return len(self.messages)

    def close(self):
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._sock.close()
        self._thread.join(TIMEOUT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
