# SPDX-License-Identifier: Apache-2.0
"""Tracker states on the bus: what they say, when they come, and when they must not."""
import json
import re

import pytest

import contract
from contract import info_topic, state_topic
from steps import change, wait_more_polls, wait_speed


def assert_whole_fleet(standin, subscriber):
    for tracker in contract.visible(standin):
        state = standin.state(id=tracker["id"])["state"]
        payload = contract.payload_of(subscriber, state_topic(tracker["id"]))
        contract.assert_matches(payload, tracker, state)


@pytest.mark.parametrize("options", [
    {"order": "first", "framing": "length"},
    {"order": "last", "framing": "chunked"},
    {"gzip": "never", "framing": "chunked"},
    {"utc_offset": "-09:30"},
], ids=lambda value: "-".join(map(str, value.values())))
@pytest.mark.smoke
def test_every_tracker_appears_as_served(make_standin, make_agent, broker, subscriber, options):
    standin = make_standin(fleet=40, **options)
    make_agent(standin, broker)
    subscriber.wait_for(contract.has_all_states(standin))
    assert_whole_fleet(standin, subscriber)


def test_states_are_retained(agent, standin, broker, subscriber, subscribe):
    late = subscribe(broker)
    late.wait_for(contract.has_all_states(standin))
    for tracker in contract.visible(standin):
        for topic in (state_topic(tracker["id"]), info_topic(tracker["id"])):
            assert late.latest[topic].retain and late.latest[topic].qos == 1
            assert subscriber.latest[topic].retain, "not published as retained"


@pytest.mark.smoke
def test_a_move_is_published(agent, standin, subscriber):
    standin.advance(seconds=7)
    for tracker_id in contract.ids_of(standin, "moving"):
        state = standin.state(id=tracker_id)["state"]
        want = contract.utc(state["last_update"])
        subscriber.wait_json(state_topic(tracker_id), lambda p: p["update_time"] == want)
    assert_whole_fleet(standin, subscriber)


def test_unchanged_states_are_not_repeated(agent, standin, subscriber):
    wait_more_polls(standin, 4)
    fence = contract.ids_of(standin, "parked")[0]
    change(standin, fence, 33)
    wait_speed(subscriber, fence, 33)
    for tracker in contract.visible(standin):
        want = 2 if tracker["id"] == fence else 1
        assert len(subscriber.of(state_topic(tracker["id"]))) == want, tracker
        assert len(subscriber.of(info_topic(tracker["id"]))) == 1, tracker


def test_a_newer_last_update_alone_is_a_change(agent, standin, subscriber):
    tracker_id = contract.ids_of(standin, "parked")[0]
    updated = standin.clock()["now"] + 5
    standin.set(id=tracker_id, values={"last_update": updated})
    want = contract.utc(standin.state(id=tracker_id)["state"]["last_update"])
    subscriber.wait_json(state_topic(tracker_id), lambda p: p["update_time"] == want)


def test_a_state_never_goes_back(agent, standin, subscriber):
    victim, fence = contract.ids_of(standin, "parked")[:2]
    newest = contract.payload_of(subscriber, state_topic(victim))["update_time"]
    since = standin.stats()["served"]
    standin.edit(id=victim, shift=-86400)
    older = contract.utc(standin.state(id=victim)["state"]["last_update"])
    assert older < newest
    wait_more_polls(standin, 3)
    assert any(contract.utc(entry["last_update"]) == older
               for entry in standin.served(since=since, tracker=victim)), "never served"
    change(standin, fence, 44)
    wait_speed(subscriber, fence, 44)
    for message in subscriber.of(state_topic(victim)):
        assert json.loads(message.payload)["update_time"] >= newest


def test_run_is_constant_and_seq_has_no_gaps(agent, standin, subscriber):
    for _ in range(3):
        standin.advance(seconds=3)
        mover = contract.ids_of(standin, "moving")[-1]
        want = contract.utc(standin.state(id=mover)["state"]["last_update"])
        subscriber.wait_json(state_topic(mover), lambda p, want=want: p["update_time"] == want)
    wait_more_polls(standin, 2)
    fence = contract.ids_of(standin, "offline")[0]
    change(standin, fence, 55)
    wait_speed(subscriber, fence, 55)
    records = numbered(subscriber.messages)
    runs, numbers = {run for run, _ in records}, [seq for _, seq in records]
    assert len(runs) == 1 and re.match(r"[A-Za-z0-9_-]+$", runs.pop())
    assert len(numbers) > len(contract.visible(standin))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def numbered(messages):
    """(run, seq) of each payload that has them, in order of arrival."""
    found = []
    for message in messages:
        value = json.loads(message.payload) if message.payload.startswith(b"{") else {}
        if "seq" in value:
            found.append((value["run"], value["seq"]))
    return found


def test_a_new_start_is_a_new_run(agent, standin, subscriber):
    first = {run for run, _ in numbered(subscriber.messages)}
    agent.stop()
    mark = subscriber.mark()
    agent.start()
    standin.advance(seconds=5)
    subscriber.wait_for(lambda s: numbered(s.messages[mark:]), what="a record of the new run")
    assert not first & {run for run, _ in numbered(subscriber.messages[mark:])}


def test_each_change_that_was_served_arrives_in_order(agent, standin, subscriber):
    movers = contract.ids_of(standin, "moving")
    for _ in range(5):
        standin.advance(seconds=2)
        wait_more_polls(standin, 1)
    for tracker_id in movers:
        want = contract.utc(standin.state(id=tracker_id)["state"]["last_update"])
        subscriber.wait_json(state_topic(tracker_id), lambda p, w=want: p["update_time"] == w)
        served = {contract.utc(entry["last_update"])
                  for entry in standin.served(tracker=tracker_id) if entry["whole"]}
        messages = subscriber.of(state_topic(tracker_id))
        arrived = [json.loads(message.payload)["update_time"] for message in messages]
        assert arrived == sorted(served), tracker_id
