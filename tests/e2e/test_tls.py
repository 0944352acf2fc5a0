# SPDX-License-Identifier: Apache-2.0
"""Servers that must not be believed, over TLS 1.2 and 1.3: none of them gets a byte of the key, and each is told by its fault."""
import re
import time

import pytest

import bad_certs
from agent import Agent
from tls_server import TlsServer, context

KEY = "c0ffeec0ffeec0ffeec0ffeec0ffee42"
VERSIONS = ("1.2", "1.3")
STRANGER = "no trusted root vouches"
FAULTS = {
    "self_signed": STRANGER,
    "unknown_ca": STRANGER,
    "missing_middle": STRANGER,
    "leaf_as_ca": STRANGER,
    "path_too_long": STRANGER,
    "expired": r"has expired \(at 20..-..-..T..:..:..Z\); this machine's clock says 20",
    "not_yet_valid": r"is not valid yet \(it begins at 20..-..-..T..:..:..Z\); this machine's clock says 20",
    "expired_middle": "has expired|" + STRANGER,
    "future_middle": "not valid yet|" + STRANGER,
    "expired_root": "has expired|" + STRANGER,
    "wrong_host": "for another host",
    "wrong_address": "for another host",
    "wildcard": "for another host",
    "client_only": "not meant for a server",
    "may_not_sign": "certificate|TLS",
    "unknown_critical": "certificate|TLS",
    "bounded_middle": "certificate|TLS",
    "rsa_1024": "weak signature or key",
    "sha1": "weak signature or key",
    "rsa_1024_middle": "weak signature or key",
    "sha1_middle": "weak signature or key",
}
OTHER_PIN = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
PLAIN_HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
HALF_HELLO = bytes.fromhex("16030300400200003c0303")
FATAL_ALERT = bytes.fromhex("15030300020228")


def says(answer):
    def serve(connection):
        connection.recv(4096)
        connection.sendall(answer)
    return serve


def stalls(connection):
    while connection.recv(4096):  # until the agent has had enough
        pass


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return bad_certs.make_all(tmp_path_factory.mktemp("certs"))


@pytest.fixture
def visit(binary, certificates, tmp_path):
    """visit(server, host="127.0.0.1") lets the agent poll it once; returns the finished command."""
    servers = []

    def go(server, host="127.0.0.1", **api):
        servers.append(server)
        agent = Agent(binary, tmp_path, "https://%s:%d" % (host, server.port), certificates[1], KEY,
                      "mqtt://127.0.0.1:1", {"api": api})
        try:
            done = agent.once()
        finally:
            agent.close()
        assert KEY not in done.stdout + done.stderr
        return done
    yield go
    for server in servers:
        server.close()


def refused(done, server, reason):
    assert done.returncode == 1, done.stderr
    assert server.connections > 0
    assert bytes(server.told) == b"", "the server was told: %r" % bytes(server.told)
    assert re.search(reason, done.stderr), done.stderr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ("good", "good_chain", "good_rsa"))
@pytest.mark.parametrize("host", ("127.0.0.1", "localhost"))
def test_a_good_server_is_believed(visit, certificates, version, name, host):
    server = TlsServer(context(*certificates[0][name], version))
    done = visit(server, host)
    assert done.returncode == 0, done.stderr
    assert b"Authorization: NVX " + KEY.encode() in server.told


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_bad_certificate_gets_nothing(visit, certificates, version, name):
    server = TlsServer(context(*certificates[0][name], version))
    refused(visit(server), server, FAULTS[name])


@pytest.mark.parametrize("version, ciphers", [("1.1", "DEFAULT"), ("1.2", "aNULL"), ("1.2", "eNULL"),
                                              ("1.2", "ECDHE-ECDSA-AES128-SHA"), ("1.2", "AES128-SHA256")])
def test_what_is_too_old_or_weak_gets_nothing(visit, certificates, version, ciphers):
    server = TlsServer(context(*certificates[0]["good"], version, ciphers))
    refused(visit(server), server, "TLS")


@pytest.mark.parametrize("answer", [b"", PLAIN_HTTP, HALF_HELLO, FATAL_ALERT, b"\x00" * 4096, b"\x16\x03\x03\xff\xff" * 999],
                         ids=["silence", "http", "half_hello", "alert", "zeros", "large_records"])
def test_what_is_no_tls_gets_nothing(visit, answer):
    server = TlsServer(serve=says(answer))
    refused(visit(server), server, "TLS|connection")


def test_a_pin_is_held_beside_all_else(visit, certificates):
    chain, key = certificates[0]["good"]
    pin = bad_certs.pin_of(chain)
    for pins, good in ((pin, True), (OTHER_PIN + ";" + pin, True), (OTHER_PIN, False)):
        server = TlsServer(context(chain, key, "1.3"))
        done = visit(server, pin=pins)
        if good:
            assert done.returncode == 0, done.stderr
        else:
            refused(done, server, "api.pin names; it has " + re.escape(pin))
    server = TlsServer(context(*certificates[0]["unknown_ca"], "1.3"))
    refused(visit(server, pin=bad_certs.pin_of(certificates[0]["unknown_ca"][0])), server, STRANGER)


def test_a_handshake_that_stalls_ends_in_time(visit):
    server = TlsServer(serve=stalls)
    begun = time.monotonic()
    refused(visit(server, timeout="1s"), server, "time|long")
    assert time.monotonic() - begun < 20
