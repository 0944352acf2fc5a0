# SPDX-License-Identifier: Apache-2.0
"""What one would take instead of the agent, each set up as its documents advise (the files in peers/), as processes of our
own. All have the same face: start, end, signal, what they cost, and which state a message is."""
import datetime
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import measure
from scenario import CONFIG

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "e2e")]
from agent import Agent, write_secret  # noqa: E402
from standin import motion  # noqa: E402

PEERS = os.path.join(HERE, "peers")
NODE_MODULES = os.path.join(HERE, "..", "..", "build", "peers")
NODE_RED = "4.1.8"  # the newest that runs on Node.js 20
PERIOD_S = 1
END_S = 8.0
SEED = 1  # the stand-in's, as the rig has it


@functools.lru_cache(maxsize=100000)
def unix(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


class Tool:
    """One program in a process group of its own. Subclasses say what is run, and what its messages are."""

    name, needs, how = "", (), ""
    messages_a_state = 1   # what it publishes for each state
    messages_a_tracker = 0  # and besides, once for each tracker
    repeats = False        # whether it publishes what it has published before

    def __init__(self, rig, folder):
        self.rig, self.folder, self.process = rig, os.path.join(folder, "tool"), None
        os.makedirs(self.folder, exist_ok=True)
        self.log_file = os.path.join(self.folder, "log")
        key = write_secret(os.path.join(self.folder, "api.key"), rig.standin.key)
        self.facts = {"API_URL": rig.standin.api_url, "API_KEY_FILE": key, "API_KEY": rig.standin.key,
                      "CA_FILE": rig.standin.ca_file, "MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(rig.broker.port),
                      "PERIOD": str(PERIOD_S), "WORK": self.folder}

    @classmethod
    def missing(cls):
        """What it needs and this machine has not; None where all is there."""
        return next((what for what, there in cls.needs if not there()), None)

    def command(self):
        raise NotImplementedError

    def state_of(self, topic, payload):
        """(tracker, what of it tells the state) of a message; None where it is no state."""
        raise NotImplementedError

    def token(self, tracker, seconds):
        """What tells that state in its messages; its time, where they have it."""
        return seconds

    def start(self):
        environment = {**{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}, **self.facts}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, env=environment, start_new_session=True)
        return self

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        """To the whole process group, which is its own."""
        os.killpg(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as text:
            return text.read()

    def assert_alive(self):
        assert self.process.poll() is None, "%s ended:\n%s" % (self.name, self.log()[-3000:])

    def watch(self):
        """From now on its memory is of interest."""

    def cpu_ms(self):
        """By the threads that live, to the microsecond; by ticks where the kernel does not tell."""
        return sum(measure.thread_cpu_ms(self.pid).values()) or measure.cpu_ms(self.pid)

    def memory(self):
        """Peak; of it what is not shared with others, where that is another figure."""
        return {"peak_kib": measure.memory_kib(self.pid)[0]}


class Depotlink(Tool):
    name, how = "depotlink", "this agent"
    messages_a_tracker = 1  # info
    binary = None

    def __init__(self, rig, folder):
        super().__init__(rig, folder)
        self._agent = Agent(self.binary, self.folder, rig.standin.api_url, rig.standin.ca_file, rig.standin.key,
                            rig.broker.url, CONFIG)

    def command(self):
        return self._agent.command("run")

    def close(self):
        super().close()
        shutil.rmtree(self._agent.runtime_dir, ignore_errors=True)

    def state_of(self, topic, payload):
        if not topic.endswith(("/state", "/history")):
            return None
        value = json.loads(payload)
        return (value["id"], unix(value["update_time"])) if "update_time" in value else None


class NodeRed(Tool):
    name, how = "Node-RED", "http request, split, filter, mqtt out; without the editor"
    program = os.path.join(NODE_MODULES, "node_modules", "node-red", "red.js")
    needs = (("node", lambda: shutil.which("node")),
             ("node-red %s in build/peers (npm)" % NODE_RED, lambda: os.path.exists(NodeRed.program)))

    def command(self):
        for name in ("flows.json", "settings.js"):
            shutil.copy(os.path.join(PEERS, name), self.folder)
        return ["node", self.program, "--userDir", self.folder, "--settings", os.path.join(self.folder, "settings.js"),
                "--port", "0", "flows.json"]

    def state_of(self, topic, payload):
        return int(topic.split("/")[-2]), unix(json.loads(payload)["last_update"])


class Script(Tool):
    name, how = "Python script", "urllib, paho-mqtt"
    needs = (("python3-paho-mqtt", lambda: subprocess.run(["/usr/bin/python3", "-c", "import paho.mqtt.client"],
                                                          capture_output=True, check=False).returncode == 0),)

    def command(self):
        return ["/usr/bin/python3", os.path.join(PEERS, "poller.py")]

    state_of = NodeRed.state_of


class Shell(Tool):
    name, how = "shell loop", "curl, jq, mosquitto_pub; a line a state on one topic"
    needs = tuple((name, functools.partial(shutil.which, name)) for name in ("bash", "curl", "jq", "mosquitto_pub"))

    def __init__(self, rig, folder):
        super().__init__(rig, folder)
        self._peak = {"peak_kib": 0, "peak_pss_kib": 0}
        self._over = threading.Event()

    def command(self):
        return [os.path.join(PEERS, "poller.sh")]

    def watch(self):
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self):
        self._over.set()
        super().close()

    def _watch(self):
        """A pipeline lives for some tens of milliseconds: looked at each five."""
        while not self._over.wait(0.005):
            family = measure.family(self.process.pid)
            peak = sum(measure.quietly(lambda pid=pid: measure.memory_kib(pid)[0]) for pid in family)
            if peak > self._peak["peak_kib"]:
                self._peak["peak_kib"] = peak
                pss = sum(measure.quietly(lambda pid=pid: measure.pss_kib(pid)) for pid in family)
                self._peak["peak_pss_kib"] = max(self._peak["peak_pss_kib"], pss)

    def cpu_ms(self):
        return measure.cpu_ms(self.pid, children=True)

    def memory(self):
        return dict(self._peak) if self._peak["peak_kib"] else {}

    def state_of(self, topic, payload):
        value = json.loads(payload)
        return int(value["id"]), unix(value["last_update"])


class Collectd(Tool):
    name, how = "collectd", "curl_json, mqtt; latitude, longitude and speed, a message each"
    messages_a_state = 3
    repeats = True
    needs = (("collectd-core", lambda: os.path.exists("/usr/sbin/collectd")),
             ("the libraries of its plugins (libyajl2, libmosquitto1, libcurl3-gnutls)",
              lambda: not any("not found" in subprocess.run(["ldd", "/usr/lib/collectd/%s.so" % name], capture_output=True,
                                                            text=True, check=False).stdout for name in ("curl_json", "mqtt"))))
    PLACE = re.compile(r"gauge-states-(\d+)-gps-location-lat$")

    def command(self):
        with open(os.path.join(PEERS, "collectd.conf"), encoding="utf-8") as file:
            text = file.read()
        ids = [tracker["id"] for tracker in self.rig.standin.trackers()]
        for name, value in {**self.facts, "IDS": ",".join(map(str, ids))}.items():
            text = text.replace("@%s@" % name, value)
        config = os.path.join(self.folder, "collectd.conf")
        with open(config, "w", encoding="utf-8") as out:
            out.write(text)
        return ["/usr/sbin/collectd", "-f", "-C", config]

    def state_of(self, topic, payload):
        found = self.PLACE.search(topic)
        return (int(found.group(1)), "%.7f" % float(payload.rstrip("\0").split(":")[1])) if found else None

    def token(self, tracker, seconds):
        """It publishes no times of the device; but a mover is never twice in one place."""
        place = motion.gps_at("moving", motion.Traits(SEED, tracker), seconds, lambda _: None)["location"]
        return "%.7f" % place["lat"]


TOOLS = (Depotlink, NodeRed, Collectd, Script, Shell)
