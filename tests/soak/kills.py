# SPDX-License-Identifier: Apache-2.0
"""SIGKILLs of the agent at random instants, while the broker is killed and started at random instants of
its own. Every other lane flushes to the disk so seldom that only the journal keeps what waits. Void where
fewer than 20 records came for a kill, or fewer than a fifth of the kills hit an agent with the broker up,
or with it away."""
import collections
import random
import time

from lane import Lane

IN_FLIGHT = 32
RECORDS_A_KILL = 20
SHARE = 0.2
FLUSH_INTERVALS = ("1s", "10m")


def add_arguments(parser):
    parser.add_argument("--count", type=int, default=1000, help="kills in all (1000)")
    parser.add_argument("--life", type=float, default=2.5, help="an agent's longest life, in seconds (2.5)")
    parser.add_argument("--up", type=float, default=4.0, help="the broker's longest time up (4)")
    parser.add_argument("--away", type=float, default=2.5, help="... and away (2.5)")
    parser.add_argument("--broken", action="store_true",
                        help="takes the journal away at each kill, to see that the books find what is lost")


class Killer:
    def __init__(self, lane, options, seed):
        self.lane, self.options, self.random = lane, options, random.Random(seed)
        self.count = collections.Counter()
        self._kill_at = self._turn_at = 0.0

    def _soon(self, most):
        return time.monotonic() + 0.05 + self.random.random() * (most - 0.05)

    def _turn_broker(self):
        if self.lane.broker_up:
            self.lane.kill_broker()
            self.count["broker_kills"] += 1
            self._turn_at = self._soon(self.options.away)
        else:
            self.lane.start_broker()
            self._turn_at = self._soon(self.options.up)

    def _kill_agent(self):
        self.lane.kill_agent()
        self.count["kills"] += 1
        self.count["kills_up" if self.lane.broker_up else "kills_away"] += 1
        self.count["kills_with_segments"] += bool(self.lane.segments())
        self.lane.take_messages()
        if self.options.broken:
            self.lane.lose_journal()
        self.lane.start_agent()
        self._kill_at = self._soon(self.options.life)

    def run(self, kills):
        self.lane.start_broker()
        self.lane.start_agent()
        self._kill_at, self._turn_at = self._soon(self.options.life), self._soon(self.options.up)
        while self.count["kills"] < kills:
            self.lane.until(min(self._kill_at, self._turn_at))
            if self._turn_at <= self._kill_at:
                self._turn_broker()
            else:
                self._kill_agent()
        if not self.lane.broker_up:
            self.lane.start_broker()
        self.lane.finish()


def run_lane(binary, fleet, share, seed, options):
    with Lane(binary, fleet, FLUSH_INTERVALS[seed % 2]) as lane:
        killer = Killer(lane, options, seed)
        killer.run(share)
        return {**lane.books.figures(), **killer.count, "faults": lane.books.faults}


def judge(sums, _results):
    """(violations, reasons why the run says nothing)."""
    wrong = ["%s: %d" % (name, sums[name]) for name in ("lost", "phantom", "out_of_order") if sums[name]]
    most = IN_FLIGHT * (sums["kills"] + sums["broker_kills"])
    if sums["repeated"] > most:
        wrong.append("repeated: %d, more than %d" % (sums["repeated"], most))
    void = []
    if sums["received"] < RECORDS_A_KILL * sums["kills"]:
        void.append("%d records for %d kills" % (sums["received"], sums["kills"]))
    for name in ("kills_up", "kills_away"):
        if sums[name] < SHARE * sums["kills"]:
            void.append("%s: %d of %d" % (name, sums[name], sums["kills"]))
    return wrong, void
