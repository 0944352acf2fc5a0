# SPDX-License-Identifier: Apache-2.0
"""`depotlink queue ls|export|purge` and `depotlink status`, beside a running agent and without one."""
import json
import os
import pty
import re
import subprocess

import pytest

import contract
from agent import EMULATOR
from ledger import Ledger, whole_rounds
from steps import wait_more_polls

ROW = re.compile(r"^([0-9a-f]{16}\.(?:seg|bad)) +(\d+|-) +(\d+)  (\S+) +(\S+) +(ok|damaged|locked|set aside)$",
                 re.MULTILINE)


@pytest.fixture
def waiting(standin, broker, make_agent, subscribe):
    """An agent in an outage with records on disk, and the ledger of what came before."""
    agent, ledger = make_agent(standin, broker), Ledger(standin, subscribe)
    ledger.watch(broker).wait_for(contract.has_all_states(standin), what="the whole fleet")
    broker.stop()
    standin.options(step_s=1)
    wait_more_polls(standin, 3)
    standin.options(step_s=0)
    whole_rounds(standin)
    return agent, ledger


def queue(agent, command, *args, stdin=subprocess.DEVNULL):
    return subprocess.run(EMULATOR + [agent.binary, "queue", command, "--config", agent.config,
                                      *args], capture_output=True, text=True, timeout=30,
                          stdin=stdin, check=False)


def exported(agent):
    done = queue(agent, "export")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def files(agent):
    return sorted(os.listdir(agent.queue_dir))


def test_ls_and_export_show_all_that_waits(waiting, standin):
    agent, ledger = waiting
    missed = ledger.served() - ledger.seen()
    assert missed
    for running in (True, False):
        if not running:
            agent.stop()
        before = files(agent)
        records = exported(agent)
        got = {(r["payload"]["id"], r["payload"].get("update_time")) for r in records}
        assert missed <= got
        assert all(r["late"] is True and r["topic"] == "%stracker/%d/history"
                   % (contract.PREFIX, r["payload"]["id"]) for r in records)
        assert all(contract.UTC_MS.match(r["time"]) for r in records)
        numbers = [r["payload"]["seq"] for r in records]
        assert numbers == sorted(numbers)
        listed = queue(agent, "ls")
        assert listed.returncode == 0, listed.stdout + listed.stderr
        rows = ROW.findall(listed.stdout)
        on_disk, segments = re.search(r"^(\d+) records on disk in (\d+) segments, \d+ bytes",
                                      listed.stdout, re.MULTILINE).groups()
        assert rows and len(rows) == int(segments) and {row[5] for row in rows} == {"ok"}
        assert sum(int(row[1]) for row in rows) == int(on_disk) <= len(records)
        if not running:
            assert int(on_disk) == len(records) and files(agent) == before


def test_ls_tells_damaged_locked_and_set_aside(waiting):
    agent, _ = waiting
    agent.stop()
    name = next(name for name in files(agent) if name.endswith(".seg"))
    path = os.path.join(agent.queue_dir, name)
    bad = "%016x.bad" % (int(name[:16], 16) + 1)
    with open(path, "rb") as file, open(os.path.join(agent.queue_dir, bad), "wb") as out:
        out.write(file.read())
    with open(path, "r+b") as file:
        file.seek(200)
        file.write(b"\xff" * 8)
    listed = queue(agent, "ls")
    assert listed.returncode == 1
    assert {row[0]: row[5] for row in ROW.findall(listed.stdout)} == {name: "damaged",
                                                                       bad: "set aside"}
    done = queue(agent, "export")
    assert done.returncode == 1 and "damaged" in done.stderr
    os.remove(os.path.join(agent.queue_dir, "queue.key"))
    listed = queue(agent, "ls")
    assert listed.returncode == 1 and dict((r[0], r[5]) for r in ROW.findall(listed.stdout))[
        name] == "locked"
    assert "queue.key" in listed.stdout and "queue.key" not in files(agent)
    done = queue(agent, "export")
    assert done.returncode == 1 and done.stdout == "" and "queue.key" in done.stderr


def test_purge_asks_and_leaves_the_key(waiting, broker, standin):
    agent, ledger = waiting
    done = queue(agent, "purge", "--yes")
    assert done.returncode == 1 and "stop the agent" in done.stderr
    agent.stop()
    before = files(agent)
    done = queue(agent, "purge")
    assert done.returncode == 1 and "--yes" in done.stderr and files(agent) == before
    for answer, code in ((b"n\n", 1), (b"\n", 1), (b"y\n", 0)):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        try:
            done = queue(agent, "purge", stdin=theirs)
        finally:
            os.close(ours)
            os.close(theirs)
        assert done.returncode == code, done.stdout + done.stderr
        assert (files(agent) == before) == (code == 1)
    assert set(files(agent)) - {"gaps"} == {"queue.key"}  # what is to be read back is no record
    assert queue(agent, "purge", "--yes").returncode == 0
    assert exported(agent) == []
    broker.start()
    subscriber = ledger.watch(broker)
    agent.start()
    subscriber.wait_for(contract.has_all_states(standin), what="live states")
    assert not [kind for kind, payload in ledger.records() if kind == "history"]


def test_queue_commands_without_a_queue(standin, broker, make_agent):
    agent = make_agent(standin, broker, start=False)
    for command in ("ls", "export", "purge"):
        done = queue(agent, command, *(("--yes",) if command == "purge" else ()))
        assert done.returncode == 1 and agent.queue_dir in done.stderr
    assert not os.path.exists(agent.queue_dir)


def test_a_second_agent_is_refused(agent, standin, broker, make_agent):
    for section in ({"dir": agent.queue_dir}, {"runtime_dir": agent.runtime_dir}):
        other = make_agent(standin, broker, {"queue": section}, start=False)
        done = other.once("run")
        assert done.returncode == 1 and "another depotlink" in done.stderr
    agent.assert_alive()


def test_status_with_and_without_the_agent(waiting, standin):
    agent, _ = waiting

    def look():
        done = agent.once("status", "--json")
        return done.returncode, json.loads(done.stdout)
    code, value = look()
    assert code == 0 and value["running"] is True and value["age_s"] >= 0
    assert value["health"]["trackers"] == len(standin.trackers())
    assert value["health"]["broker"]["state"] == "unreachable"
    path = os.path.join(agent.runtime_dir, "status.json")
    assert os.stat(path).st_mode & 0o777 == 0o600
    table = agent.once("status")
    assert table.returncode == 0
    for word in ("runs since", "report of", "api", "broker", "unreachable", "records", "waiting", "queue",
                 "records in", "lost", "memory", "KiB"):
        assert word in table.stdout, table.stdout
    with open(path, encoding="ascii") as file:
        assert open(agent.key_file, encoding="ascii").read().strip() not in file.read()
    agent.kill()
    code, value = look()
    assert code == 1 and value["running"] is False and value["health"]["site"]
    assert "does not run, report of" in agent.once("status").stdout
    os.remove(path)
    code, value = look()
    assert code == 1 and value["running"] is False and "health" not in value
    assert "left no report" in agent.once("status").stdout


def test_a_narrower_scope_holds_for_what_waits(waiting, standin, broker):
    agent, ledger = waiting
    agent.stop()
    fleet = contract.visible(standin)
    scope = {"trackers": [fleet[0]["id"]], "groups": [fleet[1]["group_id"]]}
    held = {tracker["id"] for tracker in fleet
            if tracker["id"] in scope["trackers"] or tracker["group_id"] in scope["groups"]}
    left = [record["payload"]["id"] for record in exported(agent)]
    assert held.intersection(left) and set(left) - held
    agent.configure({"scope": scope})
    broker.start()
    subscriber = ledger.watch(broker)
    agent.start()
    shown = [number for number in left if number in held]
    health = subscriber.wait_json(contract.PREFIX + "health", lambda p: p["queue"]["on_disk"] == 0 and
                                  p["queue"].get("out_of_scope") == len(left) - len(shown))
    assert health["records"]["dropped"] == 0
    assert sorted(payload["id"] for kind, payload in ledger.records()
                  if kind == "history") == sorted(shown)
