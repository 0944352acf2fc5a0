# SPDX-License-Identifier: Apache-2.0
"""A disk whose device counts what it is given: an ext4 on a loop device over memory, in a mount namespace of our own."""
import contextlib
import os
import pathlib
import shutil
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / "faults"))
import machine  # noqa: E402

SIZE = 3 << 30
SECTOR = 512
BLKIO = pathlib.Path("/sys/fs/cgroup/blkio")


class Place:
    """Folders on the disk, and what the device under them was given so far."""

    def __init__(self, mount, loop):
        self._mount, self._made = mount, 0
        block = pathlib.Path("/sys/block") / os.path.basename(loop.path)
        self._stat = block / "stat"
        self._device = (block / "dev").read_text(encoding="ascii").strip()

    @contextlib.contextmanager
    def folder(self):
        """A new one, gone afterwards."""
        self._made += 1
        path = self._mount / ("part-%d" % self._made)
        path.mkdir(mode=0o700)
        try:
            yield str(path)
        finally:
            shutil.rmtree(path)

    @contextlib.contextmanager
    def slowed(self, bytes_a_second):
        """Meanwhile the device takes no more than that from what we start: as a memory card does."""
        limit = BLKIO / "blkio.throttle.write_bps_device"
        if not limit.exists():
            raise machine.Skip("no control group can slow a device here (%s)" % limit)
        group = BLKIO / ("depotlink-bench-%d" % os.getpid())
        group.mkdir()
        try:
            (group / limit.name).write_text("%s %d" % (self._device, bytes_a_second), encoding="ascii")
            (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            yield
        finally:
            (BLKIO / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            group.rmdir()

    def use(self):
        """(bytes, flushes), with what the file system still held in memory."""
        folder = os.open(self._mount, os.O_RDONLY)
        try:
            machine.sync_file_system(folder)
        finally:
            os.close(folder)
        with open(self._stat, encoding="ascii") as file:
            fields = file.read().split()
        return int(fields[6]) * SECTOR, int(fields[15])


@contextlib.contextmanager
def measured():
    try:
        machine.enter_namespace()
        with machine.workshop("size=4g") as room:
            machine.make_ext4(room / "image", SIZE, journal_mib=32)
            (room / "disk").mkdir()
            with machine.loop_over(room / "image") as loop, \
                    machine.mounted(loop.path, room / "disk", "ext4") as mount:
                yield Place(mount, loop)
    except machine.Skip as reason:
        sys.exit("outage: %s" % reason)
