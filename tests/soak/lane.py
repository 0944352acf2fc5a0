# SPDX-License-Identifier: Apache-2.0
"""A lane: a stand-in, a broker, a subscriber and an agent of its own, and its books. Lanes run beside each other."""
import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "standin"), os.path.join(TESTS, "e2e")]
from launch import Broker, StandIn, steady_port  # noqa: E402
from agent import Agent, merged  # noqa: E402
from books import Books  # noqa: E402
from collector import Collector  # noqa: E402

PATIENCE_S = 240
LOOK_S = 0.1
POLL_S = 330  # longer than the longest wait for an API that was away
QUIET_POLLS = 15
SERVED_LOG = 400000
CONFIG = {"api": {"requests_per_second": 50}, "poll": {"fleet": "10m"},
          "queue": {"min_free": "0KiB", "max_size": "4GiB"}}


class Stuck(Exception):
    """Something that must come did not."""


class Lane:
    """Enter it; then `start_agent`, `start_broker`, and what the soak is about."""

    def __init__(self, binary, fleet, flush_interval="1s", config=None):
        self._binary = binary
        self._config = merged(merged(CONFIG, {"queue": {"flush_interval": flush_interval}}), config or {})
        self.standin = StandIn(fleet=fleet, kind="moving", clock="stepped", report=1, rate=0,
                               served_log=SERVED_LOG, step=1)
        self.books, self.collector, self._read = Books(), None, 0
        self.health = {}  # the newest that the agent said of itself
        self._pause = threading.Event()
        self.folder = tempfile.TemporaryDirectory(prefix="soak-")
        self.broker = Broker(self.folder.name, port=steady_port(), log="none")
        self.agent = None

    def __enter__(self):
        self.standin.__enter__()
        self.agent = Agent(self._binary, self.folder.name, self.standin.api_url, self.standin.ca_file,
                           self.standin.key, self.broker.url, self._config)
        return self

    def point_agent_at(self, url):
        with open(self.agent.config, encoding="utf-8") as file:
            config = json.load(file)
        config["mqtt"]["url"] = url
        with open(self.agent.config, "w", encoding="utf-8") as out:
            json.dump(config, out)

    def __exit__(self, *_):
        with contextlib.redirect_stdout(io.StringIO()):
            for close in (self.agent.close, self.broker.stop, lambda: self.standin.__exit__(),
                          self.folder.cleanup):
                with contextlib.suppress(AssertionError, OSError, RuntimeError):
                    close()

    # --- time ---

    def until(self, moment):
        self._pause.wait(max(0.0, moment - time.monotonic()))

    def wait_until(self, done, what, timeout=PATIENCE_S):
        deadline = time.monotonic() + timeout
        while not done():
            if time.monotonic() > deadline:
                raise Stuck("never came: %s\n%s" % (what, self.agent.log()[-2000:]))
            self._pause.wait(LOOK_S)

    # --- the broker ---

    def start_broker(self):
        """`history` is not retained, so the agent is held until we listen. When it was let go."""
        running = self.agent.process is not None and self.agent.process.poll() is None
        if running:
            self.agent.process.send_signal(signal.SIGSTOP)
        try:
            self.broker.start()
            self.collector = Collector(self.broker.port)
        finally:
            if running:
                self.agent.process.send_signal(signal.SIGCONT)
        return time.monotonic()

    def kill_broker(self):
        self.broker.kill()
        self.collector.to_its_end()
        self.take_messages()
        self.collector = None

    @property
    def broker_up(self):
        return self.collector is not None

    # --- the agent ---

    def start_agent(self):
        self.agent.lines.clear()
        self.agent.start()

    def kill_agent(self):
        self.agent.kill()
        opened = self.standin.stats()["counts"].get("connections", 0)
        if not self.standin.wait(what="count:closed", count=opened, timeout=30)["done"]:
            raise Stuck("the stand-in did not notice the end of the agent")
        self.end_life()

    def _served(self):
        entries = self.standin.served(since=self._read)
        if entries:
            self._read = entries[-1]["n"]
        return [(entry["id"], entry["unix"], entry["whole"]) for entry in entries]

    def take_served(self):
        """What was served since the last call, to a process that goes on."""
        self.books.take_served(self._served())

    def end_life(self):
        """All that was served since the last call went to one process."""
        self.books.take_life(self._served())

    def lose_journal(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.agent.runtime_dir, "journal"))

    # --- the books ---

    def take_messages(self):
        if self.collector is not None:
            for topic, payload in self.collector.take():
                self.books.take_message(topic, payload)
                if topic.endswith(b"/health"):
                    self.health = json.loads(payload)

    def segments(self):
        return [name for name in os.listdir(self.agent.queue_dir) if name.endswith(".seg")]

    def finish(self):
        """Broker up, agent alive, clock still: until all has come, or nothing more will."""
        self.standin.options(step_s=0)
        self._poll(4)  # the last states are asked for again
        self.end_life()
        quiet = 0
        while (self.books.missing() or self.segments()) and quiet < QUIET_POLLS:
            received = self.books.received
            self._poll(1)
            self.take_messages()
            quiet = quiet + 1 if self.books.received == received else 0

    def _poll(self, count):
        due = self.standin.stats()["requests"].get("tracker/get_states", 0) + count
        deadline = time.monotonic() + POLL_S
        while not self.standin.wait(what="tracker/get_states", count=due, timeout=60)["done"]:
            if time.monotonic() > deadline:
                raise Stuck("polling stopped\n" + self.agent.log()[-2000:])
