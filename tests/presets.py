# SPDX-License-Identifier: Apache-2.0
"""Configures, builds and tests presets, beside each other; started by tests/run.

Compilers keep the cores busy, tests mostly wait. So three things go on at a time: the libraries of one
architecture after the other, one preset's build after the other, and the tests of what is built. Builds
are niced a little: tests go first. What a step says is kept in build/log/PRESET-STEP.log; a preset's tests are
printed in one piece when they are through, with ctest's closing summary.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "log"
# The order of the builds: what waits long in its tests first, so that others build meanwhile.
PRESETS = ("system-libs", "release", "asan", "release-armhf", "tsan", "release-arm64")
ARCHITECTURE = {"system-libs": None, "release-armhf": "armhf", "release-arm64": "arm64"}
TESTED_AT_ONCE = 2
TAIL_LINES = 60
REPORT_S = 20
NEWS = re.compile(r"Test +#\d+: (\S+) \.*( *\*{3}.*|   Passed.*)")


class Run:
    def __init__(self):
        self.began = time.monotonic()
        self.printing = threading.Lock()
        self.stopping = False
        self.running = {}  # process: what it does
        self.at = {}       # what it does: how far it is, as ninja says it
        self.ready = {}    # architecture: set when its libraries are ready, or could not be made so
        self.failed = []
        self.cpu = []      # (what it does, seconds of CPU)
        # For the libraries and the presets alike; else ninja would start two more than there are cores.
        self.environment = dict(os.environ, CMAKE_BUILD_PARALLEL_LEVEL=str(os.cpu_count()))

    def say(self, text):
        with self.printing:
            print("[%3d s] %s" % (time.monotonic() - self.began, text), flush=True)

    def report(self, done):
        while not done.wait(REPORT_S):
            doing = ["%s %s" % (name, self.at.get(name, "")) for name in list(self.running.values())]
            self.say("... " + ", ".join(part.strip() for part in doing))

    def step(self, name, command, on_line=None, nice=3):
        """Runs a command; its output goes to a log, line by line to `on_line`. Whether it went well."""
        with open(LOGS / (name.replace(" ", "-") + ".log"), "w", encoding="utf-8") as log:
            if self.stopping:
                return False
            process = subprocess.Popen(["nice", "-n", str(nice)] + command, cwd=ROOT, text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, errors="replace",
                                       start_new_session=True, env=self.environment)
            self.running[process] = name
            for line in process.stdout:
                self.at[name] = line.split(" ", 1)[0] if line.startswith("[") else ""
                log.write(line)
                log.flush()
                if on_line:
                    on_line(line.rstrip("\n"))
            _, status, used = os.wait4(process.pid, 0)  # with all that it waited for in turn
            process.returncode = os.waitstatus_to_exitcode(status)
            self.running.pop(process)
            self.cpu.append((name, used.ru_utime + used.ru_stime))
        return process.returncode == 0

    def cpu_of(self, beginning):
        return sum(seconds for name, seconds in self.cpu if name.startswith(beginning))

    def log_of(self, name):
        return (LOGS / (name.replace(" ", "-") + ".log")).read_text(encoding="utf-8", errors="replace")

    def libraries(self, architecture):
        name = "libraries " + architecture
        try:  # a preset that finds none tries again by itself, and says why it cannot
            self.step(name, [str(ROOT / "toolchains" / "deps"), architecture],
                      lambda line: "ready:" in line and self.say(line))
        finally:
            self.ready[architecture].set()

    def build(self, preset):
        """Configures and builds. Whether there is something to test."""
        architecture = ARCHITECTURE.get(preset, "amd64")
        if architecture:
            self.ready[architecture].wait()
        for what, command in (("configure", ["cmake", "--preset", preset]),
                              ("build", ["cmake", "--build", "--preset", preset])):
            name, began = "%s %s" % (preset, what), time.monotonic()
            if not self.step(name, command):
                lines = self.log_of(name).splitlines()[-TAIL_LINES:]
                self.say("%s failed; the end of %s:\n%s" % (name, LOGS, "\n".join(lines)))
                return False
        self.say("%s: built in %d s (%d s of CPU)"
                 % (preset, time.monotonic() - began, self.cpu_of(preset + " ")))
        return True

    def test(self, preset):
        def news(line):
            found = NEWS.search(line)
            if found:
                self.say("%s: %s %s" % (preset, found[1], " ".join(found[2].split())))
        ok = self.step(preset + " test", ["ctest", "--preset", preset], news, nice=0)
        with self.printing:
            print("=== %s\n%s" % (preset, self.log_of(preset + " test").rstrip()), flush=True)
        return ok

    def one(self, preset, built, began):
        ok = built and self.test(preset)
        if not ok:
            self.failed.append(preset)
        with self.printing:
            print("=== %s: %d s (%d s of CPU)%s"
                  % (preset, time.monotonic() - began, self.cpu_of(preset + " "), "" if ok else ", FAILED"),
                  flush=True)

    def stop(self, number, _):
        self.stopping = True
        for process in list(self.running):
            os.killpg(process.pid, signal.SIGTERM)  # a group of its own, with all that it started
        sys.stderr.write("stopped by %s\n" % signal.Signals(number).name)
        os._exit(128 + number)


def main():
    with open(ROOT / "CMakePresets.json", encoding="utf-8") as stream:
        known = [preset["name"] for preset in json.load(stream)["workflowPresets"]]
    presets = sys.argv[1:] or list(PRESETS)
    unknown = [preset for preset in presets if preset not in known]
    if unknown:
        sys.exit("tests/run: no preset %s; there are: %s" % (", ".join(unknown), " ".join(known)))
    LOGS.mkdir(parents=True, exist_ok=True)
    run = Run()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, run.stop)
    for preset in presets:
        architecture = ARCHITECTURE.get(preset, "amd64")
        if architecture:
            run.ready.setdefault(architecture, threading.Event())
    done = threading.Event()
    threading.Thread(target=run.report, args=(done,), daemon=True).start()
    with concurrent.futures.ThreadPoolExecutor(1) as makers, \
            concurrent.futures.ThreadPoolExecutor(TESTED_AT_ONCE) as testers:
        for architecture in run.ready:
            makers.submit(run.libraries, architecture)
        tests = []
        for preset in presets:
            began = time.monotonic()
            tests.append(testers.submit(run.one, preset, run.build(preset), began))
        for test in tests:
            test.result()
    done.set()
    print("CPU seconds: %s; all: %d" % (", ".join("%s %d" % step for step in run.cpu), run.cpu_of("")))
    if run.failed:
        print("FAILED: " + " ".join(run.failed))
        sys.exit(1)
    print("All presets passed in %d s: %s" % (time.monotonic() - run.began, " ".join(presets)))


if __name__ == "__main__":
    main()
