#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the agent grow? Polls a fleet whose every tracker changes at each poll, for some minutes.

A poll of everything each second; the list of trackers once a minute. Memory, descriptors and threads
are sampled; what is printed are the first and the last minute, and what lies between.
"""
import argparse
import json
import os
import sys
import time

os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
sys.dont_write_bytecode = True
import measure  # noqa: E402
import scenario  # noqa: E402

SAMPLE_S = 5.0
MINUTE_S = 60.0


def sample(rig, begun_at):
    peak, resident = measure.memory_kib(rig.agent.pid)
    states = rig.subscriber.ask("count")["states"]
    rig.subscriber.ask("forget")
    return {"at_s": round(time.monotonic() - begun_at, 1), "vm_hwm_kib": peak,
            "vm_rss_kib": resident, "descriptors": measure.descriptors(rig.agent.pid),
            "threads": measure.threads(rig.agent.pid), "cpu_ms": measure.cpu_ms(rig.agent.pid),
            "states": states}


def run(rig, minutes):
    begun_at = time.monotonic()
    rig.standin.options(step_s=1)
    samples = []
    while time.monotonic() - begun_at < minutes * MINUTE_S:
        samples.append(sample(rig, begun_at))
        rig.let_pass(SAMPLE_S - (time.monotonic() - begun_at) % SAMPLE_S)
        rig.agent.assert_alive()
    samples.append(sample(rig, begun_at))
    return samples


def spread(samples, name):
    values = [entry[name] for entry in samples]
    low, high = min(values), max(values)
    return "%d" % low if low == high else "%d to %d" % (low, high)


def table(samples, minutes):
    first = [entry for entry in samples if entry["at_s"] <= MINUTE_S]
    last = [entry for entry in samples if entry["at_s"] >= (minutes - 1) * MINUTE_S]
    out = ["| | first minute | last minute | grown |", "|---|---:|---:|---:|"]
    for name, title in (("vm_hwm_kib", "VmHWM, KiB"), ("vm_rss_kib", "VmRSS, KiB"),
                        ("descriptors", "descriptors"), ("threads", "threads")):
        grown = last[-1][name] - max(entry[name] for entry in first)
        out.append("| %s | %s | %s | %+d |" % (title, spread(first, name), spread(last, name), grown))
    for name, title in (("states", "records"), ("cpu_ms", "CPU, ms")):
        out.append("| %s | %d | %d | |" % (title, first[-1][name] - first[0][name],
                                           last[-1][name] - last[0][name]))
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/growth.py",
                                     description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(
        scenario.HERE, "..", "..", "build", "release", "depotlink"))
    parser.add_argument("--fleet", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", help="file for all samples")
    arguments = parser.parse_args()
    config = {"poll": {**scenario.CONFIG["poll"], "fleet": "1m"}}
    with scenario.Rig(os.path.abspath(arguments.binary), arguments.fleet, config) as rig:
        rig.wait_whole_fleet()
        samples = run(rig, arguments.minutes)
    print(table(samples, arguments.minutes))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as out:
            json.dump(samples, out, indent=1)


if __name__ == "__main__":
    main()
