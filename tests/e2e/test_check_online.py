# SPDX-License-Identifier: Apache-2.0
"""check --online: each probe's line, what to do where one fails, and nothing left behind."""
import json
import os
import re

import pytest

import bad_certs
from agent import TROUBLE, write_secret
from mosquitto_setup import AGENT, DropIn
from standin.sessions import PANEL, USER
from subscriber import Subscriber

PROBES = ["clock", "dns", "tcp", "tls", "credential", "permissions", "fleet", "traffic", "broker",
          "publish", "burst", "persistence", "disk"]
LINE = re.compile(r"^(ok|warn|FAIL|skip) +(\w+) +(.+)$", re.MULTILINE)


class Checked:
    def __init__(self, agent, *args):
        done = agent.once("check", "--online", *args)
        self.code, self.text = done.returncode, done.stdout + done.stderr
        self.out = done.stdout
        self.marks = {probe: mark for mark, probe, _ in LINE.findall(done.stdout)}
        self.order = [probe for _, probe, _ in LINE.findall(done.stdout)]

    def assert_fails(self, probe, words, remedy):
        assert self.code == 1 and self.marks[probe] == "FAIL", self.text
        line = re.search(r"^FAIL +%s +(.+)\n +-> (.+)$" % probe, self.out, re.MULTILINE)
        assert line, self.text
        assert re.search(words, line[1]), self.text
        assert re.search(remedy, line[2]), self.text


def test_all_is_well_and_nothing_is_left(standin, broker, subscriber, make_agent):
    agent = make_agent(standin, broker, start=False)
    checked = Checked(agent)
    assert checked.code == 0, checked.text
    assert checked.order == PROBES, checked.text
    assert set(checked.marks.values()) <= {"ok", "warn"}, checked.text
    assert standin.key not in checked.text and "\x1b" not in checked.text
    assert not os.path.exists(agent.queue_dir)
    subscriber.wait_json("depotlink/north-depot/check")
    with Subscriber(broker.port, "depotlink/north-depot/check/#") as late:
        assert not late.settle().latest


def test_what_json_says(standin, broker, make_agent):
    agent = make_agent(standin, broker, start=False)
    agent.configure({"memory": {"max_trackers": 10}})
    checked = Checked(agent, "--json")
    answer = json.loads(checked.out)
    assert checked.code == 1 and answer["ok"] is False
    assert [probe["probe"] for probe in answer["probes"]] == PROBES
    fleet = next(probe for probe in answer["probes"] if probe["probe"] == "fleet")
    assert fleet["mark"] == "fail" and "max_trackers" in fleet["remedy"]


def test_a_strangers_certificate(standin, broker, make_agent, tmp_path):
    other = bad_certs.Authority(tmp_path).make(None, bad_certs.CA)[0]
    checked = Checked(make_agent(standin, broker, {"api": {"ca_file": other}}, start=False))
    checked.assert_fails("tls", "no trusted root vouches", r"api\.ca_file")
    assert checked.marks["tcp"] == "ok" and checked.marks["credential"] == "skip", checked.text
    assert checked.marks["broker"] == "ok", checked.text
    assert standin.stats()["total"] == 0


@pytest.mark.parametrize("code", [3, 4])
def test_a_revoked_key(standin, broker, make_agent, code):
    standin.revoke(code=code)
    agent = make_agent(standin, broker, start=False)
    checked = Checked(agent)
    checked.assert_fails("credential", "does not know this credential", re.escape(agent.key_file))
    assert "revoked" in checked.text and standin.key not in checked.text
    assert checked.marks["fleet"] == "skip" == checked.marks["permissions"], checked.text
    assert standin.stats()["total"] == 1, "a refused key is not hammered"


def test_a_password_for_a_key(standin, broker, make_agent):
    checked = Checked(make_agent(standin, broker, key="Passw0rd-canary", start=False))
    checked.assert_fails("credential", "does not know", "32 hexadecimal digits")
    assert "Passw0rd-canary" not in checked.text


def test_a_captive_portal(standin, broker, make_agent):
    standin.fault(kind="html")
    checked = Checked(make_agent(standin, broker, start=False))
    checked.assert_fails("credential", "a web page came", "captive portal")


def test_nothing_listens(make_standin, make_agent, unused_port):
    checked = Checked(make_agent(make_standin(closed=True), "mqtt://127.0.0.1:%d" % unused_port,
                                 start=False))
    checked.assert_fails("tcp", "no connection to the API", "firewall")
    checked.assert_fails("broker", "refused", "broker running")
    assert checked.marks["publish"] == "skip" == checked.marks["tls"], checked.text
    assert checked.marks["clock"] == "ok" == checked.marks["disk"], checked.text


def test_a_queue_that_is_no_directory(standin, broker, make_agent):
    agent = make_agent(standin, broker, start=False)
    write_secret(agent.queue_dir, "a file")
    checked = Checked(agent)
    checked.assert_fails("disk", re.escape(agent.queue_dir), re.escape(agent.queue_dir))
    assert checked.marks["publish"] == "ok", checked.text


def test_a_broker_that_refuses_publishes(standin, make_broker, make_agent, tmp_path):
    acl = tmp_path / "acl"
    acl.write_text("topic read #\n")
    broker = make_broker(extra="user root\nacl_file %s" % acl)
    checked = Checked(make_agent(standin, broker, start=False))
    checked.assert_fails("publish", "north-depot/check is refused", "ACL")


def test_a_broker_that_drops_part_of_a_burst_and_saves_now_and_then(make_standin, make_broker, make_agent, tmp_path):
    broker = make_broker(extra="max_inflight_messages 20\nmax_queued_messages 1000\nautosave_interval 900\n"
                               "persistence true\npersistence_location %s/" % tmp_path)
    checked = Checked(make_agent(make_standin(fleet=600), broker, start=False))
    assert checked.code == 0, checked.text
    assert checked.marks["burst"] == "warn" == checked.marks["persistence"], checked.text
    assert "of 1600 retained messages at once 1020 came" in checked.text
    assert "max_queued_messages" in checked.text and "every 900 s" in checked.text
    with Subscriber(broker.port, "depotlink/north-depot/check/#") as late:
        assert not late.settle().latest


@pytest.mark.parametrize("way", ["tcp", "socket"])
def test_a_broker_as_it_ships(make_standin, make_agent, closing, tmp_path, way):
    broker = DropIn(str(tmp_path))
    closing.append(broker)
    broker.start()
    password = write_secret(str(tmp_path / "mqtt.password"), AGENT[1])
    agent = make_agent(make_standin(fleet=600), broker, {"mqtt": {
        "url": broker.url if way == "tcp" else "unix://" + broker.socket_path,
        "username": AGENT[0], "password_file": password}}, start=False)
    checked = Checked(agent)
    assert checked.code == 0, checked.text
    assert {checked.marks[probe] for probe in ("broker", "publish", "burst", "persistence")} == {"ok"}, checked.text
    assert "1600 retained messages at once arrive whole" in checked.text
    assert "publishes the fleet anew" in checked.text


def test_logins_are_ended_and_a_permission_is_missed(standin, broker, make_agent, tmp_path):
    user = write_secret(str(tmp_path / "user.password"), USER[1])
    panel = write_secret(str(tmp_path / "panel.password"), PANEL[1])
    standin.account(api="panel", permissions={"tariffs": ["read"]})
    checked = Checked(make_agent(standin, broker, {
        "api": {"key_file": None, "user": {"login": USER[0], "password_file": user},
                "panel": {"login": PANEL[0], "password_file": panel}},
        "extra": [{"path": "panel/user/list", "topic": "users"}]}, start=False))
    checked.assert_fails("permissions", "panel/user/list: .*lacks the permission users: read",
                         "right")
    assert checked.marks["credential"] == "ok" == checked.marks["panel"], checked.text
    assert USER[1] not in checked.text and PANEL[1] not in checked.text
    assert standin.sessions(api="user")["count"] == 0 == standin.sessions(api="panel")["count"]
    assert "of_the_other_api" not in standin.stats()["auth"]


def test_a_running_agent_is_not_disturbed(standin, broker, subscriber, agent):
    mark = agent.mark()
    connections = broker.connections("depotlink-north-depot")
    checked = Checked(agent)
    assert checked.code == 0, checked.text
    assert os.path.isdir(agent.queue_dir) and "check.trial" not in os.listdir(agent.queue_dir)
    agent.assert_alive()
    assert not [line for line in agent.lines[mark:] if TROUBLE.search(line)], agent.log()
    assert [m.payload for m in subscriber.of("depotlink/north-depot/status")] == [b"online"]
    assert broker.connections("depotlink-north-depot") == connections + 1
