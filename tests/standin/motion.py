# SPDX-License-Identifier: Apache-2.0
"""What a tracker's state is: a pure function of (seed, tracker id, virtual time).

A state depends on time only through `quantum`, the instant of the tracker's latest report, so that
rendered texts can be cached by it. `date` turns Unix seconds to text in the format asked for.
"""
import math

# The place in the fleet decides the kind: any six neighbours hold one of each.
PATTERN = (
    "moving", "parked", "stopped", "offline", "registered", "blocked",
    "moving", "parked", "moving", "parked", "moving", "parked", "moving", "parked",
    "stopped", "moving", "parked", "offline", "parked", "parked",
)
KINDS = ("moving", "parked", "stopped", "offline", "registered", "blocked")
REPORT_STOPPED_S = 60
REPORT_PARKED_S = 600
OFFLINE_SINCE = 1722500000
NETWORKS = ("T-Mobile", "Mobile", "Vodafone \u00d6", 'A1 "net"')
MASK = (1 << 64) - 1


def mix(seed, number):
    """Splitmix64: a 64-bit hash that is the same everywhere."""
    x = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Traits:
    """What never changes of a tracker: derived from seed and id alone."""

    __slots__ = ("hash", "lat", "lng", "radius_m", "speed", "altitude", "shows_null")

    def __init__(self, seed, tracker_id):
        h = self.hash = mix(seed, tracker_id)
        self.lat = 36.0 + (h & 0xFFFFF) / 0xFFFFF * 20.0
        self.lng = -8.0 + ((h >> 20) & 0xFFFFF) / 0xFFFFF * 30.0
        self.radius_m = 500 + (h >> 40) % 9500
        self.speed = 20 + (h >> 44) % 71
        self.altitude = (h >> 48) % 900
        self.shows_null = bool(h & 1)


def quantum(kind, traits, report_s, now):
    """When the tracker last reported, at virtual time `now`; None where it never has."""
    if kind in ("registered", "blocked"):
        return None
    if kind == "offline":
        return OFFLINE_SINCE - traits.hash % 864000
    step = {"stopped": REPORT_STOPPED_S, "parked": REPORT_PARKED_S}.get(kind, report_s)
    return now - (now + traits.hash) % step


def _position(kind, traits, at):
    """Latitude, longitude and heading: a circle of the tracker's own, at its own speed."""
    if kind != "moving":
        return round(traits.lat, 7), round(traits.lng, 7), traits.hash % 361
    turn = (traits.hash % 6283) / 1000.0
    angle = turn + (traits.speed / 3.6) * (at % 8640000) / traits.radius_m
    lat = traits.lat + traits.radius_m * math.sin(angle) / 111320.0
    lng = traits.lng + traits.radius_m * math.cos(angle) / (111320.0 * math.cos(traits.lat / 57.3))
    return round(lat, 7), round(lng, 7), int(-angle * 57.29578) % 360


def gps_at(kind, traits, at, date):
    """The member `gps` of a state; `at` comes from `quantum`."""
    lat, lng, heading = _position(kind, traits, at)
    lag = (0, 1, 5)[traits.hash % 3] if kind == "moving" else 0
    updated = at - lag if kind != "parked" else at - at % 86400
    speed = traits.speed + (traits.hash ^ at * 2654435761) % 9 if kind == "moving" else 0
    gps = {"updated": date(updated), "signal_level": 100 - traits.hash % 40,
           "location": {"lat": lat, "lng": lng}, "heading": heading, "speed": speed,
           "alt": traits.altitude}
    if traits.hash % 7 == 0:
        gps["precision"] = 12
    return gps


def _fresh(traits, source_id):
    """A device that was registered and has never reported."""
    state = {"source_id": source_id, "gps": {"heading": 0, "speed": 0, "alt": 0},
             "connection_status": "just_registered", "movement_status": "parked",
             "inputs": [], "outputs": [], "additional": {}}
    if traits.shows_null:
        state["gps"].update(updated=None, signal_level=None, location=None)
        state.update(movement_status_update=None, gsm=None, last_update=None, battery_level=None,
                     battery_update=None, inputs_update=None, outputs_update=None,
                     actual_track_update=None)
    return state


def _additional(traits, now):
    extra = {"moving": {"value": "1", "updated": now},
             "status": {"value": str(82961756 + traits.hash % 1000), "updated": now}}
    if traits.hash % 5 == 0:
        key = "%020d" % (10 ** 19 + traits.hash)
        extra["hardware_key"] = {"value": key, "updated": now}
    return extra


def state_at(kind, traits, source_id, at, date):
    """The state as a dict in the vendor's order of members; `at` comes from `quantum`."""
    if at is None:
        return _fresh(traits, source_id)
    h, now = traits.hash, date(at)
    begun = date(at - (at + h) % 3600 if kind != "offline" else at - 60)
    gsm = {"updated": now, "signal_level": h % 101, "network_name": NETWORKS[h % 4]}
    if traits.shows_null:
        gsm["roaming"] = None
    state = {"source_id": source_id, "gps": gps_at(kind, traits, at, date),
             "connection_status": "offline" if kind == "offline" else "active",
             "movement_status": "parked" if kind == "offline" else kind,
             "movement_status_update": begun, "ignition": kind == "moving",
             "ignition_update": begun, "gsm": gsm, "last_update": now}
    if h % 11:
        state["battery_level"], state["battery_update"] = h % 101, now
    elif traits.shows_null:
        state["battery_level"] = state["battery_update"] = None
    state["inputs"], state["inputs_update"] = [bool(h & 2), bool(h & 4), kind == "moving"], now
    state["outputs"], state["outputs_update"] = [bool(h & 8), False], now
    state["additional"], state["actual_track_update"] = _additional(traits, now), begun
    return state
