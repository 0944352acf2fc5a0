# SPDX-License-Identifier: Apache-2.0
"""The whole agent in an outage: how often it flushes, how it starts on a backlog, how fast it gets rid of one."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, name) for name in ("standin", "e2e", "soak")]
from launch import Broker, StandIn  # noqa: E402
from agent import ALL_FAST, Agent, merged  # noqa: E402
from collector import Collector  # noqa: E402
import bus_store  # noqa: E402
import measure  # noqa: E402

PATIENCE_S = 600
LOOK_S = 0.05
OUTAGES = ((10, "1s"), (10, "5s"), (300, "1s"), (300, "5s"))  # movers, flush_interval
BACKLOGS_MIB = (0, 64, 1024)
CONFIG = {"poll": {**ALL_FAST, "fleet": "10m"}, "api": {"requests_per_second": 50},
          "queue": {"max_size": "4GiB", "min_free": "0KiB", "max_age": "3660d"}}


class Yard:
    """A stand-in, a broker and an agent whose queue is in `folder`; nothing of it started but the stand-in."""

    def __init__(self, binary, folder, fleet, config=None):
        self.standin = StandIn(fleet=fleet, kind="moving", clock="stepped", report=1, rate=0)
        self._binary, self._queue = binary, os.path.join(folder, "queue")
        self._config = merged(merged(CONFIG, {"queue": {"dir": self._queue}}), config or {})
        self._home = tempfile.TemporaryDirectory(prefix="bench-")
        self.broker = Broker(self._home.name, log="none")
        self.agent, self._pause = None, threading.Event()

    def __enter__(self):
        self.standin.__enter__()
        self.agent = Agent(self._binary, self._home.name, self.standin.api_url, self.standin.ca_file,
                           self.standin.key, self.broker.url, self._config)
        return self

    def __exit__(self, *_):
        with contextlib.redirect_stdout(io.StringIO()):
            self.agent.close()
        self.broker.stop()
        self.standin.__exit__()
        self._home.cleanup()

    def until(self, done, what):
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            self.agent.assert_alive()
            if time.monotonic() > deadline:
                raise RuntimeError("never came: %s\n%s" % (what, self.agent.log()[-3000:]))
            self._pause.wait(LOOK_S)

    def let_pass(self, seconds):
        self._pause.wait(seconds)

    def segments(self):
        return [name for name in os.listdir(self._queue) if name.endswith(".seg")]


def fill(queue_bench, folder, verb, number):
    if number:
        subprocess.run([queue_bench, verb, os.path.join(folder, "queue"), str(number)],
                       timeout=PATIENCE_S, check=True)


def one_outage(binary, place, seconds, movers, interval):
    """The broker is away, all movers have news once a second."""
    with place.folder() as folder, \
            Yard(binary, folder, movers, {"queue": {"flush_interval": interval}}) as yard:
        yard.agent.start()
        yard.standin.options(step_s=1)
        yard.until(yard.segments, "a first segment")
        before, cpu = place.use(), measure.cpu_ms(yard.agent.pid)
        begun, served = time.monotonic(), yard.standin.stats()["served"]
        yard.let_pass(seconds)
        after, spent = place.use(), time.monotonic() - begun
        records = yard.standin.stats()["served"] - served
        return {"movers": movers, "flush_interval": interval, "records": records,
                "flushes_an_hour": (after[1] - before[1]) * 3600.0 / spent,
                "device_bytes_a_record": (after[0] - before[0]) / records,
                "device_mib_an_hour": (after[0] - before[0]) / 2 ** 20 * 3600.0 / spent,
                "cpu_us": (measure.cpu_ms(yard.agent.pid) - cpu) * 1000.0 / records,
                "vm_hwm_kib": measure.memory_kib(yard.agent.pid)[0]}


def flushes(binary, place, seconds):
    return [one_outage(binary, place, seconds, movers, interval) for movers, interval in OUTAGES]


def one_start(binary, queue_bench, place, mib):
    """Seconds from exec to the broker, the API and the first live record; the peak by then."""
    with place.folder() as folder:
        fill(queue_bench, folder, "fill-mib", mib)
        with Yard(binary, folder, 100) as yard:
            yard.broker.start()
            collector = Collector(yard.broker.port)
            begun = time.monotonic()
            yard.agent.start()
            yard.agent.wait_log(lambda line: "broker connected" in line)
            connected = time.monotonic() - begun
            live = []
            yard.until(lambda: live.extend(topic for topic, _ in collector.take()
                                           if topic.endswith(b"/state")) or live, "a live record")
            first = time.monotonic() - begun
            asked = yard.standin.stats()["times"][0][0] - begun
            return {"bytes_on_disk": mib << 20, "segments": len(yard.segments()),
                    "connected_s": connected, "api_s": asked, "live_s": first,
                    "vm_hwm_kib": measure.memory_kib(yard.agent.pid)[0]}


def starts(binary, queue_bench, place):
    return [one_start(binary, queue_bench, place, mib) for mib in BACKLOGS_MIB]


def agent_drains(binary, queue_bench, place, records):
    with place.folder() as folder:
        fill(queue_bench, folder, "fill", records)
        with Yard(binary, folder, 1) as yard:
            yard.broker.start()
            collector = Collector(yard.broker.port)
            yard.agent.start()
            seen = []

            def came():
                seen.append(sum(topic.endswith(b"/history") for topic, _ in collector.take()))
                return sum(seen)
            yard.until(came, "a first record of the backlog")
            begun, at_first = time.monotonic(), sum(seen)
            before, cpu = place.use(), measure.cpu_ms(yard.agent.pid)
            yard.until(lambda: came() >= records, "the whole backlog")
            seconds = time.monotonic() - begun
            yard.until(lambda: not yard.segments(), "an empty queue")
            after = place.use()
            drained = records - at_first
            return {"records_per_s": drained / seconds, "records": drained,
                    "cpu_us": (measure.cpu_ms(yard.agent.pid) - cpu) * 1000.0 / drained,
                    "device_bytes_a_record": (after[0] - before[0]) / drained,
                    "vm_hwm_kib": measure.memory_kib(yard.agent.pid)[0]}


def floor_publishes(queue_bench, floor, place, records):
    """The same records by a bare publisher, to a fresh broker with the same subscriber."""
    with place.folder() as folder, Broker(log="none") as broker:
        lines = os.path.join(folder, "lines")
        bus_store.write_lines(queue_bench, lines, records)
        Collector(broker.port)
        done = subprocess.run([floor, "tcp://127.0.0.1:%d" % broker.port, lines],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    result = json.loads(done.stdout)
    return {"records_per_s": result["records"] / result["seconds"],
            "cpu_us": result["cpu_ms"] * 1000.0 / result["records"],
            "vm_hwm_kib": result["vm_hwm_kib"]}


def drain(binary, queue_bench, floor, place, records):
    """In turns, so that whatever else the machine does hits both."""
    runs = [(agent_drains(binary, queue_bench, place, records),
             floor_publishes(queue_bench, floor, place, records)) for _ in range(3)]
    agents, floors = ([run[side] for run in runs] for side in (0, 1))
    return {"agent": middle(agents), "floor": middle(floors)}


def middle(runs):
    return sorted(runs, key=lambda run: run["records_per_s"])[len(runs) // 2]
