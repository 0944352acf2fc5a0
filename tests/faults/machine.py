# SPDX-License-Identifier: Apache-2.0
"""Mounts and loop devices that go away whatever happens to us.

Everything is mounted in a mount namespace of our own, and loop devices clear themselves: the kernel
undoes it all when our last process is gone, even where that was killed.
"""
import contextlib
import ctypes
import errno
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_REC, MS_PRIVATE = 1, 32, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
LOOP_CONFIGURE, LOOP_CLR_FD, LOOP_CTL_GET_FREE = 0x4C0A, 0x4C01, 0x4C82
LO_FLAGS_AUTOCLEAR = 4
BLKFLSBUF = 0x1261
# struct loop_config: descriptor, block size, struct loop_info64 (of which only the flags are set)
LOOP_CONFIG = struct.Struct("=II 52xI 64x 64x 32x 16x 64x")

_libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    """This machine cannot do it; the message says why."""


def _check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, "%s: %s" % (what, os.strerror(code)))


def mount(source, target, kind, flags=0, options=""):
    try:
        _check(_libc.mount(os.fsencode(source), os.fsencode(target), kind.encode() if kind else None,
                           ctypes.c_ulong(flags), options.encode() or None),
               "mount %s %s" % (kind, target))
    except OSError as error:
        if error.errno in (errno.ENODEV, errno.EPERM, errno.EACCES):
            raise Skip("cannot mount %s here (%s)" % (kind, os.strerror(error.errno))) from error
        raise


def unmount(target, flags=0):
    _check(_libc.umount2(os.fsencode(target), flags), "umount %s" % target)


def die_with_parent(parent):
    """Called in a child: SIGKILL for it as soon as `parent` (its pid) is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def sync_file_system(descriptor):
    """Returns when all of the file system that an open file is on stands on its device."""
    _check(_libc.syncfs(descriptor), "syncfs")


def enter_namespace():
    """From here on, what we mount is seen by us and our children only."""
    if os.geteuid() != 0:
        raise Skip("needs root, to mount")
    try:
        _check(_libc.unshare(CLONE_NEWNS), "unshare")
        mount("none", "/", None, MS_REC | MS_PRIVATE)
    except OSError as error:
        raise Skip("no mount namespace here (%s)" % error) from error


@contextlib.contextmanager
def workshop(options="size=2g"):
    """A folder in memory, gone afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        mount("faults", folder, "tmpfs", 0, options)
    except BaseException:
        folder.rmdir()
        raise
    try:
        yield folder
    finally:
        unmount(folder, MNT_DETACH)
        folder.rmdir()


@contextlib.contextmanager
def scratch():
    """A plain temporary folder, in memory where there is such a place; needs no root."""
    memory = "/dev/shm"
    folder = tempfile.mkdtemp(prefix="faults-", dir=memory if os.access(memory, os.W_OK) else None)
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Loop:
    """A loop device over a file. It is cleared when we and all mounts let go of it."""

    def __init__(self, file):
        backing = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._attach(backing)
        finally:
            os.close(backing)

    def _attach(self, backing):
        try:
            control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Skip("no loop devices here (%s)" % error) from error
        try:
            for _ in range(100):  # another may take the free one before us
                self.path = "/dev/loop%d" % fcntl.ioctl(control, LOOP_CTL_GET_FREE)
                if self._configure(backing):
                    return
        except OSError as error:
            raise Skip("no free loop device here (%s)" % error) from error
        finally:
            os.close(control)
        raise Skip("no free loop device")

    def _configure(self, backing):
        try:
            self.fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Skip("%s: %s" % (self.path, error)) from error
        try:
            fcntl.ioctl(self.fd, LOOP_CONFIGURE, LOOP_CONFIG.pack(backing, 0, LO_FLAGS_AUTOCLEAR))
            return True
        except OSError as error:
            os.close(self.fd)
            if error.errno == errno.EBUSY:
                return False
            raise Skip("%s: %s" % (self.path, error)) from error

    def forget_cache(self):
        """Writes back and forgets what the kernel holds of the device."""
        fcntl.ioctl(self.fd, BLKFLSBUF)

    def close(self):
        os.close(self.fd)


@contextlib.contextmanager
def loop_over(file):
    device = Loop(file)
    try:
        yield device
    finally:
        device.close()


@contextlib.contextmanager
def mounted(source, target, kind, options="", flags=0):
    mount(source, target, kind, flags, options)
    try:
        yield pathlib.Path(target)
    finally:
        try:
            unmount(target)
        except OSError:
            unmount(target, MNT_DETACH)


def make_ext4(file, size, block=4096, journal_mib=4):
    """A small ext4. Its checksums find torn journal blocks."""
    if shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin") is None:
        raise Skip("no mkfs.ext4 (package e2fsprogs)")
    with open(file, "wb") as image:
        image.truncate(size)
    features = "has_journal,extent,64bit,metadata_csum,^resize_inode"
    subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", "-b", str(block), "-O", features, "-N", "256",
                    "-m", "0", "-J", "size=%d" % journal_mib,
                    "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", str(file)],
                   check=True, stdin=subprocess.DEVNULL)
