# SPDX-License-Identifier: Apache-2.0
"""Starts the stand-in and a mosquitto on free loopback ports: for tests, bench and demo alike.

As a library: `with StandIn(fleet=100) as api, Broker() as broker: ...`.
As a program: `python3 tests/standin/launch.py --fleet 100` starts both, prints one JSON line,
and stops them on SIGINT or SIGTERM. All further options go to the stand-in.
"""
import contextlib
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

START_S = 30
STOP_S = 5
STEADY_PORTS = (10000, 30000)
HERE = os.path.dirname(os.path.abspath(__file__))


def free_port():
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def steady_port():
    """A free port that the kernel gives to nobody's connection while its server is away."""
    while True:
        port = random.randrange(*STEADY_PORTS)
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port


def end(process):
    """SIGTERM, then SIGKILL for a process of our own; returns its exit status."""
    if process is None:
        return None
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


class StandIn:
    """The stand-in in a process of its own. Options as on its command line, `_` for `-`."""

    def __init__(self, **options):
        self._options = options
        self.process = None
        self.api_url = self.control_url = self.ca_file = self.key = None

    def _arguments(self):
        for name, value in self._options.items():
            flag = "--" + name.replace("_", "-")
            if value is True:
                yield flag
            elif value is not None and value is not False:
                yield "%s=%s" % (flag, value)

    def __enter__(self):
        command = [sys.executable, HERE] + list(self._arguments())
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            end(self.process)
            raise RuntimeError("the stand-in did not start: %s" % " ".join(command))
        facts = json.loads(line)
        self.api_url, self.control_url = facts["api_url"], facts["control_url"]
        self.ca_file, self.key = facts["ca_file"], facts["key"]
        return self

    def __exit__(self, *_):
        end(self.process)
        self.process.stdout.close()

    def control(self, action, **arguments):
        """Runs a control action (see control.py); ValueError with its words where refused."""
        request = urllib.request.Request(
            "%s/%s" % (self.control_url, action), json.dumps(arguments).encode(),
            {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from error

    def __getattr__(self, action):
        """`standin.advance(seconds=5)` is `standin.control("advance", seconds=5)`."""
        if action.startswith("_"):
            raise AttributeError(action)
        return lambda **arguments: self.control(action, **arguments)


CONFIG = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
log_dest stderr
log_type {log}
{extra}
"""


class Broker:
    """A mosquitto of our own: no persistence, no queue limits. `restart` loses its memory. `log`: "none" where
    a line for each message would cost more than the broker itself."""

    def __init__(self, folder=None, extra="", port=None, log="all"):
        self._own, self._log = folder is None, log
        self.folder = folder or tempfile.mkdtemp(prefix="broker-")
        self.port = port or free_port()
        self.log_file = os.path.join(self.folder, "mosquitto.log")
        self._config = os.path.join(self.folder, "mosquitto.conf")
        self.process = None
        self.write_config(extra)

    def write_config(self, extra):
        with open(self._config, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(port=self.port, log=self._log, extra=extra))

    @property
    def url(self):
        return "mqtt://127.0.0.1:%d" % self.port

    @staticmethod
    def program():
        path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
        found = shutil.which("mosquitto", path=path)
        if found is None:
            raise RuntimeError("mosquitto is not installed")
        return found

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([self.program(), "-c", self._config],
                                            stdout=log, stderr=log, cwd=self.folder)
        self._await_port()
        return self

    def _await_port(self):
        """There is no event for a foreign process's listen(): tries until it answers."""
        deadline, pause = time.monotonic() + START_S, threading.Event()
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            pause.wait(0.02)
        raise RuntimeError("mosquitto did not start:\n" + self.log())

    def stop(self):
        end(self.process)
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def restart(self):
        self.kill()
        return self.start()

    def pause(self):
        """Stops it in its tracks: connections stay open and silent."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as text:
            return text.read()

    def connections(self, client_prefix=""):
        """How many MQTT clients with this prefix have connected since the log began."""
        return sum(" as " + client_prefix in line for line in self.log().splitlines()
                   if "New client connected" in line)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    options = {}
    for argument in sys.argv[1:]:
        if argument.startswith("--"):
            name, _, value = argument[2:].partition("=")
            options[name] = value or True
        else:
            options[name] = argument
    with StandIn(**options) as api, Broker() as broker:
        print(json.dumps({"api_url": api.api_url, "control_url": api.control_url,
                          "ca_file": api.ca_file, "key": api.key, "mqtt_url": broker.url}),
              flush=True)
        done.wait()


if __name__ == "__main__":
    main()
