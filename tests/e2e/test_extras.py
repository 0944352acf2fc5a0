# SPDX-License-Identifier: Apache-2.0
"""Extra polls: whole and split, page by page, refused, too large, while the bus is away."""
import json
import os

import pytest

import contract
from agent import write_secret
from contract import PREFIX
from standin.extras import RETRANSLATOR_PASSWORD
from standin.sessions import PANEL

RETRANSLATORS = {"path": "retranslator/list", "every": "10s", "topic": "retranslators"}
USERS = {"path": "panel/user/list", "every": "10s", "topic": "panel/users", "split": True}
TARIFFS = {"path": "panel/tariff/list", "every": "1h", "topic": "panel/tariffs"}
WATCH_S = 3


def config(folder, *extras):
    path = write_secret(os.path.join(str(folder), "panel.password"), PANEL[1])
    return {"api": {"panel": {"login": PANEL[0], "password_file": path}}, "extra": list(extras)}


def users(first, count):
    return [{"id": 90000 + n, "login": "user%d@example.com" % n} for n in range(first, first + count)]


def user_topic(number):
    return PREFIX + "extra/panel/users/%d" % (90000 + number)


def test_whole_and_split_page_by_page(standin, make_agent, broker, subscribe, tmp_path):
    standin.extra(path="panel/user/list", items=users(0, 250))
    agent = make_agent(standin, broker, config(
        tmp_path, RETRANSLATORS, USERS, TARIFFS,
        {"path": "file/stats/read", "topic": "files", "retain": False, "every": "10s"}))
    subscriber = subscribe(broker)
    whole = subscriber.wait_json(PREFIX + "extra/retranslators")
    assert whole["list"] == [{"id": 1, "name": "Some server", "protocol_id": 123456,
                              "address": "127.0.0.1", "port": 15000, "login": "login",
                              "enabled": True}]
    assert whole["count"] == 1 and whole["path"] == "retranslator/list"
    assert set(whole) == {"path", "list", "count", "poll_time", "run", "seq"}
    files = subscriber.wait_json(PREFIX + "extra/files")
    assert files["value"]["total_size"] == 40192953
    assert not subscriber.latest[PREFIX + "extra/files"].retain
    subscriber.wait_json(PREFIX + "extra/panel/tariffs", lambda value: value["count"] == 3)
    last = subscriber.wait_json(user_topic(249))
    assert last["item"] == users(249, 1)[0]
    subscriber.wait_for(lambda s: all(user_topic(n) in s.latest for n in range(250)))
    assert standin.stats()["requests"]["panel/user/list"] >= 3
    assert subscribe(broker).wait_json(user_topic(7))["item"]["id"] == 90007  # it is retained
    # One is gone, one has changed, all else stays as it is.
    changed = users(1, 249)
    changed[5]["login"] = "else@example.com"
    mark = subscriber.mark()
    standin.extra(path="panel/user/list", items=changed)
    subscriber.wait_payload(user_topic(0), b"", timeout=60)
    subscriber.wait_json(user_topic(6), lambda value: value["item"]["login"] == "else@example.com")
    topics = [m.topic for m in subscriber.messages[mark:] if "/extra/panel/" in m.topic]
    assert sorted(set(topics)) == sorted({user_topic(0), user_topic(6)}), topics
    assert "of_the_other_api" not in standin.stats()["auth"]
    agent.stop()
    everything = agent.log() + repr(subscriber.messages)
    assert RETRANSLATOR_PASSWORD not in everything and PANEL[1] not in everything
