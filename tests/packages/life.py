# SPDX-License-Identifier: Apache-2.0
"""The life of a .deb: installed, configured, upgraded with a full queue, removed, installed again, purged."""
import json
import pathlib
import re
import tempfile

import box
import package
import roots
from roots import say
from standin.launch import Broker, StandIn
from subscriber import Subscriber

OLD = "0.0.9"
CONFIG = "/etc/depotlink/depotlink.json"
UNIT_LINK = "/etc/systemd/system/multi-user.target.wants/depotlink.service"
# What dpkg, and a user that stays, leave behind anywhere.
TRACES = re.compile(r"/(etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|var/lib/(dpkg|apt|systemd|pam)\b.*|var/cache\b.*"
                    r"|var/log\b.*|etc/\.pwd\.lock|etc/ld\.so\.cache|var/lib/systemd)$")
# Answers as a systemd would whose state stands in files; writes down what it is told to do.
SYSTEMCTL = """#!/bin/sh
case " $* " in
  *" is-enabled "*) [ -L %s ] && echo enabled || { echo disabled; exit 1; } ;;
  *" is-active "*) exit 3 ;;
  *" preset "*) mkdir -p %s; ln -sf /lib/systemd/system/depotlink.service %s ;;
  *) echo "$*" >>/tmp/told ;;
esac
""" % (UNIT_LINK, UNIT_LINK.rsplit("/", 1)[0], UNIT_LINK)


def build_debs(build, arch, folder):
    """The .deb of this version, and of one before it."""
    build_dir = build / ("release" if arch == "amd64" else "release-" + arch)
    package.make(build_dir, folder / "new", "DEB")
    package.make(build_dir, folder / "old", "DEB", extra=("-D", "CPACK_PACKAGE_VERSION=" + OLD))
    return package.only(folder / "old", "*.deb"), package.only(folder / "new", "*.deb")


class Life:
    def __init__(self, root, standin, folder, debs):
        self.root, self.standin = root, standin
        self.log = str(folder / "agent.log")
        self.box = box.Box(root, standin)
        for deb, name in zip(debs, ("old", "new")):
            root.at("/tmp/%s.deb" % name).write_bytes(deb.read_bytes())

    def install(self, name):
        return self.root.run("dpkg", "-i", "/tmp/%s.deb" % name)

    def installed(self):
        return self.root.run("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "depotlink")

    def first_install(self):
        said = self.root.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "/tmp/old.deb")
        assert "is not started until it is configured" in said and "depotlink init" in said, said
        assert self.installed() == OLD + "-1 installed"
        assert self.root.facts("/var/lib/depotlink") == (0o700, "depotlink")
        assert self.root.facts(CONFIG) == (0o644, "root")
        assert not self.root.at(UNIT_LINK).is_symlink(), "enabled without a config"
        faults = self.box.says("check", status=1)
        assert "api.key: there is no such file" in faults and faults.count("\n") == 1, faults
        again = self.root.run("sh", "/var/lib/dpkg/info/depotlink.postinst", "configure", OLD + "-1")
        assert again == "", "a second configure of it says: " + again
        say("installed: a user, nothing started, and a word on what to do")

    def first_config(self):
        """The package's sample gives way; what is written is the agent's to read."""
        self.root.run("depotlink", "init", "--yes", "--offline", "--site", "north-depot", "--api-url",
                      self.standin.api_url, input=self.standin.key + "\n")
        assert self.root.facts("/etc/depotlink/api.key") == (0o600, "depotlink")
        self.box.says("check")
        say("depotlink init: a config and a key that the agent may read")

    def fill(self):
        self.box.configure(box.dead_broker())
        self.box.says("check")
        self.box.start(self.log)
        self.box.poll()
        self.box.stop()
        waiting = self.box.waiting()
        assert len(waiting) > 50, waiting
        say("%d records wait in the queue" % len(waiting))
        return waiting

    def upgrade(self, waiting):
        """While it runs, as a process does whose file is replaced."""
        self.box.start(self.log)
        self.box.poll()
        said = self.install("new")
        assert "not started" not in said, said
        self.box.process.poll()
        assert self.box.process.returncode is None, "the upgrade ended the agent"
        self.box.poll()
        self.box.stop()
        assert self.root.at(CONFIG).read_text().startswith("// mine\n")
        now = self.box.waiting()
        assert now[:len(waiting)] == waiting and len(now) > len(waiting)
        say("upgraded from %s: %d records wait, none is missing" % (OLD, len(now)))
        return now

    def deliver(self, waiting):
        with Broker() as broker, Subscriber(broker.port) as subscriber:
            self.box.configure(broker.url)
            self.box.start(self.log)
            wanted = set(waiting)

            def arrived(seen):
                payloads = [json.loads(m.payload) for m in seen.messages if "/tracker/" in m.topic and m.payload]
                return wanted <= {(payload.get("run"), payload.get("seq")) for payload in payloads}
            subscriber.wait_for(arrived, 120, "all records of the queue")
            self.box.stop()
        assert not self.box.waiting()
        say("all %d records came on the bus, by the new version" % len(waiting))

    def remove_and_come_back(self):
        waiting = self.fill()
        self.root.run("dpkg", "-r", "depotlink")
        assert not self.root.at("/usr/bin/depotlink").exists()
        assert self.root.at(CONFIG).read_text().startswith("// mine\n")
        assert self.root.facts("/etc/depotlink/api.key") == (0o600, "depotlink")
        assert list(self.root.at("/var/lib/depotlink/queue").glob("*.seg"))
        said = self.install("new")
        assert "not started" not in said, said
        assert self.box.waiting() == waiting
        say("removed: config, key and queue stay; installed again: %d records wait" % len(waiting))

    def purge(self, before):
        self.root.run("dpkg", "-P", "depotlink")
        for path in ("/etc/depotlink", "/var/lib/depotlink", "/run/depotlink"):
            assert not self.root.at(path).exists(), path
        left = {path for path in self.root.files() - before if not TRACES.match(path) and not path.startswith("/tmp/")}
        assert not left, "left behind: %s" % sorted(left)
        say("purged: nothing is left but the user")

    def under_systemd(self):
        """What systemd is told, by one that writes it down."""
        systemctl, told = self.root.at("/usr/bin/systemctl"), self.root.at("/tmp/told")
        assert not systemctl.exists()
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)
        self.root.at("/run/systemd/system").mkdir(parents=True)

        def after(action):
            told.write_text("")
            action()
            lines = [line for line in told.read_text().splitlines() if "daemon-reload" not in line]
            return [re.sub(r"--\w+ ", "", line) for line in lines]
        assert after(lambda: self.install("old")) == [], "started without a config"
        self.root.run("dpkg", "-P", "depotlink")
        self.root.at("/etc/depotlink").mkdir()
        self.box.configure(box.dead_broker())
        self.root.run("systemctl", "is-enabled", "depotlink.service", status=1)
        start, restart, stop = (["%s depotlink.service" % word] for word in ("start", "try-restart", "stop"))
        assert after(lambda: self.root.run("dpkg", "--force-confold", "-i", "/tmp/old.deb")) == start
        assert self.root.at(UNIT_LINK).is_symlink()
        assert after(lambda: self.install("new")) == restart
        assert after(lambda: self.root.run("dpkg", "-r", "depotlink")) == stop
        assert after(lambda: self.install("new")) == start
        self.root.at(UNIT_LINK).unlink()
        assert after(lambda: self.install("new")) == restart, "one that is disabled is enabled by an upgrade"
        assert not self.root.at(UNIT_LINK).is_symlink()
        assert after(lambda: self.root.run("dpkg", "-P", "depotlink")) == stop
        assert not self.root.at(UNIT_LINK).is_symlink()
        say("systemd is told: started with a config that was there, restarted, stopped, started again")


def run(build, arch):
    print("deb %s" % arch, flush=True)
    with tempfile.TemporaryDirectory() as name, StandIn(fleet=20, clock="stepped", report=1, rate=0) as standin, \
            roots.Root(roots.debootstrap("bookworm", arch)) as root:
        folder = pathlib.Path(name)
        standin.options(step_s=1)
        life = Life(root, standin, folder, build_debs(build, arch, folder))
        before = root.files()
        try:
            life.first_install()
            life.first_config()
            waiting = life.fill()
            waiting = life.upgrade(waiting)
            life.deliver(waiting)
            life.remove_and_come_back()
            life.purge(before)
            life.under_systemd()
        except AssertionError:
            box.dump(life.log)
            raise
        finally:
            if life.box.process:
                life.box.stop()
