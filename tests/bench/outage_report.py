# SPDX-License-Identifier: Apache-2.0
"""The figures of an outage as Markdown tables."""


def merged(lines):
    """{way: {stage: figures}, with `size` and `peak_kib` beside the stages} of queue_bench's lines."""
    ways = {}
    for line in lines:
        if "way" not in line:
            continue
        way = ways.setdefault(line["way"], {})
        if "stage" in line:
            way[line["stage"]] = line
        else:
            way.update({name: value for name, value in line.items() if name != "way"})
    return ways


def table(title, columns, rows):
    out = ["| %s | %s |" % (title, " | ".join(columns)), "|---|" + "---:|" * len(columns)]
    out += ["| %s | %s |" % (name, " | ".join(cells)) for name, cells in rows]
    return "\n".join(out) + "\n"


def cell(form, *path_of):
    """A figure out of nested dicts, or a dash where there is none."""
    value, *path = path_of
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return "-" if value is None else form % value


def stores(ways, bus):
    """The queue, SQLite, plain writes, and mosquitto by how it saves."""
    names = [name for name in ("depotlink", "sqlite", "plain") if name in ways]
    kept = list(bus)

    def row(title, form, path, bus_name=None, bus_form=None):
        cells = [cell(form, ways[name], *path) for name in names]
        return title, cells + [cell(bus_form or form, bus[name], bus_name) for name in kept]
    return table("the same records", names + ["mosquitto, saving " + name for name in kept], [
        row("bytes to the device for a byte of payload, append", "%.2f", ("append", "device_bytes"), "device_bytes"),
        row("... of it by the process itself", "%.2f", ("append", "process_bytes")),
        row("bytes to the device for a byte of payload, drain", "%.2f", ("drain", "device_bytes"),
            "drain_device_bytes"),
        row("bytes on disk for a byte of payload", "%.2f", ("size",)),
        row("flushes of the device, append", "%d", ("append", "flushes"), "flushes"),
        row("records a second, append", "%d", ("append", "records_per_s")),
        row("records a second, drain", "%d", ("drain", "records_per_s")),
        row("CPU a record, append", "%.1f us", ("append", "cpu_us"), "cpu_us"),
        row("CPU a record, drain", "%.1f us", ("drain", "cpu_us")),
        row("peak memory, KiB", "%d", ("peak_kib",), "peak_kib")])


def card(ways):
    names = [name for name in ("depotlink", "sqlite", "plain") if name in ways]

    def row(title, *path):
        return title, [cell("%d", ways[name], *path) for name in names]
    return table("... where the device takes 10 MB/s, as a memory card", names, [
        row("records a second, append", "append", "records_per_s"),
        row("records a second, drain", "drain", "records_per_s")])


def flushes(figures):
    def row(title, form, name):
        return title, [cell(form, outage, name) for outage in figures]
    names = ["%d records/s, flush_interval %s" % (outage["movers"], outage["flush_interval"]) for outage in figures]
    return table("the agent, broker away", names, [
        row("records", "%d", "records"), row("flushes of the device an hour", "%d", "flushes_an_hour"),
        row("bytes to the device a record", "%.0f", "device_bytes_a_record"),
        row("MiB to the device an hour", "%.1f", "device_mib_an_hour"),
        row("CPU a record, TLS and JSON included", "%.0f us", "cpu_us"),
        row("peak memory, KiB", "%d", "vm_hwm_kib")])


def starts(figures):
    def row(title, form, name):
        return title, [cell(form, start, name) for start in figures]
    return table("start on a backlog of", ["%d MiB" % (start["bytes_on_disk"] >> 20) for start in figures], [
        row("segments", "%d", "segments"), row("to the first request to the API", "%.2f s", "api_s"),
        row("to the broker", "%.2f s", "connected_s"),
        row("to the first live record", "%.2f s", "live_s"),
        row("peak memory by then, KiB", "%d", "vm_hwm_kib")])


def drain(figures):
    agent, floor = figures["agent"], figures["floor"]

    def row(title, form, name):
        return title, [cell(form, agent, name), cell(form, floor, name)]
    rate = agent["records_per_s"] / floor["records_per_s"]
    return table("disk to acknowledgement", ["the agent", "bare publisher"], [
        row("records a second", "%d", "records_per_s"), ("agent / bare publisher", ["%.2f" % rate, ""]),
        row("CPU a record", "%.0f us", "cpu_us"),
        row("bytes to the device a record", "%.1f", "device_bytes_a_record"),
        row("peak memory, KiB", "%d", "vm_hwm_kib")])


def markdown(figures):
    out = []
    if "stores" in figures:
        out.append(stores(merged(figures["stores"]), figures.get("bus", {})))
    if "card" in figures:
        out.append(card(merged(figures["card"])))
    for name, make in (("flushes", flushes), ("starts", starts), ("drain", drain)):
        if name in figures:
            out.append(make(figures[name]))
    return "\n".join(out)
