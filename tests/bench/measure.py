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


def cpu_ms(pid):
    """utime + stime of all its threads, those that have ended included; steps of a tick (10 ms)."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S * 1000.0


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
