# SPDX-License-Identifier: Apache-2.0
"""The broker and the API come and go, each at its own random times, under one agent that is never restarted: does it
grow? Its memory, descriptors and threads each five seconds. Void below a third of the records that the fleet should give."""
import collections
import json
import os
import random
import sys
import time

import slope
from lane import Lane

IN_FLIGHT = 32
SHARE = 0.33
MINUTE_S = 60.0
SAMPLE_S = 5.0
SETTLE_MINUTES = 10
JUDGED_MINUTES = 30      # below, a slope an hour says nothing
SLOPE_MOST = 16.0        # KiB an hour: four pages
BROKER = ((20.0, 90.0), (2.0, 20.0), 45.0)  # up, away, and each sixth time away for so long
API = ((20.0, 90.0), (2.0, 15.0), 40.0)     # each sixth long enough for positions to be read back
LONG_EACH = 6
# As well as a port on which nobody listens: (kind, parameters) of the stand-in's faults.
API_FAULTS = (("error", {"code": 14, "retry_after": "3"}), ("close", {}), ("html", {}), ("stall", {"seconds": 60}), ("drop", {}))


def add_arguments(parser):
    parser.add_argument("--minutes", type=float, default=60, help="how long it flaps (60)")
    parser.add_argument("--only", choices=("broker", "api"), help="just this one flaps: to find out which of the two costs")
    parser.add_argument("--faster", type=float, default=1, help="all times of coming and going by so much shorter (1)")
    parser.set_defaults(count=0)


class Flap:
    """One of the two: when it goes, when it comes back."""

    def __init__(self, chance, times, go, come, faster):
        self._random, (self._up, self._away, self._long) = chance, times
        self._go, self._come, self._faster = go, come, faster
        self.away, self.count, self.at = False, 0, time.monotonic() + chance.uniform(*self._up) / faster

    def turn(self):
        if self.away:
            self._come()
            pause = self._random.uniform(*self._up)
        else:
            self.count += 1
            self._go()
            pause = self._long if self.count % LONG_EACH == 0 else self._random.uniform(*self._away)
        self.away, self.at = not self.away, time.monotonic() + pause / self._faster


class Flapper:
    def __init__(self, lane, options, seed):
        self.lane, self.options, self.random = lane, options, random.Random(seed)
        self.samples, self.faults, self._begun, self._api_gone_at = [], collections.Counter(), None, None

    def _api_goes(self):
        self._api_gone_at = time.monotonic()
        kind, params = self.random.choice(API_FAULTS + (("shut", None),) * 2)
        self.faults[kind] += 1
        if kind == "shut":
            self.lane.standin.listen(open=False)
        else:
            self.lane.standin.fault(kind=kind, **params)

    def _api_comes(self):
        """The fleet went on meanwhile: after a long while there are positions to be read back."""
        self.lane.standin.advance(seconds=int(time.monotonic() - self._api_gone_at))
        self.lane.standin.clear()
        self.lane.standin.listen(open=True)

    def _sample(self):
        agent = self.lane.agent
        agent.assert_alive()
        self.samples.append({**slope.of(agent.pid), "at_s": round(time.monotonic() - self._begun, 1),
                             "heap": self.lane.health.get("memory_heap_kib", 0)})
        self.lane.take_messages()
        self.lane.take_served()

    def run(self):
        self.lane.start_broker()
        self.lane.start_agent()
        self._begun = time.monotonic()
        broker = Flap(self.random, BROKER, self.lane.kill_broker, self.lane.start_broker, self.options.faster)
        api = Flap(self.random, API, self._api_goes, self._api_comes, self.options.faster)
        for flap in {"broker": (api,), "api": (broker,)}.get(self.options.only, ()):
            flap.at = float("inf")
        next_sample, told = self._begun + SAMPLE_S, 0
        while time.monotonic() < self._begun + self.options.minutes * MINUTE_S:
            flap = min(broker, api, key=lambda one: one.at)
            self.lane.until(min(flap.at, next_sample))
            if time.monotonic() >= flap.at:
                flap.turn()
                continue
            self._sample()
            next_sample += SAMPLE_S
            if len(self.samples) * SAMPLE_S // MINUTE_S > told:
                told += 1
                print(slope.minute_line(self.samples[-int(MINUTE_S / SAMPLE_S):], told), file=sys.stderr, flush=True)
        for flap in (broker, api):
            if flap.away:
                flap.turn()
        self.lane.finish()
        self.faults.update(broker_outages=broker.count, api_outages=api.count)


def run_lane(binary, fleet, _share, seed, options):
    with Lane(binary, fleet, config={"memory": {"max_trackers": fleet}}) as lane:
        flapper = Flapper(lane, options, seed)
        flapper.run()
        outages = flapper.faults["broker_outages"]
        kinds = {name: count for name, count in flapper.faults.items() if "outages" not in name}
        return {**lane.books.figures(), "broker_outages": outages, "api_outages": flapper.faults["api_outages"],
                "due": round(SHARE * fleet * options.minutes * MINUTE_S), "faults": lane.books.faults,
                "api_faults": kinds, "samples": flapper.samples,
                "growth": slope.judge(flapper.samples, settle_minutes(options.minutes)),
                "lasted_minutes": options.minutes}


def settle_minutes(minutes):
    return min(SETTLE_MINUTES, minutes / 3)


def tell(results):
    for result in results:
        print("\n".join(slope.table(result["samples"])))
        print("API outages by kind: " + json.dumps(result["api_faults"]))
        print("after the first %.0f minutes: " % settle_minutes(result["lasted_minutes"]) + slope.words(result["growth"]))


def judge(sums, results):
    """(violations, reasons why the run says nothing)."""
    wrong = ["%s: %d" % (name, sums[name]) for name in ("lost", "phantom", "out_of_order") if sums[name]]
    if sums["repeated"] > IN_FLIGHT * (sums["broker_outages"] + len(results)):
        wrong.append("repeated: %d" % sums["repeated"])
    for result in results:
        found = result["growth"]
        if found["threads"][0] != found["threads"][1]:
            wrong.append("threads: %d to %d" % tuple(found["threads"]))
        if found["descriptors_most"][1] > found["descriptors_most"][0]:
            wrong.append("descriptors: at most %d in the first half, %d in the second" % tuple(found["descriptors_most"]))
        if result["lasted_minutes"] >= JUDGED_MINUTES and found["rss_kib_per_hour"] > SLOPE_MOST:
            wrong.append("resident set: %+.0f KiB an hour" % found["rss_kib_per_hour"])
    void = [] if sums["received"] >= sums["due"] else ["%d records, less than %d" % (sums["received"], sums["due"])]
    return wrong, void
