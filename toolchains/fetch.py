# SPDX-License-Identifier: Apache-2.0
"""Brings the pinned source trees: from Debian's source packages, or from a directory of tarballs.

apt-get runs with a configuration, lists and a cache of its own below one directory, so the host's
apt is neither changed nor locked, and root is not needed. Signatures are verified as always: Release
file, index, .dsc and tarball hang together by hashes. The mirror is the one that the host uses.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess

TOOLCHAINS = os.path.dirname(os.path.abspath(__file__))
OWN_TARBALLS = os.path.join(TOOLCHAINS, "sources")
SUITES = ("bookworm", "trixie")


class Trouble(Exception):
    """What went wrong and what to do about it, for a person."""


class Pin:
    """One line of the file `pins`."""

    def __init__(self, name, source, version, suite, sha256, tarball):
        self.name, self.source, self.version = name, source, version
        self.suite, self.sha256, self.tarball = suite, sha256, tarball


def read_pins():
    pins = {}
    with open(os.path.join(TOOLCHAINS, "pins"), encoding="utf-8") as lines:
        for line in lines:
            fields = line.split("#")[0].split()
            if fields:
                pins[fields[0]] = Pin(*fields)
    return pins


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def run(command, log, cwd=None, env=None):
    with open(log, "ab") as out:
        out.write(("\n$ " + " ".join(command) + "\n").encode())
        out.flush()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, cwd=cwd, env=env)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.write(("(%.1f s of CPU)\n" % (used.ru_utime + used.ru_stime)).encode())
    return process.returncode == 0


def tail(path, count=25):
    with open(path, "rb") as stream:
        lines = stream.read().decode(errors="replace").rstrip().splitlines()
    return "\n".join("    " + line for line in lines[-count:])


# --- the host's mirror -------------------------------------------------------------------------


def _one_line_entries(text):
    for line in text.splitlines():
        found = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)",
                         line.split("#")[0])
        if found:
            options = dict(o.split("=", 1) for o in (found[1] or "").split() if "=" in o)
            yield [found[2]], [found[3]], found[4].split(), options.get("signed-by", "")


def _deb822_entries(text):
    for paragraph in re.split(r"\n\s*\n", text):
        fields, last = {}, None
        for line in paragraph.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if line[0] in " \t" and last:
                fields[last] += "\n" + line
            elif ":" in line:
                last, value = line.split(":", 1)
                last = last.lower()
                fields[last] = value.strip()
        if "uris" in fields and fields.get("enabled", "yes") != "no":
            yield (fields["uris"].split(), fields.get("suites", "").split(),
                   fields.get("components", "").split(), fields.get("signed-by", ""))


def host_mirrors():
    """{(uri, signed_by): is_security} of the host's Debian entries."""
    mirrors = {}
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*")):
        if not os.path.isfile(path):
            continue
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        if path.endswith(".sources"):
            entries = _deb822_entries(text)
        elif path.endswith(".list"):
            entries = _one_line_entries(text)
        else:
            continue
        for uris, suites, components, signed_by in entries:
            if "main" not in components:
                continue
            for uri in uris:
                if any(s in SUITES + ("stable", "oldstable") for s in suites):
                    mirrors[uri, signed_by] = False
                elif any(s.endswith(("-security", "/updates")) for s in suites):
                    mirrors.setdefault((uri, signed_by), True)
    return mirrors


# --- apt on its own legs -----------------------------------------------------------------------


class Apt:
    """apt-get with everything of its own below `directory`; for an architecture, or for sources."""

    def __init__(self, directory, architecture=None):
        self.directory = os.path.join(directory, architecture or "source")
        self.architecture = architecture
        self.log = os.path.join(self.directory, "apt.log")
        self.updated = False

    def _configure(self):
        mirrors = host_mirrors()
        if False not in mirrors.values():
            raise Trouble("no Debian mirror (suite " + " or ".join(SUITES) + ", component main) is among "
                          "the apt sources of this machine.\n"
                          "Remedy: add one, or give a directory of tarballs: --sources DIR")
        shutil.rmtree(self.directory, ignore_errors=True)
        for folder in ("lists/partial", "archives/partial", "none", "download"):
            os.makedirs(os.path.join(self.directory, folder))
        kind = "deb" if self.architecture else "deb-src"
        suites = [s for s in SUITES if not self.architecture or s == "trixie"]
        with open(os.path.join(self.directory, "mirror.sources"), "w", encoding="utf-8") as out:
            for (uri, signed_by), security in mirrors.items():
                if security and self.architecture:
                    continue
                names = [s + "-security" if security else s for s in suites]
                out.write("Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n"
                          % (kind, uri, " ".join(names)))
                out.write("Signed-By: %s\n\n" % signed_by if signed_by else "\n")
        with open(os.path.join(self.directory, "status"), "w", encoding="utf-8"):
            pass
        with open(os.path.join(self.directory, "apt.conf"), "w", encoding="utf-8") as out:
            # The host's hooks are about the host's caches; its proxy and certificates stay.
            out.write('#clear APT::Update;\n#clear Acquire::IndexTargets::deb::DEP-11;\n'
                      'Dir::Etc::sourcelist "{0}/mirror.sources";\nDir::Etc::sourceparts "{0}/none";\n'
                      'Dir::Etc::preferences "{0}/none";\nDir::Etc::preferencesparts "{0}/none";\n'
                      'Dir::State::lists "{0}/lists";\nDir::State::status "{0}/status";\n'
                      'Dir::Cache "{0}";\nDir::Cache::archives "{0}/archives";\n'
                      'Dir::Cache::pkgcache "pkgcache.bin";\nDir::Cache::srcpkgcache "srcpkgcache.bin";\n'
                      'Acquire::Languages "none";\nAcquire::Retries "2";\nAPT::Sandbox::User "root";\n'
                      .format(self.directory))
            if self.architecture:
                out.write('APT::Architecture "{0}";\nAPT::Architectures {{ "{0}"; }};\n'
                          .format(self.architecture))

    def _command(self, tool, *arguments):
        return [tool, "-c", os.path.join(self.directory, "apt.conf"), "-q"] + list(arguments)

    def update(self):
        if self.updated:
            return
        self._configure()
        # A suite that fails is said in the log; whether what is wanted is there shows below.
        self.complete = run(self._command("apt-get", "update"), self.log)
        self.updated = True

    def versions(self, package):
        """Full versions on offer, newest first."""
        if self.architecture:
            show = self._command("apt-cache", "show", package)
        else:
            show = self._command("apt-cache", "--only-source", "showsrc", package)
        text = subprocess.run(show, capture_output=True, text=True, check=False).stdout
        found = sorted(set(re.findall(r"^Version: (\S+)$", text, re.M)))
        ordered = []
        for version in found:
            place = 0
            while place < len(ordered) and subprocess.run(
                    ["dpkg", "--compare-versions", version, "lt", ordered[place]], check=False).returncode == 0:
                place += 1
            ordered.insert(place, version)
        return ordered

    def download(self, package, version):
        """Whether it came; into self.directory/download."""
        command = ["download"] if self.architecture else ["source", "--download-only", "--only-source"]
        return run(self._command("apt-get", *command, "%s=%s" % (package, version)), self.log,
                   cwd=os.path.join(self.directory, "download"))


def upstream_of(version):
    return version.split(":", 1)[-1].rsplit("-", 1)[0]


# --- source trees ------------------------------------------------------------------------------


class Sources:
    """Hands out unpacked source trees, and knows the distribution's revision of each."""

    def __init__(self, cache, directory, say):
        self.cache = cache            # where fetched files are kept
        self.directory = directory    # --sources, or None: then apt
        self.say = say
        self.apt = Apt(os.path.join(cache, "apt"))
        self.revision = {}            # pin name -> Debian version, or None for bare upstream
        self.places = {}              # pin name -> folder that has its tarball

    def _dsc(self, folder, pin):
        """The newest complete source package of the pin in a folder."""
        found = glob.glob(os.path.join(folder, "%s_%s-*.dsc" % (pin.source, glob.escape(pin.version))))
        for dsc in sorted(found, key=os.path.getmtime, reverse=True):
            with open(dsc, encoding="utf-8", errors="replace") as stream:
                files = re.findall(r"^ [0-9a-f]{64} \d+ (\S+)$", stream.read(), re.M)
            if files and all(os.path.exists(os.path.join(folder, f)) for f in files):
                return dsc
        return None

    def _is_in(self, folder, pin):
        path = os.path.join(folder, pin.tarball)
        if not os.path.exists(path):
            return False
        if sha256_of(path) != pin.sha256:
            raise Trouble("%s is not the file that is pinned: its SHA-256 is\n  %s, but pins says\n  %s\n"
                          "Remedy: remove it and fetch it again." % (path, sha256_of(path), pin.sha256))
        return True

    def locate(self, pins, optional=()):
        """Finds the tarball of each pin; names in `optional` may be missing. Returns what is missing."""
        folders = [self.directory] if self.directory else [self.cache]
        missing = []
        for pin in pins:
            for folder in [f for f in folders + [OWN_TARBALLS] if f]:
                if self._is_in(folder, pin) and (folder != self.cache or self._dsc(folder, pin)):
                    self.places[pin.name] = folder
                    break
            else:
                missing.append(pin)
        if missing and self.directory:
            wanted = [p for p in missing if p.name not in optional]
            if wanted:
                raise Trouble("missing in %s:\n%s" % (self.directory, describe(missing)))
            return missing
        gone = []
        for pin in missing:
            if not self._from_apt(pin, pin.name in optional):
                gone.append(pin)
        return gone

    def _from_apt(self, pin, optional):
        if not self.apt.updated:
            self.say("reading the source indexes of the mirror")
        self.apt.update()
        offered = self.apt.versions(pin.source)
        fitting = [v for v in offered if upstream_of(v) == pin.version]
        for version in fitting:
            if self.apt.download(pin.source, version):
                fetched = os.path.join(self.apt.directory, "download")
                if not self._is_in(fetched, pin):
                    raise Trouble("%s %s came without %s" % (pin.source, version, pin.tarball))
                for name in os.listdir(fetched):
                    os.replace(os.path.join(fetched, name), os.path.join(self.cache, name))
                self.places[pin.name] = self.cache
                self.say("fetched %s %s" % (pin.source, version))
                return True
            self.say("the mirror lists %s %s, but does not have it" % (pin.source, version))
        if optional:
            return False
        if offered and not fitting:
            reason = ("the distribution has moved on: %s is pinned to %s, the mirror has %s.\n"
                      "Remedy: raise the pin (toolchains/README.md), or " %
                      (pin.source, pin.version, ", ".join(offered)))
        else:
            reason = ("%s %s could not be fetched. The end of %s:\n%s\nRemedy: see to the mirror (the "
                      "keys of Debian 12 and 13 come with debian-archive-keyring), or " %
                      (pin.source, pin.version, self.apt.log, tail(self.apt.log, 8)))
        raise Trouble(reason + "put the upstream tarballs into a directory\nand give it with "
                      "--sources DIR. This one is needed there:\n" + describe([pin]))

    def unpack(self, pin, into, log):
        """The source tree, the distribution's patches applied where the source package is at hand."""
        folder = self.places[pin.name]
        dsc = self._dsc(folder, pin)
        shutil.rmtree(into, ignore_errors=True)
        os.makedirs(os.path.dirname(into), exist_ok=True)
        if dsc:
            ok = run(["dpkg-source", "--no-check", "--no-copy", "-x", dsc, into], log)
            with open(dsc, encoding="utf-8", errors="replace") as stream:
                self.revision[pin.name] = re.search(r"^Version: (\S+)", stream.read(), re.M)[1]
        else:
            os.makedirs(into)
            ok = run(["tar", "-xf", os.path.join(folder, pin.tarball), "-C", into,
                      "--strip-components=1"], log)
            self.revision[pin.name] = None
        if not ok:
            raise Trouble("%s does not unpack. The end of %s:\n%s" % (pin.tarball, log, tail(log)))
        return into


def describe(pins):
    return "\n".join("  %s  %s" % (p.sha256, p.tarball) for p in pins)


def binary_package(cache, architecture, package, version, into, say):
    """Unpacks a package of another architecture or suite; its Debian version, or None if not to be had."""
    apt = Apt(os.path.join(cache, "apt"), architecture)
    say("reading the %s package index of the mirror" % architecture)
    apt.update()
    for offered in apt.versions(package):
        if upstream_of(offered) == version and apt.download(package, offered):
            [deb] = glob.glob(os.path.join(apt.directory, "download", "*.deb"))
            shutil.rmtree(into, ignore_errors=True)
            os.makedirs(into)
            if run(["dpkg-deb", "-x", deb, into], apt.log):
                return offered, sha256_of(deb)
    return None
