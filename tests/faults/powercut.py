# SPDX-License-Identifier: Apache-2.0
"""Power cuts on ext4: records what a run writes to its disk, rebuilds what cuts at every flush may have
left, lets the kernel recover each image, and starts the driver on it."""
import itertools
import os
import pathlib
import random
import shutil
import subprocess

import crew
import driver
import ledger
import machine
import recorder
import replay
import tally

MIB = 1 << 20
# auto_da_alloc hides renames without fsync; other file systems have no such mercy.
MOUNT_OPTIONS = "noauto_da_alloc"


def add_arguments(parser):
    parser.add_argument("--images", type=int, default=300, help="at least so many (300)")
    parser.add_argument("--variants", type=int, default=4, help="at most so many images a flush (4)")
    parser.add_argument("--failing", type=int, default=2,
                        help="recordings, for each sound one, in which the disk once fails (2)")
    parser.add_argument("--mib", type=int, default=16, help="size of the file system (16)")
    parser.add_argument("--mount-options", default=MOUNT_OPTIONS, help="(%s)" % MOUNT_OPTIONS)
    parser.add_argument("--keep", help="folder for the images that violate something")


def record(folder, program, options, fail=None):
    """Runs the script on a recorded ext4; a Recording, and how the script failed, if it did."""
    folder.mkdir()
    image = folder / "image"
    machine.make_ext4(image, options.mib * MIB)
    base = image.read_bytes()
    (folder / "runtime").mkdir()
    (folder / "mount").mkdir()
    with recorder.recording(folder, image, fail) as disk, machine.loop_over(disk / "disk") as loop:
        with machine.mounted(loop.path, folder / "mount", "ext4", options.mount_options) as mount:
            (mount / "queue").mkdir()
            settle(mount)
            with open(disk / "lines", "wb", buffering=0) as lines:
                lines.write(replay.START.encode() + b"\n")
                command = program.script(str(mount / "queue"), str(folder / "runtime"))
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=lines,
                                      stderr=subprocess.PIPE, timeout=120, check=False)
                lines.write(b"#end\n")
    log = recorder.load_log(folder)
    shutil.rmtree(folder)
    failure = "exit %d: %s" % (done.returncode, done.stderr.decode()) if done.returncode else ""
    return recorder.Recording(base, log), failure


def settle(mount):
    """All of the file system is on its disk."""
    for path in (mount / "queue", mount):
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(directory)
        os.close(directory)


class Cutter:
    """Tries cuts of one recording, in a process of its own."""

    def __init__(self, run, program, options, name, folder):
        self.run, self.program, self.options, self.name = run, program, options, name
        self.folder = pathlib.Path(folder)
        self.count = tally.Tally("powercut", options.allow)
        self.printed = (None, None)

    def __call__(self, epochs):
        place = self.folder / ("epochs-%d" % epochs[0].number)
        (place / "mount").mkdir(parents=True)
        image = replay.Image(self.run, place / "image")
        image.rebuild(replay.Cut(0, 0, ()))
        with machine.loop_over(place / "image") as loop:
            for epoch in epochs:
                if self.count.hopeless():
                    break
                for cut in self.run.cuts(epoch, self.options.variants, self.name):
                    image.rebuild(cut)
                    loop.forget_cache()  # clean pages only: unmounting has written back the others
                    self._try(cut, loop, place, image)
        shutil.rmtree(place)
        return self.count

    def _try(self, cut, loop, place, image):
        where = "%s, %s" % (self.name, cut.name())
        runtime = place / "runtime"
        runtime.mkdir()
        before = dict(self.count.violations)
        try:
            with machine.mounted(loop.path, place / "mount", "ext4", self.options.mount_options) as mount:
                command = self.program.drain(str(mount / "queue"), str(runtime))
                finished = driver.run(command)
        except OSError as error:
            self.count.violate("unmountable", "%s: %s" % (where, error))
        else:
            self.count.add(where, ledger.judge(self._ledger(cut.lines), finished, "accepted"))
        shutil.rmtree(runtime)
        if self.options.keep and before != self.count.violations:
            self._keep(cut, image)

    def _ledger(self, lines):
        if self.printed[0] != lines:
            self.printed = (lines, ledger.Ledger(self.run.lines[:lines]))
        return self.printed[1]

    def _keep(self, cut, image):
        """As it was before the mount, with the lines that had been printed."""
        folder = pathlib.Path(self.options.keep)
        folder.mkdir(parents=True, exist_ok=True)
        number = sum(self.count.violations.values())
        name = "%s-flush%d-%d" % (self.name.replace(" ", "-"), cut.epoch, number)
        image.rebuild(cut)
        shutil.copyfile(image.file.name, folder / (name + ".ext4"))
        text = "\n".join(["# " + cut.name()] + self.run.lines[:cut.lines]) + "\n"
        (folder / (name + ".lines")).write_text(text, encoding="utf-8")


def failures(sound, many, chance):
    """Which of the writes and flushes of a run may fail, some of them."""
    writes = sum(len(epoch.writes) for epoch in sound.epochs)
    places = [(recorder.WRITE, at) for at in range(1, writes + 1)]
    places += [(recorder.FLUSH, at) for at in range(1, len(sound.epochs))]
    return chance.sample(places, min(many, len(places)))


def replay_all(recording, program, options, folder, name, count):
    """Tries the cuts of a recording; its Replay."""
    run_of = replay.Replay(recording)
    tried = Cutter(run_of, program, options, name, folder)
    for part in crew.each(tried, crew.deal(run_of.epochs, options.jobs)):
        count.merge(part)
    count.count(recordings=1, flushes=len(run_of.epochs) - 1, lines=len(run_of.lines),
                writes=sum(len(epoch.writes) for epoch in run_of.epochs))
    return run_of


def one_seed(program, options, folder, count):
    """A run without a fault, then runs in which the disk once fails, until there are images enough."""
    name = "seed %d" % program.seed
    recording, failure = record(folder / "record", program, options)
    if failure:
        raise driver.Unfit("the script failed, " + failure)
    sound = replay_all(recording, program, options, folder, name, count)
    for turn, (kind, at) in enumerate(failures(sound, options.failing, random.Random(program.seed))):
        if count.failed() or (turn > 0 and count.figures["faults"] >= options.images):
            break
        recording, failure = record(folder / "record", program, options, (kind, at))
        where = "%s, %s %d failed" % (name, kind, at)
        if failure:
            count.violate("script_failed", "%s: %s" % (where, failure))
        replay_all(recording, program, options, folder, where, count)
        count.count(recordings_with_a_failure=1)


def run(options):
    count = tally.Tally("powercut", options.allow)
    machine.enter_namespace()
    with machine.workshop() as folder:
        for seed in itertools.count(options.seed):
            before = count.figures["faults"]
            program = driver.Driver(options.driver, options.records, seed, options.segment_bytes)
            one_seed(program, options, folder, count)
            tried = count.figures["faults"]
            if tried >= options.images or tried == before or count.failed():
                break
    count.figures["images"] = count.figures["faults"]
    return count
