# SPDX-License-Identifier: Apache-2.0
"""What each tool goes through: states that change, states that do not, a broker that is away."""
import signal
import time

import measure
import peer_tools  # puts the stand-in on the path
from bare_subscriber import BareSubscriber
from launch import Broker, steady_port
from scenario import Rig, difference
from standin import motion

READY_S = 60
REPORT_S = 5     # of each tracker in an outage: the slowest of the tools asks in less
RECONNECT_S = 90
SHORTLY_S = 0.5
BEFORE_S = 10.0  # before an outage, and after the first state that came after it


class PeerRig(Rig):
    """The rig of the bench with another program in the agent's place."""

    listens_to = ""

    def __init__(self, tool, fleet):
        super().__init__(None, fleet)
        self._tool = tool
        self.broker = Broker(port=steady_port(), log="none")

    def make_agent(self, folder):
        return self._tool(self, folder)

    def wait_ready(self):
        due = self.fleet * (self._tool.messages_a_state + self._tool.messages_a_tracker)
        self.wait_until(lambda: self.subscriber.ask("count")["states"] >= due, "a state of each tracker", READY_S)
        self.settle()

    def sample(self):
        stats = self.standin.stats()
        return {"at": time.monotonic(), "cpu_ms": self.agent.cpu_ms(), "served": stats["served"], "threads": {},
                "wire_in": stats["wire_in"], "wire_out": stats["wire_out"],
                "polls": stats["requests"]["tracker/get_states"], "states": self.subscriber.ask("count")["states"]}

    def settle(self):
        """A tool that says all anew with each poll never falls silent."""
        if self._tool.repeats:
            self.let_pass(SHORTLY_S)
            return self.sample()
        return super().settle()

    def arrived(self, since=0):
        """(time, tracker, token) of each state on the bus."""
        path, found = self.path("arrived"), []
        self.subscriber.ask("dump", path, since)
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                at, topic, payload = line.rstrip("\n").split("\t", 2)
                state = self.agent.state_of(topic, payload)
                if state is not None:
                    found.append((float(at), *state))
        return found

    def handed(self, since, later_than):
        """When each state was served whole for the first time, by tracker and token; only those of after a time."""
        found = {}
        for entry in self.standin.served(since=since):
            if entry["whole"] and entry["unix"] > later_than:
                key = (entry["id"], self.agent.token(entry["id"], entry["unix"]))
                found.setdefault(key, entry["at"])
        return found


def cost(tool, fleet, seconds):
    """Each poll brings news of each tracker for so long; then none does."""
    with PeerRig(tool, fleet) as rig:
        rig.wait_ready()
        rig.agent.watch()
        begun = rig.standin.clock()["now"]
        before = rig.sample()
        rig.standin.options(step_s=1)
        rig.let_pass(seconds)
        rig.wait_until(lambda: rig.served() - before["served"] >= 2 * fleet, "two rounds")
        rig.standin.options(step_s=0)
        changing = difference(before, rig.settle())
        handed, waits = rig.handed(before["served"], begun), {}
        for at, *key in rig.arrived(before["states"]):
            if tuple(key) in handed:
                waits.setdefault(tuple(key), at - handed[tuple(key)])
        rig.subscriber.ask("forget")
        idle = rig.sample()
        rig.let_pass(seconds / 2)
        frozen = difference(idle, rig.sample())
        said = len(rig.arrived(idle["states"])) * tool.messages_a_state
        return {"fleet": fleet, "states": len(waits), "missed": len(handed) - len(waits),
                "cpu_ms_per_1000": 1000.0 * changing["cpu_ms"] / max(1, len(waits)),
                "cpu_ms_per_1000_unchanged": 1000.0 * frozen["cpu_ms"] / max(1, frozen["served"]),
                "latency_median_ms": 1000.0 * (measure.quantile(waits.values(), 0.5) or float("nan")),
                "latency_p99_ms": 1000.0 * (measure.quantile(waits.values(), 0.99) or float("nan")),
                "api_bytes_a_state": (changing["wire_in"] + changing["wire_out"]) / max(1, changing["served"]),
                "messages_per_1000_unchanged": 1000.0 * said / max(1, frozen["served"]), **rig.agent.memory()}


def outage(tool, fleet, seconds, killed):
    """The broker is away for so long while each tracker has news every few seconds, asked for or not; `killed`: in the midst
    of it the tool is killed, and started at once, as a service manager would."""
    with LivePeerRig(tool, fleet) as rig:
        rig.wait_first()
        begun = rig.standin.clock()["now"]
        rig.let_pass(BEFORE_S)
        rig.broker.kill()
        seen = {tuple(key) for _, *key in rig.arrived()}
        rig.subscriber.close()
        under_way = set()
        if killed:
            rig.let_pass(seconds / 2)
            rig.agent.kill()
            under_way = newest(rig)
            rig.agent.start()
            rig.let_pass(seconds / 2)
        else:
            rig.let_pass(seconds)
        came_back = connect_again(rig)
        rig.standin.freeze()
        ended = rig.standin.clock()["now"]
        rig.settle()
        seen |= {tuple(key) for _, *key in rig.arrived()}
        due = rig.reports(begun, ended - 1) - (under_way - seen)
        return {"fleet": fleet, "seconds": seconds, "states": len(due), "lost": len(due - seen),
                "first_after_s": came_back, **rig.agent.memory()}


class LivePeerRig(PeerRig):
    """Its clock is the real one: trackers report whether anybody asks or not."""

    api = {"kind": "moving", "clock": "real", "report": REPORT_S}

    def wait_first(self):
        due = self.fleet * (self._tool.messages_a_state + self._tool.messages_a_tracker)
        self.wait_until(lambda: self.subscriber.ask("count")["states"] >= due, "a state of each tracker", READY_S)

    def reports(self, after, until):
        """All that the fleet reported in that time: (tracker, token)."""
        found = set()
        for tracker in self.standin.trackers():
            traits = motion.Traits(peer_tools.SEED, tracker["id"])
            first = motion.quantum("moving", traits, REPORT_S, after) + REPORT_S
            found |= {(tracker["id"], self.agent.token(tracker["id"], at)) for at in range(first, until + 1, REPORT_S)}
        return found


def newest(rig):
    """What each tracker was served last: it may have been between the API and the tool when that was killed."""
    last = {entry["id"]: entry["unix"] for entry in rig.standin.served(since=0)}
    return {(tracker, rig.agent.token(tracker, at)) for tracker, at in last.items()}


def connect_again(rig):
    """The broker is started while the tool is held, until somebody listens; seconds to the first state after it."""
    rig.agent.signal(signal.SIGSTOP)
    try:
        rig.broker.start()
        rig.subscriber = BareSubscriber(rig.broker.port, rig.listens_to)
    finally:
        rig.agent.signal(signal.SIGCONT)
    begun = time.monotonic()
    try:
        rig.wait_until(rig.arrived, "a state after the outage", RECONNECT_S)
    except RuntimeError:
        return None
    came = time.monotonic() - begun
    rig.let_pass(BEFORE_S)
    return came
