# SPDX-License-Identifier: Apache-2.0
"""The system calls of a run, each a place where a fault can strike."""
import dataclasses
import os

import strace_log

# What may be answered by a call that fails. A call that strace fails is not made.
FAULTS = {
    strace_log.READS: ("EIO", "EINTR"),
    strace_log.WRITES: ("EIO", "ENOSPC", "EINTR"),
    strace_log.SYNCS: ("EIO", "ENOSPC", "EINTR"),
    strace_log.OPENS: ("EIO", "ENOSPC", "EINTR"),
    strace_log.NAMES: ("EIO", "ENOSPC"),
    strace_log.SIZES: ("EIO", "ENOSPC", "EINTR"),
    strace_log.CLOSES: ("EIO", "EINTR"),
}
BURST = 5  # a call that is interrupted for ever is no fault of ours


@dataclasses.dataclass(frozen=True)
class Site:
    name: str
    nth: int    # of the calls of this name, from 1
    about: str  # the file, as `queue/name` or `runtime/name`; empty for all other files

    @property
    def ours(self):
        return bool(self.about)

    @property
    def reads(self):
        return self.name in [name.lstrip("?") for name in strace_log.READS]

    def kill(self):
        return "%s:signal=KILL:when=%d" % (self.name, self.nth)

    def fail(self, error, sticky):
        when = str(self.nth)
        if sticky:
            when += "..%d" % (self.nth + BURST - 1) if error == "EINTR" else "+"
        return "%s:error=%s:when=%s" % (self.name, error, when)


def of_run(command, log, roots):
    """The sites of a run without a fault, in order, and how it finished."""
    finished = strace_log.run(command, log, strings=True)
    files = strace_log.Files(roots)
    counts, found = {}, []
    top = os.path.dirname(roots[0])
    for call in strace_log.calls(log):
        counts[call.name] = counts.get(call.name, 0) + 1
        path = os.fsdecode(files.path(call)) if files.ours(call) else ""
        about = os.path.relpath(path, top) if path else ""
        found.append(Site(call.name, counts[call.name], about))
        files.see(call)
    return found, finished


def errors(sites):
    """(site, error, sticky) for all that can be tried of them. A call by which the program also prints
    is not failed for ever: the rig would no longer hear what it says."""
    prints = {site.name for site in sites if not site.ours and site.name in ("write", "writev")}
    for site in sites:
        for names, choices in FAULTS.items():
            if not site.ours or not any(site.name == name.lstrip("?") for name in names):
                continue
            for error in choices:
                yield site, error, False
                if site.name not in prints:
                    yield site, error, True


def synced_again(log):
    """Descriptors that were synced again after syncing them had failed. EINTR is not such a failure."""
    failed, found = {}, []
    for call in strace_log.calls(log):
        if call.name == "close" or (call.name.startswith("open") and (call.result or -1) >= 0):
            failed.pop(call.number(0) if call.name == "close" else call.result, None)
        if call.name in ("fsync", "fdatasync"):
            file = call.number(0)
            if file in failed:
                found.append("%s(%d) after %s" % (call.name, file, failed[file]))
            if call.error and call.error != "EINTR":
                failed[file] = call.error
    return found
