# SPDX-License-Identifier: Apache-2.0
"""Geo links on the bus, and as the scope: what is shared, for as long as it is, and nothing else."""
import json
import threading
import time

import contract
from contract import PREFIX, info_topic, link_topic, state_topic
from steps import wait_more_polls

LINKS_FAST = {"poll": {"links": "1s"}}
# What stands in each state of a link's tracker, whatever it grants.
BARE = {"id", "alias", "lat", "lng", "fix_time", "poll_time", "run", "seq"}


def share(tracker_id, alias=None, *object_data):
    entry = {"tracker_id": tracker_id, "params": {"object_data": list(object_data)}}
    return {**entry, "alias": alias} if alias else entry


def scoped(*links):
    return {**LINKS_FAST, "scope": {"links": list(links)}}


def trackers_on(subscriber):
    """Trackers that anything was ever said of, cleared topics included."""
    return {int(message.topic.split("/")[3]) for message in subscriber.messages
            if message.topic.startswith(PREFIX + "tracker/")}


def clears(subscriber, tracker_id):
    for topic in (state_topic(tracker_id), info_topic(tracker_id)):
        assert subscriber.wait_payload(topic, b"").retain


def test_links_are_published_with_their_status(make_standin, make_agent, broker, subscriber):
    standin, now = make_standin(fleet=3), int(time.time())
    first = standin.trackers()[0]["id"]
    standin.link(id=103, trackers=[share(first, "Jane Doe", "speed")], description="Caf\u00e9 \x1b",
                 lifetime={"from": now - 3600, "to": now + 3600})
    standin.link(id=104, trackers=[first], lifetime={"from": now + 3600})
    standin.link(id=105, trackers=[first], lifetime={"to": now - 60})
    standin.link(id=106, trackers=[first], enabled=False)
    for link_id in range(1000, 1230):  # three pages
        standin.link(id=link_id, trackers=[first])
    agent = make_agent(standin, broker, LINKS_FAST)
    link = subscriber.wait_json(link_topic(103))
    assert link["status"] == "enabled" and link["description"] == "Caf\u00e9  "
    assert link["trackers"] == [{"id": first, "alias": "Jane Doe"}]
    assert link["to"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3600))
    for link_id, status in ((104, "inactive"), (105, "expired"), (106, "disabled")):
        subscriber.wait_json(link_topic(link_id), lambda p, s=status: p["status"] == s)
    assert subscriber.latest[link_topic(103)].retain
    standin.link(id=103, enabled=False)
    subscriber.wait_json(link_topic(103), lambda p: p["status"] == "disabled")
    subscriber.wait_for(lambda s: all(link_topic(link_id) in s.latest for link_id in range(1000, 1230)))
    for link_id in (104, 1229):
        standin.link(id=link_id, remove=True)
        assert subscriber.wait_payload(link_topic(link_id), b"").retain
    assert b"700d4a54" not in b"".join(message.payload for message in subscriber.messages)
    assert "700d4a54" not in agent.log()
    subscriber.wait_for(contract.has_all_states(standin))  # the fleet goes on as ever


def test_a_scope_shows_what_its_link_shows(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=12, kind="moving")
    ids = [tracker["id"] for tracker in standin.trackers()]
    standin.link(id=103, trackers=[share(ids[2], "Van 1", "speed", "driver_name"), share(ids[5])])
    standin.link(id=104, trackers=[share(ids[7], "Van 2", "movement_status", "connection_status")])
    standin.link(id=999, trackers=[share(ids[9], "Not ours", "speed")])
    make_agent(standin, broker, scoped(103, 104))
    granted = {ids[2]: ({"speed_kmh"}, "Van 1"), ids[5]: (set(), None),
               ids[7]: ({"movement", "movement_time", "connection", "update_time"}, "Van 2")}
    for tracker_id, (names, alias) in granted.items():
        state = subscriber.wait_json(state_topic(tracker_id))
        assert set(state) == (BARE if alias else BARE - {"alias"}) | names
        assert state.get("alias") == alias
        info = subscriber.wait_json(info_topic(tracker_id))
        assert set(info) == {"id", "run", "seq"} | ({"alias"} if alias else set())
    wait_more_polls(standin)
    asked = {entry["id"] for entry in standin.served()}
    assert asked == set(granted)
    # Of the others nothing but the clearing of what an earlier run may have left.
    for message in subscriber.messages:
        if message.topic.startswith(PREFIX + "tracker/") and message.payload:
            assert json.loads(message.payload)["id"] in granted
    assert link_topic(999) not in subscriber.latest
    standin.link(id=103, trackers=[share(ids[2], "Van 3")])
    renamed = subscriber.wait_json(state_topic(ids[2]), lambda p: p.get("alias") == "Van 3")
    assert "speed_kmh" not in renamed
    clears(subscriber, ids[5])


def test_the_end_of_a_link_needs_no_api(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=4, kind="moving")
    tracker_id = standin.trackers()[1]["id"]
    end = int(time.time()) + 6
    standin.link(id=103, trackers=[share(tracker_id, "Van")], lifetime={"to": end})
    agent = make_agent(standin, broker, scoped(103))
    subscriber.wait_json(state_topic(tracker_id))
    subscriber.wait_json(link_topic(103), lambda p: p["status"] == "enabled")
    standin.listen(open=False)
    clears(subscriber, tracker_id)
    link = subscriber.wait_json(link_topic(103), lambda p: p["status"] == "expired")
    assert "trackers" not in link
    assert time.time() < end + 1
    # Whatever comes later says nothing more of it.
    mark = subscriber.mark()
    standin.listen(open=True)
    since = agent.mark()
    wait_more_polls(standin, path="tracker/location/link/read")
    agent.wait_log(lambda line: "answers again" in line)
    assert since is not None and not [m for m in subscriber.messages[mark:]
                                      if m.topic == state_topic(tracker_id) and m.payload]


def test_disabled_deleted_bounded_by_zones(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=6, kind="moving")
    ids = [tracker["id"] for tracker in standin.trackers()]
    for link_id, tracker_id in ((101, ids[0]), (102, ids[1]), (103, ids[2]), (104, ids[3])):
        standin.link(id=link_id, trackers=[share(tracker_id, "Van")])
    zones = {"bounding_zone_ids": [51], "bounding_mode": "inside"}
    standin.link(id=104, params=zones)
    agent = make_agent(standin, broker, scoped(101, 102, 103, 104))
    for tracker_id in ids[:3]:
        subscriber.wait_json(state_topic(tracker_id))
    agent.wait_log(lambda line: line.startswith("error") and "geo link 104 is bounded by zones" in line)
    standin.link(id=101, enabled=False)
    clears(subscriber, ids[0])
    subscriber.wait_json(link_topic(101), lambda p: p["status"] == "disabled")
    standin.link(id=102, remove=True)
    clears(subscriber, ids[1])
    assert subscriber.wait_payload(link_topic(102), b"").retain
    standin.link(id=103, params=zones)
    clears(subscriber, ids[2])
    assert not [m for m in subscriber.messages if m.topic == state_topic(ids[3]) and m.payload]
    assert not [m for m in subscriber.messages if m.topic == link_topic(104) and m.payload]


def test_the_end_of_a_link_needs_no_agent(make_standin, make_agent, broker, subscriber, subscribe):
    standin = make_standin(fleet=4, kind="moving")
    tracker_id = standin.trackers()[1]["id"]
    end = int(time.time()) + 6
    standin.link(id=103, trackers=[share(tracker_id, "Van")], lifetime={"to": end})
    agent = make_agent(standin, broker, scoped(103))
    subscriber.wait_json(state_topic(tracker_id))
    subscriber.wait_json(info_topic(tracker_id))
    agent.kill()

    ours, pause = {state_topic(tracker_id), info_topic(tracker_id)}, threading.Event()

    def retained():
        with subscribe(broker) as late:
            return ours.intersection(late.settle().latest)
    assert retained() == ours
    # The broker lets go of it by itself, and tells nobody: it is asked until it has.
    while retained():
        assert time.time() < end
        pause.wait(0.2)


def test_once_prints_what_the_scope_shows(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=6, kind="moving")
    ids = [tracker["id"] for tracker in standin.trackers()]
    standin.link(id=103, trackers=[share(ids[2], "Van 1", "speed")])
    done = make_agent(standin, broker, scoped(103), start=False).once()
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("\t") for line in done.stdout.splitlines())
    assert set(lines) == {link_topic(103), state_topic(ids[2]), info_topic(ids[2])}
    assert set(json.loads(lines[state_topic(ids[2])])) == BARE | {"speed_kmh"}
    some = {"scope": {"trackers": [ids[0]], "groups": [standin.trackers()[1]["group_id"]]}}
    standin.reset()
    done = make_agent(standin, broker, some, start=False).once()
    chosen = {tracker["id"] for tracker in standin.trackers()
              if tracker["id"] == ids[0] or tracker["group_id"] == some["scope"]["groups"][0]}
    assert {entry["id"] for entry in standin.served()} == chosen
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {
        make(tracker_id) for tracker_id in chosen for make in (state_topic, info_topic)}
    assert not trackers_on(subscriber)


def test_links_deleted_while_no_agent_ran_are_cleared(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=2)
    first = standin.trackers()[0]["id"]
    for link_id in (103, 104):
        standin.link(id=link_id, trackers=[first])
    agent = make_agent(standin, broker, LINKS_FAST)
    for link_id in (103, 104):
        subscriber.wait_json(link_topic(link_id))
    agent.stop()
    standin.link(id=103, remove=True)
    agent = make_agent(standin, broker, LINKS_FAST)
    assert subscriber.wait_payload(link_topic(103), b"").retain
    agent.stop()
    make_agent(standin, broker)  # which knows of no links any more
    assert subscriber.wait_payload(link_topic(104), b"").retain


def test_what_an_earlier_run_left_is_cleared(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=4, kind="moving")
    ids = [tracker["id"] for tracker in standin.trackers()]
    standin.link(id=103, trackers=[share(ids[0], "Van")])
    standin.link(id=104, trackers=[share(ids[1], "Van 2")])
    agent = make_agent(standin, broker, LINKS_FAST)
    subscriber.wait_for(contract.has_all_states(standin))
    subscriber.wait_json(link_topic(103))
    agent.stop()
    standin.link(id=103, remove=True)
    make_agent(standin, broker, scoped(103, 104))
    for tracker_id in (ids[0], ids[2], ids[3]):
        clears(subscriber, tracker_id)
    assert subscriber.wait_payload(link_topic(103), b"").retain
    subscriber.wait_json(state_topic(ids[1]), lambda p: p.get("alias") == "Van 2")
