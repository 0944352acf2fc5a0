# SPDX-License-Identifier: Apache-2.0
"""Root directories of Debian to install into, with commands that run inside. Made once, kept packed in build/roots."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import fetch  # of toolchains: it knows the host's mirror

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "roots"
BINFMT = pathlib.Path("/proc/sys/fs/binfmt_misc")
PATIENCE_S = 1800
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
# The heads of their programs, as the kernel is told to know them by.
HEADS = {
    "armhf": ("qemu-arm-static", r"\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"),
    "arm64": ("qemu-aarch64-static", r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"),
}
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def say(text):
    print("  " + text, flush=True)


@contextlib.contextmanager
def foreign(arch):
    """Meanwhile the kernel starts programs of that architecture by qemu, in a chroot too (F: it opens qemu now)."""
    if arch not in HEADS or os.uname().machine in ("aarch64", "armv7l"):
        yield
        return
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)], check=True)
    program, head = HEADS[arch]
    name = "depotlink-" + arch
    if (BINFMT / name).exists():  # of a run that was killed
        (BINFMT / name).write_text("-1")
    (BINFMT / "register").write_text(":%s:M::%s:%s:%s:F" % (name, head, MASK, shutil.which(program)))
    try:
        yield
    finally:
        (BINFMT / name).write_text("-1")


def mirror():
    """(address, key ring) of the archive that this machine's own apt uses."""
    for (uri, signed_by), security in fetch.host_mirrors().items():
        if not security:
            return uri, signed_by or "/usr/share/keyrings/debian-archive-keyring.gpg"
    raise AssertionError("no Debian mirror is among the apt sources of this machine")


def debootstrap(suite, arch, more=()):
    """`more`: packages that are there besides; such a root is kept by itself."""
    kept = KEPT / ("%s-%s%s.tar" % (suite, arch, "-machine" if more else ""))
    if kept.exists():
        return kept
    say("making a root of %s for %s" % (suite, arch))
    uri, ring = mirror()
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        command = ["debootstrap", "--variant=minbase", "--arch=" + arch, "--keyring=" + ring]
        command += ["--include=" + ",".join(more)] * bool(more)
        two = arch in HEADS
        with open(KEPT / ("%s-%s.log" % (suite, arch)), "wb") as log:
            subprocess.run(command + ["--foreign"] * two + [suite, folder, uri], check=True, stdout=log, stderr=log,
                           timeout=PATIENCE_S)
            if two:
                unsafe = pathlib.Path(folder, "etc/dpkg/dpkg.cfg.d/depotlink-tests")  # a sync a file takes minutes
                unsafe.parent.mkdir(parents=True, exist_ok=True)
                unsafe.write_text("force-unsafe-io\n")
                subprocess.run(["chroot", folder, "/debootstrap/debootstrap", "--second-stage"], check=True,
                               stdout=log, stderr=log, env=ENVIRONMENT, timeout=PATIENCE_S)
        subprocess.run(["tar", "-C", folder, "--exclude=./var/cache/apt/archives/*.deb", "-cf", str(kept), "."], check=True)
    return kept


def busybox(arch):
    """A root that has BusyBox and nothing else."""
    kept = KEPT / ("busybox-%s.tar" % arch)
    if kept.exists():
        return kept
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        root = pathlib.Path(folder, "root")
        subprocess.run(["apt-get", "-q", "download", "busybox-static:" + arch], check=True, cwd=folder,
                       capture_output=True)
        subprocess.run(["dpkg-deb", "-x", str(next(pathlib.Path(folder).glob("*.deb"))), str(root)], check=True)
        program = next(path for path in (root / "bin/busybox", root / "usr/bin/busybox") if path.exists())
        for name in ("usr/bin", "usr/sbin", "sbin", "bin", "etc", "proc", "dev", "run", "tmp", "var/lib"):
            (root / name).mkdir(parents=True, exist_ok=True)
        inside = "/" + str(program.relative_to(root))
        subprocess.run(["chroot", str(root), inside, "--install", "-s"], check=True)
        (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n"
                                        "depotlink:x:999:999::/:/bin/false\n")  # no adduser either
        (root / "etc/group").write_text("root:x:0:\ndepotlink:x:999:\n")
        (root / "etc/shadow").write_text("root:*:19000::::::\ndepotlink:*:19000::::::\n")
        subprocess.run(["mknod", "-m", "666", str(root / "dev/null"), "c", "1", "3"], check=True)
        subprocess.run(["mknod", "-m", "666", str(root / "dev/urandom"), "c", "1", "9"], check=True)
        subprocess.run(["tar", "-C", str(root), "-cf", str(kept), "."], check=True)
    return kept


class Root:
    """Unpacked for one run; gone when closed."""

    def __init__(self, kept):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="depotlink-root-"))
        subprocess.run(["tar", "-C", str(self.path), "--numeric-owner", "-xpf", str(kept)], check=True)
        os.chmod(self.path, 0o755)
        subprocess.run(["mount", "-t", "proc", "proc", str(self.path / "proc")], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(self.path / "run")], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in ("proc", "run"):
            subprocess.run(["umount", str(self.path / name)], check=True)
        shutil.rmtree(self.path)

    def command(self, *words):
        return ["chroot", str(self.path), *words]

    def run(self, *words, status=0, **more):
        """Output and errors in one; `status` None: any."""
        done = subprocess.run(self.command(*words), check=False, text=True, env=ENVIRONMENT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, **more)
        assert status in (None, done.returncode), "%s: %d\n%s" % (" ".join(words), done.returncode, done.stdout)
        return done.stdout

    def at(self, path):
        return self.path / str(path).lstrip("/")

    def facts(self, path):
        """(mode, owner's name) of a file."""
        name = self.run("stat", "-c", "%U", str(path)).strip()
        return self.at(path).stat().st_mode & 0o7777, name

    def files(self):
        """All paths but those of the kernel and of what is in memory."""
        found = set()
        for folder, folders, names in os.walk(self.path):
            inside = "/" + os.path.relpath(folder, self.path)
            if inside in ("/proc", "/sys", "/dev", "/run"):
                folders[:] = []
                continue
            found.update(os.path.normpath(os.path.join(inside, name)) for name in folders + names)
        return found
