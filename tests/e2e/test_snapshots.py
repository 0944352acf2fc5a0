# SPDX-License-Identifier: Apache-2.0
"""Pages of many trackers' states: whole, on request, and never more than a link shows."""
import json
import signal
import time

import contract
from contract import PREFIX, state_topic

SMALL_PAGES = {"publish": {"snapshot_every": "1h", "snapshot_page": "9KiB"}}


def pages_of(subscriber):
    topics = [topic for topic, message in subscriber.latest.items()
              if topic.startswith(PREFIX + "snapshot/") and message.payload]
    return [json.loads(subscriber.latest[topic].payload) for topic in topics]


def whole(subscriber, beyond=0):
    """The states of the newest round by tracker, once all of it is there; of a round above `beyond`."""
    pages = [page for page in pages_of(subscriber) if page["round"] > beyond]
    rounds = {(page["run"], page["round"]) for page in pages}
    last = [page["pages"] for page in pages if "pages" in page]
    if len(rounds) != 1 or last != [len(pages)]:
        return None
    states = [state for page in pages for state in page["states"]]
    assert [page["count"] for page in pages] == [len(page["states"]) for page in pages]
    assert len({state["id"] for state in states}) == len(states), "a tracker stands on two pages"
    return {state["id"]: state for state in states}


def test_a_late_subscriber_has_the_fleet_from_a_few_pages(make_standin, make_agent, broker, subscribe):
    standin = make_standin(fleet=60)
    agent = make_agent(standin, broker, SMALL_PAGES)
    first = subscribe(broker)
    first.wait_for(whole, what="a whole snapshot")
    first.wait_for(contract.has_all_states(standin))
    late = subscribe(broker, PREFIX + "snapshot/+")
    states = late.wait_for(whole, what="a whole snapshot, retained")
    assert 1 < len(pages_of(late)) < len(states)
    assert set(states) == {tracker["id"] for tracker in contract.visible(standin)}
    # Some time on, asked for by a signal: each as its own topic has it, but for the record's number.
    standin.advance(seconds=60)
    agent.process.send_signal(signal.SIGUSR1)
    states = first.wait_for(lambda s: whole(s, beyond=1), what="the next round")
    for tracker_id, state in states.items():
        first.wait_json(state_topic(tracker_id), lambda own, state=state: own.get("update_time") == state.get("update_time"))
        own = contract.payload_of(first, state_topic(tracker_id))
        assert {**own, "poll_time": 0, "run": 0, "seq": 0} == {**state, "poll_time": 0, "run": 0, "seq": 0}
        assert not {"run", "seq"} & set(state)
    health = json.loads(first.latest[PREFIX + "health"].payload)
    assert health["snapshot"]["pages"] == len(pages_of(late))
    assert all(contract.TOPIC.match(topic) for topic in first.latest)
    # Switched off, nothing of it is left.
    agent.stop()
    agent.configure({"publish": None})
    agent.start()
    first.wait_for(lambda s: not pages_of(s), what="cleared pages")


def test_pages_say_what_a_link_shows_and_go_with_it(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=8, kind="moving")
    ids = [tracker["id"] for tracker in standin.trackers()]
    end = int(time.time()) + 8
    standin.link(id=103, lifetime={"to": end}, trackers=[
        {"tracker_id": tracker_id, "alias": "Van %d" % n, "params": {"object_data": ["speed"]}}
        for n, tracker_id in enumerate(ids[:3])])
    make_agent(standin, broker, {**SMALL_PAGES, "poll": {"links": "1s"}, "scope": {"links": [103]}})
    states = subscriber.wait_for(lambda s: len(whole(s) or ()) == 3 and whole(s), what="the link's trackers")
    assert set(states) == set(ids[:3])
    for state in states.values():
        assert set(state) == {"id", "alias", "lat", "lng", "fix_time", "poll_time", "speed_kmh"}
    standin.listen(open=False)
    subscriber.wait_for(lambda s: not (whole(s) or pages_of(s)[1:]), what="pages without trackers")
    assert time.time() < end + 2
    assert not [message for message in subscriber.messages
                if "/snapshot/" in message.topic and b"Truck" in message.payload]
