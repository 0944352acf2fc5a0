# SPDX-License-Identifier: Apache-2.0
"""A test CA and server certificates (EC P-256), made with the `openssl` command."""
import os
import subprocess

NAMES = {
    "good": "DNS:localhost,IP:127.0.0.1",
    "wronghost": "DNS:elsewhere.invalid",
    "selfsigned": "DNS:localhost,IP:127.0.0.1",
}


def _openssl(*args):
    subprocess.run(("openssl",) + args, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _key(path):
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def make(folder, kind="good"):
    """Writes ca.pem, server.pem and their keys; returns (ca_file, cert_file, key_file).

    In the folder that STANDIN_CERTS names, where it does, once for many stand-ins after each other."""
    if os.environ.get("STANDIN_CERTS"):
        folder = os.path.join(os.environ["STANDIN_CERTS"], kind)
        os.makedirs(folder, exist_ok=True)

    def at(name):
        return os.path.join(folder, name)

    if os.path.exists(at("done")):
        return at("ca.pem"), at("server.pem"), at("server.key")
    _key(at("ca.key"))
    _openssl("req", "-x509", "-new", "-key", at("ca.key"), "-days", "30", "-sha256",
             "-subj", "/CN=depotlink test CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
             "-out", at("ca.pem"))
    _key(at("server.key"))
    with open(at("server.ext"), "w", encoding="ascii") as out:
        out.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                  "extendedKeyUsage=serverAuth\nsubjectAltName=%s\n" % NAMES[kind])
    _openssl("req", "-new", "-key", at("server.key"), "-subj", "/CN=localhost",
             "-out", at("server.csr"))
    signer = ("-signkey", at("server.key")) if kind == "selfsigned" else (
        "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial")
    _openssl("x509", "-req", "-in", at("server.csr"), "-days", "30", "-sha256",
             "-extfile", at("server.ext"), "-out", at("server.pem"), *signer)
    with open(at("done"), "w", encoding="ascii"):
        pass
    return at("ca.pem"), at("server.pem"), at("server.key")
