# SPDX-License-Identifier: Apache-2.0
"""The fleet: trackers with their labels and groups, the edits that tests make, cached texts."""
import copy
import threading

from . import motion, names, render


class Tracker:
    """One tracker. `version` rises with each edit and empties the cached texts."""

    __slots__ = ("id", "index", "kind", "traits", "label", "group_id", "model", "blocked",
                 "source_id", "device_id", "overrides", "shift", "frozen_at", "version",
                 "state_cache", "list_cache")

    def __init__(self, seed, index, tracker_id, kind):
        self.id, self.index, self.kind = tracker_id, index, kind
        self.traits = motion.Traits(seed, tracker_id)
        self.label = names.label_for(index)
        self.group_id = names.group_for(index)
        self.model = names.model_for(index)
        self.blocked = kind == "blocked"
        self.source_id = 200000 + tracker_id % 1000000007
        number = 350000000000000 + self.traits.hash % 9999999999999
        self.device_id = number if index % 2 else str(number)
        self.overrides, self.shift, self.frozen_at = {}, 0, None
        self.version, self.state_cache, self.list_cache = 0, {}, None

    def touched(self):
        self.version += 1
        self.state_cache, self.list_cache = {}, None

    def listed(self):
        """The tracker object of `tracker/list`; null members present in some, absent in others."""
        source = {"id": self.source_id, "device_id": self.device_id, "model": self.model,
                  "blocked": self.blocked, "tariff_id": 345678}
        if self.traits.shows_null:
            source["status_listing_id"] = None
        source.update(creation_date="2011-09-21", tariff_end_date="2036-03-24",
                      phone="+7%010d" % (self.traits.hash % 10 ** 10))
        value = {"id": self.id, "label": self.label, "clone": False, "group_id": self.group_id}
        if self.index % 3 == 0:
            value["avatar_file_name"] = "file name"
        value["source"] = source
        value["tag_bindings"] = [{"tag_id": 456789, "ordinal": 4}] if self.index % 4 == 0 else []
        return value


class Fleet:
    """All trackers by id, in the order of the list. Edits and reads take the lock."""

    def __init__(self, size, seed, first_id, report_s, clock, dates, kind=None):
        self.seed, self.report_s, self.clock, self.dates = seed, report_s, clock, dates
        self.lock = threading.RLock()
        self.trackers = {}
        self.groups = {g: {"id": g, "title": t, "color": c} for g, t, c in names.GROUPS if g}
        self._next = first_id
        self._made = 0
        for _ in range(size):
            self.add(kind=kind)

    def add(self, tracker_id=None, kind=None, **fields):
        """Adds a tracker (next free id and the pattern's kind unless given)."""
        with self.lock:
            if tracker_id is None:
                tracker_id = self._next
            self._next = max(self._next, tracker_id + 1)
            kind = kind or motion.PATTERN[self._made % len(motion.PATTERN)]
            tracker = Tracker(self.seed, self._made, tracker_id, kind)
            for name, value in fields.items():
                setattr(tracker, name, value)
            self._made += 1
            self.trackers[tracker_id] = tracker
            return tracker

    def edit(self, tracker_id, **fields):
        with self.lock:
            tracker = self.trackers[tracker_id]
            for name, value in fields.items():
                setattr(tracker, name, value)
            tracker.touched()

    def override(self, tracker_id, values):
        """Sets members of the state by dotted path; a value of "\\u0000drop" takes one out."""
        with self.lock:
            tracker = self.trackers[tracker_id]
            tracker.overrides.update(values)
            tracker.touched()

    def remove(self, tracker_id):
        with self.lock:
            del self.trackers[tracker_id]

    def _time_of(self, tracker):
        now = self.clock.now() if tracker.frozen_at is None else tracker.frozen_at
        return motion.quantum(tracker.kind, tracker.traits, self.report_s, now + tracker.shift)

    def state(self, tracker, iso):
        """The state as a dict with dates as text, and `last_update` in Unix seconds."""
        date = self.dates.iso if iso else self.dates.local
        at = self._time_of(tracker)
        value = motion.state_at(tracker.kind, tracker.traits, tracker.source_id, at, date)
        for path, item in tracker.overrides.items():
            members = path.split(".")
            if members[-1] in render.DATE_KEYS and isinstance(item, int):
                item = date(item)
            _set_path(value, members, copy.deepcopy(item))
        return value, tracker.overrides.get("last_update", at)

    def state_text(self, tracker, iso):
        """(JSON bytes, last_update) of the state now; made once for each report."""
        key = (self._time_of(tracker), tracker.version)
        cached = tracker.state_cache.get(iso)
        if cached is None or cached[0] != key:
            value, updated = self.state(tracker, iso)
            cached = tracker.state_cache[iso] = (key, render.dumps(value), updated)
        return cached[1], cached[2]

    def list_text(self, tracker):
        if tracker.list_cache is None:
            tracker.list_cache = render.dumps(tracker.listed())
        return tracker.list_cache

    def freeze(self, ids, frozen):
        with self.lock:
            for tracker_id in ids or list(self.trackers):
                self.edit(tracker_id, frozen_at=self.clock.now() if frozen else None)


def _set_path(value, path, item):
    for name in path[:-1]:
        if not isinstance(value.get(name), dict):
            value[name] = {}
        value = value[name]
    if item == "\u0000drop":
        value.pop(path[-1], None)
    else:
        value[path[-1]] = item
