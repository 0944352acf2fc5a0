# SPDX-License-Identifier: Apache-2.0
"""A fault at every system call of a run: killed there, failed there (once, and from there on), written
short there. And at every call of the start after a kill."""
import dataclasses
import os
import pathlib
import shutil

import crew
import driver
import ledger
import machine
import sites
import strace_log
import tally

PARTS = ("kill", "fail", "short", "recover")
BOUND = ledger.REPEATS_BOUND


def add_arguments(parser):
    parser.add_argument("--parts", default=",".join(PARTS), help="by commas (%s)" % ",".join(PARTS))
    parser.add_argument("--recoveries", type=int, default=2,
                        help="states after a kill whose next start is disturbed (2)")
    parser.add_argument("--recover-share", type=float, default=0.2,
                        help="part of the calls of such a start to disturb (0.2; 1.0: all)")
    parser.add_argument("--short-write", help="the helper program; without it, no short writes")


@dataclasses.dataclass
class Fault:
    part: str
    name: str            # to find it again
    inject: str = ""     # for strace
    trace: tuple = ()    # calls that strace must see
    short: tuple = ()    # arguments of the helper
    bound: object = None  # of repeats
    template: str = ""   # for `recover`: the state it starts from
    before: object = None  # ... and the Ledger up to there
    sticky: bool = False


class Room:
    """A queue's two folders, emptied or filled for each fault."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.queue, self.runtime = self.folder / "queue", self.folder / "runtime"
        self.log = self.folder / "strace.log"

    def fill(self, template=None):
        for place in (self.queue, self.runtime):
            shutil.rmtree(place, ignore_errors=True)
            if template:
                shutil.copytree(pathlib.Path(template) / place.name, place)
            else:
                place.mkdir(parents=True)

    def script(self, program):
        return program.script(str(self.queue), str(self.runtime))

    def drain(self, program):
        return program.drain(str(self.queue), str(self.runtime))


class Tester:
    def __init__(self, program, options, folder):
        self.program, self.options, self.folder = program, options, folder
        self.count = tally.Tally("syscalls", options.allow)

    def __call__(self, faults):
        room = Room(self.folder / ("worker-%d" % os.getpid()))
        for fault in faults:
            if self.count.hopeless():
                break
            room.fill(fault.template)
            getattr(self, "_" + fault.part)(fault, room)
            self.count.count(covered=1, **{"tried_" + fault.part: 1})
        return self.count

    def _judge(self, fault, before, room, promise):
        after = driver.run(room.drain(self.program))
        verdict = ledger.judge(before, after, promise)
        self.count.add("%s %s" % (fault.part, fault.name), verdict, fault.bound)
        return set(after.ledger.records["delivered"])

    def _kill(self, fault, room):
        died = strace_log.run(room.script(self.program), trace=fault.trace, inject=fault.inject)
        if died.code != -9:
            self.count.violate("not_reached", "%s: %s" % (fault.name, died.code))
        self._judge(fault, died.ledger, room, "submitted")

    def _fail(self, fault, room):
        went = strace_log.run(room.script(self.program), room.log, trace=fault.trace, inject=fault.inject)
        for again in sites.synced_again(room.log):
            self.count.violate("synced_again", "%s: %s" % (fault.name, again))
        self._judge_survivor(fault, went, room)

    def _short(self, fault, room):
        command = [self.options.short_write, *fault.short, str(room.log)] + room.script(self.program)
        self._judge_survivor(fault, driver.run(command), room)

    def _judge_survivor(self, fault, went, room):
        """It must have gone on to its end, and say of each record what became of it."""
        if went.failure():
            self.count.violate("script_failed", "%s %s: %s" % (fault.part, fault.name, went.failure()))
        delivered = self._judge(fault, went.ledger, room, "accepted")
        silent = went.ledger.owed("submitted") - went.ledger.set("accepted") - delivered
        if silent and fault.sticky and any("journal of the last run" in text for text in went.ledger.errors):
            self.count.count(lost_with_journal=len(silent))  # a start within the script could not read it
        elif silent:
            self.count.figures["unaccounted"] += len(silent)
            self.count.violate("unaccounted", "%s %s: %s" % (fault.part, fault.name, sorted(silent)[:5]))

    def _recover(self, fault, room):
        """The next start is disturbed; all is judged after the one behind that."""
        disturbed = strace_log.run(room.drain(self.program), room.log, trace=fault.trace, inject=fault.inject)
        for again in sites.synced_again(room.log):
            self.count.violate("synced_again", "%s: %s" % (fault.name, again))
        before = fault.before.plus(disturbed.ledger)
        if "signal=" in fault.inject:
            self._judge(fault, before, room, "submitted")
            return
        after = driver.run(room.drain(self.program))
        verdict = ledger.judge(before, after, "accepted")
        if verdict.lost and fault.sticky and disturbed.ledger.damaged:
            # What cannot be read for good may be set aside, so as not to hide the rest.
            self.count.count(set_aside=len(verdict.lost))
            verdict.lost = []
        if verdict.disorder and fault.sticky and disturbed.ledger.errors:
            # Live records wait a minute for a disk that cannot be read, and then no longer.
            self.count.count(overtaken=len(verdict.disorder))
            verdict.disorder = []
        self.count.add("recover " + fault.name, verdict, fault.bound)
        silent = before.owed("submitted") - before.set("accepted") - set(after.ledger.records["delivered"])
        if silent and fault.sticky:
            self.count.count(lost_with_journal=len(silent))
        elif silent:
            self.count.violate("lost_journal", "recover %s: %s" % (fault.name, sorted(silent)[:5]))


def script_faults(program, options, room):
    room.fill()
    found, finished = sites.of_run(room.script(program), room.log, (room.queue, room.runtime))
    driver.require_sound(finished)
    parts = options.parts.split(",")
    if "kill" in parts:
        for site in found:
            yield Fault("kill", site.kill(), site.kill(), (site.name,), bound=BOUND)
    if "fail" in parts:
        for site, error, sticky in sites.errors(found):
            trace = tuple({site.name, "fsync", "fdatasync", "?open", "openat", "close"})
            text = site.fail(error, sticky)
            yield Fault("fail", text, text, trace, bound=None if sticky else BOUND, sticky=sticky)
    if "short" in parts and options.short_write:
        yield from short_faults(program, options, room)
    if "recover" in parts:
        yield from recover_faults(program, options, room, [site for site in found if not site.ours])


def short_faults(program, options, room):
    room.fill()
    helper = os.path.abspath(options.short_write)
    done = driver.run([helper, "0", "once", str(room.log)] + room.script(program))
    if done.code == 77:
        return
    for site in range(1, int(room.log.read_text()) + 1):
        for how in ("once", "sticky"):
            yield Fault("short", "write %d %s" % (site, how), short=(str(site), how),
                        bound=BOUND if how == "once" else None)


def recover_faults(program, options, room, printing):
    """From states after a kill, at lines spread over the run: each call of the next start is killed at,
    or failed."""
    for turn in range(options.recoveries):
        site = printing[len(printing) * (turn + 1) // (options.recoveries + 1)]
        room.fill()
        died = strace_log.run(room.script(program), trace=(site.name,), inject=site.kill())
        template = room.folder / ("template-%d" % turn)
        for place in (room.queue, room.runtime):
            shutil.copytree(place, template / place.name)
        found, finished = sites.of_run(room.drain(program), room.log, (room.queue, room.runtime))
        if finished.failure():
            continue  # `kill` tells of it
        common = {"template": str(template), "before": died.ledger}
        for at in found:
            yield Fault("recover", "%s after %s" % (at.kill(), site.kill()), at.kill(), (at.name,),
                        bound=2 * BOUND, **common)
        for at, error, sticky in sites.errors(found):
            text = at.fail(error, sticky)
            trace = tuple({at.name, "fsync", "fdatasync", "?open", "openat", "close"})
            yield Fault("recover", "%s of %s after %s" % (text, at.about, site.kill()), text, trace,
                        sticky=sticky, **common)


def sampled(faults, share):
    """All but those of starts, of which every so many-th is kept, all kinds alike."""
    kept, due = [], 0.0
    for fault in faults:
        due += share if fault.part == "recover" else 0.0
        if fault.part != "recover" or due >= 1.0:
            kept.append(fault)
            due %= 1.0
    return kept


def run(options):
    strace_log.require_strace()
    if options.short_write:
        options.short_write = os.path.abspath(options.short_write)
    count = tally.Tally("syscalls", options.allow)
    with machine.scratch() as folder:
        program = driver.Driver(options.driver, options.records, options.seed, options.segment_bytes)
        faults = list(script_faults(program, options, Room(folder / "plan")))
        chosen = sampled(faults, options.recover_share)
        tester = Tester(program, options, folder)
        # Dealt like cards: neighbours take alike long.
        for part in crew.each(tester, [chosen[hand::options.jobs] for hand in range(options.jobs)]):
            count.merge(part)
    count.figures["sites"] = len(faults)
    return count
