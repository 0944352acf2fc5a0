# SPDX-License-Identifier: Apache-2.0
"""The broker behind TLS, with and without a client certificate, killed under load; and behind a UNIX socket. What must not
be believed stands in test_tls.py."""
import json
import os
import subprocess
import threading

import pytest

import contract
from contract import PREFIX
from ledger import Ledger, whole_rounds
from secure_broker import Certificates, listen, tls
from steps import wait_more_polls
from tap import Listener
from tls_server import CONNACK, TlsServer, context

KILLS = int(os.environ.get("DEPOTLINK_E2E_KILLS", "2"))
PATIENCE_S = 90


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("mqtts"))


@pytest.fixture
def secure(make_broker, certs):
    return lambda *lines: listen(make_broker(start=False), certs, *lines).start()


@pytest.mark.smoke
def test_the_main_job(standin, secure, subscribe, make_agent, certs, tmp_path):
    broker = secure()
    subscriber = subscribe(broker)
    agent = make_agent(standin, broker.secure_url, tls(certs, tmp_path))
    subscriber.wait_for(contract.has_all_states(standin))
    health = subscriber.wait_json(PREFIX + "health", lambda value: value["broker"]["state"] == "connected")
    assert "last_error" not in health["broker"]
    agent.stop()
    # All that was said before the end went out, the goodbye too.
    subscriber.wait_payload(PREFIX + "status", b"offline")
    assert "Received DISCONNECT from depotlink-" in broker.log()


def test_no_proxy_of_the_environment_hears_of_it(standin, secure, subscribe, make_agent, closing, certs, tmp_path, monkeypatch):
    proxy = Listener()
    closing.append(proxy)
    monkeypatch.setenv("PAHO_C_CLIENT_USE_HTTP_PROXY", "TRUE")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:%d" % proxy.port)
    broker = secure()
    agent = make_agent(standin, broker.secure_url, tls(certs, tmp_path))
    assert "connected" in agent.wait_log(lambda line: "broker" in line)
    assert proxy.connections == 0


@pytest.mark.parametrize("kind", ("client", "rsa_client"))
@pytest.mark.parametrize("version", ("tlsv1.2", "tlsv1.3"))
def test_a_client_certificate(standin, secure, subscribe, make_agent, certs, tmp_path, kind, version):
    broker = secure("require_certificate true", "tls_version " + version)
    subscriber = subscribe(broker)
    make_agent(standin, broker.secure_url, tls(certs, tmp_path, getattr(certs, kind)))
    subscriber.wait_for(contract.has_all_states(standin))


@pytest.mark.parametrize("kind, why", [(None, "it wants a client certificate"), ("strange_client", "who issued our certificate"),
                                       ("old_client", "our certificate has expired")])
def test_a_client_that_the_broker_does_not_take(standin, secure, make_agent, certs, tmp_path, kind, why):
    broker = secure("require_certificate true")
    agent = make_agent(standin, broker.secure_url, tls(certs, tmp_path, kind and getattr(certs, kind)))
    line = agent.wait_log(lambda line: "broker not reachable" in line)
    assert why in line, line
    agent.assert_alive()


def test_what_cannot_be_used_is_said_at_the_start(standin, make_agent, certs, tmp_path):
    pass_phrase = str(tmp_path / "locked.key")
    subprocess.run(["openssl", "pkey", "-in", certs.client[1], "-aes256", "-passout", "pass:x", "-out", pass_phrase], check=True)
    for client, why in (((certs.client[0], certs.rsa_client[1]), "is not that of this certificate"),
                        ((certs.client[0], pass_phrase), "pass phrase"),
                        ((certs.client[0], certs.roots), "holds no private key")):
        agent = make_agent(standin, "mqtts://127.0.0.1:1", tls(certs, tmp_path, client), start=False)
        for command in ("run", "check"):
            done = agent.once(command)
            assert done.returncode == 1 and why in done.stdout + done.stderr, (command, done)


def test_nothing_is_lost_when_the_broker_is_killed_under_load(standin, secure, subscribe, make_agent, certs, tmp_path):
    broker, ledger = secure(), Ledger(standin, subscribe)
    agent = make_agent(standin, broker.secure_url, tls(certs, tmp_path))
    ledger.watch(broker).wait_for(contract.has_all_states(standin))
    before = len(os.listdir("/proc/%d/fd" % agent.pid))
    standin.options(step_s=1)
    for _ in range(KILLS):
        wait_more_polls(standin, 3)
        broker.kill()
        wait_more_polls(standin, 3)
        ledger.start_broker(broker, agent)
        agent.wait_log(lambda line: "broker connected" in line, agent.mark())
    standin.options(step_s=0)
    whole_rounds(standin)
    ledger.wait_complete(PATIENCE_S)
    ledger.assert_in_order()
    assert ledger.repeats() <= KILLS * 32
    assert len(os.listdir("/proc/%d/fd" % agent.pid)) <= before + 2


class Visits(TlsServer):
    """Welcomes, then says goodbye; keeps whether each took a session up again."""

    def _speak(self, connection):
        with self._tls.wrap_socket(connection, server_side=True) as stream:
            self.resumed.append(stream.session_reused)
            stream.recv(65536)
            stream.sendall(CONNACK)
            with stream.unwrap():
                pass


@pytest.mark.parametrize("version", ("1.2", "1.3"))
def test_a_session_is_taken_up_again(standin, make_agent, closing, certs, tmp_path, version):
    server = Visits(context(*certs.server, version))
    server.resumed = []
    closing.append(server)
    agent = make_agent(standin, "mqtts://localhost:%d" % server.port, tls(certs, tmp_path))
    mark = 0
    for _ in range(2):
        agent.wait_log(lambda line: "broker connected" in line, mark)
        agent.wait_log(lambda line: "broker connection lost" in line, mark)
        mark = agent.mark()
    assert server.resumed[:2] == [False, True]


def test_a_handshake_that_drips_ends_in_time_and_holds_up_nothing(standin, make_agent, closing, certs, tmp_path):
    done = threading.Event()

    def drip(connection):
        connection.recv(4096)
        # A long record, a byte at a time.
        for byte in bytes.fromhex("160303400002003ffc0303") + bytes(10000):
            if done.wait(0.2):
                return
            connection.sendall(bytes((byte,)))
    server = TlsServer(serve=drip)
    closing.append(server)
    agent = make_agent(standin, "mqtts://localhost:%d" % server.port, tls(certs, tmp_path))
    wait_more_polls(standin, 3)
    line = agent.wait_log(lambda line: "broker not reachable" in line)
    done.set()
    assert "in time" in line or "timed out" in line, line
    assert bytes(server.told) == b""


def test_a_brokers_unix_socket(standin, make_broker, subscribe, make_agent, tmp_path):
    path = str(tmp_path / "m.sock")
    broker = make_broker(extra="listener 0 %s\nuser root" % path)
    subscriber = subscribe(broker)
    agent = make_agent(standin, "unix://" + path)
    subscriber.wait_for(contract.has_all_states(standin))
    broker.kill()
    agent.wait_log(lambda line: "broker connection lost" in line)
    line = agent.wait_log(lambda line: "broker not reachable" in line)
    assert path in line and json.dumps(path) not in line
    os.unlink(path)
    broker.start()
    subscribe(broker).wait_for(contract.has_all_states(standin))
    agent.stop()
