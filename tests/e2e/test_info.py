# SPDX-License-Identifier: Apache-2.0
"""Labels, groups and the list: renames, removals, and labels that strangers typed."""
import json

import pytest

import contract
from contract import PREFIX, info_topic, state_topic

NASTY_LABELS = (
    "+/#/$SYS", "../../status", 'quo"te\\', "line\nbreak\ttab", "esc\x1b[31mred", "nul\u0000end",
    "\u202eright to left", "\u2028\u2029", "</script>", "%s%n{}", " ",
    "\U0001f69a" * 15, "\x7f\x85\ufeff\uffff",
)


def test_info_says_label_group_model(agent, standin, subscriber):
    for tracker in contract.visible(standin):
        info = contract.payload_of(subscriber, info_topic(tracker["id"]))
        assert info["label"] == tracker["label"] and info["model"] == tracker["model"]
        assert info.get("group") == tracker["group"]


def test_rename_reaches_info_and_state(agent, standin, subscriber):
    tracker_id = contract.ids_of(standin, "moving")[0]
    standin.edit(id=tracker_id, label="Tr\u00fcck \"8\"", group_id=169)
    for topic in (info_topic(tracker_id), state_topic(tracker_id)):
        subscriber.wait_json(topic, lambda p: p["label"] == "Tr\u00fcck \"8\""
                             and p["group"] == 'The "B" team')


def test_renamed_group(agent, standin, subscriber):
    tracker = next(t for t in contract.visible(standin) if t["group_id"] == 167)
    standin.group(id=167, title="New office")
    subscriber.wait_json(info_topic(tracker["id"]), lambda p: p["group"] == "New office")


def test_new_tracker_appears(agent, standin, subscriber):
    added = standin.add(kind="moving", label="newcomer")["id"]
    subscriber.wait_json(state_topic(added), lambda p: p["label"] == "newcomer")
    subscriber.wait_json(info_topic(added))


@pytest.mark.parametrize("how", ["removed", "blocked"])
def test_gone_trackers_leave_no_ghosts(agent, standin, broker, subscriber, subscribe, how):
    tracker_id = contract.ids_of(standin, "moving")[0]
    if how == "removed":
        standin.remove(id=tracker_id)
    else:
        standin.edit(id=tracker_id, blocked=True)
    for topic in (state_topic(tracker_id), info_topic(tracker_id)):
        assert subscriber.wait_payload(topic, b"").retain
    late = subscribe(broker)
    late.wait_for(contract.has_all_states(standin))
    assert state_topic(tracker_id) not in late.latest


def test_who_went_while_no_agent_ran_leaves_no_ghost(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=5)
    agent = make_agent(standin, broker)
    subscriber.wait_for(contract.has_all_states(standin))
    first, second = (tracker["id"] for tracker in standin.trackers()[:2])
    for tracker_id in (first, second):
        subscriber.wait_json(info_topic(tracker_id))
    agent.stop()
    standin.remove(id=first)
    standin.edit(id=second, blocked=True)
    make_agent(standin, broker)
    for tracker_id in (first, second):
        for topic in (state_topic(tracker_id), info_topic(tracker_id)):
            assert subscriber.wait_payload(topic, b"").retain


@pytest.mark.parametrize("label", NASTY_LABELS, ids=ascii)
def test_nasty_labels_bend_nothing(make_standin, make_agent, broker, subscriber, label):
    standin = make_standin(fleet=2)
    first, second = (tracker["id"] for tracker in standin.trackers())
    standin.edit(id=first, label=label)
    agent = make_agent(standin, broker)
    subscriber.wait_json(state_topic(second))
    subscriber.wait_json(state_topic(first))
    for message in subscriber.messages:
        assert contract.TOPIC.match(message.topic), message.topic
        assert b"\\u0000" not in message.payload and b"\x00" not in message.payload
        message.payload.decode("utf-8")
    if label.isprintable():
        assert contract.payload_of(subscriber, state_topic(first))["label"] == label
    assert not any(ord(c) < 32 or 0x7f <= ord(c) < 0xa0 for line in agent.lines for c in line)


def test_label_with_half_a_surrogate_pair_costs_its_tracker_alone(
        make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=2)
    first, second = (tracker["id"] for tracker in standin.trackers())
    standin.edit(id=first, label="lone \ud800 surrogate")
    agent = make_agent(standin, broker)
    subscriber.wait_json(state_topic(second))
    agent.wait_log(lambda line: "left out" in line)
    assert state_topic(first) not in subscriber.latest


def test_label_that_is_not_utf8(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=2)
    first, second = (tracker["id"] for tracker in standin.trackers())
    standin.fault(kind="label_bytes", id=first, hex="fffec080eda080", path="tracker/list")
    agent = make_agent(standin, broker)
    subscriber.wait_json(state_topic(second))
    agent.assert_alive()
    for message in subscriber.messages:
        assert contract.TOPIC.match(message.topic)
        message.payload.decode("utf-8")


def test_fleet_labels_stay_in_payloads(agent, standin, subscriber):
    for message in subscriber.messages:
        assert contract.TOPIC.match(message.topic), message.topic
    labels = {contract.payload_of(subscriber, state_topic(t["id"]))["label"]
              for t in contract.visible(standin)}
    assert labels == {t["label"] for t in contract.visible(standin)}


@pytest.mark.parametrize("tracker_id", [1, 2147483647, 4294967296, 9007199254740991])
def test_unusual_ids(make_standin, make_agent, broker, subscriber, tracker_id):
    standin = make_standin(fleet=0)
    standin.add(id=tracker_id, kind="moving")
    make_agent(standin, broker)
    assert subscriber.wait_json(state_topic(tracker_id))["id"] == tracker_id


def test_ids_beyond_exact_numbers_do_no_harm(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=2)
    huge = standin.add(id=9007199254740993, kind="moving")["id"]
    agent = make_agent(standin, broker)
    for tracker in standin.trackers()[:2]:
        subscriber.wait_json(state_topic(tracker["id"]))
    agent.assert_alive()
    for topic, message in subscriber.latest.items():
        if topic.startswith(PREFIX + "tracker/") and str(huge)[:-1] in topic:
            assert json.loads(message.payload)["id"] == str(huge)
