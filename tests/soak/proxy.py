# SPDX-License-Identifier: Apache-2.0
"""A TCP forwarder between the agent and its broker that can fall silent: a cable that was pulled, a router that forgot.

`swallow`: what comes is read and thrown away, nobody is told. `stall`: nothing is read any more. Connections of that time
stay silent for ever, as they would behind a router that forgot them; later ones are forwarded."""
import selectors
import socket
import threading

PIECE = 1 << 16


class Link:
    """One connection through us, both ways."""

    def __init__(self, near, far):
        self.near, self.far, self.silent = near, far, None

    def other(self, sock):
        return self.far if sock is self.near else self.near

    def close(self):
        for sock in (self.near, self.far):
            sock.close()


class Proxy:
    """Listens on a loopback port of its own; one thread."""

    def __init__(self, port):
        self._target, self.silent = ("127.0.0.1", port), None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._chosen, self._links = selectors.DefaultSelector(), set()
        self._chosen.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return "mqtt://127.0.0.1:%d" % self.port

    def fall_silent(self, how):
        with self._lock:
            self.silent = how
            for link in self._links:
                self._silence(link)

    def heal(self):
        with self._lock:
            self.silent = None

    def _silence(self, link):
        link.silent = self.silent
        if self.silent == "stall":
            for sock in (link.near, link.far):
                if sock in self._chosen.get_map():
                    self._chosen.unregister(sock)

    def _serve(self):
        while True:
            for key, _ in self._chosen.select(0.2):
                with self._lock:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj in self._chosen.get_map():
                        self._forward(key.fileobj, key.data)

    def _accept(self):
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target, 5)
        except OSError:
            near.close()
            return
        link = Link(near, far)
        self._links.add(link)
        for sock in (near, far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._chosen.register(sock, selectors.EVENT_READ, link)
        if self.silent:
            self._silence(link)

    def _forward(self, sock, link):
        try:
            piece = sock.recv(PIECE)
            if piece and not link.silent:
                link.other(sock).sendall(piece)
        except OSError:
            piece = b""
        if not piece:
            self._drop(link)

    def _drop(self, link):
        self._links.discard(link)
        for sock in (link.near, link.far):
            if sock in self._chosen.get_map():
                self._chosen.unregister(sock)
        link.close()
