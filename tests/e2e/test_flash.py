# SPDX-License-Identifier: Apache-2.0
"""With the broker there, the device under the queue is not written to: counted by the kernel, on an ext4 of its own."""
import contextlib
import os
import pathlib
import sys
import time

import pytest

import contract
from ledger import Ledger
from steps import wait_more_polls

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "faults"))
import machine  # noqa: E402

RECORDS = int(os.environ.get("DEPOTLINK_E2E_FLASH_RECORDS", "500"))
FLEET = 100
DISK_BYTES = 64 << 20
PATIENCE_S = 120
SECTOR = 512


class Device:
    """The bytes that the kernel counts for a block device, once nothing waits to be written."""

    def __init__(self, loop, folder):
        self._stat, self._folder = "/sys/block/%s/stat" % os.path.basename(loop.path), folder

    def written(self):
        """So far, with what the file system still held in memory."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            machine.sync_file_system(folder)
        finally:
            os.close(folder)
        with open(self._stat, encoding="ascii") as file:
            return int(file.read().split()[6]) * SECTOR


@pytest.fixture
def flash():
    """An ext4 as a box has it, on a device that counts."""
    with contextlib.ExitStack() as stack:
        try:
            machine.enter_namespace()
            room = stack.enter_context(machine.workshop())
            machine.make_ext4(room / "image", DISK_BYTES)
            loop = stack.enter_context(machine.loop_over(room / "image"))
            (room / "disk").mkdir()
            disk = stack.enter_context(machine.mounted(loop.path, room / "disk", "ext4"))
        except machine.Skip as reason:
            pytest.skip(str(reason))
        yield disk / "queue", Device(loop, disk)


def written_by(agent):
    with open("/proc/%d/io" % agent.pid, encoding="ascii") as io:
        return next(int(line.split()[1]) for line in io if line.startswith("write_bytes"))


def test_the_device_is_not_written_to_while_the_broker_takes_records(
        flash, make_standin, broker, make_agent, subscribe):
    queue_dir, device = flash
    standin = make_standin(fleet=FLEET, kind="moving")
    agent = make_agent(standin, broker, {"queue": {"dir": str(queue_dir), "min_free": "0KiB"}})
    ledger = Ledger(standin, subscribe)
    subscriber = ledger.watch(broker)
    subscriber.wait_for(contract.has_all_states(standin), what="the whole fleet")
    before, begun = (written_by(agent), device.written()), time.monotonic()
    mark = subscriber.mark()
    standin.options(step_s=1)
    subscriber.wait_for(lambda s: len(s.messages) >= mark + RECORDS, PATIENCE_S + RECORDS,
                        "%d records" % RECORDS)
    after = (written_by(agent), device.written())
    print("%d records in %.0f s: written by the agent %d bytes, to the device %d" % (
        RECORDS, time.monotonic() - begun, after[0] - before[0], after[1] - before[1]))
    assert after == before

    broker.stop()  # the counters do see what the queue writes
    wait_more_polls(standin, 4)
    agent.wait_log(lambda line: "broker connection lost" in line)
    for _ in range(PATIENCE_S):
        if list(queue_dir.glob("*.seg")):
            break
        wait_more_polls(standin, 1)
    assert written_by(agent) > after[0] and device.written() > after[1]
