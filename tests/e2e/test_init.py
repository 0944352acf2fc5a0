# SPDX-License-Identifier: Apache-2.0
"""init: a first config from a terminal or from options, and what it leaves: all or nothing."""
import os
import pathlib
import pty
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import termios
import time

import pytest

import contract
from agent import EMULATOR

PATIENCE_S = 30


class Person:
    """Someone at a terminal who runs `depotlink init`."""

    def __init__(self, binary, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["NO_COLOR"] = "1"
            os.execvp((EMULATOR + [binary])[0], [*EMULATOR, binary, "init", *args])
        self.seen = ""

    def read_until(self, words):
        """What was shown since the last time, up to `words`."""
        begin, until = len(self.seen), time.monotonic() + PATIENCE_S
        while words not in self.seen[begin:]:
            ready = select.select([self.fd], [], [], max(until - time.monotonic(), 0))[0]
            assert ready, "no %r in:\n%s" % (words, self.seen)
            try:
                piece = os.read(self.fd, 4096)
            except OSError:  # Linux says so where the other end is gone
                piece = b""
            assert piece, "the end came before %r:\n%s" % (words, self.seen)
            self.seen += piece.decode("utf-8", "replace")
        return self.seen[begin:]

    def shows_what_is_typed(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def answer(self, question, line):
        self.read_until(question)
        os.write(self.fd, line.encode() + b"\n")

    def answer_hidden(self, question, line):
        self.read_until(question)
        until = time.monotonic() + PATIENCE_S
        while self.shows_what_is_typed():
            assert time.monotonic() < until
        os.write(self.fd, line.encode() + b"\n")

    def wait(self):
        """Until the end; returns the exit code."""
        try:
            while True:
                piece = os.read(self.fd, 4096)
                if not piece:
                    break
                self.seen += piece.decode("utf-8", "replace")
        except OSError:
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def options(standin, tmp_path):
    """What is not asked for."""
    return ["--config", str(tmp_path / "etc/depotlink.json"), "--ca-file", standin.ca_file,
            "--queue-dir", str(tmp_path / "queue"), "--runtime-dir", str(tmp_path / "run")]


def run_agent(binary, config):
    return subprocess.Popen([*EMULATOR, binary, "run", "--config", config], stderr=subprocess.PIPE,
                            text=True, stdin=subprocess.DEVNULL)


def test_a_person_answers(binary, standin, broker, subscriber, tmp_path):
    """The config that comes of it is good, and the agent runs with it."""
    person = Person(binary, *options(standin, tmp_path))
    person.answer("name of this depot", "north depot")
    person.answer("expected 1 to 64", "north-depot")
    person.answer("Platform: ", standin.api_url)
    person.answer("MQTT broker", broker.url)
    person.answer_hidden("API key", standin.key)
    person.answer("Go on?", "")
    code = person.wait()
    assert code == 0, person.seen
    assert standin.key not in person.seen
    for probe in ("clock", "tls", "credential", "broker", "publish", "disk"):
        assert "ok    " + probe in person.seen, person.seen
    config, key = str(tmp_path / "etc/depotlink.json"), str(tmp_path / "etc/api.key")
    assert (mode(config), mode(key), mode(tmp_path / "etc")) == (0o644, 0o600, 0o755)
    assert sorted(os.listdir(tmp_path / "etc")) == ["api.key", "depotlink.json"]
    agent = run_agent(binary, config)
    try:
        subscriber.wait_for(contract.has_all_states(standin), what="the whole fleet")
    finally:
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(PATIENCE_S) == 0, agent.stderr.read()
        agent.stderr.close()


@pytest.mark.parametrize("end", ["ctrl-c", "ctrl-d", "hang up"])
def test_who_goes_away_leaves_nothing(binary, standin, tmp_path, end):
    person = Person(binary, *options(standin, tmp_path), "--site", "a", "--api-url",
                    standin.api_url, "--mqtt-url", "mqtt://localhost")
    person.read_until("API key")
    until = time.monotonic() + PATIENCE_S
    while person.shows_what_is_typed():
        assert time.monotonic() < until
    if end == "hang up":
        os.kill(person.pid, signal.SIGHUP)
    else:
        os.write(person.fd, b"\x03" if end == "ctrl-c" else b"\x04")
    person.read_until("nothing is written")
    assert person.shows_what_is_typed()
    assert person.wait() != 0
    assert not (tmp_path / "etc").exists()


def run_init(binary, *args, key=""):
    return subprocess.run([*EMULATOR, binary, "init", *args], input=key, capture_output=True,
                          text=True, timeout=60, check=False)


def test_options_alone(binary, standin, broker, tmp_path):
    given = [*options(standin, tmp_path), "--site", "north-depot", "--api-url", standin.api_url,
             "--mqtt-url", broker.url, "--yes"]
    assert run_init(binary, *given).returncode == 1  # no key
    assert not (tmp_path / "etc").exists()
    done = run_init(binary, *given, key=standin.key + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    config = tmp_path / "etc/depotlink.json"
    assert str(config) in done.stdout and standin.key not in done.stdout + done.stderr
    before = config.read_text()
    again = run_init(binary, *given, "--site", "south", key="x\n")
    assert again.returncode == 1 and "--force" in again.stderr
    assert config.read_text() == before
    forced = run_init(binary, *given, "--site", "south", "--force", "--offline")
    assert forced.returncode == 0, forced.stderr
    assert '"south"' in config.read_text()
    assert (tmp_path / "etc/api.key").read_text() == standin.key
    assert "clock" not in forced.stdout, "--offline asks no network"


@pytest.fixture
def public_path():
    """A folder that other users may enter."""
    folder = tempfile.mkdtemp(prefix="depotlink-init-")
    os.chmod(folder, 0o755)
    yield pathlib.Path(folder)
    shutil.rmtree(folder)


def test_as_root_the_key_is_the_agents(binary, standin, broker, public_path):
    """Where /etc/passwd knows the user; and it is that user who checks in the end."""
    if os.geteuid() != 0:
        pytest.skip("not root")
    passwd = public_path / "passwd"
    passwd.write_text("root:x:0:0::/:/bin/sh\ndepotlink:x:4711:4712::/:/bin/false\n")
    ca_file = shutil.copy(standin.ca_file, public_path / "ca.pem")
    os.chmod(ca_file, 0o644)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', passwd,
         binary, "init", *options(standin, public_path), "--ca-file", ca_file, "--site",
         "north-depot", "--api-url", standin.api_url, "--mqtt-url", broker.url, "--yes"],
        input=standin.key + "\n", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    owned = {name: (os.stat(public_path / name).st_uid, mode(public_path / name))
             for name in ("etc/depotlink.json", "etc/api.key", "queue", "run")}
    assert owned == {"etc/depotlink.json": (0, 0o644), "etc/api.key": (4711, 0o600),
                     "queue": (4711, 0o700), "run": (4711, 0o700)}
