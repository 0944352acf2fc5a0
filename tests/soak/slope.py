# SPDX-License-Identifier: Apache-2.0
"""Does a process grow? Samples of it, what they are a minute, and the slope through them."""
import re
import statistics

import measure

MINUTE_S = 60.0
KINDS = ("rss", "anonymous")


def of(pid):
    """A sample. Resident pages from smaps_rollup, counted page by page; VmRSS may be some tens of KiB behind."""
    peak, resident = measure.memory_kib(pid)
    sample = {"rss": resident, "anonymous": 0, "peak": peak, "descriptors": measure.descriptors(pid),
              "threads": measure.threads(pid)}
    try:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            text = file.read()
        for kind in KINDS:
            sample[kind] = int(re.search(r"^%s:\s+(\d+) kB" % kind, text, re.M | re.I).group(1))
    except OSError:  # not root, or an old kernel
        pass
    return sample


def minutes_of(samples):
    """The samples of each minute, those of a last one that is not whole left out."""
    count = int(samples[-1]["at_s"] // MINUTE_S) if samples else 0
    return [[one for one in samples if at * MINUTE_S <= one["at_s"] < (at + 1) * MINUTE_S] for at in range(count)]


def middle(samples, kind):
    return statistics.median(one[kind] for one in samples)


def minute_line(samples, number):
    return "minute %d: resident %.0f KiB, anonymous %.0f, peak %d, descriptors %s, threads %s" % (
        number, middle(samples, "rss"), middle(samples, "anonymous"), samples[-1]["peak"],
        spread(samples, "descriptors"), spread(samples, "threads"))


def spread(samples, kind):
    low, high = min(one[kind] for one in samples), max(one[kind] for one in samples)
    return "%d" % low if low == high else "%d to %d" % (low, high)


def table(samples):
    yield "| minute | resident, KiB | of it anonymous | peak (VmHWM) | allocated, by its own count | descriptors | threads |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for number, part in enumerate(minutes_of(samples), 1):
        yield "| %d | %.0f | %.0f | %d | %.0f | %s | %s |" % (
            number, middle(part, "rss"), middle(part, "anonymous"), part[-1]["peak"], middle(part, "heap"),
            spread(part, "descriptors"), spread(part, "threads"))


def per_hour(samples, kind):
    """KiB an hour: least squares through all samples."""
    if len(samples) < 2:
        return 0.0
    return statistics.linear_regression([one["at_s"] / 3600.0 for one in samples],
                                        [one[kind] for one in samples]).slope


def judge(samples, settle_minutes):
    """What counts, after the first minutes. Connections and the queue's files come and go, so of descriptors the most."""
    late = [one for one in samples if one["at_s"] >= settle_minutes * MINUTE_S] or samples
    halves = late[:len(late) // 2] or late, late[len(late) // 2:]
    return {"rss_kib_per_hour": round(per_hour(late, "rss"), 1),
            "anonymous_kib_per_hour": round(per_hour(late, "anonymous"), 1),
            "rss_kib": [min(one["rss"] for one in late), max(one["rss"] for one in late)],
            "peak_kib": max(one["peak"] for one in samples),
            "threads": [min(one["threads"] for one in late), max(one["threads"] for one in late)],
            "heap_kib_least": [min(one["heap"] for one in half) for half in halves],
            "descriptors_most": [max(one["descriptors"] for one in half) for half in halves],
            "descriptors": [min(one["descriptors"] for one in samples), max(one["descriptors"] for one in samples)]}


def words(found):
    return ("resident %+.1f KiB an hour (anonymous %+.1f), %d to %d KiB, peak %d; allocated by its own count at least %d KiB in the first "
            "half, %d in the second; %d to %d threads; %d to %d descriptors" % (
                found["rss_kib_per_hour"], found["anonymous_kib_per_hour"], *found["rss_kib"], found["peak_kib"],
                *found["heap_kib_least"], *found["threads"], *found["descriptors"]))
