# SPDX-License-Identifier: Apache-2.0
"""The stand-in held against the vendor's examples and documented errors."""
import gzip
import json
import os
import time

import pytest

from standin.conftest import HERE, Client
from standin.launch import StandIn

FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures")


def fixture(name):
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as text:
        return json.load(text)


def kind_of(value):
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) \
        else type(value).__name__


def assert_same_shape(ours, vendors, path=""):
    """Each of the vendor's members is ours, of the same type; null and absent are let be."""
    for name, value in vendors.items():
        if name not in ours or ours[name] is None or value is None:
            continue
        where = "%s.%s" % (path, name)
        if name == "device_id":
            assert kind_of(ours[name]) in ("number", "str"), where
            continue
        assert kind_of(ours[name]) == kind_of(value), where
        if isinstance(value, dict) and name not in ("additional", "states"):
            assert_same_shape(ours[name], value, where)


def by_kind(standin, kind):
    return [t["id"] for t in standin.trackers() if t["kind"] == kind]


@pytest.mark.parametrize("folder", ["vendor", "iso"])
def test_states_look_like_the_vendors(standin, client, folder):
    vendors = fixture(folder + "/tracker_get_states.json")
    moving, blocked = by_kind(standin, "moving"), by_kind(standin, "blocked")
    status, ours = client.call("tracker/get_states", folder == "iso", list_blocked=True,
                               trackers=moving + blocked + [5], allow_not_exist=True)
    assert status == 200
    assert list(ours) == list(vendors)
    assert ours["blocked"] == blocked and ours["not_exist"] == [5]
    example = vendors["states"]["1234567"]
    whole = set()
    for state in ours["states"].values():
        assert_same_shape(state, example)
        assert len(state["last_update"]) == len(example["last_update"])
        assert set(state) <= set(example)
        whole |= set(state)
    assert whole == set(example)


def test_one_state_looks_like_the_vendors(standin, client):
    vendors = fixture("vendor/tracker_get_state.json")
    status, ours = client.call("tracker/get_state", tracker_id=by_kind(standin, "parked")[0])
    assert status == 200 and list(ours) == list(vendors)
    assert_same_shape(ours, vendors)


def test_list_read_and_groups_look_like_the_vendors(client):
    status, listed = client.call("tracker/list")
    vendors = fixture("vendor/tracker_list.json")
    assert status == 200 and list(listed) == list(vendors) and len(listed["list"]) == 60
    whole = set()
    for tracker in listed["list"]:
        assert_same_shape(tracker, vendors["list"][0])
        assert set(tracker) <= set(vendors["list"][0])
        whole |= set(tracker) | set(tracker["source"])
    assert whole == set(vendors["list"][0]) | set(vendors["list"][0]["source"])
    assert {type(t["source"]["device_id"]) for t in listed["list"]} == {int, str}
    _, read = client.call("tracker/read", tracker_id=listed["list"][3]["id"])
    assert read["value"] == listed["list"][3]
    assert_same_shape(read, fixture("vendor/tracker_read.json"))
    _, groups = client.call("tracker/group/list")
    assert_same_shape(groups["list"][0], fixture("vendor/tracker_group_list.json")["list"][0])


def test_labels_filter(client):
    _, found = client.call("tracker/list", labels=["Truck 1", "#"])
    labels = [t["label"] for t in found["list"]]
    assert labels and all("Truck 1" in text or "#" in text for text in labels)
    assert client.call("tracker/list", labels=[])[1]["status"]["code"] == 7


def test_unknown_fields_of_fresh_trackers(standin, client):
    fresh = by_kind(standin, "registered")
    _, ours = client.call("tracker/get_states", trackers=fresh)
    for state in ours["states"].values():
        assert state["connection_status"] == "just_registered"
        assert not state.get("last_update") and not state["gps"].get("location")
    assert {"last_update" in state for state in ours["states"].values()} == {True, False}


@pytest.mark.parametrize("params,http_status,code", [
    ({"trackers": list(range(1, 2002))}, 400, 7),
    ({"trackers": []}, 400, 7),
    ({"trackers": ["1"]}, 400, 7),
    ({"trackers": [1000001, 5]}, 400, 217),
    ({"trackers": [1000001, 1000006]}, 403, 208),
])
def test_errors_of_states(client, params, http_status, code):
    status, answer = client.call("tracker/get_states", **params)
    assert (status, answer["success"], answer["status"]["code"]) == (http_status, False, code)
    assert set(answer) - {"errors"} == set(fixture("vendor/error.json"))
    assert ("errors" in answer) == (code == 7)


def test_errors_of_calls_and_format(client):
    assert client.call("tracker/get_state", tracker_id=5)[1]["status"]["code"] == 201
    assert client.call("tracker/nonsense")[1]["status"]["code"] == 112
    assert client.call("nonsense/list")[1]["status"]["code"] == 111
    answer, body = client.raw("/v2/tracker/list", "{broken")
    assert answer.status == 400 and json.loads(body)["status"]["code"] == 5


def test_too_large_request(standin, client):
    answer, body = client.raw("/v2/tracker/list", " " * ((1 << 20) + 1))
    assert answer.status == 412 and json.loads(body)["status"]["code"] == 9


@pytest.mark.parametrize("key,code", [("f" * 32, 4), ("short", 3)])
def test_wrong_key(client, key, code):
    answer, body = client.raw("/v2/tracker/list", Authorization="NVX " + key)
    assert answer.status == 400 and json.loads(body)["status"]["code"] == code


def test_ways_of_passing_the_key(standin, client):
    for path, body, method, kind in [
            ("/tracker/group/list/", {"hash": standin.key}, "POST", "application/json"),
            ("/v2/tracker/group/list/", "hash=" + standin.key, "POST",
             "application/x-www-form-urlencoded"),
            ("/v2/tracker/group/list?hash=" + standin.key, None, "GET", None)]:
        answer, _ = client.raw(path, body, method, Authorization=None, Content_Type=kind)
        assert answer.status == 200, path
    assert {"body_right", "query_right"} <= set(standin.stats()["auth"])
    assert standin.key not in json.dumps(standin.stats())


def test_rate_limit():
    with StandIn(fleet=1, rate=5, plain=True) as slow:
        client = Client(slow)
        answers = [client.call("tracker/group/list") for _ in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[5][1]["status"]["code"] == 15


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_gzip_only_where_asked(standin, client, framing):
    standin.options(framing=framing)
    plain, body = client.raw("/v2/tracker/list")
    assert plain.getheader("Content-Encoding") is None
    packed, small = client.raw("/v2/tracker/list", Accept_Encoding="deflate, gzip")
    assert packed.getheader("Content-Encoding") == "gzip"
    assert (packed.getheader("Transfer-Encoding") == "chunked") == (framing == "chunked")
    assert gzip.decompress(small) == body
    refused, _ = client.raw("/v2/tracker/list", Accept_Encoding="gzip;q=0")
    assert refused.getheader("Content-Encoding") is None
    standin.options(framing="length")


@pytest.mark.parametrize("order,place", [("first", 0), ("last", -1)])
def test_order_of_success(standin, client, order, place):
    standin.options(order=order)
    for action, params in (("tracker/list", {}), ("tracker/get_states", {"trackers": [1000001]})):
        assert list(client.call(action, **params)[1])[place] == "success"
    standin.options(order="vendor")


def test_clock_moves_only_movers(standin, client):
    ids = [t["id"] for t in standin.trackers() if not t["blocked"]]
    before = client.call("tracker/get_states", trackers=ids)[1]["states"]
    again = client.call("tracker/get_states", trackers=ids)[1]["states"]
    assert before == again
    standin.advance(seconds=10)
    after = client.call("tracker/get_states", trackers=ids)[1]["states"]
    changed = {int(i) for i in before if before[i] != after[i]}
    assert set(by_kind(standin, "moving")) <= changed
    assert not changed & set(by_kind(standin, "offline") + by_kind(standin, "registered"))
    standin.advance(seconds=-10)
    assert client.call("tracker/get_states", trackers=ids)[1]["states"] == before


def test_served_log_and_wire_bytes(standin, client):
    standin.reset()
    client.call("tracker/get_states", iso=True, trackers=[1000001, 1000002])
    served = standin.served()
    assert [entry["id"] for entry in served] == [1000001, 1000002]
    state = standin.state(id=1000001)["state"]
    assert served[0]["last_update"] == state["last_update"] and served[0]["whole"]
    stats = standin.stats()
    assert stats["requests"] == {"tracker/get_states": 1}
    assert stats["wire_in"] > 200 and stats["wire_out"] > 1500


def test_edits(standin, client):
    added = standin.add(kind="moving", label="new", group_id=168)["id"]
    standin.edit(id=added, label="renamed \ud800 x")
    _, body = client.raw("/v2/tracker/list")
    assert b'"label":"renamed \\ud800 x"' in body
    first = client.call("tracker/get_state", tracker_id=added)[1]["state"]
    standin.edit(id=added, shift=-60)
    earlier = client.call("tracker/get_state", tracker_id=added)[1]["state"]
    assert earlier["last_update"] < first["last_update"]
    standin.set(id=added, values={"gps.speed": 7, "gsm": None, "last_update": 1722500000})
    fixed = client.call("tracker/get_state", iso=True, tracker_id=added)[1]["state"]
    assert fixed["gps"]["speed"] == 7 and fixed["gsm"] is None
    assert fixed["last_update"] == "2024-08-01T10:13:20+02:00"
    standin.edit(id=added, blocked=True)
    assert client.call("tracker/get_state", tracker_id=added)[0] == 403
    standin.remove(id=added)
    assert client.call("tracker/get_state", tracker_id=added)[1]["status"]["code"] == 201
    with pytest.raises(ValueError):
        standin.edit(id=1000001, colour="red")


def test_freeze(standin, client):
    mover = by_kind(standin, "moving")[0]
    standin.freeze(ids=[mover])
    before = client.call("tracker/get_state", tracker_id=mover)[1]["state"]
    standin.advance(seconds=100)
    assert client.call("tracker/get_state", tracker_id=mover)[1]["state"] == before
    standin.freeze(ids=[mover], frozen=False)
    assert client.call("tracker/get_state", tracker_id=mover)[1]["state"] != before


@pytest.mark.parametrize("folder", ["vendor", "iso"])
def test_links_look_like_the_vendors(standin, client, folder):
    example = fixture(folder + "/location_link_read.json")["value"]
    standin.link(id=103, trackers=[{"tracker_id": 15, "alias": "Jane Doe", "params": {"object_data": []}}],
                 lifetime={"from": 1706562000, "to": 1706572800})
    iso = folder == "iso"
    status, ours = client.call("tracker/location/link/read", iso, id=103)
    assert status == 200 and list(ours["value"]) == list(example)
    assert_same_shape(ours["value"], example)
    assert len(ours["value"]["lifetime"]["to"]) == len(example["lifetime"]["to"])
    assert client.call("tracker/location/link/list", iso)[1]["list"] == [ours["value"]]
    standin.link(id=103, remove=True)
    assert client.call("tracker/location/link/read", id=103)[1]["status"]["code"] == 201


def test_links_by_pages_and_status(standin, client):
    now = int(time.time())
    for number, lifetime in ((1, {"to": now - 9}), (2, {"from": now + 99}), (3, {}), (4, {}), (5, {})):
        standin.link(id=number, trackers=[15], lifetime=lifetime, enabled=number != 4)
    listed = client.call("tracker/location/link/list", sort=["status=asc", "id=asc"])[1]["list"]
    assert [link["id"] for link in listed] == [3, 5, 2, 1, 4]
    page = client.call("tracker/location/link/list", sort=["status=asc", "id=asc"], offset=1, limit=2)
    assert page[1]["list"] == listed[1:3]
    assert client.call("tracker/location/link/list", limit=10001)[0] == 400
    for number in range(1, 6):
        standin.link(id=number, remove=True)


def test_one_connection_for_many_calls(standin, client):
    standin.reset()
    for _ in range(20):
        client.call("tracker/group/list")
    assert standin.stats()["counts"]["connections"] == 1


def test_revoked_key(standin, client):
    standin.revoke(code=3)
    assert client.call("tracker/list")[1]["status"]["code"] == 3
    standin.revoke(revoked=False)
    assert client.call("tracker/list")[0] == 200


def cpu_seconds(pid):
    """Processor time of a process: a busy machine does not disturb it."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_large_fleet_is_quick_enough():
    with StandIn(fleet=25000, rate=0, step=1) as big:
        client, rounds = Client(big), 10
        client.raw("/v2/tracker/list")
        begun = cpu_seconds(big.process.pid)
        ids = [t["id"] for t in client.call("tracker/list")[1]["list"]]
        assert len(ids) == 25000
        assert cpu_seconds(big.process.pid) - begun < 0.5
        begun, seen = cpu_seconds(big.process.pid), set()
        for _ in range(rounds):
            _, body = client.raw("/v2/tracker/get_states", {
                "trackers": ids[:2000], "list_blocked": True}, Accept_Encoding="gzip")
            seen.add(json.loads(gzip.decompress(body))["states"]["1000001"]["last_update"])
        assert len(seen) == rounds
        assert (cpu_seconds(big.process.pid) - begun) / rounds < 0.1
