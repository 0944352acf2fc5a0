# SPDX-License-Identifier: Apache-2.0
"""The .deb on a whole Debian 12 with its own kernel and systemd, in a virtual machine that qemu emulates; inside_machine.py is what
runs in there. Three boots: the first use, after a clean end, after a power cut.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import package
import roots
from roots import say

HERE = pathlib.Path(__file__).resolve().parent
WANTED = ("systemd-sysv", "dbus", "udev", "linux-image-cloud-amd64", "mosquitto", "mosquitto-clients", "python3", "ca-certificates",
          "adduser")
BOOT_S = 900  # for each boot, all that is done in it included
STANDIN = """[Service]
Environment=STANDIN_CERTS=/var/lib/standin KEY=0123456789abcdef0123456789abcdef PYTHONDONTWRITEBYTECODE=1
StateDirectory=standin
ExecStart=/usr/bin/python3 /var/lib/trial/standin --port=8443 --key-env=KEY --fleet=50 --kind=moving --rate=0
"""
TRIAL = """[Unit]
After=multi-user.target mosquitto.service standin.service
[Service]
Type=oneshot
Environment=PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8 HOME=/var/lib/trial
ExecStart=/usr/bin/python3 -u /var/lib/trial/inside_machine.py
StandardOutput=file:/dev/ttyS1
StandardError=inherit
[Install]
WantedBy=default.target
"""


def furnish(root, deb):
    """What the machine needs besides Debian: the package, the cloud, the trial."""
    trial = root / "var/lib/trial"
    shutil.copytree(HERE.parent / "standin", trial / "standin", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "inside_machine.py", trial)
    shutil.copy(deb, trial / "depotlink.deb")
    units = root / "etc/systemd/system"
    for name, text in (("standin", STANDIN), ("trial", TRIAL)):
        (units / (name + ".service")).write_text(text)
        (units / "multi-user.target.wants").mkdir(exist_ok=True)
        (units / "multi-user.target.wants" / (name + ".service")).symlink_to(units / (name + ".service"))
    for name in ("serial-getty@ttyS0", "serial-getty@ttyS1", "apt-daily.timer", "apt-daily-upgrade.timer", "systemd-timesyncd"):
        (units / (name if "." in name else name + ".service")).symlink_to("/dev/null")
    (root / "etc/systemd/journald.conf.d").mkdir()
    (root / "etc/systemd/journald.conf.d/keep.conf").write_text("[Journal]\nStorage=persistent\n")
    (root / "etc/hostname").write_text("depot\n")


def image(folder, deb):
    """(disk, kernel, initial disk)"""
    with roots.Root(roots.debootstrap("bookworm", "amd64", WANTED)) as root:
        furnish(root.path, deb)
        for pattern in ("vmlinuz-*", "initrd.img-*"):
            shutil.copy(next((root.path / "boot").glob(pattern)), folder / pattern.split("-")[0])
        for name in ("proc", "run"):  # mounted, for chroot
            subprocess.run(["umount", str(root.path / name)], check=True)
        try:
            disk = folder / "disk"
            disk.touch()
            os.truncate(disk, 2 << 30)
            subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(root.path), str(disk)], check=True)
        finally:
            for name, kind in (("proc", "proc"), ("run", "tmpfs")):
                subprocess.run(["mount", "-t", kind, kind, str(root.path / name)], check=True)
    return disk, folder / "vmlinuz", folder / "initrd.img"


class Machine:
    def __init__(self, folder, parts):
        self.folder = folder
        self.disk, self.kernel, self.initial = parts

    def boot(self, number):
        """The words of the trial, until it is through or the power is to be cut."""
        out, console = self.folder / ("said-%d" % number), self.folder / ("console-%d" % number)
        out.touch()
        command = ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-smp", "2", "-display", "none", "-no-reboot", "-nic", "none",
                   "-kernel", str(self.kernel), "-initrd", str(self.initial), "-append", "root=/dev/vda rw console=ttyS0",
                   "-drive", "file=%s,format=raw,if=virtio,cache=writethrough" % self.disk,
                   "-serial", "file:%s" % console, "-serial", "file:%s" % out]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            self._follow(process, out, console)
        finally:
            if process.poll() is None:
                process.kill()  # the power
            process.wait()

    @staticmethod
    def _follow(process, out, console):
        seen, faults, ended = 0, [], False
        end, pause = time.monotonic() + BOOT_S, threading.Event()
        while not ended and time.monotonic() < end:
            ended = process.poll() is not None
            lines = out.read_text(errors="replace").replace("\r", "").split("\n")[:-1]
            for line in lines[seen:]:
                word, _, text = line.partition(" ")
                if word == "held":
                    say(text)
                elif word == "cut":
                    return
                elif word not in ("through", "said"):
                    faults.append(text if word == "FAILED" else line)
            seen = len(lines)
            pause.wait(0.5)
        assert not faults, "\n".join(faults)
        assert ended and seen, "the machine did not get there in %d s:\n%s" % (BOOT_S, console.read_text(errors="replace")[-3000:])


def run(build, arch):
    assert arch == "amd64", "systemd-%s: only amd64 is emulated" % arch
    print("systemd %s" % arch, flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        package.make(build / "release", folder / "deb", "DEB")
        machine = Machine(folder, image(folder, package.only(folder / "deb", "*.deb")))
        for number in (1, 2, 3):
            machine.boot(number)
