# SPDX-License-Identifier: Apache-2.0
"""The same records in other hands: the queue, SQLite and plain writes (queue_bench), and mosquitto, which keeps them for
a subscriber that is away."""
import json
import os
import socket
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "standin"), os.path.join(TESTS, "e2e")]
from launch import Broker  # noqa: E402
from mqtt_wire import (CONNECT, DISCONNECT, PUBACK, PUBLISH, SUBSCRIBE, packet,  # noqa: E402
                       read_packet, split_publish, text)
import measure  # noqa: E402

GROUP = 300
TIMEOUT_S = 900
FOR_EVER = b"\x05\x11\xff\xff\xff\xff"  # properties of CONNECT: the session does not expire
# As root it would become another user, who may not write here.
# A good memory card in a small box, written in order; at random, which a database does, it is slower.
CARD_BYTES_A_SECOND = 10 * 1000 * 1000
CONFIG = "persistence true\npersistence_location %s/\nuser root\n%s\n"


def stores(queue_bench, place, records):
    """What queue_bench says, a dict a line."""
    with place.folder() as folder:
        done = subprocess.run([queue_bench, "compare", folder, str(records), str(GROUP)],
                              capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def stores_on_card(queue_bench, place, records):
    """The same where the device takes CARD_BYTES_A_SECOND."""
    with place.slowed(CARD_BYTES_A_SECOND):
        return stores(queue_bench, place, records)


def write_lines(queue_bench, path, records):
    with open(path, "wb") as out:
        subprocess.run([queue_bench, "lines", str(records)], stdout=out, timeout=TIMEOUT_S, check=True)
    with open(path, "rb") as lines:
        return sum(len(line.split(b"\t", 1)[1]) - 1 for line in lines)


class Absent:
    """A subscriber whose session outlives its connection."""

    def __init__(self, port):
        self._sock = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._stream = self._sock.makefile("rb", 1 << 18)
        self._sock.sendall(packet(CONNECT, text("MQTT") + b"\x05\x00\x00\x00" + FOR_EVER
                                  + text("bench-absent")))
        read_packet(self._stream)

    def subscribe(self):
        self._sock.sendall(packet(SUBSCRIBE, b"\x00\x01\x00" + text("depotlink/#") + b"\x01", 2))
        read_packet(self._stream)
        return self

    def take(self, records):
        while records:
            kind, flags, body = read_packet(self._stream)
            if kind != PUBLISH:
                continue
            _, number, _ = split_publish(flags, body, 5)
            if number is not None:
                self._sock.sendall(packet(PUBACK, struct.pack(">H", number)))
                records -= 1

    def leave(self):
        self._sock.sendall(packet(DISCONNECT))
        self._stream.close()
        self._sock.close()


def process_bytes(pid):
    with open("/proc/%d/io" % pid, encoding="ascii") as io:
        return next(int(line.split()[1]) for line in io if line.startswith("write_bytes"))


def broker_with_store(folder, saving):
    broker = Broker(folder, log="none")
    path = os.path.join(folder, "mosquitto.conf")
    with open(path, encoding="utf-8") as file:
        config = file.read().replace("persistence false\n", "")
    with open(path, "w", encoding="utf-8") as out:
        out.write(config + CONFIG % (folder, saving))
    return broker.start()


def keep(floor, place, lines, records, payload_bytes, saving):
    """The subscriber leaves, `records` come, it comes back and takes them."""
    with place.folder() as folder:
        broker = broker_with_store(folder, saving)
        try:
            Absent(broker.port).subscribe().leave()
            before = place.use()
            subprocess.run([floor, "tcp://127.0.0.1:%d" % broker.port, lines], capture_output=True,
                           timeout=TIMEOUT_S, check=True)
            peak, pid = measure.memory_kib(broker.process.pid)[0], broker.process.pid
            came, cpu = place.use(), measure.cpu_ms(pid)
            back = Absent(broker.port)
            back.take(records)
            back.leave()
            process = process_bytes(pid)
            broker.stop()  # saves once more
            went = place.use()
        finally:
            broker.stop()
    return {"device_bytes": (came[0] - before[0]) / payload_bytes, "flushes": came[1] - before[1],
            "drain_device_bytes": (went[0] - came[0]) / payload_bytes, "peak_kib": peak,
            "cpu_us": cpu * 1000.0 / records, "process_bytes": process / payload_bytes}


def mosquitto(queue_bench, floor, place, records):
    """By how it saves: as it comes (each half hour, and at its end), and each second."""
    with place.folder() as folder:
        lines = os.path.join(folder, "lines")
        payload_bytes = write_lines(queue_bench, lines, records)
        return {name: keep(floor, place, lines, records, payload_bytes, saving)
                for name, saving in (("default", ""), ("each second", "autosave_interval 1"))}
