# SPDX-License-Identifier: Apache-2.0
"""Damage in the queue's files: single bits, sectors, tails, files that are gone or in each other's
place. What is damaged may cost its group of records and nothing else."""
import fnmatch
import os
import random
import shutil

import crew
import driver
import frozen
import ledger
import machine
import strace_log
import tally

SECTOR = 512


def add_arguments(parser):
    parser.add_argument("--flips", default="1500", help="how many bits, or `all` (1500)")
    parser.add_argument("--wide", type=int, default=300, help="how many larger damages (300)")
    parser.add_argument("--only", default="*", help="files to damage, as a pattern (*)")
    parser.add_argument("--keeps-all", default="",
                        help="files that seal the others, as a pattern: damage there may cost everything")


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def single_bits(state, names, options, chance):
    bits = [(name, bit) for name in names for bit in range(8 * len(state.files[name]))]
    if options.flips != "all":
        bits = chance.sample(bits, min(int(options.flips), len(bits)))
    for name, bit in bits:
        yield "flip", name, bit


def wide_damages(state, names, options, chance):
    """All is drawn here, so that a name tells how to get it again."""
    kinds = ("zero sector", "garbage sector", "cut", "garbage tail", "zero tail", "swap sectors", "several bits")
    for name in names:
        yield "gone", name, 0
        yield "empty", name, 0
        for other in names:
            if other != name:
                yield "replaced by " + other, name, 0
    filled = [name for name in names if state.files[name]]
    for number in range(options.wide if filled else 0):
        yield chance.choice(kinds), chance.choice(filled), number


def damaged(state, kind, name, number):
    """The contents of the file after this damage; None where it is gone."""
    data = state.files[name]
    chance = random.Random("%s/%s/%d" % (kind, name, number))
    if kind == "flip":
        return flipped(data, number)
    if kind == "gone":
        return None
    if kind == "empty":
        return b""
    if kind.startswith("replaced by "):
        return state.files[kind[len("replaced by "):]]
    sectors = (len(data) + SECTOR - 1) // SECTOR
    at = SECTOR * chance.randrange(sectors)
    length = min(SECTOR, len(data) - at)
    if kind == "zero sector":
        return data[:at] + bytes(length) + data[at + length:]
    if kind == "garbage sector":
        return data[:at] + chance.randbytes(length) + data[at + length:]
    if kind == "cut":
        return data[:chance.randrange(len(data))]
    if kind == "garbage tail":
        return data + chance.randbytes(chance.randint(1, 4096))
    if kind == "zero tail":
        return data + bytes(chance.randint(1, 4096))
    if kind == "swap sectors":
        other = SECTOR * chance.randrange(sectors)
        first, second = sorted((data[at:at + SECTOR], data[other:other + SECTOR]), key=len)
        swapped = bytearray(data)
        swapped[at:at + len(first)] = (second if data[at:at + SECTOR] == first else first)[:len(first)]
        return bytes(swapped[:len(data)])
    for _ in range(chance.randint(2, 16)):
        data = flipped(data, chance.randrange(8 * len(data)))
    return data


class Tester:
    def __init__(self, program, state, options, folder):
        self.program, self.state, self.options, self.folder = program, state, options, folder
        self.count = tally.Tally("bitflips", options.allow)
        self.places = {record: index for index, record in enumerate(state.order)}
        self.held = {}  # file: records that are lost where it is gone

    def __call__(self, damages):
        folder = self.folder / ("worker-%d" % os.getpid())
        for kind, name, number in damages:
            if self.count.hopeless():
                break
            self._try(folder, kind, name, number)
        shutil.rmtree(folder, ignore_errors=True)
        return self.count

    def _drain(self, folder, name, data):
        self.state.lay_out(folder / "queue", {name: data})
        frozen.fresh([folder / "runtime"])
        return driver.run(self.program.drain(str(folder / "queue"), str(folder / "runtime")))

    def _holds(self, folder, name):
        if name not in self.held:
            after = self._drain(folder, name, None)
            self.held[name] = self.state.before.owed("accepted") - after.ledger.set("delivered")
        return self.held[name]

    def _try(self, folder, kind, name, number):
        where = "%s %s %d" % (name, kind, number)
        after = self._drain(folder, name, damaged(self.state, kind, name, number))
        verdict = ledger.judge(self.state.before, after, "accepted")
        lost, verdict.lost = verdict.lost, []  # judged here, by what was damaged
        self.count.add(where, verdict)
        self.count.figures["lost"] += len(lost)
        self.count.figures["flips" if kind == "flip" else "wide"] += 1
        if not lost:
            return
        self.count.figures["damages_that_cost_records"] += 1
        if self.options.keeps_all and fnmatch.fnmatch(name, self.options.keeps_all):
            return
        # The damaged end of the last file cannot be told from a write that the power cut short.
        self.count.figures["silent_losses"] += not verdict.damaged
        at_the_end = bool(self.state.before.bursts) and set(lost) <= self.state.before.bursts[-1]
        if kind == "flip":
            if not verdict.damaged and not at_the_end:
                self.count.violate("silent_loss", "%s: %s" % (where, lost[:5]))
            if not any(set(lost) <= burst for burst in self.state.before.bursts):
                self.count.violate("lost_beyond", "%s: %d records" % (where, len(lost)))
        elif not set(lost) <= self._holds(folder, name):
            self.count.violate("lost_elsewhere", "%s: %s" % (where, lost[:5]))


def run(options):
    strace_log.require_strace()
    count = tally.Tally("bitflips", options.allow)
    with machine.scratch() as folder:
        program = driver.Driver(options.driver, options.records, options.seed, options.segment_bytes)
        state = frozen.freeze(program, folder / "freeze")
        names = sorted(fnmatch.filter(state.files, options.only))
        chance = random.Random(options.seed)
        damages = list(single_bits(state, names, options, chance))
        damages += wide_damages(state, names, options, chance)
        chance.shuffle(damages)
        tester = Tester(program, state, options, folder)
        for part in crew.each(tester, crew.deal(damages, options.jobs)):
            count.merge(part)
    count.count(files=len(names), bytes=sum(len(state.files[name]) for name in names),
                waiting=len(state.order))
    return count
