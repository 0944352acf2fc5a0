#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails one allocation of the agent after the other, over a whole cycle: start, TLS, poll, publish, an
outage of the broker to the queue, its end, stop. README.md here says what counts."""
import argparse
import collections
import concurrent.futures
import contextlib
import glob
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "e2e")]

import heap_sites  # noqa: E402
from agent import Agent  # noqa: E402
from standin.launch import Broker, StandIn  # noqa: E402

FLEET = 3
STEP_S = 8.0
BAD = ("crash", "hung", "corrupt", "accepted")


class Lane:
    """A stand-in and a broker, for one agent at a time."""

    def __init__(self, binary, wrong_tls):
        self.binary, self.wrong_tls = binary, wrong_tls
        self.folder = tempfile.mkdtemp(prefix="allocation-")
        self.standin = StandIn(fleet=FLEET, clock="stepped", report=1, rate=0).__enter__()
        self.broker = Broker(self.folder).start()
        self.ca_file = self.standin.ca_file
        if wrong_tls:
            self.ca_file = os.path.join(self.folder, "stranger.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-subj", "/CN=stranger", "-keyout", os.devnull, "-out", self.ca_file],
                           check=True, capture_output=True)

    def close(self):
        self.broker.__exit__(None, None, None)
        self.standin.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self, agent, condition):
        """Until it holds, or the agent has ended, or the time is over."""
        end = time.monotonic() + STEP_S
        while time.monotonic() < end and agent.process.poll() is None:
            if condition():
                return True
            try:
                agent.process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        return False

    def run(self, number):
        folder = tempfile.mkdtemp(dir=self.folder)
        agent = Agent(self.binary, folder, self.standin.api_url, self.ca_file, self.standin.key,
                      self.broker.url, {"queue": {"flush_interval": "0s"}})
        os.environ.pop("DEPOTLINK_FAIL_ALLOCATION", None)
        command = agent.command("run")
        agent.command = lambda name, *args: (
            ["env", "DEPOTLINK_FAIL_ALLOCATION=%s" % number] + command if name == "run"
            else command[:1] + [name] + command[2:] + list(args))
        try:
            agent.start()
            return self.cycle(agent)
        finally:
            if agent.process.poll() is None:
                agent.kill()
            shutil.rmtree(agent.runtime_dir, ignore_errors=True)

    def cycle(self, agent):
        def disk():
            return glob.glob(agent.queue_dir + "/*.seg")
        faults = []
        if self.wrong_tls:
            self.wait(agent, lambda: "WARN" in agent.log().upper() or "ERROR" in agent.log().upper())
        else:
            steps = [("first poll", lambda: "the API answers" in agent.log())]
            for name, done in steps:
                if not self.wait(agent, done):
                    faults.append("no " + name)
            if not faults:
                self.broker.stop()
                self.standin.advance(seconds=10)
                if not self.wait(agent, disk):
                    faults.append("nothing on the disk")
                self.broker.start()
                if not self.wait(agent, lambda: not disk()):
                    faults.append("not drained")
        if agent.process.poll() is None:
            agent.process.terminate()
        try:
            status = agent.process.wait(STEP_S)
        except subprocess.TimeoutExpired:
            agent.kill()
            return "hung", faults, agent
        if self.wrong_tls and "the API answers" in agent.log():
            return "accepted", faults, agent
        if glob.glob(agent.queue_dir + "/*bad*"):
            return "corrupt", faults, agent
        kind = "crash" if status < 0 else "ended" if status == 1 else "well" if status == 0 else "status %d" % status
        return kind, faults, agent


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tests/faults/allocation.py", description=__doc__)
    parser.add_argument("binary", help="failing_agent, with its map beside it")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=0, help="0: as many as a cycle has")
    parser.add_argument("--stride", type=int, default=1, help="each so many-th only (1: all)")
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--wrong-tls", action="store_true", help="a server that must not be believed")
    parser.add_argument("--many", action="store_true", help="a hundred in a row")
    parser.add_argument("--allow", default="", help="what does not fail the run, by commas: crash, hung, corrupt, accepted")
    parser.add_argument("--json", help="file for each number, what came of it, and where it was")
    return parser.parse_args()


class Tally:
    """What came of each number, and where its allocation was."""

    def __init__(self, sites):
        self._sites, self.found = sites, []

    def take(self, number, kind, faults, agent):
        site = self._sites.of(agent.log()) if self._sites else None
        self.found.append({"number": number, "kind": kind, "faults": faults, "site": site})
        if kind in BAD:
            print(number, kind, site, "|", " / ".join(agent.log().splitlines()[-3:])[:300], flush=True)

    def tell(self):
        for kind, group in grouped(self.found, lambda one: ", ".join([one["kind"], *one["faults"]])):
            print("%6d  %s" % (len(group), kind))
        for kind in BAD:
            sites = collections.Counter(one["site"] or "none" for one in self.found if one["kind"] == kind)
            for (_, count), name in zip(sites.most_common(), heap_sites.readable([site for site, _ in sites.most_common()])):
                print("%6d  %s at %s" % (count, kind, name))
        print("%d cycles, %d of them with an allocation that failed, at %d sites; %s" % (
            len(self.found), sum(one["site"] is not None for one in self.found),
            len({one["site"] for one in self.found} - {None}),
            ", ".join("%s: %d" % (kind, sum(one["kind"] == kind for one in self.found)) for kind in BAD)))


def grouped(items, key):
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return sorted(groups.items())


def survey(lanes, tally, options):
    with contextlib.redirect_stdout(io.StringIO()):  # the agents' logs
        kind, faults, agent = lanes[0].run("0")
    total = int(agent.wait_log(lambda line: line.startswith("allocations=")).partition("=")[2])
    print("a cycle has %d allocations: %s %s" % (total, kind, faults), flush=True)
    numbers = list(range(options.first, (options.last or total) + 1, options.stride))

    def work(place):
        for number in numbers[place::len(lanes)]:
            tally.take(number, *lanes[place].run("%d%s" % (number, "+" if options.many else "")))
    with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
        list(pool.map(work, range(len(lanes))))
    return kind == "well" and not faults


def main():
    options = parse_arguments()
    tally = Tally(heap_sites.Sites(options.binary + ".map") if os.path.exists(options.binary + ".map") else None)
    lanes = [Lane(options.binary, options.wrong_tls) for _ in range(options.lanes)]
    try:
        sound = survey(lanes, tally, options)
    finally:
        for lane in lanes:
            lane.close()
    tally.tell()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(tally.found, out, indent=1)
    bad = {one["kind"] for one in tally.found} & set(BAD) - set(options.allow.split(","))
    if not sound:
        print("the cycle in which nothing fails is not sound")
    return 1 if bad or not sound else 0


if __name__ == "__main__":
    sys.exit(main())
