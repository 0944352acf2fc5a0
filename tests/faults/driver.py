# SPDX-License-Identifier: Apache-2.0
"""Runs the driver's two commands and reads what they print."""
import dataclasses
import os
import shlex
import signal
import subprocess

import ledger

TIMEOUT_S = 20


class Unfit(Exception):
    """The driver fails where nothing was done to it."""


@dataclasses.dataclass
class Finished:
    code: int       # as subprocess has it: below 0 a signal; None where it hung and was killed
    ledger: object  # ledger.Ledger of its lines
    stderr: str

    def failure(self):
        """Why it did not do its work; empty where it did."""
        tail = self.stderr.strip().splitlines()[-1:] or [""]
        if self.code is None:
            return "hung for %d s" % TIMEOUT_S
        if self.code < 0:
            return "killed by signal %d %s" % (-self.code, tail[0])
        if self.code != 0:
            return "exit %d %s" % (self.code, tail[0])
        if self.ledger.strange:
            return "strange line: %s" % self.ledger.strange[0].strip()
        return "" if self.ledger.done else "no `done`"


@dataclasses.dataclass
class Driver:
    """`command`: the program and what always goes with it, as one string."""
    command: str
    records: int = 400
    seed: int = 1
    segment_bytes: int = 0

    def _common(self, verb, queue_dir, runtime_dir):
        # Options of `command` come last, so that its first word is the program alone.
        program, *always = shlex.split(self.command)
        return [program, verb, "--queue-dir", queue_dir, "--runtime-dir", runtime_dir] + always

    def script(self, queue_dir, runtime_dir):
        words = self._common("script", queue_dir, runtime_dir)
        words += ["--records", str(self.records), "--seed", str(self.seed)]
        if self.segment_bytes:
            words += ["--segment-bytes", str(self.segment_bytes)]
        return words

    def drain(self, queue_dir, runtime_dir, dry=False):
        return self._common("drain", queue_dir, runtime_dir) + (["--dry"] if dry else [])


def require_sound(finished):
    if finished.failure():
        raise Unfit("without any fault the driver fails: %s" % finished.failure())
    if not finished.ledger.records["accepted"]:
        raise Unfit("the driver's script accepted nothing")


def require_sound_start(finished):
    if finished.failure():
        raise Unfit("without any damage the driver does not start: %s" % finished.failure())
    if not finished.ledger.records["delivered"]:
        raise Unfit("nothing was waiting to be delivered")


def run(command, timeout_s=TIMEOUT_S):
    """Runs to the end. A run that hangs is killed and has no code."""
    # Without close_fds Python can vfork: a third of the time. Our descriptors are not inheritable.
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, close_fds=False, process_group=0) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # strace alone would leave its program behind
            out, err = process.communicate()
            code = None
    lines = out.decode("utf-8", "replace").splitlines()
    return Finished(code, ledger.Ledger(lines), err.decode("utf-8", "replace"))
