#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails one allocation of the agent after the other, over a whole cycle: start, TLS, poll, publish, an
outage of the broker to the queue, its end, stop. README.md here says what counts."""
import argparse
import concurrent.futures
import glob
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "e2e")]

from agent import Agent  # noqa: E402
from standin.launch import Broker, StandIn  # noqa: E402

FLEET = 3
STEP_S = 8.0


class Lane:
    """A stand-in and a broker, for one agent at a time."""

    def __init__(self, binary, tally, wrong_tls):
        self.binary, self.tally, self.wrong_tls = binary, tally, wrong_tls
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
            agent.close()

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=0, help="0: as many as a cycle has")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--wrong-tls", action="store_true", help="a server that must not be believed")
    parser.add_argument("--many", action="store_true", help="a hundred in a row")
    options = parser.parse_args()
    tally = {}
    lanes = [Lane(options.binary, tally, options.wrong_tls) for _ in range(options.lanes)]
    kind, faults, agent = lanes[0].run("0")
    total = int(agent.wait_log(lambda line: line.startswith("allocations=")).partition("=")[2])
    print("a cycle has %d allocations: %s %s" % (total, kind, faults), flush=True)
    numbers = list(range(options.first, (options.last or total) + 1, options.stride))

    def work(lane):
        for number in numbers[lane::options.lanes]:
            kind, faults, agent = lanes[lane].run("%d%s" % (number, "+" if options.many else ""))
            key = kind + "".join(", " + fault for fault in faults)
            tally.setdefault(key, []).append(number)
            if key != "well":
                print(number, key, "|", " / ".join(agent.log().splitlines()[-3:])[:300], flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.lanes) as pool:
        list(pool.map(work, range(options.lanes)))
    for lane in lanes:
        lane.close()
    for key in sorted(tally):
        print("%6d  %s" % (len(tally[key]), key))
    bad = [key for key in tally if key.split(",")[0] in ("crash", "hung", "corrupt", "accepted")]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
