# SPDX-License-Identifier: Apache-2.0
"""Power cuts to the letter of POSIX (posix_model.py), also after syncs that failed. Needs no root."""
import itertools
import os
import pathlib
import random
import shutil

import crew
import driver
import ledger
import machine
import posix_model
import sites
import strace_log
import tally

TRACE = strace_log.ALL + ("?lseek",)
SHARES = ((0.5, 0.0), (0.4, 0.3), (0.8, 0.1), (0.1, 0.6), (0.0, 1.0), (0.9, 0.0))


def add_arguments(parser):
    parser.add_argument("--images", type=int, default=600, help="at least so many (600)")
    parser.add_argument("--variants", type=int, default=6, help="images a cut (6)")
    parser.add_argument("--failed-syncs", type=int, default=10,
                        help="runs of which one sync failed, for each recording (10)")


class Cutter:
    def __init__(self, program, options, folder):
        self.program, self.options, self.folder = program, options, folder
        self.count = tally.Tally("posixcut", options.allow)

    def __call__(self, injections):
        """One run for each of the injections (None: no fault), and cuts all over each."""
        room = self.folder / ("worker-%d" % os.getpid())
        for inject in injections:
            shutil.rmtree(room, ignore_errors=True)
            for name in ("queue", "runtime", "image"):
                (room / name).mkdir(parents=True)
            self._run(room, inject)
        shutil.rmtree(room, ignore_errors=True)
        return self.count

    def _run(self, room, inject):
        command = self.program.script(str(room / "queue"), str(room / "runtime"))
        went = strace_log.run(command, room / "strace.log", trace=TRACE, inject=inject, strings=True)
        if inject is None:
            driver.require_sound(went)
        history = posix_model.History(room / "queue", room / "strace.log")
        self.count.count(runs=1, runs_with_failed_sync=int(inject is not None), syncs=len(history.syncs))
        chance = random.Random("%d/%s" % (self.program.seed, inject))
        for event in events(history, inject, chance):
            if self.count.hopeless():
                break
            self._cut(history, event, inject, chance, room)

    def _cut(self, history, event, inject, chance, room):
        lines = history.lines_before(event)
        before = ledger.Ledger(history.lines[:lines])
        variants = [(0.0, 0.0), (1.0, 0.0)]
        variants += [chance.choice(SHARES) for _ in range(self.options.variants - len(variants))]
        seen = set()
        for keep in variants:
            image = history.image(event, keep, chance)
            key = tuple(sorted(image.items()))
            if key in seen:
                continue
            seen.add(key)
            lay_out(image, room / "image")
            (room / "fresh").mkdir()
            after = driver.run(self.program.drain(str(room / "image"), str(room / "fresh")))
            where = "seed %d, %s, call %d, %d lines, keep %s" % (
                self.program.seed, inject or "no fault", event, lines, keep)
            self.count.add(where, ledger.judge(before, after, "accepted"))
            shutil.rmtree(room / "fresh")


def events(history, inject, chance):
    """Where to cut: just before and just after each sync returned, at the end, and between. After an
    injected fault fewer, since only what follows it is new."""
    places = sorted({at for sync in history.syncs for at in (sync, sync + 1)} | {history.event + 1})
    places += chance.sample(range(1, history.event + 1), min(len(history.syncs), history.event))
    if inject:
        places = [history.event + 1] + chance.sample(places, min(12, len(places)))
    return sorted(set(places))


def lay_out(image, folder):
    shutil.rmtree(folder)
    folder.mkdir()
    for name, data in image.items():
        path = pathlib.Path(os.fsdecode(os.path.join(os.fsencode(str(folder)), name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o600)


def sync_faults(program, folder, many, chance):
    """Injections that fail a sync, spread over the run; each once and from there on."""
    room = folder / "plan"
    for name in ("queue", "runtime"):
        (room / name).mkdir(parents=True)
    found, finished = sites.of_run(program.script(str(room / "queue"), str(room / "runtime")),
                                   room / "strace.log", [room / "queue"])
    driver.require_sound(finished)
    shutil.rmtree(room)
    syncs = [site.fail("EIO", sticky) for site in found for sticky in (False, True)
             if site.ours and site.name in ("fsync", "fdatasync")]
    return chance.sample(syncs, min(many, len(syncs)))


def run(options):
    strace_log.require_strace()
    count = tally.Tally("posixcut", options.allow)
    with machine.scratch() as folder:
        for turn in itertools.count():
            before = count.figures["faults"]
            seed = options.seed + turn
            program = driver.Driver(options.driver, options.records, seed, options.segment_bytes)
            injections = [None] + sync_faults(program, folder, options.failed_syncs, random.Random(seed))
            # The run without a fault has the most cuts: it is one share, the others are dealt.
            shares = [injections[:1]] + crew.deal(injections[1:], options.jobs - 1)
            shares = [share for share in shares if share] if options.jobs > 1 else [injections]
            for part in crew.each(Cutter(program, options, folder), shares):
                count.merge(part)
            tried = count.figures["faults"]
            if tried >= options.images or tried == before or count.failed():
                break
    count.figures["images"] = count.figures["faults"]
    return count
