# SPDX-License-Identifier: Apache-2.0
"""Servers that must not be believed, over TLS 1.2 and 1.3, as the API and as the broker: none of them gets a byte of the key
or of the password, and each is told by its fault."""
import collections
import re
import time

import pytest

import bad_certs
from agent import Agent, write_secret
from tls_server import CONNACK, TlsServer, context, stalls

KEY = "c0ffeec0ffeec0ffeec0ffeec0ffee42"
PASSWORD = "bus-Passw0rd-canary"
Visit = collections.namedtuple("Visit", "good log")
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
    "wildcard_address": "no entry of type IP with the address",
    "address_as_dns": "no entry of type IP with the address",
    "address_as_uri": "no entry of type IP with the address",
    "address_as_cn": "needs a subjectAltName",
    "name_as_uri": "for another host",
    "name_as_cn": "needs a subjectAltName",
    "name_with_zero": "for another host",
    "client_only": "not meant for a server",
    "may_not_sign": "certificate|TLS",
    "unknown_critical": "certificate|TLS",
    "bounded_middle": "certificate|TLS",
    "rsa_1024": "weak signature or key",
    "sha1": "weak signature or key",
    "rsa_1024_middle": "weak signature or key",
    "sha1_middle": "weak signature or key",
}
BY_NAME = ("wildcard", "name_as_uri", "name_as_cn", "name_with_zero")  # the others are called by address
OTHER_PIN = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
PLAIN_HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
HALF_HELLO = bytes.fromhex("16030300400200003c0303")
FATAL_ALERT = bytes.fromhex("15030300020228")


def says(answer):
    def serve(connection):
        connection.recv(4096)
        connection.sendall(answer)
    return serve


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return bad_certs.make_all(tmp_path_factory.mktemp("certs"))


def poll(binary, folder, server, host, roots, api):
    """The agent polls it once."""
    agent = Agent(binary, folder, "https://%s:%d" % (host, server.port), roots, KEY, "mqtt://127.0.0.1:1", {"api": api})
    try:
        done = agent.once()
    finally:
        agent.close()
    assert done.returncode in (0, 1)
    return Visit(done.returncode == 0, done.stdout + done.stderr)


def connect(binary, folder, server, host, roots, mqtt):
    """The agent tries it once as its broker; there is no API."""
    password = write_secret(str(folder / "mqtt.password"), PASSWORD)
    mqtt = {"ca_file": roots, "username": "depot", "password_file": password, **mqtt}
    agent = Agent(binary, folder, "https://127.0.0.1:1", None, KEY, "mqtts://%s:%d" % (host, server.port), {"mqtt": mqtt})
    try:
        line = agent.start().wait_log(lambda line: "broker" in line)
        agent.kill()
    finally:
        agent.close()
    return Visit("broker connected" in line, agent.log())


class Side:
    """One of the two that TLS leads to, and what a server gets that is believed."""
    def __init__(self, name):
        self.name = name
        self.visit, self.secret, self.answer = {
            "https": (poll, b"Authorization: NVX " + KEY.encode(), None),
            "mqtts": (connect, PASSWORD.encode(), CONNACK)}[name]


@pytest.fixture(params=("https", "mqtts"))
def side(request):
    return Side(request.param)


@pytest.fixture
def visit(binary, certificates, tmp_path, side):
    """visit(server, host="127.0.0.1") lets the agent speak to it once; returns a Visit."""
    servers = []

    def go(server, host="127.0.0.1", **section):
        servers.append(server)
        server.answer = side.answer or server.answer
        done = side.visit(binary, tmp_path, server, host, certificates[1], section)
        assert KEY not in done.log and PASSWORD not in done.log
        return done
    yield go
    for server in servers:
        server.close()


def refused(done, server, reason):
    assert not done.good, done.log
    assert server.connections > 0
    assert bytes(server.told) == b"", "the server was told: %r" % bytes(server.told)
    assert re.search(reason, done.log), done.log


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ("good", "good_chain", "good_rsa"))
@pytest.mark.parametrize("host", ("127.0.0.1", "localhost"))
def test_a_good_server_is_believed(visit, side, certificates, version, name, host):
    server = TlsServer(context(*certificates[0][name], version))
    done = visit(server, host)
    assert done.good, done.log
    assert side.secret in server.told


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_bad_certificate_gets_nothing(visit, certificates, version, name):
    server = TlsServer(context(*certificates[0][name], version))
    refused(visit(server, "localhost" if name in BY_NAME else "127.0.0.1"), server, FAULTS[name])


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


@pytest.mark.parametrize("side", ["https"], indirect=True)
def test_a_pin_is_held_beside_all_else(visit, certificates):
    chain, key = certificates[0]["good"]
    pin = bad_certs.pin_of(chain)
    for pins, good in ((pin, True), (OTHER_PIN + ";" + pin, True), (OTHER_PIN, False)):
        server = TlsServer(context(chain, key, "1.3"))
        done = visit(server, pin=pins)
        if good:
            assert done.good, done.log
        else:
            refused(done, server, "api.pin names; it has " + re.escape(pin))
    server = TlsServer(context(*certificates[0]["unknown_ca"], "1.3"))
    refused(visit(server, pin=bad_certs.pin_of(certificates[0]["unknown_ca"][0])), server, STRANGER)


@pytest.mark.parametrize("side", ["https"], indirect=True)
def test_a_handshake_that_stalls_ends_in_time(visit):
    server = TlsServer(serve=stalls)
    begun = time.monotonic()
    refused(visit(server, timeout="1s"), server, "time|long")
    assert time.monotonic() - begun < 20
