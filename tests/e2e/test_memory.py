# SPDX-License-Identifier: Apache-2.0
"""Peak memory (VmHWM). Limits hold for the static release build: DEPOTLINK_ASSERT_MEMORY=1."""
import json
import os
import re

import pytest

import contract
from contract import PREFIX, state_topic
from secure_broker import Certificates, listen, tls
from steps import wait_more_polls

ASSERTED = os.environ.get("DEPOTLINK_ASSERT_MEMORY") == "1"
POLLS = int(os.environ.get("DEPOTLINK_E2E_POLLS", "20"))
LIMIT_1000_KIB = 4608
LIMIT_25000_KIB = 6144
GROWTH_KIB = 64


def planned_kib(agent):
    """The plan's sum, and its parts by name, as `check` prints them."""
    table = agent.once("check").stdout
    return (int(re.search(r"at most (\d+) KiB for", table).group(1)),
            {name: int(kib) for kib, name in re.findall(r"(\d+) KiB  (\S.*)", table)})


def check_peak(agent, limit_kib):
    """Below the limit, and below what was planned, which is no more than half as much again."""
    peak = agent.vm_hwm_kib()
    plan, parts = planned_kib(agent)
    program = next(kib for name, kib in parts.items() if name.startswith("program"))
    size = os.path.getsize(agent.binary) // 1024
    print("VmHWM %d KiB, limit %d KiB, planned %d KiB; file %d KiB, planned %d KiB"
          % (peak, limit_kib, plan, size, program))
    if ASSERTED:
        assert peak <= limit_kib, "VmHWM %d KiB is above %d KiB" % (peak, limit_kib)
        assert peak <= plan <= 1.5 * peak
        assert size <= program


def check_heap(agent, heap):
    """The heap by its parts, as `health` has it: each within what is planned for it."""
    _, parts = planned_kib(agent)
    print("heap, KiB: %s" % heap)
    if ASSERTED:
        assert 0 < heap["http_peak_kib"] <= parts["HTTP and gzip"]
        assert 0 < heap["tls_peak_kib"] <= parts["TLS"]
        # With what libraries take at the start, most of which is never touched: see HeapCeiling.
        assert 0 < heap["rest_peak_kib"] <= parts["MQTT"] + 64 + 198
        for part in ("agent", "http", "tls", "rest"):
            assert 0 < heap[part + "_kib"] <= heap[part + "_peak_kib"]


PAGES = {"publish": {"snapshot_every": "10s", "snapshot_page": "32KiB"}}
# The list of all trackers is read anew while the test runs, but not without pause.
LARGE = {"poll": {"fleet": "20s"}, **(PAGES if os.environ.get("DEPOTLINK_E2E_PAGES") == "1" else {})}
SMALL = {"memory": {"max_trackers": 1000}}


def arrive(standin, make_agent, broker, subscriber, timeout, extra=None):
    agent = make_agent(standin, broker, extra)
    want = len(contract.visible(standin))
    subscriber.wait_for(lambda s: len(s.latest) >= 2 * want, timeout, "%d trackers" % want)
    subscriber.wait_for(contract.has_all_states(standin), timeout)
    return agent


def test_a_thousand_trackers(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=1000)
    agent = arrive(standin, make_agent, broker, subscriber, 60, SMALL)
    check_peak(agent, LIMIT_1000_KIB)


def test_a_thousand_trackers_with_tls_to_the_broker_too(make_standin, make_agent, make_broker, subscribe, tmp_path):
    standin, certs = make_standin(fleet=1000), Certificates(tmp_path)
    broker = listen(make_broker(start=False), certs, "require_certificate true").start()
    extra = {**tls(certs, tmp_path, certs.rsa_client), **SMALL}
    agent = arrive(standin, make_agent, broker.secure_url, subscribe(broker), 60, extra)
    broker.kill()
    standin.advance(seconds=30)
    wait_more_polls(standin, 3)
    broker.start()
    agent.wait_log(lambda line: "broker connected" in line, agent.mark())
    arrived = contract.has_all_states(standin)
    subscriber = subscribe(broker)
    subscriber.wait_for(arrived, 60)
    health = subscriber.wait_json(PREFIX + "health", lambda p: p["broker"]["connects"] > 1, 60)
    check_peak(agent, LIMIT_1000_KIB)
    check_heap(agent, health.get("heap"))


def test_memory_does_not_grow_with_polls(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=1000)
    agent = arrive(standin, make_agent, broker, subscriber, 60, SMALL)
    for _ in range(5):
        standin.advance(seconds=30)
        wait_more_polls(standin, 1)
    before = agent.vm_hwm_kib()
    for _ in range(POLLS):
        standin.advance(seconds=30)
        wait_more_polls(standin, 1)
    grown = agent.vm_hwm_kib() - before
    print("VmHWM grew by %d KiB in %d polls" % (grown, POLLS))
    assert not ASSERTED or grown <= GROWTH_KIB
    check_peak(agent, LIMIT_1000_KIB)


def wait_drained(agent, standin):
    """Until nothing is left on the disk; what was there has come."""
    for _ in range(300):
        if not any(name.endswith(".seg") for name in os.listdir(agent.queue_dir)):
            return
        wait_more_polls(standin, 1)
    raise AssertionError("the queue is not drained: %s" % agent.log())


def has_pages_of(trackers):
    """The newest round's pages hold so many states together."""
    def fits(subscriber):
        pages = [json.loads(message.payload) for topic, message in subscriber.latest.items()
                 if topic.startswith(PREFIX + "snapshot/") and message.payload]
        newest = max((page["round"] for page in pages), default=0)
        return sum(page["count"] for page in pages if page["round"] == newest) == trackers
    return fits


def test_a_thousand_trackers_with_snapshots(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=1000)
    agent = arrive(standin, make_agent, broker, subscriber, 60, {**SMALL, **PAGES})
    subscriber.wait_for(has_pages_of(len(contract.visible(standin))), 60, "a whole snapshot")
    check_peak(agent, LIMIT_1000_KIB)


@pytest.mark.large
def test_twenty_five_thousand_trackers(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=25000)
    agent = arrive(standin, make_agent, broker, subscriber, 300, LARGE)
    standin.advance(seconds=10)
    movers = contract.ids_of(standin, "moving")
    for tracker_id in (movers[0], movers[len(movers) // 2], movers[-1]):
        want = contract.utc(standin.state(id=tracker_id)["state"]["last_update"])
        subscriber.wait_json(state_topic(tracker_id), lambda p, w=want: p["update_time"] == w, 180)
    for tracker in contract.visible(standin)[::997]:
        state, topic = standin.state(id=tracker["id"])["state"], state_topic(tracker["id"])
        want = contract.utc(state.get("last_update"))  # its batch may come after those of the movers
        subscriber.wait_json(topic, lambda p, w=want: p.get("update_time") == w, 180)
        contract.assert_matches(contract.payload_of(subscriber, topic), tracker, state)
    check_peak(agent, LIMIT_25000_KIB)


@pytest.mark.large
def test_twenty_five_thousand_uncompressed_with_a_forgetful_broker(
        make_standin, make_agent, broker, subscribe):
    """Ten times the bytes arrive faster than the bus takes them, and all goes out a second time."""
    standin = make_standin(fleet=25000, gzip="never")
    agent = arrive(standin, make_agent, broker, subscribe(broker), 300, LARGE)
    broker.restart()
    again = subscribe(broker)
    want = len(contract.visible(standin))
    again.wait_for(lambda s: len(s.latest) >= 2 * want, 300, "%d trackers" % want)
    check_peak(agent, LIMIT_25000_KIB)


@pytest.mark.large
def test_large_fleet_with_the_broker_away(make_standin, make_agent, make_broker, subscribe):
    """The queue fills and drains; nothing of that may show in the peak."""
    standin = make_standin(fleet=25000)
    broker = make_broker(start=False)
    agent = make_agent(standin, broker, LARGE)
    for _ in range(2):
        wait_more_polls(standin, 13)
        standin.advance(seconds=10)
    broker.start()
    subscriber = subscribe(broker)
    want = len(contract.visible(standin))
    subscriber.wait_for(lambda s: len(s.latest) >= 2 * want, 300, "%d trackers" % want)
    wait_drained(agent, standin)
    check_peak(agent, LIMIT_25000_KIB)


HOSTILE = ({"kind": "gzip_bomb"}, {"kind": "huge_element", "size": 32 << 20},
           {"kind": "deep", "depth": 1000000}, {"kind": "header_bomb"}, {"kind": "endless"})


def wait_faults(standin, served):
    """Until each kind was met that often."""
    for fault in HOSTILE:
        what = "fault:" + fault["kind"]
        assert standin.wait(what=what, count=served, timeout=90)["done"], fault


def test_hostile_answers_cost_no_memory(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=1000)
    agent = arrive(standin, make_agent, broker, subscriber, 60, SMALL)
    for fault in HOSTILE:
        mark = agent.mark()
        standin.fault(count=1, **fault)
        assert standin.wait(what="fault:" + fault["kind"], count=1, timeout=90)["done"], fault
        agent.wait_trouble(mark, 60)
    check_peak(agent, LIMIT_1000_KIB)


def test_hostile_answers_to_links_and_extras_cost_no_memory(make_standin, make_agent, broker,
                                                            subscriber):
    standin = make_standin(fleet=1000)
    paths = ("retranslator/list", "tag/list", "zone/list", "vehicle/list", "employee/list")
    for path, fault in zip(paths, HOSTILE):
        standin.extra(path=path, items=[])
        standin.fault(count=1, path=path, **fault)
        standin.fault(count=1, path="tracker/location/link/list", **fault)
    agent = arrive(standin, make_agent, broker, subscriber, 60, {
        **SMALL, "poll": {"links": "1s"},
        "extra": [{"path": path, "topic": path, "every": "10s"} for path in paths]})
    wait_faults(standin, 2)
    wait_more_polls(standin, 2)
    check_peak(agent, LIMIT_1000_KIB)


def test_a_fleet_that_outgrows_the_plan(make_standin, make_agent, broker, subscriber):
    """Those that fit are published, the rest is counted and told once."""
    standin = make_standin(fleet=20)
    agent = make_agent(standin, broker, {"memory": {"max_trackers": 5}})
    health = subscriber.wait_json(PREFIX + "health", lambda p: p.get("trackers_left_out") == 15, 90)
    assert health["trackers"] == 5
    assert health["memory_planned_kib"] == planned_kib(agent)[0]
    assert not ASSERTED or 0 < health["memory_heap_kib"] <= health["memory_heap_peak_kib"]

    def ids(kind):
        return {t[:-len(kind)] for t in subscriber.latest if "/tracker/" in t and t.endswith(kind)}
    subscriber.wait_for(lambda s: 0 < len(ids("/info")) <= 5 and ids("/info") == ids("/state"), 30,
                        "the states of those that fit")
    standin.advance(seconds=30)
    wait_more_polls(standin, 3)
    assert len(re.findall("the fleet is larger than memory.max_trackers", agent.log())) == 1
    assert "15 beyond memory.max_trackers left out" in agent.once("status").stdout
    agent.assert_alive()
