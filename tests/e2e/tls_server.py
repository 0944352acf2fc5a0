# SPDX-License-Identifier: Apache-2.0
"""A TLS server that keeps what it was told: whoever accepts it tells it a secret."""
import contextlib
import socket
import ssl
import threading

ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n"
          b'{"success":true,"list":[]}')
CONNACK = bytes((0x20, 3, 0, 0, 0))  # MQTT 5: welcome
PATIENCE_S = 20
VERSIONS = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def stalls(connection):
    """Says nothing, for as long as the client has the patience."""
    while connection.recv(4096):
        pass


def context(chain, key, version, ciphers="DEFAULT"):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(ciphers + ":@SECLEVEL=0")  # a client is to refuse what is weak, not we
    made.minimum_version = made.maximum_version = VERSIONS[version]
    made.load_cert_chain(chain, key)
    return made


class TlsServer:
    """`serve(connection)` speaks to one client; the default is TLS by `tls`, then `answer` to all that is said."""

    def __init__(self, tls=None, serve=None):
        self._tls, self._serve = tls, serve or self._speak
        self.told, self.connections, self.answer = bytearray(), 0, ANSWER
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self):
        return self._listener.getsockname()[1]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                connection.settimeout(PATIENCE_S)
                thread = threading.Thread(target=self._one, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _one(self, connection):
        with connection, contextlib.suppress(OSError, ssl.SSLError):
            self._serve(connection)

    def _speak(self, connection):
        with self._tls.wrap_socket(connection, server_side=True) as stream:
            while True:
                asked = stream.recv(65536)
                if not asked:
                    return
                self.told += asked
                stream.sendall(self.answer)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)
