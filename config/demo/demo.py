# SPDX-License-Identifier: Apache-2.0
"""Starts a stand-in API, a mosquitto and the agent; prints what arrives on the bus."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "standin"))
from launch import Broker, StandIn, end  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(prog="config/demo/run")
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    parser.add_argument("--trackers", type=int, default=20, help="size of the fleet (20)")
    parser.add_argument("--binary", default=str(ROOT / "build/release/depotlink"),
                        help=argparse.SUPPRESS)
    return parser.parse_args()


def write_config(folder, api, broker):
    """The three keys of the README; for the stand-in, its CA and a brisk pace; a queue that is ours."""
    key_file = folder / "api.key"
    key_file.touch(mode=0o600)
    key_file.write_text(api.key + "\n", encoding="ascii")
    config = folder / "depotlink.json"
    config.write_text(json.dumps({
        "site": "north-depot",
        "api": {"url": api.api_url, "key_file": str(key_file), "ca_file": api.ca_file},
        "mqtt": {"url": broker.url},
        "poll": {"moving": "2s", "stopped": "5s", "parked": "5s"},
        "queue": {"dir": str(folder / "queue"), "runtime_dir": str(folder / "run")},
    }, indent=2), encoding="utf-8")
    return config


def print_bus(subscriber, counted):
    """Copies the bus to standard output, a line a message, until the subscriber ends."""
    for line in subscriber.stdout:
        counted.append(1)
        sys.stdout.write(line)
        sys.stdout.flush()


def main():
    arguments = parse_arguments()
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    with tempfile.TemporaryDirectory(prefix="depotlink-demo-") as name, \
            StandIn(fleet=arguments.trackers, report=2) as api, Broker() as broker:
        config = write_config(pathlib.Path(name), api, broker)
        print("demo: %d trackers behind %s, broker at %s; Ctrl-C ends it"
              % (arguments.trackers, api.api_url, broker.url), flush=True)
        # In a session of their own: Ctrl-C reaches this program, which ends them in order.
        subscriber = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-v", "-t", "depotlink/#"],
            stdout=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        counted = []
        printer = threading.Thread(target=print_bus, args=(subscriber, counted))
        printer.start()
        agent = subprocess.Popen([arguments.binary, "run", "--config", str(config)],
                                 start_new_session=True)
        threading.Thread(target=lambda: (agent.wait(), done.set()), daemon=True).start()
        done.wait(arguments.seconds)
        status = end(agent)
        end(subscriber)
        printer.join()
    print("demo: %d messages arrived on the bus; the agent ended with status %d"
          % (len(counted), status))
    return 0 if status == 0 and counted else 1


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.exit(main())
