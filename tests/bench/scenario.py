# SPDX-License-Identifier: Apache-2.0
"""One fleet from start to end: what is started, what is driven, what is read when.

The stand-in's clock stands still, so that an untouched fleet is a frozen one. With `step_s` set to 1
each tracker/get_states moves it by a second, and all trackers (all of them movers) have news in
each poll.
"""
import calendar
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "standin"), os.path.join(TESTS, "e2e")]
from launch import Broker, StandIn  # noqa: E402
from agent import ALL_FAST, Agent, merged  # noqa: E402
import measure  # noqa: E402
from bare_subscriber import BareSubscriber  # noqa: E402

LOOK_S = 0.05
QUIET_S = 2.5       # longer than a period of polling
ROUND_MOST_S = 300
FLOOR_LINES = 20000
FLOOR_MOST_LINES = 50000
FLOOR_RUNS = 3
JSON_STATES = 500
SERVED_LOG = 400000
CONFIG = {"poll": {**ALL_FAST, "fleet": "10m"}, "api": {"requests_per_second": 50}}


class Rig:
    """Stand-in, broker, subscriber and agent, each in a process of its own. `listens_to`: how topics end that count."""

    listens_to = "/state"
    api = {"kind": "moving", "clock": "stepped", "report": 1}

    def __init__(self, binary, fleet, config=None):
        self._config = merged(CONFIG, config or {})
        self.fleet, self._pause = fleet, threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.standin = StandIn(fleet=fleet, rate=0, served_log=SERVED_LOG, **self.api)
        self.broker, self.subscriber = Broker(log="none"), None
        self.binary, self.agent, self.started_at = binary, None, None

    def __enter__(self):
        self.standin.__enter__()
        self.broker.start()
        self.subscriber = BareSubscriber(self.broker.port, self.listens_to)
        self.agent = self.make_agent(self._folder.name)
        self.started_at = time.monotonic()
        self.agent.start()
        return self

    def make_agent(self, folder):
        return Agent(self.binary, folder, self.standin.api_url, self.standin.ca_file, self.standin.key,
                     self.broker.url, self._config)

    def __exit__(self, *_):
        for close in (self.agent.close, self.subscriber.close,
                      lambda: self.broker.__exit__(None, None, None),
                      lambda: self.standin.__exit__(None, None, None), self._folder.cleanup):
            try:
                close()
            except (AssertionError, OSError, RuntimeError) as error:
                print("bench: %s" % error, file=sys.stderr)

    def path(self, name):
        return os.path.join(self._folder.name, name)

    def wait_until(self, done, what, timeout=ROUND_MOST_S):
        deadline = time.monotonic() + timeout
        while not done():
            self.agent.assert_alive()
            if time.monotonic() > deadline:
                raise RuntimeError("never came: %s\n%s" % (what, self.agent.log()[-3000:]))
            self._pause.wait(LOOK_S)

    def let_pass(self, seconds):
        self._pause.wait(seconds)

    def wait_whole_fleet(self):
        self.wait_until(lambda: self.subscriber.ask("count")["topics"] >= self.fleet,
                        "a state of each tracker")

    def served(self):
        return self.standin.stats()["served"]

    def sample(self):
        stats, pid = self.standin.stats(), self.agent.pid
        return {"at": time.monotonic(), "cpu_ms": measure.cpu_ms(pid),
                "threads": measure.thread_cpu_ms(pid), "switches": measure.switches(pid),
                "served": stats["served"], "wire_in": stats["wire_in"],
                "wire_out": stats["wire_out"], "polls": stats["requests"]["tracker/get_states"],
                "states": self.subscriber.ask("count")["states"]}

    def settle(self):
        """Waits until nothing arrives any more; the sample of the moment when the last had."""
        last = self.sample()
        while time.monotonic() - last["at"] < QUIET_S:
            self._pause.wait(LOOK_S)
            if self.subscriber.ask("count")["states"] != last["states"]:
                last = self.sample()
        return last

    def new_subscriber(self):
        self.subscriber.close()
        self.broker.restart()
        self.subscriber = BareSubscriber(self.broker.port)


def difference(before, after):
    """What happened between two samples."""
    out = {name: after[name] - before[name] for name in after if name != "threads"}
    out["threads"] = {name: spent - before["threads"].get(name, 0.0)
                      for name, spent in after["threads"].items()}
    return out


def run_changing(rig, seconds):
    """Each poll brings news of each tracker, for so long and for two rounds at least."""
    before = {**rig.sample(), "clock": rig.standin.clock()["now"]}
    rig.standin.options(step_s=1)
    rig.let_pass(seconds)
    rig.wait_until(lambda: rig.served() - before["served"] >= 2 * rig.fleet, "two rounds")
    rig.standin.options(step_s=0)
    return before, difference(before, rig.settle())


def run_frozen(rig, seconds):
    before = rig.sample()
    rig.let_pass(seconds)
    rig.wait_until(lambda: rig.served() - before["served"] >= 2 * rig.fleet, "two frozen rounds")
    return difference(before, rig.sample())


class Times:
    """Unix seconds of the few different times that stand in many payloads."""

    def __init__(self):
        self._known = {}

    def unix(self, text):
        if text not in self._known:
            self._known[text] = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
        return self._known[text]


def latencies(rig, before, path):
    """Seconds from the answer's last byte to each record's arrival; and how many never came."""
    rig.subscriber.ask("dump", path, before["states"])
    handed, times, found = {}, Times(), []
    for entry in rig.standin.served(since=before["served"]):
        handed.setdefault((entry["id"], entry["unix"]), entry["at"])
    missing = dict.fromkeys(handed)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            at, _, payload = line.split("\t", 2)
            value = json.loads(payload)
            key = (value["id"], times.unix(value["update_time"]))
            if key in handed:
                found.append(float(at) - handed[key])
                missing.pop(key, None)
    return found, sum(unix > before["clock"] for _, unix in missing)


def run_floor(program, captured, lines_path):
    """The bare publisher over the captured payloads, on a broker and a subscriber of its own."""
    with open(captured, encoding="utf-8") as file:
        lines = [line.split("\t", 1)[1] for line in file]
    wanted = min(max(FLOOR_LINES, len(lines)), FLOOR_MOST_LINES)
    with open(lines_path, "w", encoding="utf-8") as out:
        out.writelines(lines[place % len(lines)] for place in range(wanted))
    runs = []
    for _ in range(FLOOR_RUNS):
        with Broker(log="none") as broker:
            subscriber = BareSubscriber(broker.port)
            done = subprocess.run([program, "tcp://127.0.0.1:%d" % broker.port, lines_path],
                                  capture_output=True, text=True, timeout=120, check=False)
            subscriber.close()
        if done.returncode != 0:
            raise RuntimeError("the floor failed: %s" % done.stderr)
        runs.append(json.loads(done.stdout))
    runs.sort(key=lambda run: run["cpu_ms"])
    return {**runs[len(runs) // 2], "payload_bytes": statistics.mean(
        len(line.split("\t", 1)[1].encode()) - 1 for line in lines)}


def run_fleet(programs, fleet, seconds, say):
    """All figures of one fleet as a dict; see README.md."""
    with Rig(programs["binary"], fleet) as rig:
        rig.wait_whole_fleet()
        rig.settle()
        count, facts = rig.subscriber.ask("count"), {"fleet": fleet}
        facts["first_record_s"] = count["first_at"] - rig.started_at
        facts["first_round_s"] = count["last_at"] - rig.started_at
        facts["first_round"] = memory(rig)
        say("first round of %d: %.1f s" % (fleet, facts["first_round_s"]))
        before, facts["changing"] = run_changing(rig, seconds)
        facts["steady"] = memory(rig)
        facts["broker_hwm_kib"], facts["broker_rss_kib"] = measure.memory_kib(
            rig.broker.process.pid)
        captured = rig.path("captured")
        found, facts["lost"] = latencies(rig, before, captured)
        facts["latency"] = {"median_ms": measure.quantile(found, 0.5) * 1000.0,
                            "p99_ms": measure.quantile(found, 0.99) * 1000.0}
        rig.subscriber.ask("forget")
        say("%d records" % facts["changing"]["states"])
        facts["frozen"] = run_frozen(rig, seconds)
        facts["whole_document"] = run_whole_document(rig, programs["json"], rig.path("document"))
        rig.standin.options(gzip="never")
        rig.let_pass(1.2)  # the answer that is under way
        _, facts["plain"] = run_changing(rig, min(seconds, 3))
        rig.subscriber.ask("forget")
        say("the broker is killed, and started without its memory")
        rig.new_subscriber()
        rig.wait_whole_fleet()
        rig.settle()
        facts["broker_came_back"] = memory(rig)
        facts["floor"] = run_floor(programs["floor"], captured, rig.path("lines"))
    return facts


def run_whole_document(rig, program, path):
    """JsonCpp over the states that the agent just passed over as unchanged, a batch of its in one answer."""
    since = max(0, rig.served() - 2 * rig.fleet)
    ids = sorted({entry["id"] for entry in rig.standin.served(since=since)})[:JSON_STATES]
    request = urllib.request.Request(
        rig.standin.api_url + "/tracker/get_states", json.dumps({"trackers": ids}).encode(),
        {"Authorization": "NVX " + rig.standin.key, "Content-Type": "application/json",
         "NVX-ISO-DateTime": "true"})
    context = ssl.create_default_context(cafile=rig.standin.ca_file)
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        with open(path, "wb") as out:
            out.write(answer.read())
    done = subprocess.run([program, path], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError("the parse failed: %s" % done.stderr)
    return json.loads(done.stdout)


def memory(rig):
    peak, resident = measure.memory_kib(rig.agent.pid)
    return {"vm_hwm_kib": peak, "vm_rss_kib": resident}
