# SPDX-License-Identifier: Apache-2.0
"""`status`, the last will, and `health`."""
import json
import signal
import subprocess

import pytest

import contract
from contract import PREFIX

HEALTH_S = 75


@pytest.mark.smoke
def test_online_then_offline_on_sigterm(agent, broker, subscriber, subscribe):
    assert subscriber.wait_payload(PREFIX + "status", b"online").retain
    agent.stop()
    assert subscriber.wait_payload(PREFIX + "status", b"offline").retain
    late = subscribe(broker)
    assert late.wait_payload(PREFIX + "status", b"offline").retain


def test_offline_by_the_will_on_sigkill(agent, subscriber):
    subscriber.wait_payload(PREFIX + "status", b"online")
    agent.kill()
    assert subscriber.wait_payload(PREFIX + "status", b"offline").retain


def test_status_comes_without_the_api(make_standin, make_agent, broker, subscriber):
    standin = make_standin(closed=True)
    make_agent(standin, broker)
    subscriber.wait_payload(PREFIX + "status", b"online")


def test_health(agent, standin, subscriber):
    """Soon after the first round it says how many trackers there are."""
    fleet = len(standin.trackers())
    health = subscriber.wait_json(PREFIX + "health", lambda p: p["trackers"] == fleet, HEALTH_S)
    assert {"api", "broker", "records"} <= set(health)
    assert (health["api"]["state"], health["broker"]["state"]) == ("ok", "connected")
    assert subscriber.latest[PREFIX + "health"].retain


def test_health_tells_that_the_api_is_down(agent, standin, subscriber):
    first = subscriber.wait_json(PREFIX + "health", timeout=HEALTH_S)
    standin.listen(open=False)
    subscriber.wait_json(PREFIX + "health", lambda p: words(p["api"]) != words(first["api"]),
                         timeout=2 * HEALTH_S)


def test_status_is_watched_until_ctrl_c(agent, broker, subscriber):
    """What it waits for, the last errors, and an agent that is gone; on a pipe one below the other."""
    watch = subprocess.Popen(agent.command("status", "--watch=1"), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    shown = []

    def wait_for(words):
        for line in watch.stdout:
            shown.append(line)
            if words in line:
                return
        raise AssertionError("no %r in:\n%s" % (words, "".join(shown)))
    try:
        wait_for("waits for nothing but the next poll")
        broker.stop()
        wait_for("waits for the broker")
        wait_for("errors    broker, ")
        agent.kill()
        wait_for("does not run")
        watch.send_signal(signal.SIGINT)
        watch.stdout.read()
        assert watch.wait(30) == 0
    finally:
        watch.kill()
        watch.stdout.close()
        watch.wait()
    status = json.loads(agent.once("status", "--json").stdout)
    assert status["running"] is False and "broker" in status["errors"]


def words(value):
    """The leaves that tell a state: neither numbers nor times."""
    return [leaf for leaf in flat(value) if isinstance(leaf, bool)
            or isinstance(leaf, str) and not leaf[:1].isdigit()]


def flat(value):
    """All leaves of a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def test_all_payloads_are_small_utf8_json(agent, subscriber):
    subscriber.wait_json(PREFIX + "health", timeout=HEALTH_S)
    for message in subscriber.messages:
        message.payload.decode("utf-8")
        assert len(message.payload) < 4096, message.topic
        if not message.topic.endswith("/status") and message.payload:
            json.loads(message.payload, parse_constant=lambda name: 1 / 0)
