# SPDX-License-Identifier: Apache-2.0
"""The tools beside each other, as Markdown."""


def number(value, shape="%.0f", unit=""):
    if value is None or value != value:
        return "-"
    return shape % value + unit


def mib(found, name="peak_kib"):
    return number(found[name] / 1024.0 if name in found else None, "%.1f")


def peak(found):
    return mib(found) + (" (PSS %s)" % mib(found, "peak_pss_kib") if "peak_pss_kib" in found else "")


ROWS = (
    ("peak memory, MiB", peak),
    ("CPU for 1,000 states published, ms", lambda f: number(f["cpu_ms_per_1000"])),
    ("CPU for 1,000 states that did not change, ms", lambda f: number(f["cpu_ms_per_1000_unchanged"])),
    ("from the answer to the bus, median, ms", lambda f: number(f["latency_median_ms"])),
    ("bytes to and from the API for a state", lambda f: number(f["api_bytes_a_state"])),
    ("messages for 1,000 states that did not change", lambda f: number(f["messages_per_1000_unchanged"])),
    ("states published", lambda f: number(f["states"])),
    ("states of it that never came", lambda f: number(f["missed"])),
)
OUTAGE_ROWS = (
    ("lost", lambda f: "%d of %d" % (f["lost"], f["states"])),
    ("seconds from the broker's return to the first state", lambda f: number(f["first_after_s"], "%.1f")),
    ("peak memory, MiB", mib),
)


def cell(row, found):
    return "failed" if "failed" in found else row(found)


def table(head, rows, columns):
    """`columns`: lists of what was found, a list a tool; several in one are told with a stroke between."""
    yield "| %s | %s |" % (head, " | ".join(columns))
    yield "|---|" + "---:|" * len(columns)
    for name, row in rows:
        yield "| %s | %s |" % (name, " | ".join(" / ".join(cell(row, found) for found in all_found)
                                                for all_found in columns.values()))


def lost(found):
    return "%.0f %%" % (100.0 * found["lost"] / max(1, found["states"])) if found["lost"] else "0"


def short(results):
    """The largest fleet and the outages in one table: for the README."""
    if not results["costs"] or not results["outage"]:
        return []
    last = {tool: [found[-1]] for tool, found in results["costs"].items()}
    lines = list(table("", ROWS[:6], last))
    for title, name in (("reports of the fleet lost over a minute without the broker", "outage"),
                        ("... in which the tool was killed and started once", "outage_killed")):
        lines.append("| %s | %s |" % (title, " | ".join(cell(lost, results[name][tool]) for tool in last)))
    return lines + [""]


def markdown(results, options):
    out = ["%s, %d cores, %s; load at the start %.1f" % (results["machine"], results["cores"], results["date"], results["load"])]
    out += ["%s: %s" % pair for pair in results["versions"].items()]
    out += ["left out, since it is not here: " + name for name in results["absent"]] + [""]
    out += short(results)
    sizes = " / ".join("{:,}".format(size) for size in options.fleets)
    out += table(sizes + " trackers", ROWS, results["costs"]) if results["costs"] else []
    for name, title in (("outage", "the broker is away for %.0f s, 100 trackers"),
                        ("outage_killed", "... and the tool is killed and started meanwhile")):
        if results[name]:
            title = title % options.outage if "%" in title else title
            out += ["", *table(title, OUTAGE_ROWS[:2] if name == "outage_killed" else OUTAGE_ROWS,
                               {tool: [found] for tool, found in results[name].items()})]
    return "\n".join(out)
