# SPDX-License-Identifier: Apache-2.0
"""A mosquitto behind TLS, its certificates, and what an agent is told to reach it."""
import os
import subprocess

import bad_certs
from agent import write_secret
from standin.launch import free_port

USER = ("depot-bus", "bus-Passw0rd-canary")
CLIENT = bad_certs.LEAF.replace("serverAuth", "clientAuth")


class Certificates:
    """Of a broker and its clients; each but the roots' is (its PEM file, its key's file)."""

    def __init__(self, folder):
        authority = bad_certs.Authority(folder)
        root, stranger = authority.make(None, bad_certs.CA), authority.make(None, bad_certs.CA)
        self.roots = root[0]
        self.server = authority.make(root, bad_certs.LEAF + bad_certs.HOSTS)
        self.client = authority.make(root, CLIENT)
        self.rsa_client = authority.make(root, CLIENT, key=bad_certs.RSA_2048)
        self.strange_client = authority.make(stranger, CLIENT)
        self.old_client = authority.make(root, CLIENT, begins=-3 * bad_certs.DAY, ends=-bad_certs.DAY)


def listen(broker, certs, *lines):
    """Gives a broker a second listener, at `secure_url`, with TLS and `lines`; the first stays for those who watch. Who
    gives a name must know the password."""
    port, passwords = free_port(), os.path.join(broker.folder, "passwords")
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, *USER], check=True, capture_output=True)
    os.chmod(passwords, 0o644)
    broker.write_config("\n".join((
        "user root", "password_file " + passwords, "listener %d 127.0.0.1" % port, "cafile " + certs.roots,
        "certfile " + certs.server[0], "keyfile " + certs.server[1], *lines)))
    broker.secure_port, broker.secure_url = port, "mqtts://localhost:%d" % port
    return broker


def tls(certs, folder, client=None):
    """The section `mqtt`, but for the address."""
    out = {"ca_file": certs.roots, "username": USER[0],
           "password_file": write_secret(os.path.join(str(folder), "mqtt.password"), USER[1])}
    if client:
        os.chmod(client[1], 0o600)
        out.update(cert_file=client[0], private_key_file=client[1])
    return {"mqtt": out}
