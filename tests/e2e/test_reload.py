# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a sound config is taken up, a faulty one changes nothing."""
import json
import os
import signal

import pytest

import contract
from contract import PREFIX, state_topic
from ledger import Ledger, whole_rounds
from steps import change, wait_more_polls, wait_speed

PATIENCE_S = 60
RELOADS = 8


def reload(agent, word):
    """Sends SIGHUP; returns the log line with that word."""
    mark = agent.mark()
    os.kill(agent.pid, signal.SIGHUP)
    return agent.wait_log(lambda line: word in line, mark)


def run_of(subscriber, prefix=PREFIX):
    return subscriber.wait_json(prefix + "health")["run"]


@pytest.fixture
def running(standin, broker, subscriber, make_agent):
    agent = make_agent(standin, broker)
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    return agent


def test_a_faulty_config_changes_nothing_and_says_why(running, standin, subscriber):
    run = run_of(subscriber)
    running.configure({"poll": {"movin": "5s"}})
    mark = running.mark()
    reload(running, "not taken up")
    fault = running.wait_log(lambda line: "poll.movin" in line, mark)
    assert "depotlink.json:" in fault and "poll.moving" in fault
    tracker = contract.visible(standin)[0]["id"]
    change(standin, tracker, 77)
    wait_speed(subscriber, tracker, 77)
    assert contract.payload_of(subscriber, state_topic(tracker))["run"] == run


def test_secrets_of_the_environment_outlive_a_reload(standin, broker, subscriber, make_agent, monkeypatch):
    monkeypatch.setenv("DEPOTLINK_E2E_KEY", standin.key)
    keys = {"api": {"key_file": "$DEPOTLINK_E2E_KEY"}}
    agent = make_agent(standin, broker, keys)
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    run = run_of(subscriber)
    agent.configure({**keys, "poll": {"fleet": "3s"}})
    reload(agent, "taken up by a new agent")
    subscriber.wait_json(PREFIX + "health", lambda health: health["run"] != run and health["api"]["state"] == "ok")


def test_the_same_config_changes_nothing(running, subscriber):
    run = run_of(subscriber)
    running.configure({})
    reload(running, "nothing changes")
    assert run_of(subscriber) == run


def test_the_log_level_changes_in_place(running, standin, subscriber):
    run = run_of(subscriber)
    running.configure({"log": {"level": "error"}})
    assert "log.level" in reload(running, "is taken up")
    mark = running.mark()
    standin.fault(kind="error", code=14, count=1)
    assert standin.wait(what="fault:error", count=1, timeout=PATIENCE_S)["done"]
    wait_more_polls(standin, 2)
    assert not running.lines[mark:]
    assert run_of(subscriber) == run


def test_the_log_format_changes_in_place(running, standin, subscriber):
    run = run_of(subscriber)
    running.configure({"log": {"format": "json"}})
    reload(running, "is taken up")
    running.configure({"log": {"format": "text"}})
    event = json.loads(reload(running, "is taken up"))
    assert (event["level"], event["fields"]) == ("info", {"changed": "log.format"})
    assert event["time"].endswith("Z")
    running.configure({"log": {"format": "text", "level": "debug"}})
    assert reload(running, "is taken up").startswith("info ")
    assert run_of(subscriber) == run


def test_other_keys_are_taken_up(running, standin, broker, make_broker, subscribe):
    other = make_broker()
    tracker = contract.visible(standin)[0]["id"]
    running.configure({"site": "south", "mqtt": {"url": other.url, "topic_prefix": "fleet/of"},
                       "scope": {"trackers": [tracker]}})
    line = reload(running, "taken up by a new agent")
    assert "mqtt.topic_prefix, mqtt.url, scope.trackers, site" in line
    subscriber = subscribe(other)
    subscriber.wait_json("fleet/of/south/tracker/%d/state" % tracker)
    subscriber.wait_payload("fleet/of/south/status", b"online")
    wait_more_polls(standin, 2)
    states = [topic for topic, message in subscriber.latest.items()
              if topic.endswith("/state") and message.payload]
    assert states == ["fleet/of/south/tracker/%d/state" % tracker]
    assert subscribe(broker).wait_payload(PREFIX + "status", b"offline")


def test_what_waits_for_the_bus_waits_on(standin, broker, make_agent, subscribe):
    ledger = Ledger(standin, subscribe)
    agent = make_agent(standin, broker)
    ledger.watch(broker).wait_for(contract.has_all_states(standin), what="the whole fleet")
    broker.stop()
    standin.options(step_s=1)
    wait_more_polls(standin, 2)
    standin.options(step_s=0)
    whole_rounds(standin)  # what is served while it stops may be left unread
    agent.configure({"poll": {"parked": "2s"}})
    reload(agent, "taken up by a new agent")
    ledger.start_broker(broker, agent)
    ledger.wait_complete()
    ledger.assert_in_order()


def test_reloads_leave_nothing_behind(running, standin, subscriber):
    def descriptors():
        wait_more_polls(standin, 2)
        return len(os.listdir("/proc/%d/fd" % running.pid))
    before = descriptors()
    for number in range(RELOADS):
        running.configure({"poll": {"parked": "%ds" % (number + 2)}})
        mark = running.mark()
        reload(running, "taken up by a new agent")
        running.wait_log(lambda line: "broker connected" in line, mark)
    assert descriptors() <= before
