# SPDX-License-Identifier: Apache-2.0
"""The command line: check, once, --version, --help, wrong usage, and SIGTERM at any moment."""
import json
import re
import subprocess

import pytest

from agent import EMULATOR
import contract
from contract import PREFIX, info_topic, state_topic
from fake_broker import FakeBroker

FAULT = re.compile(r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): "
                   r"(?P<key>[\w.\[\]]+): (?P<text>.+)$", re.MULTILINE)
FAULTY = """{
  // a comment, as allowed
  "site": "north-depot",
  "api": {
    "url": "ftp://127.0.0.1/v2",
    "key_fil": "/nowhere/api.key",
  },
  "mqtt": { "url": "mqtt://127.0.0.1:1883", "versoin": "5", "client_id": 7 },
  "poll": { "moving": "1 parsec", "parked": 60 },
  "memory": { "budget": "lots" },
  "sope": {},
}
"""
# Where each fault stands: key path, line, and the nearest right key where there is one.
FAULTS = (("api.url", 5, None), ("api.key_fil", 6, "key_file"), ("mqtt.versoin", 8, "version"),
          ("mqtt.client_id", 8, None), ("poll.moving", 9, None), ("poll.parked", 9, None),
          ("memory.budget", 10, None), ("sope", 11, "scope"))


def run(binary, *args):
    return subprocess.run([*EMULATOR, binary, *args], capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL, check=False)


def test_check_of_a_good_config(standin, broker, make_agent):
    done = make_agent(standin, broker, start=False).once("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert standin.stats()["total"] == 0, "check without --online asked the API"


@pytest.mark.smoke
def test_check_names_all_faults_at_once(binary, tmp_path):
    config = tmp_path / "faulty.json"
    config.write_text(FAULTY)
    done = run(binary, "check", "--config", str(config))
    assert done.returncode != 0
    found = {match["key"]: match for match in FAULT.finditer(done.stdout + done.stderr)}
    for key, line, nearest in FAULTS:
        assert key in found, "%s is not named in:\n%s%s" % (key, done.stdout, done.stderr)
        match = found[key]
        assert (match["file"], int(match["line"])) == (str(config), line), key
        text = FAULTY.splitlines()[line - 1]
        assert 1 <= int(match["column"]) <= len(text), key
        assert nearest is None or nearest in match["text"], key


def test_check_of_broken_json(binary, tmp_path):
    config = tmp_path / "broken.json"
    config.write_text('{\n  "site": "x",\n  "api": {"url" "https://x"}\n}\n')
    done = run(binary, "check", "--config", str(config))
    assert done.returncode != 0
    assert "%s:3:" % config in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["run", "once", "check"])
def test_missing_config(binary, tmp_path, command):
    path = str(tmp_path / "none.json")
    done = run(binary, command, "--config", path)
    assert done.returncode != 0 and path in done.stderr + done.stdout


def test_run_refuses_a_faulty_config_in_the_same_words(binary, tmp_path):
    config = tmp_path / "faulty.json"
    config.write_text(FAULTY)
    done = run(binary, "run", "--config", str(config))
    assert done.returncode != 0
    assert {match["key"] for match in FAULT.finditer(done.stderr)} >= {k for k, _, _ in FAULTS}


@pytest.mark.smoke
def test_once_prints_records_and_touches_no_bus(standin, make_agent):
    with FakeBroker() as broker:
        done = make_agent(standin, broker, start=False).once("once")
        assert broker.connections == 0
    assert done.returncode == 0, done.stderr
    records = dict(line.split(None, 1) for line in done.stdout.splitlines() if line.strip())
    for tracker in contract.visible(standin):
        state = standin.state(id=tracker["id"])["state"]
        contract.assert_matches(json.loads(records[state_topic(tracker["id"])]), tracker, state)
        assert json.loads(records[info_topic(tracker["id"])])["label"] == tracker["label"]
    assert all(topic.startswith(PREFIX) for topic in records)


def test_once_says_when_it_could_not(make_standin, make_agent):
    done = make_agent(make_standin(closed=True), "mqtt://127.0.0.1:1", start=False).once("once")
    assert done.returncode != 0 and done.stderr.strip() and not done.stdout.strip()


def test_version_names_the_libraries(binary):
    done = run(binary, "--version")
    assert done.returncode == 0 and re.search(r"depotlink \d+\.\d+", done.stdout)
    for name in ("curl", "mbed ?tls", "jsoncpp", "paho", "zlib"):
        assert re.search(name + r"\D*\d+\.\d+", done.stdout, re.IGNORECASE), name


def test_help(binary):
    done = run(binary, "--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in ("run", "check", "once", "status", "queue ls", "queue export", "queue purge",
                 "--config", "--version"):
        assert word in done.stdout


@pytest.mark.parametrize("args", [(), ("nonsense",), ("run", "--nonsense"), ("check", "--config"),
                                  ("queue",), ("queue", "rm"), ("run", "--yes")])
def test_wrong_usage(binary, args):
    done = run(binary, *args)
    assert done.returncode == 2 and done.stderr.strip() and done.stdout == ""


@pytest.mark.parametrize("state", ["just started", "polling", "api stalled", "api dripping",
                                   "api refuses", "no broker", "broker frozen"])
def test_sigterm_ends_it_within_two_seconds(standin, make_agent, make_broker, state):
    broker = make_broker(start=state != "no broker")
    if state == "api stalled":
        standin.fault(kind="stall")
    elif state == "api dripping":
        standin.fault(kind="drip", bytes_per_second=20)
    elif state == "api refuses":
        standin.listen(open=False)
    agent = make_agent(standin, broker)
    if state in ("polling", "no broker", "broker frozen"):
        assert standin.wait(what="tracker/list", count=1, timeout=30)["done"]
    elif state.startswith("api"):
        standin.wait(what="*", count=1, timeout=3)
    else:
        agent.wait_log(lambda line: True)
    if state == "broker frozen":
        broker.pause()
        standin.advance(seconds=5)
        standin.wait(what="tracker/get_states", count=3, timeout=30)
    try:
        agent.stop()
    finally:
        if state == "broker frozen":
            broker.resume()
