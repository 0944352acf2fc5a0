# SPDX-License-Identifier: Apache-2.0
"""Logins: to the user API instead of a key, and to the panel. What is wrong with one is said by its name."""
import os

import pytest

import contract
from agent import write_secret
from contract import PREFIX
from standin.sessions import PANEL, USER

WATCH_S = 5


def user_config(folder):
    path = write_secret(os.path.join(str(folder), "user.password"), USER[1])
    return {"api": {"key_file": None, "user": {"login": USER[0], "password_file": path}}}


def panel_config(folder):
    path = write_secret(os.path.join(str(folder), "panel.password"), PANEL[1])
    return {"api": {"panel": {"login": PANEL[0], "password_file": path}}}


def wait_credential(subscriber, section, state):
    subscriber.wait_json(PREFIX + "health",
                         lambda value: value.get(section, {}).get("credential") == state)


def assert_crossed_nowhere(standin):
    assert "of_the_other_api" not in standin.stats()["auth"], standin.stats()["auth"]


def test_a_users_login_serves_as_well_as_a_key(standin, make_agent, broker, subscriber, tmp_path):
    agent = make_agent(standin, broker, user_config(tmp_path))
    subscriber.wait_for(contract.has_all_states(standin))
    assert standin.stats()["requests"]["user/auth"] == 1
    assert set(standin.stats()["auth"]) == {"header_right"}
    standin.sessions(end=True)  # the API has forgotten it
    assert standin.wait(what="user/auth", count=2, timeout=60)["done"]
    wait_credential(subscriber, "api", "ok")
    assert_crossed_nowhere(standin)
    agent.stop()
    assert USER[1] not in agent.log() and USER[0] not in agent.log()


def test_a_clean_stop_ends_the_sessions(standin, make_agent, broker, subscriber, tmp_path):
    config = user_config(tmp_path)
    config["api"].update(panel_config(tmp_path)["api"])
    agent = make_agent(standin, broker, config)
    subscriber.wait_for(contract.has_all_states(standin))
    assert standin.wait(what="panel/account/auth", count=1)["done"]
    wait_credential(subscriber, "panel", "ok")
    agent.stop()
    requests = standin.stats()["requests"]
    assert requests["user/logout"] == 1 and requests["panel/account/logout"] == 1, requests
    assert standin.sessions(api="user")["count"] == 0 == standin.sessions(api="panel")["count"]
    assert_crossed_nowhere(standin)


@pytest.mark.parametrize("fault, state, words, remedy", [
    ({"refusal": 102}, "refused", "login or password", "see to api.user.login"),
    ({"refusal": 104}, "limited", "too many sessions", "an API key needs no sessions"),
    ({"refusal": 11}, "blocked", "dealer", "ask the platform's support"),
    ({"second_factor": True}, "second_factor", "second factor", "use an API key")])
def test_each_refusal_has_its_name_and_remedy(make_standin, make_agent, broker, subscriber, tmp_path, fault,
                                              state, words, remedy):
    standin = make_standin(fleet=3)
    standin.control("account", api="user", **fault)
    agent = make_agent(standin, broker, user_config(tmp_path))
    agent.wait_log(lambda line: words in line and line.startswith("error"))
    wait_credential(subscriber, "api", state)
    health = contract.payload_of(subscriber, PREFIX + "health")
    assert remedy in health["api"]["last_error"], health
    assert not standin.wait(what="user/auth", count=3, timeout=WATCH_S)["done"], "hammered"
    status = agent.once("status")
    assert "credential " + state in status.stdout and remedy in status.stdout, status.stdout
    agent.assert_alive()
    assert USER[1] not in agent.log()


def test_a_panel_that_refuses_leaves_the_fleet_alone(standin, make_agent, broker, subscriber, tmp_path):
    standin.control("account", api="panel", refusal=102)
    agent = make_agent(standin, broker, panel_config(tmp_path))
    subscriber.wait_for(contract.has_all_states(standin))
    wait_credential(subscriber, "panel", "refused")
    assert_crossed_nowhere(standin)
    agent.stop()
    assert PANEL[1] not in agent.log()


def test_a_rotated_key_is_picked_up_without_a_restart(standin, make_agent, broker, subscriber):
    agent = make_agent(standin, broker, key="0" * 32)
    agent.wait_trouble()
    write_secret(agent.key_file, standin.key)
    subscriber.wait_for(contract.has_all_states(standin))
    agent.wait_log(lambda line: "key's file has changed" in line)


def test_a_key_from_the_environment_is_not_left_there(standin, make_agent, broker, subscriber, monkeypatch):
    monkeypatch.setenv("DEPOTLINK_TEST_KEY", standin.key)
    agent = make_agent(standin, broker, {"api": {"key_file": "$DEPOTLINK_TEST_KEY"}})
    subscriber.wait_for(contract.has_all_states(standin))
    environment = agent.proc("environ")
    assert b"DEPOTLINK_TEST_KEY=" in environment and standin.key.encode() not in environment


def test_a_key_of_systemds_store_serves_as_well(standin, make_agent, broker, subscriber, monkeypatch, tmp_path):
    write_secret(str(tmp_path / "depot.key"), standin.key, 0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    make_agent(standin, broker, {"api": {"key_file": "$CREDENTIALS_DIRECTORY/depot.key"}})
    subscriber.wait_for(contract.has_all_states(standin))


def test_an_agent_that_crashes_again_and_again_locks_nobody_out(standin, make_agent, tmp_path):
    standin.control("account", api="user", refusal=102)
    agent = make_agent(standin, "mqtt://127.0.0.1:1", user_config(tmp_path), start=False)
    for _ in range(12):
        mark = agent.mark()
        agent.start()
        agent.wait_log(lambda line: "login or password" in line or "does not log in now" in line, mark)
        agent.kill()
    assert standin.stats()["requests"]["user/auth"] == 8
    assert "too many logins within an hour" in agent.log()
    with open(os.path.join(agent.runtime_dir, "logins"), encoding="ascii") as book:
        assert len([time for time in book.read().split() if time != "0"]) == 8


def test_once_logs_in_and_out(standin, make_agent, tmp_path):
    agent = make_agent(standin, "mqtt://127.0.0.1:1", user_config(tmp_path), start=False)
    done = agent.once("once")
    assert done.returncode == 0, done.stderr
    assert standin.sessions(api="user")["count"] == 0
    assert USER[1] not in done.stdout + done.stderr
