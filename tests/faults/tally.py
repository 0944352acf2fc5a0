# SPDX-License-Identifier: Apache-2.0
"""Counts what the faults cost, and prints it as figures."""
import collections
import json
import time

SHOWN = 8  # violations told in words
HOPELESS = 50


class Tally:
    def __init__(self, rig, allowed=()):
        self.rig = rig
        self.allowed = allowed  # kinds of violations that are told and counted, but fail nothing
        self.figures = collections.Counter()
        self.violations = collections.Counter()  # by kind, in faults
        self.examples = []
        self.most_repeats = 0
        self.started = time.monotonic()

    def add(self, where, verdict, repeats_bound=None):
        """One fault, at `where` (text that finds it again), and its Verdict."""
        self.figures["faults"] += 1
        self.figures["delivered_after"] += verdict.delivered
        self.figures["repeats"] += verdict.repeats
        self.most_repeats = max(self.most_repeats, verdict.repeats)
        self.figures["lost"] += len(verdict.lost)
        self.figures["dropped_unnamed"] += verdict.dropped_unnamed
        self.figures["phantom"] += len(verdict.phantom)
        self.figures["disorder"] += len(verdict.disorder)
        self.figures["failed_starts"] += bool(verdict.failed_start)
        self.figures["damage_reported"] += bool(verdict.damaged)
        found = verdict.violations(repeats_bound)
        for kind, what in found.items():
            self.violate(kind, "%s: %s" % (where, what))

    def violate(self, kind, text):
        self.violations[kind] += 1
        if self.violations[kind] <= SHOWN:
            self.examples.append("%s: %s" % (kind, text))

    def failed(self):
        return {kind: count for kind, count in self.violations.items() if kind not in self.allowed}

    def hopeless(self):
        """So much is violated that more of it would tell nothing: stop."""
        return sum(self.failed().values()) >= HOPELESS

    def count(self, **figures):
        self.figures.update(figures)

    def merge(self, other):
        self.figures.update(other.figures)
        self.violations.update(other.violations)
        self.examples += other.examples
        self.most_repeats = max(self.most_repeats, other.most_repeats)

    def as_dict(self):
        figures = dict(self.figures)
        for always in ("faults", "lost", "phantom", "disorder", "failed_starts", "repeats"):
            figures.setdefault(always, 0)
        figures["most_repeats"] = self.most_repeats
        figures["violations"] = dict(self.violations)
        seconds = max(time.monotonic() - self.started, 0.001)
        figures["seconds"] = round(seconds, 1)
        figures["per_second"] = round(figures["faults"] / seconds, 1)
        return figures

    def report(self, json_file=None):
        """Prints; True where nothing was violated and something was tried."""
        figures = self.as_dict()
        words = ["%s=%s" % item for item in figures.items() if item[0] != "violations"]
        print("%s: %s" % (self.rig, " ".join(words)))
        for text in self.examples[:3 * SHOWN]:
            print("  VIOLATION %s" % text)
        if json_file:
            with open(json_file, "w", encoding="utf-8") as file:
                json.dump(figures, file, indent=1)
                file.write("\n")
        if not figures["faults"]:
            print("%s: VOID, no fault was tried" % self.rig)
            return False
        failed = self.failed()
        if failed:
            print("%s: FAILED %s" % (self.rig, failed))
            return False
        print("%s: ok%s" % (self.rig, ", but for what is allowed: %s" % dict(self.violations)
                            if self.violations else ""))
        return True
