# SPDX-License-Identifier: Apache-2.0
"""What a payload must say of a state: the contract's names, from the API's."""
import datetime
import json
import re

from agent import SITE

PREFIX = "depotlink/%s/" % SITE
TOPIC = re.compile(re.escape(PREFIX) + r"(status|health|link/\d+|snapshot/\d+|tracker/\d+/(state|info|history))$")
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
UTC_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
RECORD_KEYS = {"poll_time", "run", "seq"}
# Names beyond the contract's sample: to add one is to document it.
FURTHER_KEYS = {"alias", "late", "precision_m", "gsm_lbs", "gsm_roaming", "gsm_time",
                "battery_time", "inputs_time", "outputs_time", "track_time"}
# Of a point that was read back.
HISTORY_KEYS = {"id", "label", "group", "lat", "lng", "speed_kmh", "heading_deg", "altitude_m",
                "precision_m", "lbs", "fix_time", "run", "seq", "late"}
TOLERANCE_DEG = 1e-7


def state_topic(tracker_id):
    return PREFIX + "tracker/%d/state" % tracker_id


def history_topic(tracker_id):
    return PREFIX + "tracker/%d/history" % tracker_id


def info_topic(tracker_id):
    return PREFIX + "tracker/%d/info" % tracker_id


def link_topic(link_id):
    return PREFIX + "link/%d" % link_id


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def utc(text):
    """An ISO date with an offset as UTC with Z."""
    if text is None:
        return None
    return moment(text).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _gps(gps):
    location = gps.get("location")
    if not location:
        return {}  # without a fix, speed and heading are let be
    return {"lat": location["lat"], "lng": location["lng"], "speed_kmh": gps.get("speed"),
            "heading_deg": gps.get("heading"), "altitude_m": gps.get("alt"),
            "fix_time": utc(gps.get("updated")), "gps_signal_pct": gps.get("signal_level")}


def expected(tracker, state):
    """The payload for a state (ISO dates) without the record's own members; unknown left out."""
    gsm = state.get("gsm") or {}
    out = {"id": tracker["id"], "label": tracker["label"], "group": tracker.get("group"),
           **_gps(state["gps"]),
           "update_time": utc(state.get("last_update")), "movement": state.get("movement_status"),
           "movement_time": utc(state.get("movement_status_update")),
           "connection": state.get("connection_status"), "ignition": state.get("ignition"),
           "ignition_time": utc(state.get("ignition_update")),
           "gsm_signal_pct": gsm.get("signal_level"), "gsm_network": gsm.get("network_name"),
           "battery_pct": state.get("battery_level"), "inputs": state.get("inputs") or None,
           "outputs": state.get("outputs") or None,
           "additional": {name: item["value"] for name, item in state["additional"].items()}
           or None}
    return {name: value for name, value in out.items() if value is not None}


def assert_matches(payload, tracker, state):
    """Every expected member with its value, and no member that the contract does not know."""
    want = expected(tracker, state)
    for name, value in want.items():
        assert name in payload, "%s is missing in %s" % (name, payload)
        if name in ("lat", "lng"):
            assert abs(payload[name] - value) <= TOLERANCE_DEG, name
        else:
            assert payload[name] == value and type(payload[name]) is type(value), name
    got = {name for name, value in payload.items() if value not in ([], {})}
    extra = got - set(want) - RECORD_KEYS - FURTHER_KEYS
    if not state["gps"].get("location"):
        extra -= {"speed_kmh", "heading_deg", "altitude_m", "gps_signal_pct"}
        assert not got & {"lat", "lng", "fix_time"}
    assert not extra, "members that the contract does not know: %s" % extra
    assert None not in payload.values()
    assert UTC_MS.match(payload["poll_time"]), payload["poll_time"]


def visible(standin):
    """The trackers of the stand-in that are published: all but the blocked."""
    return [tracker for tracker in standin.trackers() if not tracker["blocked"]]


def ids_of(standin, kind):
    return [tracker["id"] for tracker in standin.trackers() if tracker["kind"] == kind]


def has_all_states(standin):
    """A predicate for Subscriber.wait_for: each published tracker has a state and an info."""
    topics = {make(tracker["id"]) for tracker in visible(standin)
              for make in (state_topic, info_topic)}
    return lambda subscriber: all(
        topic in subscriber.latest and subscriber.latest[topic].payload for topic in topics)


def payload_of(subscriber, topic):
    return json.loads(subscriber.latest[topic].payload)
