# SPDX-License-Identifier: Apache-2.0
"""The upstream misbehaves: each fault is a log line, and the next poll heals it."""
import contextlib
import os
import socket
import subprocess

import pytest

import contract
from agent import Agent
from contract import PREFIX, state_topic
from steps import wait_more_polls
from tls_server import TlsServer, stalls

PATIENCE_S = 120
# Whatever comes; of the static release.
ATTACKED_KIB = 6144 if os.environ.get("DEPOTLINK_ASSERT_MEMORY") == "1" else 1 << 20
MIB = 1 << 20
STATES, LIST = "tracker/get_states", "tracker/list"

FAULTS = [
    (STATES, {"kind": "error", "code": 1}),
    (STATES, {"kind": "error", "code": 6}),
    (STATES, {"kind": "error", "code": 8}),
    (STATES, {"kind": "error", "code": 9}),
    (STATES, {"kind": "error", "code": 13}),
    (STATES, {"kind": "error", "code": 15, "retry_after": 2}),
    (STATES, {"kind": "error", "code": 15, "retry_after": "date:2"}),
    (STATES, {"kind": "error", "code": 7, "errors": [{"parameter": "trackers", "error": "x"}]}),
    (STATES, {"kind": "html"}),
    (STATES, {"kind": "html", "http": 502}),
    (LIST, {"kind": "html"}),
    (STATES, {"kind": "empty"}),
    (STATES, {"kind": "garbage"}),
    (LIST, {"kind": "garbage"}),
    (STATES, {"kind": "truncate"}),
    (LIST, {"kind": "truncate"}),
    (STATES, {"kind": "close"}),
    (LIST, {"kind": "close"}),
    (STATES, {"kind": "wrong_length"}),
    (STATES, {"kind": "drop"}),
    (STATES, {"kind": "success_false_last"}),
    (LIST, {"kind": "success_false_last"}),
    (STATES, {"kind": "gzip_bomb", "size": 64 * MIB}),
    (LIST, {"kind": "gzip_bomb", "size": 64 * MIB}),
    (STATES, {"kind": "huge_element"}),
    (LIST, {"kind": "huge_element"}),
    (STATES, {"kind": "deep"}),
    (LIST, {"kind": "deep"}),
    (STATES, {"kind": "deep", "closed": False}),
    (STATES, {"kind": "endless"}),
    (STATES, {"kind": "header_bomb"}),
    (STATES, {"kind": "redirect"}),
    (STATES, {"kind": "body", "text": "null"}),
    (STATES, {"kind": "body", "text": '{"success":true,"states":[]}'}),
    (STATES, {"kind": "body", "text": '{"success":true,"states":{"1000001":7}}'}),
    (LIST, {"kind": "body", "text": '{"success":true}'}),
    (STATES, {"kind": "body", "text": '{"success":"true","states":{}}'}),
]

# A kept-alive connection that is closed before an answer began: asked again on a fresh one.
MENDED_SILENTLY = ("drop",)
# Code 9: the batch is halved, and the halves are answered.
TOO_LARGE = 9


def assert_heals(standin, subscriber, agent):
    standin.advance(seconds=11)
    for tracker_id in contract.ids_of(standin, "moving"):
        want = contract.utc(standin.state(id=tracker_id)["state"]["last_update"])
        subscriber.wait_json(state_topic(tracker_id), lambda p, w=want: p["update_time"] == w,
                             PATIENCE_S)
    agent.assert_alive()


@pytest.mark.parametrize("path,fault", FAULTS, ids=lambda v: v if isinstance(v, str) else "-".join(
    str(item)[:40] for item in v.values()))
def test_fault_is_logged_and_heals(agent, standin, subscriber, path, fault):
    line, before = agent.mark(), len(subscriber.messages)
    standin.fault(path=path, count=1, **fault)
    done = standin.wait(what="fault:" + fault["kind"], count=1, timeout=60)
    assert done["done"], "the fault was never met"
    if fault["kind"] not in MENDED_SILENTLY and fault.get("code") != TOO_LARGE:
        agent.wait_trouble(line, PATIENCE_S)
    assert_heals(standin, subscriber, agent)
    for message in subscriber.messages[before:]:
        assert contract.TOPIC.match(message.topic), message.topic
        assert message.payload or "987654321" in message.topic, "a bad answer cleared a tracker"
    assert agent.vm_hwm_kib() <= ATTACKED_KIB


def test_harmless_oddities_need_no_word(agent, standin, subscriber):
    for name, new in (('"success":true', '"new_field":{"a":[1,2]},"success":true'),
                      ('"connection_status":"active"', '"connection_status":"quantum"')):
        standin.fault(kind="replace", path=STATES, count=1, to=new, **{"from": name})
        wait_more_polls(standin, 2)
    assert_heals(standin, subscriber, agent)


def test_api_absent_at_the_start(make_standin, make_agent, broker, subscriber):
    standin = make_standin(closed=True)
    agent = make_agent(standin, broker)
    subscriber.wait_payload(PREFIX + "status", b"online")
    agent.wait_trouble()
    standin.listen(open=True)
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)


def test_api_goes_and_comes(agent, standin, subscriber):
    line = agent.mark()
    standin.listen(open=False)
    agent.wait_trouble(line)
    standin.listen(open=True)
    assert_heals(standin, subscriber, agent)


@pytest.mark.parametrize("fault", [{"kind": "stall"}, {"kind": "stall", "after": 100},
                                   {"kind": "drip", "bytes_per_second": 20}],
                         ids=["silence", "half a head", "drip"])
def test_a_slow_answer_has_an_end_and_the_bus_is_served_meanwhile(standin, make_agent, make_broker,
                                                                  subscribe, fault):
    broker = make_broker()
    agent = make_agent(standin, broker, {"api": {"timeout": "8s"}})
    subscribe(broker).wait_for(contract.has_all_states(standin), PATIENCE_S)
    mark = agent.mark()
    standin.fault(path=STATES, count=1, **fault)  # asked for each second
    broker.restart()
    subscriber = subscribe(broker)  # of a broker that has forgotten all: what comes is sent now
    subscriber.wait_payload(PREFIX + "status", b"online")
    subscriber.wait_json(PREFIX + "health", lambda health: health["broker"]["connects"] == 2)
    assert "timed out" not in "".join(agent.lines[mark:]), "the answer had ended before"
    agent.wait_log(lambda line: "timed out" in line, mark, 60)
    assert_heals(standin, subscriber, agent)
    assert agent.vm_hwm_kib() <= ATTACKED_KIB


class SilentNameServer:
    """For processes that run under `prefix`: whatever name they ask for, no answer comes."""
    HOST = "127.77.66.1"

    def __init__(self, folder):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.HOST, 53))
        path = str(folder / "resolv.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write("nameserver %s\n" % self.HOST)
        self.prefix = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', path]

    def asked(self):
        with contextlib.suppress(BlockingIOError):
            return self._socket.recv(512, socket.MSG_DONTWAIT)
        return b""

    def close(self):
        self._socket.close()


@pytest.mark.parametrize("hole", ["a handshake", "a name"])
def test_what_never_comes_about_has_an_end_and_the_bus_is_served_meanwhile(binary, tmp_path, closing, make_broker,
                                                                           subscribe, hole):
    broker, server, names = make_broker(), TlsServer(serve=stalls), None
    closing.append(server)
    url = "https://127.0.0.1:%d" % server.port
    if hole == "a name":
        try:
            names = SilentNameServer(tmp_path)
            closing.append(names)
            subprocess.run(names.prefix + ["true"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("no right to stand in for the name server")
        url = "https://api.depot.invalid:%d" % server.port
    agent = Agent(binary, tmp_path, url, None, "c0ffee00" * 4, broker.url, {"api": {"timeout": "5s"}})
    closing.append(agent)
    agent.prefix = names.prefix if names else []
    agent.start()
    subscribe(broker).wait_payload(PREFIX + "status", b"online")
    broker.restart()
    subscribe(broker).wait_json(PREFIX + "health", lambda health: health["broker"]["connects"] == 2)
    assert "polling failed" not in agent.log(), "it had ended before"
    end = "host name was not resolved" if names else "no connection to the API"
    agent.wait_log(lambda line: "polling failed" in line and end in line)
    assert names is None or b"depot" in names.asked()
    assert (names is None) == (server.connections > 0)
    assert agent.vm_hwm_kib() <= ATTACKED_KIB
    agent.stop()


def test_retry_after_is_obeyed(agent, standin):
    standin.fault(kind="error", code=15, retry_after=6, path=STATES, count=1)
    assert standin.wait(what="status:429", count=1, timeout=30)["done"]
    wait_more_polls(standin, 1)
    times = [at for at, path in standin.stats()["times"] if path == STATES]
    assert max(b - a for a, b in zip(times, times[1:])) >= 5.8, times


def test_errors_are_met_with_backoff(agent, standin):
    standin.reset()
    standin.fault(kind="error", code=14, path="*")
    met = standin.wait(what="*", count=25, timeout=15)
    assert not met["done"], "a struggling server was asked %d times in 15 s" % met["count"]


@pytest.mark.parametrize("cert", ["wronghost", "selfsigned"])
def test_wrong_certificate_gets_no_key(make_standin, make_agent, broker, cert):
    standin = make_standin(cert=cert)
    agent = make_agent(standin, broker)
    agent.wait_trouble()
    agent.wait_log(lambda line: "certificate" in line.lower())
    assert standin.stats()["total"] == 0
    agent.assert_alive()


def test_redirect_takes_the_key_nowhere(make_standin, make_agent, broker):
    standin, other = make_standin(), make_standin()
    standin.fault(kind="redirect", location=other.api_url + "/tracker/list")
    agent = make_agent(standin, broker)
    agent.wait_trouble()
    standin.wait(what="fault:redirect", count=3, timeout=10)
    assert other.stats()["total"] == 0 and not other.stats()["counts"].get("connections")


def test_one_connection_gzip_and_header(agent, standin):
    wait_more_polls(standin, 6)
    stats = standin.stats()
    assert stats["counts"]["connections"] == 1 and stats["counts"]["handshakes"] == 1
    assert stats["counts"]["offers_gzip"] == stats["total"]
    assert stats["auth"] == {"header_right": stats["total"]}
    assert stats["methods"].get("GET", 0) == 0


def test_a_batch_refused_for_one_tracker_costs_that_tracker_only(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=40, kind="moving")
    ids = [tracker["id"] for tracker in standin.trackers()]
    standin.options(poison=ids[17])
    agent = make_agent(standin, broker)
    others = ids[:17] + ids[18:]
    subscriber.wait_for(lambda s: all(state_topic(tracker_id) in s.latest for tracker_id in others))
    standin.advance(seconds=30)
    for tracker_id in others:
        want = contract.utc(standin.state(id=tracker_id)["state"]["last_update"])
        subscriber.wait_json(state_topic(tracker_id), lambda p, w=want: p["update_time"] == w, PATIENCE_S)
    assert state_topic(ids[17]) not in subscriber.latest
    assert subscriber.wait_json(PREFIX + "health")["api"]["state"] == "ok"
    standin.options(poison=None)
    subscriber.wait_json(state_topic(ids[17]), timeout=PATIENCE_S)
    agent.assert_alive()


def test_batches_are_never_too_large(make_standin, make_agent, broker, subscriber):
    standin = make_standin(fleet=4500)
    want = 2 * len(contract.visible(standin))
    make_agent(standin, broker)
    subscriber.wait_for(lambda s: len(s.latest) >= want, 120, "4,500 trackers")
    subscriber.wait_for(contract.has_all_states(standin))
    assert "400" not in standin.stats()["status"]
