# SPDX-License-Identifier: Apache-2.0
"""What the driver said, and what must hold of it after a fault.

A record is (tracker, number); numbers rise by one for each record of a tracker.
"""
import dataclasses

RECORD_WORDS = ("submitted", "accepted", "sent", "delivered", "dropped")
REPEATS_BOUND = 32  # the in-flight window: that many may come again after a fault


class Ledger:
    """The driver's lines, read in order."""

    def __init__(self, lines=()):
        self.records = {word: [] for word in RECORD_WORDS}
        self.errors, self.damaged, self.strange, self.wrong = [], [], [], []
        self.oldest_dropped = []  # (how many, records accepted by then) of `dropped * N`
        self.bursts = []  # records accepted one after the other, with no other line between
        self.done = False
        self.lines, self._last = 0, ""
        for line in lines:
            self.add(line)

    def add(self, line):
        self.lines += 1
        last, self._last = self._last, line[:8]
        word, _, rest = line.strip().partition(" ")
        fields = rest.split()
        if word == "dropped" and fields[:1] == ["*"] and fields[1:2] and fields[1].isdigit():
            self.oldest_dropped.append((int(fields[1]), len(self.records["accepted"])))
        elif word in RECORD_WORDS:
            try:
                record = (int(fields[0]), int(fields[1]))
            except (IndexError, ValueError):
                self.strange.append(line)
                return
            self.records[word].append(record)
            if word == "accepted":
                if last != "accepted":
                    self.bursts.append(set())
                self.bursts[-1].add(record)
        elif word == "error":
            self.errors.append(rest)
        elif word == "damaged":
            self.damaged.append(rest)
        elif word == "wrong":
            self.wrong.append(rest)
        elif word == "done":
            self.done = True
        elif word:
            self.strange.append(line)

    def plus(self, other):
        """What was said in two runs, one after the other; done as the second."""
        both = Ledger()
        for word in RECORD_WORDS:
            both.records[word] = self.records[word] + other.records[word]
        both.bursts = self.bursts + other.bursts
        offset = len(self.records["accepted"])
        both.oldest_dropped = self.oldest_dropped + [(count, by + offset) for count, by in other.oldest_dropped]
        both.errors, both.damaged = self.errors + other.errors, self.damaged + other.damaged
        both.done, both.lines = other.done, self.lines + other.lines
        return both

    def excused(self, lost):
        """Those of `lost` that `dropped * N` lines account for: the oldest, no more than were said, and
        accepted by then."""
        place = {record: at for at, record in enumerate(self.records["accepted"])}
        rest = sorted((record for record in lost if record in place), key=place.get)
        allowed, found = 0, set()
        for count, by in self.oldest_dropped:
            allowed += count
            found.update(record for record in rest[:allowed] if place[record] < by)
        return found

    def set(self, word):
        return set(self.records[word])

    def owed(self, promise):
        """Records that a drain must still deliver. `promise`: after a kill what was `submitted`, after
        a power cut what was `accepted`."""
        return self.set(promise) - self.set("delivered") - self.set("dropped")


@dataclasses.dataclass
class Verdict:
    """What one fault cost. All but `repeats`, `damaged` and `delivered` must be empty. A `phantom` was
    never submitted, or not with these contents."""
    lost: list = dataclasses.field(default_factory=list)
    phantom: list = dataclasses.field(default_factory=list)
    disorder: list = dataclasses.field(default_factory=list)
    failed_start: str = ""
    repeats: int = 0
    damaged: int = 0
    delivered: int = 0
    dropped_unnamed: int = 0  # by `dropped * N`

    def violations(self, repeats_bound=None):
        found = {}
        for name in ("lost", "phantom", "disorder"):
            if getattr(self, name):
                found[name] = getattr(self, name)[:5]
        if self.failed_start:
            found["failed_start"] = self.failed_start
        if repeats_bound is not None and self.repeats > repeats_bound:
            found["repeats"] = self.repeats
        return found


def disorder(before, after):
    """Records whose first delivery came after that of a later record of their tracker."""
    highest, seen, found = {}, set(), []
    for record in before + after:
        if record in seen:
            continue
        seen.add(record)
        tracker, number = record
        if number < highest.get(tracker, number):
            found.append(record)
        highest[tracker] = max(number, highest.get(tracker, number))
    return found


def phantoms(before, delivered):
    """Delivered, never submitted. One record may have entered just before its line could be printed:
    the next of a tracker is let pass once."""
    submitted = before.set("submitted")
    following = {}
    for tracker, number in submitted:
        following[tracker] = max(following.get(tracker, 0), number + 1)
    found = sorted(set(delivered) - submitted)
    for record in found:
        if record[1] == following.get(record[0], 1):
            return [other for other in found if other != record]
    return found


def judge(before, drain, promise):
    """`before`: the Ledger up to the fault; `drain`: a driver.Finished of the start after it."""
    verdict = Verdict(failed_start=drain.failure())
    delivered = drain.ledger.records["delivered"]
    earlier = before.records["delivered"]
    verdict.delivered = len(delivered)
    verdict.damaged = len(drain.ledger.damaged)
    verdict.repeats = len(delivered) - len(set(delivered) - set(earlier))
    verdict.phantom = phantoms(before, delivered) + drain.ledger.wrong
    verdict.disorder = disorder(earlier, delivered)
    if not verdict.failed_start:
        missing = before.owed(promise) - set(delivered)
        excused = before.excused(missing)
        verdict.lost = sorted(missing - excused)
        verdict.dropped_unnamed = len(excused)
    return verdict
