# SPDX-License-Identifier: Apache-2.0
"""Figures to words: the Markdown table, and the JSON file."""
import json


def per_thousand(part, whole):
    return 1000.0 * part / whole if whole else float("nan")


def derived(facts):
    """The figures that are quotients, added to what was read."""
    changing, frozen, plain, floor = (facts[name] for name in
                                      ("changing", "frozen", "plain", "floor"))
    wire = changing["wire_in"] + changing["wire_out"]
    floor_cpu = per_thousand(floor["cpu_ms"], floor["records"])
    agent_cpu = per_thousand(changing["cpu_ms"], changing["states"])
    gzip_state = changing["wire_out"] / changing["served"]
    plain_state = plain["wire_out"] / plain["served"]
    unchanged = per_thousand(frozen["cpu_ms"], frozen["served"])
    whole = per_thousand(facts["whole_document"]["cpu_ms"], facts["whole_document"]["states"])
    return {
        "cpu_ms_per_1000_records": agent_cpu,
        "cpu_ms_per_1000_unchanged": unchanged,
        "whole_document_cpu_ms_per_1000": whole,
        "unchanged_ratio": unchanged / whole,
        "thread_cpu_ms_per_1000_records": {
            name: per_thousand(spent, changing["states"])
            for name, spent in changing["threads"].items()},
        "switches_per_record": changing["switches"] / changing["states"],
        "records_per_s": changing["states"] / changing["at"],
        "wan_bytes_per_round": wire / changing["served"] * facts["fleet"],
        "wan_bytes_per_record": wire / changing["states"],
        "wan_bytes_in_per_state": gzip_state,
        "wan_bytes_in_per_state_plain": plain_state,
        "gzip_ratio": plain_state / gzip_state,
        "floor_cpu_ms_per_1000_records": floor_cpu,
        "floor_records_per_s": floor["records"] / floor["seconds"],
        "cpu_ratio": agent_cpu / floor_cpu,
        "peak_ratio": facts["broker_came_back"]["vm_hwm_kib"] / floor["vm_hwm_kib"],
    }


ROWS = (
    ("records published while measured", lambda f, d: "%d" % f["changing"]["states"]),
    ("records lost", lambda f, d: "%d" % f["lost"]),
    ("mean payload", lambda f, d: "%d B" % f["floor"]["payload_bytes"]),
    ("**agent: peak, VmHWM**", lambda f, d: mib(f["steady"]["vm_hwm_kib"])),
    ("agent: peak after the first round", lambda f, d: mib(f["first_round"]["vm_hwm_kib"])),
    ("agent: peak after a broker that forgot",
     lambda f, d: mib(f["broker_came_back"]["vm_hwm_kib"])),
    ("agent: resident, VmRSS", lambda f, d: mib(f["steady"]["vm_rss_kib"])),
    ("**agent: CPU for 1,000 records**", lambda f, d: ms(d["cpu_ms_per_1000_records"])),
    ("of it by thread (main / send / receive)", lambda f, d: by_thread(d)),
    ("agent: CPU for 1,000 unchanged states", lambda f, d: ms(d["cpu_ms_per_1000_unchanged"])),
    ("JsonCpp, whole document: CPU for 1,000 states",
     lambda f, d: ms(d["whole_document_cpu_ms_per_1000"])),
    ("**agent unchanged / JsonCpp: CPU**", lambda f, d: "%.2f" % d["unchanged_ratio"]),
    ("agent: context switches a record", lambda f, d: "%.2f" % d["switches_per_record"]),
    ("latency, median", lambda f, d: ms(f["latency"]["median_ms"])),
    ("latency, p99", lambda f, d: ms(f["latency"]["p99_ms"])),
    ("start to the first state", lambda f, d: "%.2f s" % f["first_record_s"]),
    ("start to the whole first round", lambda f, d: "%.1f s" % f["first_round_s"]),
    ("WAN, both ways, a round of the fleet", lambda f, d: kib(d["wan_bytes_per_round"])),
    ("WAN, both ways, a record", lambda f, d: "%.0f B" % d["wan_bytes_per_record"]),
    ("WAN, received for a state: gzip / without",
     lambda f, d: "%.0f / %.0f B (%.1f x)" % (
         d["wan_bytes_in_per_state"], d["wan_bytes_in_per_state_plain"], d["gzip_ratio"])),
    ("floor: peak, VmHWM", lambda f, d: mib(f["floor"]["vm_hwm_kib"])),
    ("floor: CPU for 1,000 records", lambda f, d: ms(d["floor_cpu_ms_per_1000_records"])),
    ("floor: records a second", lambda f, d: "%.0f" % d["floor_records_per_s"]),
    ("**agent / floor: CPU**", lambda f, d: "%.2f" % d["cpu_ratio"]),
    ("**agent / floor: peak**", lambda f, d: "%.2f" % d["peak_ratio"]),
    ("broker: peak / resident",
     lambda f, d: "%s / %s" % (mib(f["broker_hwm_kib"]), mib(f["broker_rss_kib"]))),
)


def mib(kib_):
    return "%.2f MiB" % (kib_ / 1024.0)


def kib(size):
    return "%.1f KiB" % (size / 1024.0)


def ms(value):
    return "%.1f ms" % value


def by_thread(figures):
    threads = figures["thread_cpu_ms_per_1000_records"]
    names = ("main", "MQTTAsync_send", "MQTTAsync_rcv")
    if not threads:
        return "unknown"
    return " / ".join("%.1f" % threads.get(name, 0.0) for name in names) + " ms"


def markdown(results):
    figures = [derived(facts) for facts in results]
    out = ["| | " + " | ".join("{:,} trackers".format(f["fleet"]) for f in results) + " |",
           "|---|" + "---:|" * len(results)]
    for name, cell in ROWS:
        out.append("| %s | %s |" % (name, " | ".join(cell(*pair)
                                                     for pair in zip(results, figures))))
    return "\n".join(out)


def write_json(path, results):
    with open(path, "w", encoding="utf-8") as out:
        json.dump([{**facts, "derived": derived(facts)} for facts in results], out, indent=2)
        out.write("\n")
