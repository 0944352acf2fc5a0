# SPDX-License-Identifier: Apache-2.0
"""The queue on disk: what the broker does not take comes later, whatever happens meanwhile."""
import contextlib
import os
import random
import subprocess
import threading

import pytest

import contract
from agent import write_secret
from contract import PREFIX, state_topic
from ledger import Ledger, whole_rounds
from steps import change, wait_more_polls, wait_speed

KILLS = int(os.environ.get("DEPOTLINK_E2E_KILLS", "2"))
SEED = int(os.environ.get("DEPOTLINK_E2E_SEED", "1"))
IN_FLIGHT = 32
HEALTH = PREFIX + "health"
PATIENCE_S = 90


@pytest.fixture
def ledger(standin, subscribe):
    return Ledger(standin, subscribe)


def move(standin, polls=3):
    """Moves the fleet on by a second with each poll, then stands still."""
    standin.options(step_s=1)
    wait_more_polls(standin, polls)
    standin.options(step_s=0)
    whole_rounds(standin)


def arrived(ledger, standin, broker):
    ledger.watch(broker).wait_for(contract.has_all_states(standin), what="the whole fleet")


def segments(agent):
    return sorted(name for name in os.listdir(agent.queue_dir) if name.endswith(".seg"))


def wait_segments(agent, standin, gone=False):
    """Until records stand on the disk, or all are gone from it."""
    for _ in range(PATIENCE_S):
        if bool(segments(agent)) != gone:
            return
        agent.assert_alive()
        wait_more_polls(standin, 1)
    raise AssertionError("on disk: %s" % segments(agent))


def kill_somewhere(agent, source, most_s):
    """SIGKILL at a random instant within `most_s`; any instant is as good as any other."""
    threading.Event().wait(source.random() * most_s)
    agent.kill()


def test_nothing_is_lost_whenever_the_agent_is_killed(standin, broker, make_agent, ledger):
    source = random.Random(SEED)
    agent = make_agent(standin, broker)
    arrived(ledger, standin, broker)
    faults = 0
    for _ in range(KILLS):
        move(standin, 1)
        broker.stop()
        move(standin)
        kill_somewhere(agent, source, 1.5)  # in memory, on its way to the disk, or on it
        agent.start()
        whole_rounds(standin)
        move(standin)
        ledger.start_broker(broker, agent)
        kill_somewhere(agent, source, 1.0)  # connecting, delivering, or done
        agent.start()
        whole_rounds(standin)
        ledger.wait_complete()
        faults += 3
    ledger.assert_in_order()
    assert ledger.repeats() <= faults * IN_FLIGHT


def test_nothing_is_written_while_the_broker_takes_records(standin, broker, make_agent, ledger):
    agent = make_agent(standin, broker)
    arrived(ledger, standin, broker)

    def written():
        with open("/proc/%d/io" % agent.pid, encoding="ascii") as io:
            return [line for line in io if line.startswith("write_bytes")]

    def files():
        found = [(entry.name, entry.stat()) for entry in os.scandir(agent.queue_dir)]
        return sorted((name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in found)
    before = (written(), files())
    move(standin, 5)
    ledger.wait_complete()
    assert (written(), files()) == before
    assert os.stat(agent.queue_dir).st_mode & 0o777 == 0o700
    assert [name for name, *_ in before[1]] == ["queue.key"]


@contextlib.contextmanager
def small_disk(folder, kib=256):
    """A file system of its own; None where we may not mount one."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dk" % kib, "tmpfs", folder],
                          capture_output=True, check=False)
    try:
        yield None if done.returncode else folder
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    with open(os.path.join(folder, "filler"), "wb", buffering=0) as out:
        with contextlib.suppress(OSError):
            while True:
                out.write(b"x" * 512)


@pytest.mark.parametrize("trouble", ["full", "refused"])
def test_a_disk_in_trouble_stops_nothing_and_heals(standin, broker, make_agent, ledger, tmp_path,
                                                   trouble):
    with small_disk(str(tmp_path)) as disk:
        if disk is None:
            pytest.skip("no right to mount a file system")
        agent = make_agent(standin, broker, {"queue": {"dir": disk, "min_free": "0KiB"}})
        arrived(ledger, standin, broker)
        remount = ["mount", "-o", "remount,%s", disk]
        if trouble == "full":
            fill(disk)
        else:
            subprocess.run([word.replace("%s", "ro") for word in remount], check=True)
        broker.stop()
        mover = contract.ids_of(standin, "moving")[0]
        change(standin, mover, 71)
        agent.wait_log(lambda line: "the queue on disk cannot be used" in line)
        subscriber = ledger.start_broker(broker, agent)
        wait_speed(subscriber, mover, 71)
        subscriber.wait_json(HEALTH, lambda p: p["queue"]["disk"] == trouble
                             and p["queue"]["last_error"], PATIENCE_S)
        change(standin, mover, 72)
        wait_speed(subscriber, mover, 72)
        if trouble == "full":
            os.remove(os.path.join(disk, "filler"))
        else:
            subprocess.run([word.replace("%s", "rw") for word in remount], check=True)
        health = subscriber.wait_json(HEALTH, lambda p: p["queue"]["disk"] == "ok", PATIENCE_S)
        assert "last_error" not in health["queue"] and health["records"]["dropped"] == 0
        ledger.wait_complete()
        agent.stop()


def test_records_wait_through_a_clean_stop(standin, broker, make_agent, ledger):
    agent = make_agent(standin, broker)
    arrived(ledger, standin, broker)
    broker.stop()
    move(standin)
    agent.stop()
    assert segments(agent)
    left = [name for name in os.listdir(agent.runtime_dir) if name != "lock"]
    for name in left:  # a reboot
        os.remove(os.path.join(agent.runtime_dir, name))
    broker.start()
    ledger.watch(broker)
    agent.start()
    ledger.wait_complete()
    ledger.assert_in_order()
    assert ledger.repeats() <= IN_FLIGHT


@pytest.mark.parametrize("key", ["no key at all", "f" * 64, None],
                         ids=["malformed", "another", "missing"])
def test_a_wrong_key_keeps_records_and_stops_nothing(standin, broker, make_agent, ledger, key):
    agent = make_agent(standin, broker)
    arrived(ledger, standin, broker)
    broker.stop()
    move(standin)
    agent.stop()
    path = os.path.join(agent.queue_dir, "queue.key")
    kept = segments(agent)
    os.rename(path, path + ".right")
    if key is not None:
        write_secret(path, key)
    broker.start()
    subscriber = ledger.watch(broker)
    mark = agent.mark()
    agent.start()
    agent.wait_log(lambda line: line.startswith("error") and "key" in line, mark)
    subscriber.wait_for(contract.has_all_states(standin), what="live states")
    health = subscriber.wait_json(HEALTH, lambda p: p["queue"]["disk"] == "refused"
                                  or p["queue"]["locked"] > 0)
    assert not [True for kind, _ in ledger.records() if kind == "history"]
    assert health["records"]["dropped"] == 0 and set(kept) <= set(segments(agent))
    agent.stop()
    os.rename(path + ".right", path)
    agent.start()
    ledger.wait_complete()
    ledger.assert_in_order()


def test_replay_to_state_keeps_one_line(standin, broker, make_agent, ledger):
    agent = make_agent(standin, broker, {"queue": {"replay_to": "state"}})
    arrived(ledger, standin, broker)
    broker.stop()
    move(standin, 4)
    wait_segments(agent, standin)
    subscriber = ledger.start_broker(broker, agent)
    move(standin, 2)
    ledger.wait_complete()
    ledger.assert_in_order(late_on="state")
    assert any(payload.get("late") for _, payload in ledger.records())
    subscriber.wait_for(contract.has_all_states(standin), PATIENCE_S)
    for tracker in contract.visible(standin):
        want = contract.utc(standin.state(id=tracker["id"])["state"].get("last_update"))
        newest = contract.payload_of(subscriber, state_topic(tracker["id"]))
        assert newest.get("update_time") == want
        assert subscriber.latest[state_topic(tracker["id"])].retain


def test_refused_records_block_no_others(standin, make_broker, make_agent, ledger, tmp_path):
    broker = make_broker()
    agent = make_agent(standin, broker)
    arrived(ledger, standin, broker)
    refused, other = contract.ids_of(standin, "moving")[:2]
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite #\ntopic deny %stracker/%d/#\n" % (PREFIX, refused))
    rules.chmod(0o644)
    broker.stop()
    # root may read the test's folder; without a limit, mosquitto 2.0 leaves a client that it refuses.
    broker.write_config("acl_file %s\nuser root\nmax_queued_messages 100000" % rules)
    move(standin, 4)
    wait_segments(agent, standin)
    before = set(ledger.seen())
    subscriber = ledger.start_broker(broker, agent)
    wanted = {entry for entry in ledger.served() - before if entry[0] != refused}
    subscriber.wait_for(lambda _: wanted <= ledger.seen(), PATIENCE_S, "what is not refused")
    change(standin, other, 77)
    wait_speed(subscriber, other, 77)
    agent.wait_log(lambda line: "refuses a publish" in line)
    wait_segments(agent, standin, gone=True)


def test_peak_memory_while_draining(make_standin, make_broker, make_agent, subscribe):
    standin = make_standin(fleet=1000)
    broker, ledger = make_broker(start=False), Ledger(standin, subscribe)
    agent = make_agent(standin, broker)
    whole_rounds(standin)
    move(standin, 2)
    wait_segments(agent, standin)
    ledger.start_broker(broker, agent)
    ledger.wait_complete()
    ledger.assert_in_order()
    peak = agent.vm_hwm_kib()
    print("VmHWM %d KiB" % peak)
    assert os.environ.get("DEPOTLINK_ASSERT_MEMORY") != "1" or peak <= 4608
