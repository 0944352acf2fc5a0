# SPDX-License-Identifier: Apache-2.0
"""Brokers that are absent, forgetful, frozen, or of an older protocol."""
import contract
from agent import SITE
from contract import PREFIX, info_topic, state_topic
from fake_broker import FakeBroker
from ledger import Ledger
from mosquitto_setup import Client
from steps import wait_more_polls

PATIENCE_S = 90


def test_broker_absent_at_the_start(make_standin, make_agent, make_broker, subscribe):
    standin = make_standin()
    broker = make_broker(start=False)
    agent = make_agent(standin, broker)
    agent.wait_trouble()
    polled = standin.wait(what="tracker/list", count=1, timeout=30)
    assert polled["done"], "no poll without a broker"
    broker.start()
    subscriber = subscribe(broker)
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    subscriber.wait_payload(PREFIX + "status", b"online")


def test_broker_came_back_without_its_memory(agent, standin, broker, subscribe):
    broker.restart()
    subscriber = subscribe(broker)
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    subscriber.wait_payload(PREFIX + "status", b"online")
    for tracker in contract.visible(standin):
        assert subscriber.latest[state_topic(tracker["id"])].retain
        assert subscriber.latest[info_topic(tracker["id"])].retain


def test_changes_during_an_outage_arrive(agent, standin, broker, subscribe):
    broker.stop()
    mover = contract.ids_of(standin, "moving")[0]
    served = []
    for _ in range(3):
        standin.advance(seconds=5)
        served.append(contract.utc(standin.state(id=mover)["state"]["last_update"]))
        wait_more_polls(standin, 2)
    ledger = Ledger(standin, subscribe)
    subscriber = ledger.start_broker(broker, agent)
    subscriber.wait_json(state_topic(mover), lambda p: p["update_time"] == served[-1], PATIENCE_S)
    missed = {(mover, time) for time in served}
    subscriber.wait_for(lambda _: missed <= ledger.seen(), PATIENCE_S, "each change of the outage")
    ledger.assert_in_order()


def test_frozen_broker_then_thawed(agent, standin, broker, subscriber):
    broker.pause()
    standin.advance(seconds=5)
    wait_more_polls(standin, 3)
    broker.resume()
    mover = contract.ids_of(standin, "moving")[0]
    want = contract.utc(standin.state(id=mover)["state"]["last_update"])
    subscriber.wait_json(state_topic(mover), lambda p: p["update_time"] == want, PATIENCE_S)


def test_falls_back_to_3_1_1_with_a_warning(standin, make_agent):
    with FakeBroker() as broker:
        agent = make_agent(standin, broker)
        topics = [state_topic(tracker["id"]) for tracker in contract.visible(standin)]
        broker.wait_for(lambda b: all(topic in b.published for topic in topics))
        assert broker.levels[0] == 5 and 4 in broker.levels
        assert all(broker.published[topic][1] for topic in topics), "not retained"
        agent.wait_trouble()
        agent.wait_log(lambda line: "3.1.1" in line)
        agent.stop()


def test_asked_for_3_1_1_there_is_no_attempt_at_5(standin, make_agent):
    with FakeBroker() as broker:
        agent = make_agent(standin, broker, {"mqtt": {"version": "3.1.1"}})
        broker.wait_for(lambda b: PREFIX + "status" in b.published)
        assert set(broker.levels) == {4}
        agent.stop()


def test_another_client_with_the_same_name_is_told_with_the_remedy(agent, broker, subscriber):
    for turn in range(5):  # mosquitto 2.0.11 tells neither, so it takes a few to suspect it
        agent.wait_log(lambda _, turn=turn: agent.log().count("broker connected") > turn)
        rival = Client(broker.port, name="depotlink-" + SITE)
    with rival:
        line = agent.wait_log(lambda line: line.startswith("error") and "thrown out" in line)
        assert "depotlink-" + SITE in line and "two agents" in line
        reports = (agent.once("status").stdout for _ in range(100))  # it is written a little after the log
        report = next(text for text in reports if "as if another client" in text)
        assert "refused" in report
    assert broker.connections("depotlink-" + SITE) == 2 * 5, "it came back at once"


def test_gateways_share_an_account_and_let_each_other_be(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=40)
    wanted = {tracker["id"] for tracker in contract.visible(standin)}

    def config(index, count):
        return {"site": "north-%d" % index, "shard": {"index": index, "count": count}}

    def published(index):
        return {int(topic.split("/")[3]) for topic, message in subscriber.latest.items()
                if topic.startswith("depotlink/north-%d/tracker/" % index) and topic.endswith("/state") and message.payload}

    gateways = [make_agent(standin, broker, config(index, 2)) for index in (1, 2)]
    subscriber.wait_for(lambda _: published(1) | published(2) == wanted)
    before = published(1)
    assert before and published(2) and not before & published(2)
    printed = gateways[0].once().stdout
    assert all(("/tracker/%d/state" % number in printed) == (number in before) for number in wanted)
    assert "shard 1 of 2" in gateways[0].once("status").stdout
    # A third one takes its part of each; what went to it is cleared where it was, and nowhere else.
    for index in (1, 2):
        gateways[index - 1].stop()
        gateways[index - 1].configure(config(index, 3))
    for gateway in gateways:
        gateway.start()
    make_agent(standin, broker, config(3, 3))

    def settled(_):
        shares = [published(index) for index in (1, 2, 3)]
        return all(shares) and set.union(*shares) == wanted and sum(map(len, shares)) == len(wanted)

    subscriber.wait_for(settled)
    assert published(1) < before
