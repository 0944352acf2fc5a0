# SPDX-License-Identifier: Apache-2.0
"""Listeners that keep every byte that comes: one before a broker, and one that nobody should call."""
import socket
import threading

PIECE = 1 << 16


class Listener:
    """Accepts, reads and keeps all that comes, answers nothing."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock, self._sockets = threading.Lock(), []
        self.connections, self._got = 0, bytearray()
        threading.Thread(target=self._accept, daemon=True).start()

    def got(self):
        with self._lock:
            return bytes(self._got)

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._sockets.append(near)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        self._pass_on(near, None)

    def _pass_on(self, near, far):
        """What comes from `near` is kept and given to `far`, until either ends."""
        try:
            while True:
                piece = near.recv(PIECE)
                if not piece:
                    break
                with self._lock:
                    self._got += piece
                if far is not None:
                    far.sendall(piece)
        except OSError:
            pass
        _end(near, far)

    def close(self):
        _end(self._listener)
        with self._lock:
            _end(*self._sockets)


class Tap(Listener):
    """Stands before a port of this machine; what is answered goes back as it is."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        super().__init__()

    @property
    def url(self):
        return "mqtt://127.0.0.1:%d" % self.port

    def _serve(self, near):
        try:
            far = socket.create_connection(self._target)
        except OSError:
            return _end(near)
        with self._lock:
            self._sockets.append(far)
        threading.Thread(target=_answer, args=(far, near), daemon=True).start()
        return self._pass_on(near, far)


def _answer(far, near):
    try:
        while True:
            piece = far.recv(PIECE)
            if not piece:
                break
            near.sendall(piece)
    except OSError:
        pass
    _end(far, near)


def _end(*sockets):
    for sock in filter(None, sockets):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()
