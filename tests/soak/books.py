# SPDX-License-Identifier: Apache-2.0
"""The books of a lane: what was handed to the agent, what came on the bus, and how the two differ.

A state is owed once the agent that got it has asked for the same tracker again: by then it has dealt with
the answer before. What was on its way between the API and the agent when that was killed is owed by
nobody (`under_way`), whether it came or not.
"""
import calendar
import collections
import json
import re
import time

RECORD = re.compile(rb"tracker/(\d+)/(state|history)$")
Record = collections.namedtuple("Record", "kind tracker time run seq")


class Times:
    """Unix seconds of the ISO times in payloads; neighbours are alike."""

    def __init__(self):
        self._known = {}

    def unix(self, text):
        if text not in self._known:
            if len(self._known) > 10000:
                self._known.clear()
            self._known[text] = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
        return self._known[text]


class Books:
    """Takes what each life of the agent was served, and each record that came, in order."""

    def __init__(self):
        self._times, self._newest = Times(), {}
        self._served, self._owed, self._seen = set(), set(), set()
        self._numbers, self._repeated = set(), collections.Counter()
        self._last = {}  # the newest that the process of now was served of each tracker
        self.received = self.late = self.read_back = self.disorder = 0
        self.faults = []

    def take_served(self, entries):
        """What the process of now was served, in order: (tracker, time, whole). Of an answer that was cut short, what stood
        before the cut may come, and is owed by nobody."""
        for tracker, at, whole in entries:
            entry = (tracker, at)
            self._served.add(entry)
            before = self._last.pop(tracker, None)
            if before is not None:
                self._owed.add(before)
            if whole:
                self._last[tracker] = entry

    def take_life(self, entries):
        """The last that a process was served; nothing more is asked for by it."""
        self.take_served(entries)
        self._last.clear()

    def take_message(self, topic, payload):
        match = RECORD.search(topic)
        if match is None or not payload:
            return
        value = json.loads(payload)
        if "update_time" not in value:  # a point of a track: positions read back after a gap
            self.read_back += 1
            return
        self._take(Record(match.group(2).decode(), value["id"], self._times.unix(value["update_time"]),
                          value["run"], value["seq"]), value.get("late", False))

    def _take(self, record, late):
        self.received += 1
        self.late += late
        if late != (record.kind == "history"):
            self._tell("marked wrong: %s" % (record,))
        self._seen.add((record.tracker, record.time))
        number = (record.run, record.seq, record.tracker, record.time)
        if number in self._numbers:
            self._repeated[number] += 1
        self._numbers.add(number)
        place = (record.kind, record.tracker)
        if self._newest.get(place, 0) > record.time:
            self.disorder += 1
            self._tell("%s behind %s" % (record, self._newest[place]))
        self._newest[place] = max(record.time, self._newest.get(place, 0))

    def _tell(self, fault):
        if len(self.faults) < 20:
            self.faults.append(fault)

    def missing(self):
        return self._owed - self._seen

    def figures(self):
        lost, phantom = self.missing(), self._seen - self._served
        for entry in sorted(lost)[:10]:
            self._tell("lost: tracker %d at %d" % entry)
        return {"served": len(self._served), "owed": len(self._owed), "received": self.received,
                "late": self.late, "read_back": self.read_back, "lost": len(lost), "phantom": len(phantom),
                "under_way": len(self._served - self._owed - self._seen),
                "repeated": sum(self._repeated.values()), "out_of_order": self.disorder}
