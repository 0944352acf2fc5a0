# SPDX-License-Identifier: Apache-2.0
"""Canaries: every secret that the agent holds, looked for everywhere that it writes, says or sends."""
import base64
import hashlib
import os
import resource
import signal
import subprocess

import pytest

import contract
import secure_broker
from agent import EMULATOR, write_secret
from contract import PREFIX, link_topic
from standin.extras import RETRANSLATOR_PASSWORD
from standin.sessions import PANEL, USER
from steps import wait_more_polls
from tap import Listener, Tap

MQTT = ("depot-bus", "bus-Passw0rd-canary")
QUEUE_KEY = hashlib.sha256(b"canary").hexdigest()
LINK_HASH = "700d4a54" + "c0ffee11" * 3
VARIABLE = "DEPOTLINK_TEST_BUS"
PATHS = ("user/auth", "panel/account/auth", "tracker/list", "tracker/get_states",
         "tracker/location/link/list", "panel/user/list")
POLLS_MOST = 30
CODES = (301, 302, 303, 307, 308)


def forms(secret):
    """A secret as it stands, in hexadecimal, and in base64 wherever in a longer text it begins."""
    raws = [secret.encode()]
    if len(secret) % 2 == 0 and not set(secret) - set("0123456789abcdef"):
        raws.append(bytes.fromhex(secret))
    for raw in raws:
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for ahead in range(3):
            # Without what its neighbours have a hand in.
            packed = base64.b64encode(b"\0" * ahead + raw)[(0, 2, 3)[ahead]:-4]
            yield packed
            yield packed.translate(bytes.maketrans(b"+/", b"-_"))


class Canaries:
    def __init__(self, **secrets):
        self.forms = {name: set(forms(secret)) for name, secret in secrets.items()}

    def among(self, data, *but):
        data = data.encode() if isinstance(data, str) else data
        return {name for name, all_forms in self.forms.items()
                if name not in but and any(form in data for form in all_forms)}

    def in_files(self, *folders):
        """By the file, and in the files' names."""
        found = {}
        for path in (os.path.join(at, name) for folder in folders
                     for at, _, names in os.walk(folder) for name in names):
            with open(path, "rb") as file:
                met = self.among(file.read() + path.encode())
            if met:
                found[path] = met
        return found


def commands(agent):
    """What each command says, of both streams."""
    said = {}
    for words in (["check"], ["status"], ["status", "--json"], ["queue", "ls"], ["queue", "export"]):
        done = subprocess.run(EMULATOR + [agent.binary, *words, "--config", agent.config], check=False,
                              capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
        assert done.stdout or words[-1] == "export", (words, done.stderr)
        said[" ".join(words)] = done.stdout + done.stderr
    return said


def secure(broker):
    """Anybody may listen; who gives a name must know the password."""
    path = os.path.join(broker.folder, "passwords")
    subprocess.run(["mosquitto_passwd", "-b", "-c", path, *MQTT], check=True, capture_output=True)
    os.chmod(path, 0o644)
    broker.write_config("password_file %s\nuser root" % path)
    return broker.start()


def config(folder):
    def secret(name, text):
        return write_secret(os.path.join(str(folder), name), text)
    return {
        "log": {"level": "debug"},
        "api": {"key_file": None,
                "user": {"login": USER[0], "password_file": secret("user.password", USER[1])},
                "panel": {"login": PANEL[0], "password_file": secret("panel.password", PANEL[1])}},
        "mqtt": {"username": MQTT[0], "password_file": "$" + VARIABLE},
        "poll": {"links": "1s"},
        "extra": [{"path": "retranslator/list", "every": "10s", "topic": "retranslators"},
                  {"path": "panel/user/list", "every": "10s", "topic": "users"}],
        "queue": {"key_file": secret("queue.key", QUEUE_KEY)}}


def redirect_each(standin, agent, elsewhere):
    """Each call is sent elsewhere once, the logins among them, with and without TLS."""
    for at, path in enumerate(PATHS):
        scheme = ("http", "https")[at % 2]
        standin.fault(kind="redirect", path=path, count=1, http=CODES[at % len(CODES)],
                      location="%s://127.0.0.1:%d/v2/%s" % (scheme, elsewhere.port, path))
    for api in ("user", "panel"):
        standin.sessions(api=api, end=True)
    assert standin.wait(what="fault:redirect", count=len(PATHS), timeout=100)["done"], standin.faults()
    for path, count in (("user/auth", 4), ("panel/account/auth", 3)):
        assert standin.wait(what=path, count=count, timeout=60)["done"], path
    agent.assert_alive()


def test_no_secret_is_written_said_or_sent_elsewhere(
        make_standin, make_agent, make_broker, subscribe, closing, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, MQTT[1])
    standin, broker, elsewhere = make_standin(fleet=5), secure(make_broker(start=False)), Listener()
    tap = Tap(broker.port)
    closing.extend((elsewhere, tap))
    standin.link(id=103, trackers=[standin.trackers()[0]["id"]], hash=LINK_HASH)
    standin.extra(path="panel/user/list", items=[{"id": 1, "password": RETRANSLATOR_PASSWORD}])
    standin.canaries(user=USER[1], panel=PANEL[1], bus=MQTT[1], queue=QUEUE_KEY, link=LINK_HASH)
    standin.account(api="user", refusal=102)
    agent = make_agent(standin, tap.url, config(tmp_path))
    agent.wait_log(lambda line: "login or password" in line)
    agent.stop()
    standin.account(api="user", refusal=None)
    subscriber = subscribe(broker)
    agent.start()
    subscriber.wait_for(contract.has_all_states(standin))
    for topic in (link_topic(103), PREFIX + "extra/retranslators", PREFIX + "extra/users"):
        subscriber.wait_json(topic)
    process = agent.proc("cmdline") + agent.proc("environ")
    assert VARIABLE.encode() + b"=" in process
    redirect_each(standin, agent, elsewhere)
    wait_more_polls(standin)
    broker.stop()
    messages = subscriber.messages
    standin.options(step_s=1)
    for _ in range(POLLS_MOST):
        wait_more_polls(standin, 1)
        if any(name.endswith(".seg") for name in os.listdir(agent.queue_dir)):
            break
    while_away = commands(agent)
    assert while_away["queue export"]
    begun = {"%s_%d" % (api, at): begun for api in ("user", "panel")
             for at, begun in enumerate(standin.sessions(api=api)["begun"])}
    canaries = Canaries(user=USER[1], panel=PANEL[1], bus=MQTT[1], queue=QUEUE_KEY, link=LINK_HASH,
                        extra=RETRANSLATOR_PASSWORD, **begun)
    assert len(begun) >= 4
    files = canaries.in_files(agent.queue_dir, agent.runtime_dir)
    assert os.listdir(agent.queue_dir) and os.listdir(agent.runtime_dir) and not files
    broker.start()
    again = subscribe(broker)
    again.wait_for(lambda s: any("/history" in topic for topic in s.latest))
    process += agent.proc("cmdline") + agent.proc("environ")
    agent.stop()
    assert not canaries.among(process)
    assert not canaries.in_files(agent.queue_dir, agent.runtime_dir)
    assert "debug" in agent.log() and not canaries.among(agent.log())
    for name, said in {**while_away, **commands(agent)}.items():
        assert not canaries.among(said), name
    for message in messages + again.messages:
        assert not canaries.among(message.topic.encode() + b"\n" + message.payload), message
    # Each where it belongs, and there it was seen: so it would have been elsewhere.
    assert canaries.among(tap.got()) == {"bus"} and MQTT[1] not in broker.log()
    assert elsewhere.connections == 0 and elsewhere.got() == b""
    stats = standin.stats()
    assert set(stats["canaries"]) == {"user in user/auth", "panel in panel/account/auth"}, stats["canaries"]
    assert "of_the_other_api" not in stats["auth"]


def test_with_tls_neither_password_nor_private_key_is_seen_anywhere(
        make_standin, make_agent, make_broker, subscribe, closing, tmp_path):
    standin, certs = make_standin(fleet=5), secure_broker.Certificates(tmp_path)
    broker = secure_broker.listen(make_broker(start=False), certs, "require_certificate true").start()
    tap = Tap(broker.secure_port)
    closing.append(tap)
    extra = secure_broker.tls(certs, tmp_path, certs.client)
    agent = make_agent(standin, "mqtts://localhost:%d" % tap.port, {**extra, "log": {"level": "debug"}})
    subscribe(broker).wait_for(contract.has_all_states(standin))
    with open(certs.client[1], encoding="ascii") as key:
        lines = [line for line in key.read().splitlines() if len(line) == 64]
    assert lines
    canaries = Canaries(bus=MQTT[1], **{"line_%d" % at: line for at, line in enumerate(lines)})
    broker.stop()
    standin.options(step_s=1)
    for _ in range(POLLS_MOST):
        wait_more_polls(standin, 1)
        if any(name.endswith(".seg") for name in os.listdir(agent.queue_dir)):
            break
    said = commands(agent)
    assert not canaries.in_files(agent.queue_dir, agent.runtime_dir)
    assert not canaries.among(agent.proc("cmdline") + agent.proc("environ"))
    broker.start()
    agent.wait_log(lambda line: "broker connected" in line, agent.mark())
    agent.stop()
    assert "debug" in agent.log() and not canaries.among(agent.log())
    for name, words in said.items():
        assert not canaries.among(words), name
    assert len(tap.got()) > 1000 and not canaries.among(tap.got())


def core_of(process):
    """How it ended, and whether the kernel says that it left a core."""
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return os.WTERMSIG(status), os.WCOREDUMP(status)


@pytest.fixture
def cores(tmp_path, monkeypatch):
    """A folder where cores land, of processes that leave any: shown by one that does."""
    monkeypatch.chdir(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_no_core_is_left(standin, make_agent, broker, subscriber, cores, number):
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as pattern:
        told = not pattern.read().startswith("|") and resource.getrlimit(resource.RLIMIT_CORE)[0] != 0
    other = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)
    other.send_signal(number)
    assert core_of(other) == (number, told)
    for path in cores.iterdir():
        path.unlink()
    agent = make_agent(standin, broker)
    subscriber.wait_for(contract.has_all_states(standin))
    limits = [line for line in agent.proc("limits").decode().splitlines() if "core file" in line]
    assert limits[0].split()[4:6] == ["0", "0"], limits
    agent.process.send_signal(number)
    assert core_of(agent.process) == (number, False)
    assert not list(cores.iterdir())
