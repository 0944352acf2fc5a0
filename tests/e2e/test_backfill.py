# SPDX-License-Identifier: Apache-2.0
"""No gaps: what was missed while the API, or the agent, was away comes late, once and in order."""
import json

import contract
from contract import HISTORY_KEYS, history_topic, state_topic

AWAY_S = 600
# A platform that was away for half a minute is tried again within two.
PATIENCE_S = 180
# The agent's own margin where it cannot know what the last fix before a gap was.
MARGIN_S = 40


def unix(text):
    return int(contract.moment(text).timestamp())


def late(subscriber, tracker_id):
    """The points of one tracker as they came, by run and number; repeats of one record left out."""
    seen, points = set(), []
    for message in subscriber.of(history_topic(tracker_id)):
        payload = json.loads(message.payload)
        assert not message.retain and payload["late"] is True and "update_time" not in payload
        if (payload["run"], payload["seq"]) not in seen:
            seen.add((payload["run"], payload["seq"]))
            points.append(payload)
    return points


def all_movers(standin):
    return contract.ids_of(standin, "moving")


def fixes(payloads):
    return [unix(payload["fix_time"]) for payload in payloads]


def live(subscriber, tracker_id):
    return fixes(json.loads(message.payload) for message in subscriber.of(state_topic(tracker_id)))


def has_each(standin, movers, since, until):
    """Every fix that the platform has between the two has come, late or live."""
    wanted = {mover: set(standin.points(id=mover, since=since, until=until)) for mover in movers}
    assert all(wanted.values())
    return lambda subscriber: all(
        wanted[mover] <= {*fixes(late(subscriber, mover)), *live(subscriber, mover)}
        for mover in movers)


def skip(standin, seconds):
    """The platform's clock goes on: the fleet's, and what it says of the time."""
    standin.advance(seconds=seconds)
    standin.options(date_offset=seconds)


def ready(make_standin, make_agent, broker, subscriber, **options):
    standin = make_standin(clock="real", report=10, **options)
    agent = make_agent(standin, broker, {"poll": {"backfill": "1h"}})
    subscriber.wait_for(contract.has_all_states(standin))
    return standin, agent


def test_a_stop_and_a_later_start_leave_no_gap(make_standin, make_agent, broker, subscriber):
    standin, agent = ready(make_standin, make_agent, broker, subscriber)
    agent.stop()
    stopped = standin.clock()["now"]
    skip(standin, AWAY_S)
    back = standin.clock()["now"]
    agent.start()
    movers = all_movers(standin)
    subscriber.wait_for(has_each(standin, movers, stopped, back), PATIENCE_S, "every fix")
    for mover in movers:
        times = fixes(late(subscriber, mover))
        assert times == sorted(set(times)) and min(times) > stopped - MARGIN_S
        point = late(subscriber, mover)[-1]
        assert set(point) <= HISTORY_KEYS and {"lat", "lng", "speed_kmh", "label"} <= set(point)
    agent.wait_log(lambda line: "what was missed has been read back" in line)
    for tracker_id in contract.ids_of(standin, "registered") + contract.ids_of(standin, "blocked"):
        assert not subscriber.of(history_topic(tracker_id))
    agent.stop()


def test_killed_in_the_midst_it_goes_on(make_standin, make_agent, broker, subscriber):
    standin, agent = ready(make_standin, make_agent, broker, subscriber, fleet=40)
    agent.stop()
    stopped = standin.clock()["now"]
    skip(standin, AWAY_S)
    back = standin.clock()["now"]
    movers = all_movers(standin)
    for kill in (1, 2):
        agent.start()
        first = movers[2 * kill]
        subscriber.wait_for(lambda s, m=first: s.of(history_topic(m)), PATIENCE_S, "the next tracker")
        agent.kill()
    agent.start()
    subscriber.wait_for(has_each(standin, movers, stopped, back), PATIENCE_S, "every fix")
    repeated = set()
    for mover in movers:
        times = fixes(late(subscriber, mover))
        inside = [time for time in times if stopped < time < back - MARGIN_S]
        if len(inside) > len(set(inside)):
            repeated.add(mover)
        assert state_topic(mover) in subscriber.latest
    # Those that were in hand, or were just done with.
    assert len(repeated) <= 4, repeated
    agent.stop()


def test_an_outage_of_the_api_leaves_no_gap(make_standin, make_agent, broker, subscriber):
    standin, agent = ready(make_standin, make_agent, broker, subscriber)
    standin.options(track_span=20, track_limit=2)
    subscriber.settle()
    standin.listen(open=False)
    standin.drop()
    begun = standin.clock()["now"]
    agent.wait_log(lambda line: "polling failed" in line, timeout=PATIENCE_S)
    agent.wait_log(lambda line: "no answer for states" in line, timeout=PATIENCE_S)
    standin.listen(open=True)
    agent.wait_log(lambda line: "positions were missed" in line, timeout=PATIENCE_S)
    back = begun + 30
    movers = all_movers(standin)
    subscriber.wait_for(has_each(standin, movers, begun, back), PATIENCE_S, "every fix")
    for mover in movers:
        times = fixes(late(subscriber, mover))
        assert times == sorted(set(times)) and not set(times) & set(live(subscriber, mover))
    agent.stop()
