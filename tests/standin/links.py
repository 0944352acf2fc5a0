# SPDX-License-Identifier: Apache-2.0
"""Geo links: `tracker/location/link/list` and `read`, as the vendor's documents show them."""
import threading

from . import render
from .errors import ApiError, invalid

LIST_MOST = 10000
# In the vendor's sort order.
STATUSES = ("enabled", "inactive", "expired", "disabled")


def _members(link, dates, iso):
    """A link as it is answered: its times are Unix seconds here, or text that is let be."""
    out = dict(link)
    lifetime = out.pop("lifetime", None)

    def text(value):
        return dates.format(value, iso) if isinstance(value, int) else value
    out["create_date"] = text(out.get("create_date"))
    if lifetime is not None:
        out["lifetime"] = {name: text(value) for name, value in lifetime.items()} \
            if isinstance(lifetime, dict) else lifetime
    return dict(sorted(out.items()))


class Links:
    """All links by id. `now` tells the time that `sort` by status goes by."""

    def __init__(self, dates, now):
        self._dates, self._now = dates, now
        self.links = {}
        self._lock = threading.Lock()

    def put(self, link_id, trackers, **fields):
        """Adds or changes a link. `trackers`: ids, or objects as the API has them."""
        entries = [entry if isinstance(entry, dict) else
                   {"tracker_id": entry, "params": {"object_data": []}} for entry in trackers]
        link = {"id": link_id, "hash": "700d4a5400000000%016d" % link_id, "creator_id": 3,
                "description": "Link %d" % link_id, "enabled": True, "create_date": 1706486400,
                "trackers": entries,
                "params": {"bounding_zone_ids": None, "place_ids": None, "display_options": {
                    "map": "osm", "autoscale": False, "show_icons": False, "trace_duration": 0,
                    "show_driver_info": False, "show_vehicle_info": False}}}
        with self._lock:
            self.links[link_id] = {**self.links.get(link_id, link), "trackers": entries, **fields}

    def edit(self, link_id, **fields):
        with self._lock:
            self.links[link_id] = {**self.links[link_id], **fields}

    def remove(self, link_id):
        with self._lock:
            del self.links[link_id]

    def _status(self, link):
        lifetime = link.get("lifetime") or {}
        if not link["enabled"]:
            return "disabled"
        if lifetime.get("to") is not None and lifetime["to"] <= self._now():
            return "expired"
        return "inactive" if (lifetime.get("from") or 0) > self._now() else "enabled"

    def list(self, params, iso):
        offset, limit = params.get("offset") or 0, params.get("limit") or LIST_MOST
        if not isinstance(offset, int) or offset < 0:
            raise invalid("offset", "must be an integer of 0 or more")
        if not isinstance(limit, int) or not 1 <= limit <= LIST_MOST:
            raise invalid("limit", "must be between 1 and %d" % LIST_MOST)
        with self._lock:
            chosen = sorted(self.links.values(), key=lambda link: link["id"])
            for option in reversed(params.get("sort") or ["id=asc"]):
                name, _, way = option.partition("=")
                if name not in ("id", "status") or way not in ("asc", "desc"):
                    raise invalid("sort", "unknown option")
                chosen.sort(key=(lambda link: link["id"]) if name == "id" else
                            (lambda link: STATUSES.index(self._status(link))),
                            reverse=way == "desc")
            return [render.dumps(_members(link, self._dates, iso))
                    for link in chosen[offset:offset + limit]]

    def read(self, params, iso):
        link_id = params.get("id")
        if not isinstance(link_id, int) or isinstance(link_id, bool):
            raise invalid("id", "must be an integer")
        with self._lock:
            if link_id not in self.links:
                raise ApiError(201)
            return render.dumps(_members(self.links[link_id], self._dates, iso))
