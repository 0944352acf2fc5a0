# SPDX-License-Identifier: Apache-2.0
"""The API key: wrong ones are not hammered, and the right one is seen nowhere."""
import os

import pytest

import contract
from agent import write_secret
from contract import PREFIX

MANY = 6
WATCH_S = 10


@pytest.mark.parametrize("key", ["0" * 32, "not-a-key"])
def test_wrong_key_is_said_and_not_hammered(standin, make_agent, broker, subscriber, key):
    agent = make_agent(standin, broker, key=key)
    line = agent.wait_trouble()
    agent.wait_log(lambda text: "key" in text.lower() or "credential" in text.lower())
    met = standin.wait(what="*", count=MANY, timeout=WATCH_S)
    assert not met["done"], "asked %d times with a wrong key" % met["count"]
    assert key not in agent.log(), line
    agent.assert_alive()


@pytest.mark.parametrize("code", [3, 4])
def test_revoked_key_then_restored(agent, standin, subscriber, code):
    line = agent.mark()
    standin.revoke(code=code)
    agent.wait_trouble(line)
    standin.reset()
    assert not standin.wait(what="*", count=MANY, timeout=WATCH_S)["done"], "hammered"
    agent.assert_alive()
    for message in subscriber.messages:
        assert message.payload or not message.topic.endswith("/state"), "cleared without need"


def test_key_is_nowhere(standin, make_agent, broker, subscriber):
    agent = make_agent(standin, broker, {"log": {"level": "debug"}})
    subscriber.wait_for(contract.has_all_states(standin))
    for fault in ({"kind": "error", "code": 4}, {"kind": "redirect"}, {"kind": "html"}):
        mark = agent.mark()
        standin.fault(count=1, **fault)
        agent.wait_trouble(mark, 60)
    key = standin.key
    assert key.encode() not in agent.proc("cmdline") + agent.proc("environ")
    agent.stop()
    assert key not in agent.log()
    for message in subscriber.messages:
        assert key not in message.topic and key.encode() not in message.payload
    for name in ("check", "once"):
        done = agent.once(name)
        assert key not in done.stdout + done.stderr
    for folder, _, names in os.walk(agent.folder):
        for path in (os.path.join(folder, name) for name in names):
            with open(path, "rb") as file:
                assert path == agent.key_file or key.encode() not in file.read(), path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_key_file_that_others_can_read_is_refused(standin, make_agent, mode):
    agent = make_agent(standin, "mqtt://127.0.0.1:1", start=False)
    os.chmod(agent.key_file, mode)
    done = agent.once("check")
    assert done.returncode != 0 and "api.key_file" in done.stdout + done.stderr
    assert agent.once("once").returncode != 0
    assert standin.stats()["total"] == 0


def test_missing_and_empty_key_file(standin, make_agent):
    agent = make_agent(standin, "mqtt://127.0.0.1:1", start=False)
    write_secret(agent.key_file, "")
    assert agent.once("check").returncode != 0
    os.unlink(agent.key_file)
    done = agent.once("check")
    assert done.returncode != 0 and agent.key_file in done.stdout + done.stderr


def test_status_topic_never_carries_more_than_a_word(agent, subscriber):
    subscriber.wait_payload(PREFIX + "status", b"online")
    assert {m.payload for m in subscriber.of(PREFIX + "status")} <= {b"online", b"offline"}
