# SPDX-License-Identifier: Apache-2.0
"""What Linux says of a process: memory, CPU, threads, descriptors. Reads /proc, changes nothing."""
import os
import re

TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def _read(pid, name):
    with open("/proc/%d/%s" % (pid, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def memory_kib(pid):
    """(VmHWM, VmRSS) in KiB."""
    status = _read(pid, "status")
    return tuple(int(re.search(name + r":\s+(\d+) kB", status).group(1))
                 for name in ("VmHWM", "VmRSS"))


def cpu_ms(pid, children=False):
    """utime + stime of all its threads, those that have ended included; steps of a tick (10 ms). `children`: with those of
    the processes that it has started and waited for."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15 if children else 13])) * TICK_S * 1000.0


def pss_kib(pid):
    """Resident pages, those that n processes share counted as an n-th."""
    return int(re.search(r"^Pss:\s+(\d+) kB", _read(pid, "smaps_rollup"), re.M).group(1))


def family(pid):
    """A process and all that descend from it, as they are now."""
    found = [pid]
    for one in found:
        found += map(int, quietly(lambda one=one: _read(one, "task/%d/children" % one), "").split())
    return found


def quietly(read, otherwise=0):
    """What `read` says; of a process that has ended meanwhile, nothing."""
    try:
        return read()
    except (AttributeError, OSError):
        return otherwise


def thread_cpu_ms(pid):
    """CPU of each living thread by name (the first is `main`); empty where the kernel has none."""
    found = {}
    for number in os.listdir("/proc/%d/task" % pid):
        try:
            name = _read(pid, "task/%s/comm" % number).strip()
            name = "main" if int(number) == pid else name
            spent = int(_read(pid, "task/%s/schedstat" % number).split()[0]) / 1e6
        except (OSError, IndexError, ValueError):
            continue
        found[name] = found.get(name, 0.0) + spent
    return found


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def threads(pid):
    return len(os.listdir("/proc/%d/task" % pid))


def switches(pid):
    """Context switches, wished for and not, of all living threads."""
    total = 0
    for number in os.listdir("/proc/%d/task" % pid):
        total += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)",
                                         _read(pid, "task/%s/status" % number))))
    return total


def quantile(values, part):
    """The value below which `part` of them lie (nearest rank); None of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None
