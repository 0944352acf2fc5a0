# SPDX-License-Identifier: Apache-2.0
"""The real binary as a process: its config, its log, its end."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

TIMEOUT_S = 60
# A clean end takes about a second; the rest is room for a slow machine, a sanitizer or an emulator.
EXIT_S = 15.0
# A program that runs the binary: for a foreign architecture.
EMULATOR = os.environ.get("DEPOTLINK_EMULATOR", "").split()
TROUBLE = re.compile(r"\b(WARN|WARNING|ERROR)\b", re.IGNORECASE)
SITE = "north-depot"
ALL_FAST = {name: "1s" for name in ("fleet", "moving", "stopped", "parked", "offline")}


def write_secret(path, secret, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
        out.write(secret + "\n")
    os.chmod(path, mode)
    return path


def merged(base, extra):
    """Sections of `extra` laid over those of `base`; None takes a key out."""
    out = dict(base)
    for name, value in extra.items():
        if isinstance(value, dict) and isinstance(out.get(name), dict):
            out[name] = merged(out[name], value)
        elif value is None:
            out.pop(name, None)
        else:
            out[name] = value
    return out


class Agent:
    """A config in a folder of its own and, after `start`, a running process."""

    def __init__(self, binary, folder, api_url, ca_file, key, mqtt_url, extra=None):
        self.binary, self.folder = binary, str(folder)
        self.key_file = write_secret(os.path.join(self.folder, "api.key"), key)
        self.config = os.path.join(self.folder, "depotlink.json")
        self.queue_dir = os.path.join(self.folder, "queue")
        # As on a box: what is written there all the time costs no disk.
        ram = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.runtime_dir = tempfile.mkdtemp(prefix="depotlink-e2e-", dir=ram)
        config = {"site": SITE, "api": {"url": api_url, "key_file": self.key_file},
                  "mqtt": {"url": mqtt_url}, "poll": dict(ALL_FAST),
                  "queue": {"dir": self.queue_dir, "runtime_dir": self.runtime_dir}}
        if ca_file:
            config["api"]["ca_file"] = ca_file
        self.prefix = []  # what `start` runs it under
        self.settings = merged(config, extra or {})
        self.configure({})
        self.process, self.lines, self._changed = None, [], threading.Condition()

    def configure(self, extra):
        """Lays more over the config; the next start reads it."""
        self.settings = merged(self.settings, extra)
        with open(self.config, "w", encoding="utf-8") as out:
            json.dump(self.settings, out, indent=2)

    def command(self, name, *args):
        return EMULATOR + [self.binary, name, "--config", self.config] + list(args)

    def once(self, name="once", *args, timeout=TIMEOUT_S):
        """Runs a command to its end; returns the CompletedProcess with text streams."""
        return subprocess.run(self.command(name, *args), capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, check=False)

    def start(self):
        self.process = subprocess.Popen(
            self.prefix + self.command("run"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace")
        threading.Thread(target=self._collect, args=(self.process,), daemon=True).start()
        return self

    def _collect(self, process):
        for line in process.stderr:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        process.stderr.close()

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        with self._changed:
            return "\n".join(self.lines)

    def mark(self):
        with self._changed:
            return len(self.lines)

    def wait_log(self, predicate, since=0, timeout=TIMEOUT_S):
        """Waits for a log line that fits; returns it."""
        def find():
            return next((line for line in self.lines[since:] if predicate(line)), None)
        with self._changed:
            line = self._changed.wait_for(find, timeout)
        assert line is not None, "no such line in the log:\n" + self.log()
        return line

    def wait_trouble(self, since=0, timeout=TIMEOUT_S):
        return self.wait_log(TROUBLE.search, since, timeout)

    def assert_alive(self):
        assert self.process.poll() is None, "the agent ended:\n" + self.log()

    def vm_hwm_kib(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))

    def proc(self, name):
        with open("/proc/%d/%s" % (self.pid, name), "rb") as file:
            return file.read()

    def stop(self):
        """SIGTERM; the agent must end within two seconds, with status 0."""
        self.assert_alive()
        begun = time.monotonic()
        self.process.terminate()
        try:
            status = self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("SIGTERM did not end the agent:\n" + self.log()) from None
        spent = time.monotonic() - begun
        assert status == 0, "exit status %s:\n%s" % (status, self.log())
        assert spent <= EXIT_S, "SIGTERM took %.1f s:\n%s" % (spent, self.log())

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        """For the end of a test: a running agent must stop cleanly, a dead one is let be."""
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop()
        finally:
            shutil.rmtree(self.runtime_dir, ignore_errors=True)
            if self.process is not None:
                print("---- log of the agent (last lines)\n" + self.log()[-6000:])
