# SPDX-License-Identifier: Apache-2.0
"""Under a service manager: what it is told, and what the unit of config/systemd leaves us."""
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

import contract
from steps import wait_more_polls

UNIT = pathlib.Path(__file__).resolve().parents[2] / "config" / "systemd" / "depotlink.service"
EXPOSURE_MOST = 1.2
PATIENCE_S = 60


class Manager:
    """Listens where a service reports."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(PATIENCE_S)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def wait(self, wanted):
        for _ in range(1000):
            said = self.next()
            if wanted(said):
                return said
        raise AssertionError("the manager was never told")


@pytest.fixture
def manager(tmp_path, monkeypatch):
    path = str(tmp_path / "notify")
    listening = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    yield listening
    listening.socket.close()


def test_the_manager_is_told(standin, broker, subscriber, make_agent, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    agent = make_agent(standin, broker)
    assert manager.next()["READY"] == "1"
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    manager.wait(lambda said: said["WATCHDOG"] == "1" and said["STATUS"] ==
                 "API ok, broker connected, %d trackers, 0 records wait" % len(standin.trackers()))
    standin.fault(kind="stall")  # the API keeps it waiting: it is alive all the same
    for _ in range(5):
        assert manager.next()["WATCHDOG"] == "1"
    os.kill(agent.pid, signal.SIGTERM)
    manager.wait(lambda said: said.get("STOPPING") == "1")


def test_one_that_hangs_says_nothing(standin, broker, make_agent, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    agent = make_agent(standin, broker)
    manager.wait(lambda said: said.get("WATCHDOG") == "1")
    os.kill(agent.pid, signal.SIGSTOP)
    manager.socket.settimeout(2)
    with pytest.raises(TimeoutError):
        for _ in range(1000):
            manager.next()
    os.kill(agent.pid, signal.SIGCONT)
    manager.socket.settimeout(PATIENCE_S)
    manager.wait(lambda said: said.get("WATCHDOG") == "1")


def test_another_ones_watchdog_is_left_alone(standin, broker, make_agent, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    make_agent(standin, broker)
    assert manager.next()["READY"] == "1"
    assert "WATCHDOG" not in manager.next()


def test_the_unit_exposes_little():
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(UNIT)], check=False,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_MOST


def calls_of(group):
    """The system calls of one of systemd's groups."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True,
                            capture_output=True, text=True, timeout=PATIENCE_S).stdout
    words = {line.strip() for line in listed.splitlines()[1:] if line.startswith("    ")}
    inner = {word for word in words if word.startswith("@")}
    return {word for word in words if re.fullmatch(r"\w+", word)}.union(*map(calls_of, inner))


def allowed():
    filters = re.findall(r"^SystemCallFilter=(~?)(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    calls = set()
    for without, groups in filters:
        for group in groups.split():
            calls = calls - calls_of(group) if without else calls | calls_of(group)
    return calls


def test_the_unit_allows_all_that_it_calls(standin, broker, subscriber, make_agent, tmp_path):
    """A whole life, an outage with records on the disk included."""
    agent = make_agent(standin, broker, start=False)
    trace = tmp_path / "trace"
    agent.prefix = ["strace", "-D", "-f", "-qq", "-o", str(trace)]
    agent.start()
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    broker.stop()
    standin.options(step_s=1)
    wait_more_polls(standin, 4)
    broker.start()
    wait_more_polls(standin, 3)
    agent.stop()
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(encoding="utf-8"), re.MULTILINE))
    assert {"openat", "fdatasync", "connect"} <= called
    at_start = {"execve", "arch_prctl"}  # of every program
    assert not called - allowed() - at_start
