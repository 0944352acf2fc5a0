# SPDX-License-Identifier: Apache-2.0
"""A broker that says nothing and hangs up on nobody, for longer than the keep-alive of 30 seconds: stopped
(SIGSTOP), or behind a connection that swallows or stalls; with records on their way, and with none. How
long the agent takes to notice. Void where it was not noticed each time, or too few records came."""
import collections
import signal
import time

from lane import Lane
from proxy import Proxy

IN_FLIGHT = 32
SILENT_S = 45
HOWS = ("stop", "swallow", "stall")
RECORDS_A_TURN = 1000


def add_arguments(parser):
    parser.add_argument("--count", type=int, default=18, help="silences in all (18)")


class Silencer:
    def __init__(self, lane, proxy):
        self.lane, self.proxy = lane, proxy
        self.count, self.waits = collections.Counter(), {}

    def _begin(self, how):
        if how == "stop":
            self.lane.broker.process.send_signal(signal.SIGSTOP)
        else:
            self.proxy.fall_silent(how)
        return time.monotonic()

    def _end(self, how):
        if how == "stop":
            self.lane.broker.process.send_signal(signal.SIGCONT)
        else:
            self.proxy.heal()

    def _records(self):
        self.lane.take_messages()
        return self.lane.books.received

    def _turn(self, how, idle):
        agent = self.lane.agent
        due = self._records() + RECORDS_A_TURN
        self.lane.wait_until(lambda: self._records() >= due, "%d records" % RECORDS_A_TURN)
        if idle:
            self.lane.standin.options(step_s=0)
            self._settle()
        mark = agent.mark()
        begun = self._begin(how)
        agent.wait_log(lambda line: "broker connection lost" in line, mark, 4 * SILENT_S)
        self.waits.setdefault(how + (", idle" if idle else ""), []).append(time.monotonic() - begun)
        self.count["noticed"] += 1
        self.lane.standin.options(step_s=1)
        self.lane.until(begun + SILENT_S)
        self._end(how)
        agent.wait_log(lambda line: "broker connected" in line, mark, 4 * SILENT_S)

    def _settle(self):
        """Until nothing has come for two polls."""
        last = -1
        while self._records() != last:
            last = self._records()
            polls = self.lane.standin.stats()["requests"]["tracker/get_states"]
            self.lane.standin.wait(what="tracker/get_states", count=polls + 3, timeout=30)

    def run(self, turns, first):
        self.lane.start_agent()
        for turn in range(turns):
            at = first + turn
            self._turn(HOWS[at % len(HOWS)], idle=at // len(HOWS) % 2 == 1)
            self.count["silences"] += 1
        self.lane.finish()


def run_lane(binary, fleet, share, seed, options):
    with Lane(binary, fleet) as lane:
        lane.start_broker()
        proxy = Proxy(lane.broker.port)
        lane.point_agent_at(proxy.url)
        silencer = Silencer(lane, proxy)
        silencer.run(share, seed % 1000)
        return {**lane.books.figures(), **silencer.count, "faults": lane.books.faults,
                "waits": silencer.waits}


def judge(sums, _results):
    """(violations, reasons why the run says nothing)."""
    wrong = ["%s: %d" % (name, sums[name]) for name in ("lost", "phantom", "out_of_order") if sums[name]]
    if sums["repeated"] > IN_FLIGHT * sums["silences"]:
        wrong.append("repeated: %d" % sums["repeated"])
    void = [] if sums["received"] >= RECORDS_A_TURN * sums["silences"] else ["too few records"]
    return wrong, void
