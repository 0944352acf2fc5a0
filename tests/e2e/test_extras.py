# SPDX-License-Identifier: Apache-2.0
"""Extra polls: whole and split, page by page, refused, too large, while the bus is away."""
import os

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
    panel = {"login": PANEL[0], "password_file": path, "path": "/panel/v2"}
    return {"api": {"panel": panel}, "extra": list(extras)}


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
    once = agent.once("once")
    assert once.returncode == 0, once.stderr
    assert all("%sextra/%s\t{" % (PREFIX, name) in once.stdout
               for name in ("retranslators", "files", "panel/users/90249", "panel/tariffs"))
    agent.stop()
    everything = agent.log() + repr(subscriber.messages) + once.stdout + once.stderr
    assert RETRANSLATOR_PASSWORD not in everything and PANEL[1] not in everything


def test_a_permission_that_is_missing_is_told_once_and_not_asked_for(
        standin, make_agent, broker, subscriber, tmp_path):
    standin.account(api="panel", permissions={"users": ["update"], "tariffs": ["read"]})
    agent = make_agent(standin, broker, config(tmp_path, USERS, TARIFFS))
    subscriber.wait_json(PREFIX + "extra/panel/tariffs")
    agent.wait_log(lambda line: line.startswith("error") and "users: read" in line)
    health = subscriber.wait_json(PREFIX + "health",
                                  lambda value: value.get("extras", {}).get("failing") == 1
                                  and value["api"]["state"] == "ok")
    assert health["extras"]["failing_path"] == "panel/user/list"
    assert "users: read" in health["extras"]["last_error"]
    assert not standin.wait(what="panel/user/list", count=1, timeout=WATCH_S)["done"]
    assert agent.log().count("users: read") == 1
    assert "users: read" in agent.once("status").stdout
    assert "of_the_other_api" not in standin.stats()["auth"]


def test_what_is_too_large_is_told_with_the_remedy(standin, make_agent, broker, subscriber):
    standin.extra(path="tag/list", items=[{"id": n, "name": "x" * 1000} for n in range(1, 60)])
    agent = make_agent(standin, broker, {"extra": [
        {"path": "tag/list", "every": "10s", "topic": "tags"},
        {"path": "tag/list", "every": "10s", "topic": "tag", "split": True}]})
    agent.wait_log(lambda line: "at most 32 KiB" in line and "split" in line)
    subscriber.wait_for(lambda s: all(PREFIX + "extra/tag/%d" % n in s.latest for n in range(1, 60)))
    assert PREFIX + "extra/tags" not in subscriber.latest
    standin.extra(path="tag/list", items=[{"id": 1, "name": "x"}])
    subscriber.wait_json(PREFIX + "extra/tags", timeout=60)
    subscriber.wait_payload(PREFIX + "extra/tag/59", b"", timeout=60)


def test_nothing_is_asked_for_while_the_bus_is_away(make_standin, make_agent, make_broker, subscribe):
    standin, broker = make_standin(fleet=3), make_broker(start=False)
    agent = make_agent(standin, broker, {"extra": [dict(RETRANSLATORS, every="1h")]})
    assert standin.wait(what="tracker/get_states", count=3, timeout=60)["done"]
    assert "retranslator/list" not in standin.stats()["requests"]
    broker.start()
    subscribe(broker).wait_json(PREFIX + "extra/retranslators")
    mark = agent.mark()
    broker.kill()  # without its memory
    broker.start()
    agent.wait_log(lambda line: "kept nothing" in line, since=mark)
    subscribe(broker).wait_json(PREFIX + "extra/retranslators")
    assert standin.stats()["requests"]["retranslator/list"] == 2
