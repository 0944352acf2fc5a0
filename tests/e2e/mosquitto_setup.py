# SPDX-License-Identifier: Apache-2.0
"""A mosquitto set up as config/mosquitto/README.md says, but for places and ports; and a client of one user."""
import os
import shutil
import socket
import subprocess

from mqtt_wire import (CONNACK, PINGREQ, PINGRESP, PUBACK, connect, packet, publish, read_packet)
from standin.launch import Broker

FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "config", "mosquitto")
AGENT = ("depotlink", "agent-Passw0rd")
DASHBOARD = ("dashboard", "screen-Passw0rd")
TIMEOUT_S = 30
# Debian's /etc/mosquitto/mosquitto.conf, which includes ours at its end.
MAIN = """pid_file {folder}/mosquitto.pid
user root
persistence true
persistence_location {folder}/
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
include_dir {folder}/conf.d
"""


def shipped(name):
    with open(os.path.join(FILES, name), encoding="utf-8") as text:
        return text.read()


class DropIn(Broker):
    """`extra`: lines of another file in conf.d."""

    def __init__(self, folder, extra=""):
        self.conf_d = os.path.join(folder, "conf.d")
        os.makedirs(self.conf_d)
        super().__init__(folder, extra)

    @property
    def socket_path(self):
        return os.path.join(self.folder, "mosquitto.sock")

    def write_config(self, extra):
        self._write("mosquitto.conf", MAIN.format(folder=self.folder))
        places = {"listener 1883 127.0.0.1": "listener %d 127.0.0.1" % self.port,
                  "/run/mosquitto-depotlink/mosquitto.sock": self.socket_path,
                  "/etc/mosquitto/": self.folder + "/"}
        config = shipped("depotlink.conf")
        for theirs, ours in places.items():
            assert theirs in config, theirs
            config = config.replace(theirs, ours)
        self._write("conf.d/depotlink.conf", config)
        self._write("conf.d/other.conf", extra)
        shutil.copy(os.path.join(FILES, "depotlink.acl"), self.folder)
        passwords = os.path.join(self.folder, "depotlink.passwords")
        for user in (AGENT, DASHBOARD):
            create = [] if os.path.exists(passwords) else ["-c"]
            subprocess.run(["mosquitto_passwd", "-b", *create, passwords, *user], check=True, capture_output=True)

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
            out.write(text)


class Client:
    """One connection of MQTT 5, used from one thread. `where`: a port of this machine, or a socket's path."""

    def __init__(self, where, user=None, name="e2e-client"):
        if isinstance(where, str):
            self._sock = socket.socket(socket.AF_UNIX)
            self._sock.connect(where)
        else:
            self._sock = socket.create_connection(("127.0.0.1", where), TIMEOUT_S)
        self._sock.settimeout(TIMEOUT_S)
        self._stream = self._sock.makefile("rb")
        self._sock.sendall(connect(name, user))
        kind, _, body = read_packet(self._stream)
        assert kind == CONNACK
        self.refused = body[1]

    def publish(self, topic, payload=b"{}", retain=True):
        """At QoS 1; the reason code of the acknowledgement."""
        self._sock.sendall(publish(topic, payload, 7, retain))
        kind, _, body = read_packet(self._stream)
        assert kind == PUBACK
        return body[2] if len(body) > 2 else 0

    def burst(self, messages):
        """(topic, payload) each, retained, at QoS 0; returns when the broker has them."""
        self._sock.sendall(b"".join(publish(topic, payload) for topic, payload in messages))
        self._sock.sendall(packet(PINGREQ))
        assert read_packet(self._stream)[0] == PINGRESP

    def close(self):
        self._sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
