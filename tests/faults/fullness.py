# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, become full, turn read-only or go away under a running queue; a small ext4, and a
file system in memory with few files. Then all is well again, and the next start must know the rest."""
import collections
import contextlib
import dataclasses
import fcntl
import itertools
import os
import pathlib
import random
import shutil
import subprocess

import driver
import ledger
import machine
import tally

KIB = 1024
F_SETPIPE_SZ = 1031
EXT4_IOC_SHUTDOWN = 0x8004587D
GOING_FLAGS_NOLOGFLUSH = b"\x02\0\0\0"


def add_arguments(parser):
    parser.add_argument("--turns", type=int, default=6, help="runs of each scenario (6)")


@dataclasses.dataclass
class Disk:
    mount: pathlib.Path
    loop: object = None  # machine.Loop, where it is an ext4

    @property
    def queue(self):
        return self.mount / "queue"

    @property
    def filler(self):
        return self.mount / "filler"

    def fill(self, leave):
        """Takes all space but about `leave` bytes."""
        room = os.statvfs(self.mount)
        want = max(0, room.f_bavail * room.f_frsize - leave)
        file = os.open(self.filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):
            while want > 0:
                want -= os.write(file, bytes(min(want, 64 * KIB)))
        with contextlib.suppress(OSError):
            os.fsync(file)
        os.close(file)

    def free(self):
        self.filler.unlink(missing_ok=True)
        shutil.rmtree(self.mount / "files", ignore_errors=True)

    def take_files(self, leave):
        """Leaves so many files that can still be made."""
        folder = self.mount / "files"
        folder.mkdir()
        with contextlib.suppress(OSError):
            while os.statvfs(self.mount).f_favail > leave:
                (folder / str(os.statvfs(self.mount).f_favail)).touch()

    def turn_read_only(self):
        """As ext4 does by itself when it finds its disk broken; a plain remount would be refused while
        files are open."""
        machine.mount("none", self.mount, None, machine.MS_REMOUNT, "abort")

    def go_away(self):
        """Every call fails from here on, and what was not on the disk is lost."""
        folder = os.open(self.mount, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, GOING_FLAGS_NOLOGFLUSH)
        os.close(folder)


def stepwise(command, actions):
    """Runs it, and does actions[n] when it has printed n lines. It gets at most two lines further
    meanwhile: its pipe holds one, and it waits to print the next."""
    ours, theirs = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
    fcntl.fcntl(theirs, F_SETPIPE_SZ, 4096)
    text, lines = b"", 0
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        try:
            while True:
                packet = os.read(ours, 65536)
                if not packet:
                    break
                text += packet
                lines += packet.count(b"\n")
                for at in sorted(at for at in actions if at <= lines):
                    actions.pop(at)()
            errors = process.stderr.read().decode("utf-8", "replace")
            process.wait(timeout=driver.TIMEOUT_S)
        finally:
            os.close(ours)
            if process.poll() is None:
                process.kill()
    printed = text.decode("utf-8", "replace").splitlines()
    return driver.Finished(process.returncode, ledger.Ledger(printed), errors), printed


def accepted_before_error(printed):
    """The records that were on the disk when it first refused something."""
    whole = itertools.takewhile(lambda line: not line.startswith("error "), printed)
    return ledger.Ledger(whole).set("accepted")


@contextlib.contextmanager
def small_ext4(folder):
    image = folder / "image"
    machine.make_ext4(image, 8 << 20, block=1024, journal_mib=1)
    with machine.loop_over(image) as loop, machine.mounted(loop.path, folder / "mount", "ext4") as mount:
        (mount / "queue").mkdir()
        yield Disk(mount, loop)


@contextlib.contextmanager
def small_tmpfs(folder):
    with machine.mounted("small", folder / "mount", "tmpfs", "size=256k,nr_inodes=16") as mount:
        (mount / "queue").mkdir()
        yield Disk(mount)


# Each does what happens before the run, and says what after so many lines of it.

def full_from_start(disk, _lines, _chance, turn):
    disk.fill((0, 4, 8, 16, 12, 24, 40, 64)[turn % 8] * KIB)
    return {}


def no_files_from_start(disk, _lines, _chance, turn):
    disk.take_files(turn % 6)
    return {}


def full_for_a_while(disk, lines, chance, _turn):
    begin, end = sorted(chance.sample(range(1, max(3, lines * 2 // 3)), 2))
    leave = chance.choice((0, 0, 2, 6)) * KIB
    return {begin: lambda: disk.fill(leave), end: disk.free}


def read_only(disk, lines, chance, _turn):
    return {chance.randrange(1, lines): disk.turn_read_only}


def gone(disk, lines, chance, _turn):
    return {chance.randrange(1, lines): disk.go_away}


SCENARIOS = (
    ("tmpfs full", small_tmpfs, full_from_start),
    ("tmpfs no files", small_tmpfs, no_files_from_start),
    ("tmpfs full for a while", small_tmpfs, full_for_a_while),
    ("ext4 full", small_ext4, full_from_start),
    ("ext4 full for a while", small_ext4, full_for_a_while),
    ("ext4 read-only", small_ext4, read_only),
    ("ext4 gone", small_ext4, gone),
)


STAYS_FULL = (full_from_start, no_files_from_start)


class Tester:
    def __init__(self, program, options, folder):
        self.program, self.folder = program, folder
        self.count = tally.Tally("fullness", options.allow)
        self.lines = 0
        self.felt, self.freed, self.recovered = (collections.Counter() for _ in range(3))

    def measure(self):
        """How many lines an undisturbed run prints."""
        place = self.place("undisturbed")
        (place / "queue").mkdir()
        went = driver.run(self.program.script(str(place / "queue"), str(place / "runtime")))
        driver.require_sound(went)
        self.lines = went.ledger.lines

    def place(self, name):
        place = self.folder / name.replace(" ", "-")
        for part in ("mount", "runtime"):
            (place / part).mkdir(parents=True)
        return place

    def try_one(self, name, make, scenario, turn):
        where = "%s, turn %d" % (name, turn)
        place = self.place(where)
        with make(place) as disk:
            chance = random.Random("%s/%d/%d" % (name, self.program.seed, turn))
            actions = scenario(disk, self.lines, chance, turn)
            command = self.program.script(str(disk.queue), str(place / "runtime"))
            last = max(actions, default=0)
            went, printed = stepwise(command, actions)
            self._went(name, where, went)
            if scenario is full_for_a_while:
                self.freed[name] += 1
                self.recovered[name] += any(line.startswith("accepted") for line in printed[last + 2:])
            if disk.loop is not None:  # what a reboot leaves
                machine.unmount(disk.mount, machine.MNT_DETACH)
                machine.mount(disk.loop.path, disk.mount, "ext4")
            drain = self.program.drain(str(disk.queue), str(place / "runtime"))
            before = went.ledger
            if scenario in STAYS_FULL:
                before = before.plus(self._drain_full(where, drain, before))
            disk.free()
            after = driver.run(drain)
        verdict = ledger.judge(before, after, "accepted")
        if scenario is gone:
            # What lies on a disk that cannot be read is waited for a minute, and no longer.
            out_of_reach = accepted_before_error(printed)
            overtaken = [record for record in verdict.disorder if record in out_of_reach]
            self.count.count(overtaken=len(overtaken))
            verdict.disorder = [record for record in verdict.disorder if record not in out_of_reach]
        self.count.add(where, verdict)
        silent = before.owed("submitted") - before.set("accepted") - after.ledger.set("delivered")
        if silent:
            self.count.figures["unaccounted"] += len(silent)
            self.count.violate("unaccounted", "%s: %s" % (where, sorted(silent)[:5]))

    def _drain_full(self, where, command, before):
        """A start while it is still full must deliver: that needs no space, and is what makes some."""
        went = driver.run(command)
        if went.failure():
            self.count.violate("failed_start", "%s, still full: %s" % (where, went.failure()))
        owed = before.owed("accepted")
        left = owed - before.excused(owed) - went.ledger.set("delivered")
        if left:
            self.count.violate("stuck_while_full", "%s: %d of %d stay" % (where, len(left), len(owed)))
        return went.ledger

    def _went(self, name, where, went):
        self.felt[name] += bool(went.ledger.errors or went.ledger.records["dropped"])
        if went.failure():
            self.count.violate("script_failed", "%s: %s" % (where, went.failure()))
        self.count.count(dropped=len(went.ledger.records["dropped"]),
                         accepted=len(went.ledger.records["accepted"]))

    def conclude(self):
        """Scenarios that no run felt prove nothing; one that was over must have been overcome."""
        for name, _, _ in SCENARIOS:
            if not self.felt[name]:
                self.count.violate("unfelt", "%s: no run met an error; give it more --records" % name)
            if self.freed[name] and not self.recovered[name]:
                self.count.violate("not_recovered", "%s: nothing was accepted after it was over" % name)
        self.count.count(runs_that_felt_it=sum(self.felt.values()), runs_freed=sum(self.freed.values()),
                         runs_recovered=sum(self.recovered.values()))


def run(options):
    machine.enter_namespace()
    with machine.workshop() as folder:
        program = driver.Driver(options.driver, options.records, options.seed, options.segment_bytes)
        tester = Tester(program, options, folder)
        tester.measure()
        for name, make, scenario in SCENARIOS:
            for turn in range(options.turns):
                tester.try_one(name, make, scenario, turn)
        tester.conclude()
    return tester.count
