# SPDX-License-Identifier: Apache-2.0
"""config/mosquitto/: what it lets through, what not, and that a whole fleet gets to who comes late."""
import os
import re

import pytest

import contract
from agent import write_secret
from contract import PREFIX
from mosquitto_setup import AGENT, DASHBOARD, Client, DropIn, shipped
from subscriber import Subscriber

NOT_AUTHORIZED = 0x87
FLEET = 25000
STATE = b'{"id":%07d,' + b"x" * 493  # as many bytes as a state that the README shows
INFO = b'{"id":%07d,' + b"x" * 120


@pytest.fixture
def mosquitto(closing, tmp_path):
    def make(extra=""):
        broker = DropIn(str(tmp_path), extra)
        closing.append(broker)
        return broker.start()
    return make


@pytest.fixture
def screen(closing):
    """A dashboard that subscribes to everything there is."""
    def make(broker, qos=1, topic="#"):
        subscriber = Subscriber(broker.port, topic, user=DASHBOARD, qos=qos)
        closing.append(subscriber)
        return subscriber
    return make


def at(broker, folder, url=None):
    """The config's section that a technician writes."""
    return {"mqtt": {"url": url or broker.url, "username": AGENT[0],
                     "password_file": write_secret(os.path.join(str(folder), "mqtt.password"), AGENT[1])}}


def test_the_agent_writes_below_its_prefix_and_dashboards_read(
        mosquitto, screen, make_standin, make_agent, tmp_path):
    broker, standin = mosquitto(), make_standin(fleet=5)
    dashboard = screen(broker)
    agent = make_agent(standin, broker.url, at(broker, tmp_path))
    dashboard.wait_for(contract.has_all_states(standin))
    dashboard.wait_json(PREFIX + "health", lambda health: health["broker"]["protocol"] == "5")
    assert agent.once("check", "--online").returncode == 0
    with Client(broker.port, AGENT) as client:
        assert client.publish(PREFIX + "tracker/1/state") < 0x80
        for topic in ("depotlinks/1", "other/north-depot/status", "$SYS/broker/uptime"):
            assert client.publish(topic) == NOT_AUTHORIZED, topic
    with Client(broker.port, DASHBOARD) as client:
        for topic in (PREFIX + "status", PREFIX + "tracker/1/state", "dashboard/1"):
            assert client.publish(topic) == NOT_AUTHORIZED, topic
    curious = Subscriber(broker.port, "#", user=AGENT)
    beyond = [topic for topic in curious.settle().latest if not topic.endswith(("/state", "/info"))]
    assert not beyond, "the agent's password reads more than what it may have to clear"
    curious.close()
    assert set(topic.split("/")[0] for topic in dashboard.settle().latest) == {"depotlink"}
    for user in (None, ("depotlink", "wrong"), ("root", "")):
        with Client(broker.port, user) as client:
            assert client.refused >= 0x80
    agent.stop()
    assert not agent.wait_log(lambda line: "stopped" in line).startswith("error")
    broker.stop()
    trouble = [line for line in broker.log().splitlines() if re.search("warning|error|duplicate", line, re.IGNORECASE)]
    assert not [line for line in trouble if "run as root" not in line], trouble
    assert not os.path.exists(os.path.join(broker.folder, "mosquitto.db")), "it writes to the disk"


def test_by_the_socket_and_after_a_restart_all_is_there_anew(
        mosquitto, screen, make_standin, make_agent, tmp_path):
    broker, standin = mosquitto(), make_standin(fleet=5)
    assert os.stat(broker.socket_path).st_mode & 0o777 == 0o770  # who is neither of the owner's group gets in
    agent = make_agent(standin, "unix://" + broker.socket_path,
                       at(broker, tmp_path, "unix://" + broker.socket_path))
    screen(broker).wait_for(contract.has_all_states(standin))
    broker.restart()
    agent.wait_log(lambda line: "kept nothing of this agent" in line)
    screen(broker).wait_for(contract.has_all_states(standin))


def test_25000_trackers_reach_a_late_subscriber_whole(mosquitto, screen):
    broker = mosquitto()
    with Client(broker.port, AGENT) as agent:
        for name, payload in (("state", STATE), ("info", INFO)):
            agent.burst((PREFIX + "tracker/%d/%s" % (n, name), payload % n) for n in range(1, FLEET + 1))
    for qos in (1, 0):
        late = screen(broker, qos)
        late.wait_for(lambda s: len(s.latest) == 2 * FLEET, what="all retained messages at QoS %d" % qos)
        late.close()


def bridge(central):
    """bridge.conf as shipped, but for the way to the broker further up."""
    theirs = {"broker.example.com:8883": "127.0.0.1:%d" % central.port, "restart_timeout 5 60": "restart_timeout 1 1",
              "bridge_cafile /etc/ssl/certs/ca-certificates.crt\n": ""}
    config = shipped("bridge.conf")
    for their, our in theirs.items():
        assert their in config, their
        config = config.replace(their, our)
    return config


def test_a_bridge_takes_all_of_it_up_and_nothing_down(mosquitto, screen, make_broker, subscribe):
    central = make_broker(start=False)
    broker = mosquitto(bridge(central))
    topics = [PREFIX + "tracker/%d/state" % n for n in range(1, 1501)]
    with Client(broker.port, AGENT) as agent:
        agent.burst((topic, STATE % 1) for topic in topics)
        central.start()
        above = subscribe(central)
        above.wait_for(lambda s: len(s.latest) == len(topics), what="all that stood here before the bridge was up")
        assert subscribe(central, topics[0]).wait_payload(topics[0], STATE % 1).retain
        assert agent.publish(topics[0], b"") < 0x80
        assert agent.publish("depotlink/south-depot/status", b"online") < 0x80
        above.wait_payload(topics[0], b"")
        # Further up all is lost; what came meanwhile, and what stands here, is there again.
        central.kill()
        assert agent.publish(PREFIX + "tracker/2/history", b"late", retain=False) < 0x80
        assert agent.publish(topics[2], b"") < 0x80
        central.start()
        above = subscribe(central)
        wanted = set(topics) - {topics[0], topics[2]} | {PREFIX + "tracker/2/history"}
        above.wait_for(lambda s: {topic for topic, message in s.latest.items() if message.payload} == wanted)
    with Client(central.port) as stranger:
        assert stranger.publish(PREFIX + "tracker/9/state", b"forged") < 0x80
        assert stranger.publish(PREFIX + "gate", b"open") < 0x80
    below = screen(broker).settle()
    assert below.latest[PREFIX + "tracker/9/state"].payload == STATE % 1 and PREFIX + "gate" not in below.latest


def test_each_line_of_the_files_has_its_reason():
    readme = shipped("README.md")
    for name in ("depotlink.conf", "bridge.conf"):
        lines = [line for line in shipped(name).splitlines() if line and not line.startswith("#")]
        assert lines
        for line in lines:
            assert "`%s" % line.split()[0] in readme, "%s: no reason for %s" % (name, line)


def test_what_the_queue_limits_leave_room_for():
    """The whole of the largest account, and the README's arithmetic."""
    config = shipped("depotlink.conf")
    limit = {name: int(re.search(r"^%s (\d+)$" % name, config, re.MULTILINE).group(1))
             for name in ("max_queued_messages", "max_queued_bytes")}
    assert limit["max_queued_messages"] >= 3 * FLEET
    assert limit["max_queued_bytes"] >= 1.5 * FLEET * (len(STATE % 1) + len(INFO % 1))
