# SPDX-License-Identifier: Apache-2.0
"""The broker is killed and started without its memory, again and again, under load; descriptors of the agent are
counted at each new connection. Void below three quarters of the records that the fleet should give."""
import collections
import os
import random
import time

from lane import PATIENCE_S, Lane

IN_FLIGHT = 32
SHARE = 0.75


def add_arguments(parser):
    parser.add_argument("--count", type=int, default=1000, help="restarts in all (1000)")
    parser.add_argument("--up", type=float, default=3.0, help="the longest time between connect and kill (3)")
    parser.add_argument("--away", type=float, default=1.0, help="the longest time away (1)")


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class Restarter:
    def __init__(self, lane, options, seed):
        self.lane, self.options, self.random = lane, options, random.Random(seed)
        self.count, self.waits = collections.Counter(), []
        self.descriptors = collections.Counter()

    def _pass(self, most):
        self.lane.until(time.monotonic() + self.random.random() * most)

    def _restart(self):
        agent = self.lane.agent
        self.lane.kill_broker()
        self._pass(self.options.away)
        mark = agent.mark()
        listens = self.lane.start_broker()
        agent.wait_log(lambda line: "broker connected" in line, mark, PATIENCE_S)
        self.waits.append(time.monotonic() - listens)
        self.count["restarts"] += 1
        self._pass(self.options.up)
        self.lane.take_messages()
        self.descriptors[descriptors(agent.pid)] += 1
        self.lane.end_life()

    def run(self, restarts):
        self.lane.start_broker()
        self.lane.start_agent()
        begun = time.monotonic()
        while self.count["restarts"] < restarts:
            self._restart()
        self.count["seconds"] = round(time.monotonic() - begun)
        self.lane.finish()


def run_lane(binary, fleet, share, seed, options):
    with Lane(binary, fleet) as lane:
        restarter = Restarter(lane, options, seed)
        restarter.run(share)
        figures = {**lane.books.figures(), **restarter.count, "faults": lane.books.faults}
        figures["due"] = round(SHARE * fleet * figures["seconds"])
        figures["waits"] = {"listen to reconnect": restarter.waits}
        figures["descriptors"] = dict(restarter.descriptors)
        return figures


def judge(sums, _results):
    """(violations, reasons why the run says nothing)."""
    wrong = ["%s: %d" % (name, sums[name]) for name in ("lost", "phantom", "out_of_order") if sums[name]]
    if sums["repeated"] > IN_FLIGHT * sums["restarts"]:
        wrong.append("repeated: %d" % sums["repeated"])
    void = [] if sums["received"] >= sums["due"] else [
        "%d records, less than %d" % (sums["received"], sums["due"])]
    return wrong, void
