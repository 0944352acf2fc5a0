# SPDX-License-Identifier: Apache-2.0
"""The agent inside a root, as its own user, with the stand-in outside as the cloud."""
import json
import os
import re
import signal
import subprocess

from standin.launch import free_port
from steps import wait_more_polls

PACE = {name: "1s" for name in ("fleet", "moving", "stopped", "parked", "offline")}
ROUNDS = 10  # calls for states
END_S = 120
# Unlike runuser it is gone once the program runs: signals and exit codes are the agent's.
AS_USER = ("setpriv", "--reuid=depotlink", "--regid=depotlink", "--init-groups", "--")


class Box:
    def __init__(self, root, standin, program="/usr/bin/depotlink", as_user=AS_USER):
        self.root, self.standin, self.program = root, standin, program
        self.as_user = as_user
        self.process = None

    def configure(self, mqtt_url):
        """As the technician does: the config, the key in a file of its own."""
        self.root.at("/etc/depotlink/ca.pem").write_bytes(open(self.standin.ca_file, "rb").read())
        config = {"site": "north-depot", "api": {"url": self.standin.api_url, "key_file": "/etc/depotlink/api.key",
                                                 "ca_file": "/etc/depotlink/ca.pem"},
                  "mqtt": {"url": mqtt_url}, "poll": PACE, "queue": {"min_free": "0KiB"}}
        self.root.at("/etc/depotlink/depotlink.json").write_text("// mine\n" + json.dumps(config))
        key = self.root.at("/etc/depotlink/api.key")
        key.touch(0o600)
        self.root.run("chown", "depotlink:depotlink", "/etc/depotlink/api.key")
        key.write_text(self.standin.key + "\n")

    def says(self, *words, status=0):
        return self.root.run(*self.as_user, self.program, *words, status=status)

    def start(self, log):
        with open(log, "ab") as out:
            self.process = subprocess.Popen(self.root.command(*self.as_user, self.program, "run"), stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL)

    def stop(self):
        """SIGTERM, and a clean end."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(END_S) == 0
        self.process = None

    def poll(self):
        wait_more_polls(self.standin, ROUNDS)

    def waiting(self):
        """(run, seq) of each record on disk, in order."""
        lines = [line for line in self.says("queue", "export").splitlines() if line.startswith("{")]
        payloads = [json.loads(line)["payload"] for line in lines]
        return [(payload["run"], payload["seq"]) for payload in payloads]

    def version(self):
        return re.match(r"depotlink (\S+)\n", self.says("--version"))[1]


def dead_broker():
    return "mqtt://127.0.0.1:%d" % free_port()


def dump(path):
    """The end of an agent's log, for the one who has to find out."""
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="replace") as text:
            print(text.read()[-3000:], flush=True)
