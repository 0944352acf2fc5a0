# SPDX-License-Identifier: Apache-2.0
"""Certificates with one fault each, made with the `openssl` command: chains for a server on localhost."""
import base64
import datetime
import hashlib
import os
import subprocess

CONFIG = """
[ca]
default_ca = it
[it]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
"""
LEAF = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
HOSTS = "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
CA_OF_LEAVES = CA.replace("CA:TRUE", "CA:TRUE,pathlen:0")
# "localhost", a zero, ".invalid": of type DNS.
NAME_WITH_ZERO = "subjectAltName=DER:30148212%s002e696e76616c6964\n" % b"localhost".hex()
DAY = datetime.timedelta(days=1)
EC, RSA_1024, RSA_2048 = ("ec", 0), ("rsa", 1024), ("rsa", 2048)


class Authority:
    """Makes certificates; one is (its PEM file, its key's file)."""

    def __init__(self, folder):
        self._folder, self._made = str(folder), 0
        self._now = datetime.datetime.now(datetime.timezone.utc)
        with open(self._at("ca.conf"), "w", encoding="ascii") as out:
            out.write(CONFIG.format(folder=self._folder))
        with open(self._at("serial"), "w", encoding="ascii") as out:
            out.write("1000\n")
        with open(self._at("index"), "w", encoding="ascii"):
            pass

    def _at(self, name):
        return os.path.join(self._folder, name)

    def _run(self, *args):
        subprocess.run(("openssl",) + args, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def _key(self, path, kind):
        if kind == EC:
            self._run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
        else:
            self._run("genrsa", "-out", path, str(kind[1]))

    def make(self, issuer, extensions, key=EC, digest="sha256", begins=-DAY, ends=30 * DAY, name=None):
        """`issuer` None: signed by itself. `name`: the CN."""
        self._made += 1
        stem = self._at("cert-%d" % self._made)
        self._key(stem + ".key", key)
        with open(stem + ".ext", "w", encoding="ascii") as out:
            out.write(extensions)
        self._run("req", "-new", "-key", stem + ".key", "-subj", "/CN=%s" % (name or "depotlink %d" % self._made),
                  "-out", stem + ".csr")
        signer = (["-selfsign", "-keyfile", stem + ".key"] if issuer is None else
                  ["-cert", issuer[0], "-keyfile", issuer[1]])
        form = "%Y%m%d%H%M%SZ"
        self._run("ca", "-batch", "-notext", "-config", self._at("ca.conf"), "-in", stem + ".csr", "-out", stem + ".pem",
                  "-md", digest, "-extfile", stem + ".ext", "-startdate", (self._now + begins).strftime(form),
                  "-enddate", (self._now + ends).strftime(form), *signer)
        return stem + ".pem", stem + ".key"


def chain(folder, name, *certificates):
    """The file that a server shows: its own certificate first. With its key's file."""
    path = os.path.join(str(folder), name + ".chain.pem")
    with open(path, "wb") as out:
        for certificate, _ in certificates:
            with open(certificate, "rb") as one:
                out.write(one.read())
    return path, certificates[0][1]


def pin_of(path):
    """Of the first certificate in the file, as curl writes it."""
    public = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode("ascii")


def make_all(folder):
    """({name: (chain, key)}, the trusted roots' file). `good` and `good_chain` are without fault."""
    authority = Authority(folder)
    make = authority.make
    root, stranger = make(None, CA), make(None, CA)
    old_root = make(None, CA, begins=-3 * DAY, ends=-DAY)
    flat_root = make(None, CA_OF_LEAVES)
    middle = make(root, CA_OF_LEAVES)
    bounded = make(root, CA_OF_LEAVES + "nameConstraints=critical,excluded;DNS:localhost,excluded;IP:127.0.0.0/255.0.0.0\n")
    chains = {
        "good": (make(root, LEAF + HOSTS),),
        "good_chain": (make(middle, LEAF + HOSTS), middle),
        "good_rsa": (make(root, LEAF + HOSTS, key=RSA_2048),),
        "self_signed": (make(None, LEAF + HOSTS),),
        "unknown_ca": (make(stranger, LEAF + HOSTS), stranger),
        "expired": (make(root, LEAF + HOSTS, begins=-3 * DAY, ends=-DAY),),
        "not_yet_valid": (make(root, LEAF + HOSTS, begins=DAY),),
        "wrong_host": (make(root, LEAF + "subjectAltName=DNS:elsewhere.invalid,DNS:localhost.invalid\n"),),
        "wrong_address": (make(root, LEAF + "subjectAltName=IP:127.0.0.2,DNS:localhost\n"),),
        "wildcard": (make(root, LEAF + "subjectAltName=DNS:*,DNS:*host,DNS:*.localhost\n"),),
        "wildcard_address": (make(root, LEAF + "subjectAltName=DNS:*.0.0.1,DNS:localhost\n"),),
        "address_as_dns": (make(root, LEAF + "subjectAltName=DNS:127.0.0.1,IP:127.0.0.2\n"),),
        "address_as_uri": (make(root, LEAF + "subjectAltName=URI:127.0.0.1,DNS:localhost\n"),),
        "address_as_cn": (make(root, LEAF, name="127.0.0.1"),),
        "name_as_uri": (make(root, LEAF + "subjectAltName=URI:localhost,IP:127.0.0.1\n"),),
        "name_as_cn": (make(root, LEAF, name="localhost"),),
        "name_with_zero": (make(root, LEAF + NAME_WITH_ZERO),),
        "client_only": (make(root, LEAF.replace("serverAuth", "clientAuth") + HOSTS),),
        "may_not_sign": (make(root, LEAF.replace("digitalSignature", "keyAgreement") + HOSTS),),
        "unknown_critical": (make(root, LEAF + HOSTS + "1.2.3.4=critical,DER:05:00\n"),),
        "rsa_1024": (make(root, LEAF + HOSTS, key=RSA_1024),),
        "sha1": (make(root, LEAF + HOSTS, digest="sha1"),),
        "missing_middle": (make(middle, LEAF + HOSTS),),
        "bounded_middle": (make(bounded, LEAF + HOSTS), bounded),
        "expired_root": (make(old_root, LEAF + HOSTS),),
    }
    for name, options in (("expired_middle", {"begins": -3 * DAY, "ends": -DAY}), ("future_middle", {"begins": DAY}),
                          ("rsa_1024_middle", {"key": RSA_1024}), ("sha1_middle", {"digest": "sha1"})):
        between = make(root, CA_OF_LEAVES, **options)
        chains[name] = (make(between, LEAF + HOSTS), between)
    leaf = make(root, LEAF + HOSTS)
    chains["leaf_as_ca"] = (make(leaf, LEAF + HOSTS), leaf)
    too_deep = make(flat_root, CA)
    chains["path_too_long"] = (make(too_deep, LEAF + HOSTS), too_deep)
    roots, _ = chain(folder, "roots", root, old_root, flat_root)
    return {name: chain(folder, name, *certificates) for name, certificates in chains.items()}, roots
