# SPDX-License-Identifier: Apache-2.0
"""What may be on the disk after a power cut, from what the recorder wrote down.

Between two flushes is an epoch. A cut in it leaves all that came before the epoch's first flush, and
of the epoch's own writes, up to the cut, any part: each whole, or not at all, or torn, that is, some
of its sectors of 512 bytes. The lines up to the cut had been printed.
"""
import dataclasses
import itertools
import random

import recorder

SECTOR, BLOCK = 512, 4096
START = "#start"


@dataclasses.dataclass
class Epoch:
    number: int
    first_line: int                              # lines printed when its first flush was done
    writes: list = dataclasses.field(default_factory=list)       # (offset, data)
    lines_before: list = dataclasses.field(default_factory=list)  # for each write
    end_line: int = 0                            # lines printed when it ended


@dataclasses.dataclass
class Cut:
    epoch: int
    lines: int      # how many lines had been printed
    pieces: tuple   # (index of write, sectors or None for all) that reached the disk

    def name(self):
        torn = sum(sectors is not None for _, sectors in self.pieces)
        return "flush %d, %d lines, writes %s, %d torn" % (
            self.epoch, self.lines, [index for index, _ in self.pieces][:12], torn)


class Replay:
    """`recording.log` in epochs. The epochs begin with the first flush before START's line."""

    def __init__(self, recording):
        self.base, self.lines, self.epochs = recording.base, [], []
        self.before = []  # writes before the first epoch
        started, text = False, ""
        current = None
        for entry in recording.log:
            if entry[0] == recorder.LINE:
                text += entry[1]
                *whole, text = text.split("\n")
                if START in whole:
                    started = True
                    current = self._begin()
                self.lines += [line for line in whole if not line.startswith("#")]
            elif entry[0] == recorder.WRITE:
                if not started:
                    self.before.append((entry[1], entry[2]))
                else:
                    current.writes.append((entry[1], entry[2]))
                    current.lines_before.append(len(self.lines))
            elif started:
                current.end_line = len(self.lines)
                current = self._begin()
        if current is not None:
            current.end_line = len(self.lines)

    def _begin(self):
        self.epochs.append(Epoch(len(self.epochs), len(self.lines)))
        return self.epochs[-1]

    def cuts(self, epoch, variants, seed):
        """Up to `variants` different cuts in an epoch; the plain ones come first."""
        chance = random.Random("%s/%d" % (seed, epoch.number))
        everything = tuple((index, None) for index in range(len(epoch.writes)))
        plain = [Cut(epoch.number, epoch.first_line, ()),
                 Cut(epoch.number, epoch.end_line, ()),
                 Cut(epoch.number, epoch.end_line, everything)]
        drawn = (self._draw(epoch, chance) for _ in range(4 * variants))
        seen, count = set(), 0
        for cut in itertools.chain(plain, drawn):
            key = (cut.lines, cut.pieces)
            if key not in seen and count < variants:
                seen.add(key)
                count += 1
                yield cut

    @staticmethod
    def _draw(epoch, chance):
        many = len(epoch.writes)
        reached = many if chance.random() < 0.5 else chance.randint(0, many)
        lines = epoch.end_line if reached == many else epoch.lines_before[reached]
        whole, torn = chance.choice(((0.5, 0.0), (0.4, 0.3), (0.8, 0.1), (0.1, 0.6), (0.0, 1.0)))
        pieces = []
        for index in range(reached):
            dice = chance.random()
            if dice < whole:
                pieces.append((index, None))
            elif dice < whole + torn:
                sectors = torn_sectors(epoch.writes[index], chance)
                if sectors:
                    pieces.append((index, sectors))
        return Cut(epoch.number, lines, tuple(pieces))


def torn_sectors(write, chance):
    """Which sectors of a write arrive: its beginning, its end, or a random set. The superblock of the
    file system lies in the first block; ext4 checks it before it recovers, so that one is atomic."""
    offset, data = write
    count = len(data) // SECTOR
    if offset < BLOCK or count < 2:
        return ()
    kind, edge = chance.randrange(3), chance.randint(1, count - 1)
    if kind == 0:
        return tuple(range(edge))
    if kind == 1:
        return tuple(range(edge, count))
    return tuple(index for index in range(count) if chance.random() < 0.5)


class Image:
    """A file that is made to hold what a cut leaves, again and again."""

    def __init__(self, replay, path):
        self.file = open(path, "w+b", buffering=0)
        self.replay = replay
        self.durable = bytearray(replay.base)
        self.blocks = {index // BLOCK for index in range(0, len(self.durable), BLOCK)
                       if any(self.durable[index:index + BLOCK])}
        self.epoch = 0
        for write in replay.before:
            self._put(*write)

    def _put(self, offset, data):
        self.durable[offset:offset + len(data)] = data
        self.blocks.update(range(offset // BLOCK, (offset + len(data) - 1) // BLOCK + 1))

    def rebuild(self, cut):
        """Cuts must come in the order of their epochs."""
        for number in range(self.epoch, cut.epoch):
            for write in self.replay.epochs[number].writes:
                self._put(*write)
        self.epoch = cut.epoch
        self.file.truncate(0)
        self.file.truncate(len(self.durable))
        for begin, end in runs(sorted(self.blocks)):
            self._write(begin * BLOCK, memoryview(self.durable)[begin * BLOCK:end * BLOCK])
        writes = self.replay.epochs[cut.epoch].writes
        for index, sectors in cut.pieces:
            offset, data = writes[index]
            if sectors is None:
                self._write(offset, data)
            for sector in sectors or ():
                self._write(offset + sector * SECTOR, data[sector * SECTOR:(sector + 1) * SECTOR])

    def _write(self, offset, data):
        self.file.seek(offset)
        self.file.write(data)


def runs(numbers):
    """[begin, end) of neighbours in sorted numbers."""
    begin = previous = None
    for number in numbers:
        if begin is None:
            begin = number
        elif number != previous + 1:
            yield begin, previous + 1
            begin = number
        previous = number
    if begin is not None:
        yield begin, previous + 1
