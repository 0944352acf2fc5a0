# SPDX-License-Identifier: Apache-2.0
"""The HTTPS server: a listener on loopback, a thread a connection, keep-alive."""
import collections
import select
import socket
import ssl
import struct
import threading
import time

from . import faults as fault_kinds
from . import http1, mangle
from .api import error_reply
from .errors import ApiError
from .send import Gone, Sender

HOST = "127.0.0.1"
HANDSHAKE_S = 10
BACKLOG = 128


class RateLimit:
    """At most `rate` requests in any second; 0 is without limit."""

    def __init__(self, rate):
        self.rate = rate
        self._lock = threading.Lock()
        self._times = collections.deque()

    def admits(self):
        if not self.rate:
            return True
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - 1.0:
                self._times.popleft()
            if len(self._times) >= self.rate:
                return False
            self._times.append(now)
            return True


class Server:
    """`open` and `shut` make the port answer or refuse; the port number stays the same."""

    def __init__(self, api, options, faults, stats, context=None):
        self._api, self._options, self._faults = api, options, faults
        self.stats, self._context = stats, context
        self._rate = RateLimit(options.rate)
        self._lock = threading.Lock()
        self._listener = None
        self._held = self._bound(options.port)
        self.port = self._held.getsockname()[1]

    @staticmethod
    def _bound(port):
        """A bound socket that does not listen: the port is ours, and refuses."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        return sock

    def open(self):
        with self._lock:
            if self._listener is None:
                self._listener, self._held = self._held, None
                self._listener.listen(BACKLOG)
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self):
        """Refuses new connections and breaks the live ones."""
        with self._lock:
            if self._listener is not None:
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
                self._listener = None
                self._held = self._bound(self.port)
        self.drop_all()

    def drop_all(self):
        for sock in self.stats.live():
            _break(sock)

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            sock = self._handshake(sock)
        if sock is None:
            return
        self.stats.opened(sock)
        try:
            self._converse(sock)
        except (Gone, OSError, ValueError):
            pass
        finally:
            self.stats.closing(sock)
            sock.close()

    def _handshake(self, sock):
        try:
            sock.settimeout(HANDSHAKE_S)
            wrapped = self._context.wrap_socket(sock, server_side=True)
            wrapped.settimeout(None)
        except (OSError, ValueError):
            self.stats.count("handshakes_failed")
            sock.close()
            return None
        self.stats.count("handshakes")
        if wrapped.session_reused:
            self.stats.count("handshakes_resumed")
        return wrapped

    def _converse(self, sock):
        with sock.makefile("rb", 65536) as stream, sock.makefile("wb", 65536) as out:
            sender = Sender(out, self._options)

            def on_continue():
                out.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                out.flush()

            while True:
                try:
                    request = http1.read_request(stream, self._options.max_body, on_continue)
                except ApiError as error:
                    request = http1.Request("POST", "/", {}, b"")
                    sender.send(request, error_reply(error), None, True)
                    return
                if request is None:
                    return
                close = request.wants_close() or not self._options.keep_alive
                self._answer(request, sender, sock, close)
                if close:
                    return

    def _answer(self, request, sender, sock, close):
        self.stats.request(request)
        if request.takes_gzip():
            self.stats.count("offers_gzip")
        fault = self._faults.take(request.action)
        kind = fault.kind if fault else None
        if kind == "drop":
            self.stats.reply("dropped", kind)
            _break(sock)
            raise Gone
        if kind == "delay":
            fault.cleared.wait(fault.params.get("seconds", 1))
        reply, sent = self._reply(request, fault), False
        try:
            sender.send(request, reply, fault, close)
            sent = kind != "stall" or not _hung_up(sock)
        finally:
            self.stats.reply(reply.status, kind)
            self.stats.served(reply.served, sent and kind not in fault_kinds.SPOILING)

    def _reply(self, request, fault):
        if fault and fault.kind in fault_kinds.REPLACING:
            return mangle.replaced(fault.params, fault.kind)
        if not self._rate.admits():
            return error_reply(ApiError(15))
        reply = self._api.handle(request)
        if fault and fault.kind in fault_kinds.MANGLING and reply.status == 200:
            reply.parts = [mangle.mangled(b"".join(reply.parts), fault.kind, fault.params)]
        return reply


def _break(sock):
    """Ends a connection with a reset."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass


def _hung_up(sock):
    """Whether a client that was kept waiting had something else to say meanwhile: that it goes. (What is written to it then
    does not fail at once.)"""
    return bool(select.select([sock], [], [], 0)[0])


def tls_context(cert_file, key_file, minimum="1.2"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    context.minimum_version = versions[minimum]
    context.load_cert_chain(cert_file, key_file)
    return context
