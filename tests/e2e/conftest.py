# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the stand-in API, a mosquitto, the agent's binary, subscribers. All on loopback."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

from standin.launch import Broker, StandIn, free_port  # noqa: E402
from agent import Agent  # noqa: E402
from subscriber import Subscriber  # noqa: E402
import contract  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--binary", default=os.environ.get("DEPOTLINK_BIN"),
                     help="the depotlink binary (default: $DEPOTLINK_BIN)")
    parser.addoption("--part", metavar="K/N", help="run every Nth test only, from the Kth on")


def pytest_configure(config):
    config.addinivalue_line("markers", "large: fleets of 25,000 trackers; takes a minute")
    config.addinivalue_line("markers", "smoke: the main job; for slow and foreign machines")


def pytest_collection_modifyitems(config, items):
    """Parts of a file run beside each other: the tests mostly wait."""
    if config.getoption("--part"):
        part, parts = (int(number) for number in config.getoption("--part").split("/"))
        assert 1 <= part <= parts
        config.hook.pytest_deselected(
            items=[item for at, item in enumerate(items) if at % parts != part - 1])
        items[:] = items[part - 1::parts]


@pytest.fixture(scope="session")
def binary(request):
    path = request.config.getoption("--binary")
    if not path:
        pytest.fail("no binary: give --binary or set DEPOTLINK_BIN")
    if not os.access(path, os.X_OK):
        pytest.fail("not a program: %s" % path)
    return os.path.abspath(path)


@pytest.fixture
def closing():
    """A list of things to close when the test ends, last first; each gets its chance."""
    things, failed = [], []
    yield things
    for thing in reversed(things):
        try:
            thing.close() if hasattr(thing, "close") else thing.__exit__(None, None, None)
        except AssertionError as error:
            failed.append(str(error))
    assert not failed, "\n".join(failed)


@pytest.fixture(scope="session", autouse=True)
def certificates(tmp_path_factory):
    """Made once: half of what the start of a stand-in costs."""
    os.environ["STANDIN_CERTS"] = str(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def make_standin(closing):
    def make(**options):
        options = {"fleet": 20, "clock": "stepped", "report": 1, "rate": 0, **options}
        standin = StandIn(**options).__enter__()
        standin.__dict__["close"] = lambda: standin.__exit__(None, None, None)
        closing.append(standin)
        return standin
    return make


@pytest.fixture
def standin(make_standin):
    return make_standin()


@pytest.fixture
def make_broker(closing, tmp_path_factory):
    def make(start=True, extra=""):
        broker = Broker(str(tmp_path_factory.mktemp("broker")), extra)
        closing.append(broker)
        return broker.start() if start else broker
    return make


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def subscribe(closing):
    """Makes a subscriber of everything on a broker."""
    def make(broker, topic="#"):
        subscriber = Subscriber(broker.port, topic)
        closing.append(subscriber)
        return subscriber
    return make


@pytest.fixture
def subscriber(subscribe, broker):
    return subscribe(broker)


@pytest.fixture
def make_agent(binary, closing, tmp_path_factory):
    """make_agent(standin, broker_or_url, extra_config, key=..., start=True)"""
    def make(standin, broker, extra=None, key=None, start=True):
        url = broker if isinstance(broker, str) else broker.url
        agent = Agent(binary, tmp_path_factory.mktemp("agent"), standin.api_url, standin.ca_file,
                      key or standin.key, url, extra)
        closing.append(agent)
        return agent.start() if start else agent
    return make


@pytest.fixture
def agent(make_agent, standin, broker, subscriber):
    """A running agent whose whole fleet has arrived at the subscriber."""
    running = make_agent(standin, broker)
    subscriber.wait_for(contract.has_all_states(standin), what="every tracker's state and info")
    return running


@pytest.fixture
def unused_port():
    return free_port()
