# SPDX-License-Identifier: Apache-2.0
"""The tarball on roots that are not the Debian 12 that it was built on: another Debian, or BusyBox and nothing else."""
import pathlib
import tarfile
import tempfile

import box
import package
import roots
from roots import say
from standin.launch import Broker, StandIn
from subscriber import Subscriber
import contract

PROGRAM = "/usr/local/bin/depotlink"


class Busybox(box.Box):
    """Without runuser; what stands before a command there is su."""

    def says(self, *words, status=0):
        return self.root.run("su", "depotlink", "-s", "/bin/sh", "-c", " ".join((self.program, *words)), status=status)

    def start(self, log):
        self.as_user = ("su", "depotlink", "-s", "/bin/sh", "-c", 'exec "$0" "$@"', "--")
        super().start(log)


def run(build, kind, arch):
    print("tarball on %s, %s" % (kind, arch), flush=True)
    build_dir = build / ("release" if arch == "amd64" else "release-" + arch)
    kept = roots.busybox(arch) if kind == "busybox" else roots.debootstrap(kind, arch)
    with tempfile.TemporaryDirectory() as name, StandIn(fleet=20, clock="stepped", report=1, rate=0) as standin, \
            Broker() as broker, roots.Root(kept) as root:
        package.make(build_dir, pathlib.Path(name), "External")
        tarball = package.only(pathlib.Path(name), "*.tar.gz")
        with tarfile.open(tarball) as tar:
            tar.extractall(root.at("/tmp"))
        standin.api_url = standin.api_url.replace("127.0.0.1", "localhost")
        root.at("/etc/hosts").write_text("127.0.0.1 localhost\n")
        if kind != "busybox":
            foreign_module(root)
        folder = "/tmp/" + tarball.name.removesuffix(".tar.gz")
        install(root, folder)
        standin.options(step_s=1)
        agent = (Busybox if kind == "busybox" else box.Box)(root, standin, PROGRAM)
        log = str(pathlib.Path(name, "agent.log"))
        try:
            use(root, agent, broker, log, folder)
        except AssertionError:
            box.dump(log)
            raise
        finally:
            if agent.process:
                agent.stop()


def foreign_module(root):
    """A module for host names that belongs to this root's libc, as mdns4_minimal does: none for a static program."""
    module = next(root.at("/usr/lib").glob("*/libnss_compat.so.2"))
    module.with_name("libnss_elsewhere.so.2").symlink_to(module.name)
    root.at("/etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: elsewhere files dns\n")


def install(root, folder):
    said = root.run("sh", folder + "/install.sh")
    assert said.splitlines()[-1].startswith("installed: depotlink "), said
    assert root.run("stat", "-c", "%a %U", PROGRAM) == "755 root\n"
    assert root.run("stat", "-c", "%a", "/etc/depotlink/depotlink.json") == "644\n"
    root.run("id", "depotlink")
    for path in ("/var/lib/depotlink", "/run/depotlink"):  # the README says so; systemd does it from the unit
        root.run("mkdir", "-p", "-m", "700", path)
        root.run("chown", "depotlink:depotlink", path)
    say("install.sh: a program, a config to start from, a user")


def use(root, agent, broker, log, folder):
    assert "there is no such file" in agent.says("check", status=1)
    agent.configure(broker.url)
    agent.says("check")
    online = agent.says("check", "--online")
    assert "FAIL" not in online and "skip" not in online, online
    with Subscriber(broker.port) as subscriber:
        agent.start(log)
        subscriber.wait_for(contract.has_all_states(agent.standin), 120, "every tracker's state")
        said = root.run("sh", folder + "/install.sh")  # over the one that runs
        assert "left as it is" in said and agent.process.poll() is None, said
        agent.poll()
        agent.stop()
    say("check --online finds nothing; every state came on the bus; installed again beside a running agent")
