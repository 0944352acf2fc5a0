# SPDX-License-Identifier: Apache-2.0
"""A broker that knows MQTT 3.1.1 only, and refuses version 5 in the words of 3.1.1."""
import socket
import threading

from mqtt_wire import (CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBLISH, SUBACK,
                       SUBSCRIBE, packet, read_packet, split_publish)

LEVEL_311 = 4
UNACCEPTABLE_PROTOCOL = b"\x00\x01"


class FakeBroker:
    """Counts connections, keeps what was published; acknowledges everything."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._changed = threading.Condition()
        self.connections, self.levels, self.published, self.clients = 0, [], {}, []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return "mqtt://127.0.0.1:%d" % self.port

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                self.clients.append(sock)
                self._changed.notify_all()
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            with sock, sock.makefile("rb") as stream:
                found = read_packet(stream)
                if found and found[0] == CONNECT and self._greets(sock, found[2]):
                    while self._handle(sock, read_packet(stream)):
                        pass
        except (OSError, ValueError):
            pass

    def _greets(self, sock, body):
        level = body[6]
        with self._changed:
            self.levels.append(level)
            self._changed.notify_all()
        if level != LEVEL_311:
            sock.sendall(packet(CONNACK, UNACCEPTABLE_PROTOCOL))
            return False
        sock.sendall(packet(CONNACK, b"\x00\x00"))
        return True

    def _handle(self, sock, found):
        if found is None or found[0] == DISCONNECT:
            return False
        kind, flags, body = found
        if kind == PINGREQ:
            sock.sendall(packet(PINGRESP))
        elif kind == SUBSCRIBE:
            sock.sendall(packet(SUBACK, body[:2] + b"\x01"))
        elif kind == PUBLISH:
            topic, number, payload = split_publish(flags, body, LEVEL_311)
            if number is not None:
                sock.sendall(packet(PUBACK, number.to_bytes(2, "big")))
            with self._changed:
                self.published[topic] = (payload, bool(flags & 1))
                self._changed.notify_all()
        return True

    def wait_for(self, predicate, timeout=30):
        with self._changed:
            done = self._changed.wait_for(lambda: predicate(self), timeout)
        assert done, "levels %s, topics %s" % (self.levels, sorted(self.published)[:20])

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for sock in self.clients:
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
