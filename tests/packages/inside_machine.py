# SPDX-License-Identifier: Apache-2.0
"""Runs as root inside the virtual machine, once a boot, with nothing but Debian's python3: the agent's life under systemd.

What it says goes to the second serial line: `held TEXT` for each step, `FAILED TEXT`, `cut` where the power is to go, and
`through` at the end of a boot.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import traceback

API = "https://127.0.0.1:8443/v2"
KEY = "0123456789abcdef0123456789abcdef"
CONFIG = pathlib.Path("/etc/depotlink/depotlink.json")
QUEUE = pathlib.Path("/var/lib/depotlink/queue")
STAGE = pathlib.Path("/var/lib/trial/stage")
PATIENCE_S = 180  # everything is emulated
PAUSE = threading.Event()


def say(word, text):
    print(word, text, flush=True)


def run(*words, status=0, **more):
    done = subprocess.run(words, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, **more)
    assert status in (None, done.returncode), "%s: %d\n%s" % (" ".join(words), done.returncode, done.stdout)
    return done.stdout


def show(name, unit="depotlink"):
    return run("systemctl", "show", "--value", "-p", name, unit).strip()


def wait(what, holds, patience=PATIENCE_S):
    """There is no event for most of it; a poll a second, within a bound."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        PAUSE.wait(1)
    raise AssertionError("never: %s\n%s" % (what, journal()[-3000:]))


def journal(*more):
    return run("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "depotlink", *more)


def heard(topic="depotlink/yard/tracker/+/state", count=1, *more):
    """Messages as they arrive."""
    return run("mosquitto_sub", "-h", "127.0.0.1", "-C", str(count), "-W", "120", "-v", *more, "-t", topic).splitlines()


def waiting_records():
    return sum(line.startswith("{") for line in run("depotlink", "queue", "export").splitlines())


def segments():
    return [path for path in QUEUE.glob("*.seg") if path.stat().st_size] if QUEUE.exists() else []


def install():
    said = run("apt-get", "install", "-q", "-y", "--no-install-recommends", "/var/lib/trial/depotlink.deb", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    assert "depotlink init" in said, said
    assert show("ActiveState") == "inactive"
    ca = pathlib.Path("/var/lib/standin/good/ca.pem")
    wait("the stand-in", ca.exists)
    pathlib.Path("/etc/depotlink/ca.pem").write_bytes(ca.read_bytes())
    begun = time.monotonic()
    said = run("depotlink", "init", "--yes", "--site", "yard", "--api-url", API, "--ca-file", "/etc/depotlink/ca.pem", input=KEY + "\n")
    assert "all is well" in said, said
    say("held", "init, with check --online: %d s" % (time.monotonic() - begun))
    for line in said.splitlines():
        say("said", line)
    run("systemctl", "enable", "--now", "depotlink")
    assert show("ActiveState") == "active" and show("NotifyAccess") == "main", run("systemctl", "status", "depotlink", status=None)
    heard()
    wait("a status text", lambda: "50 trackers" in show("StatusText"))
    assert "runs since" in run("depotlink", "status") and json.loads(run("depotlink", "status", "--json"))
    say("held", "enabled, ready by notify, states arrive; StatusText: " + show("StatusText"))


def confined():
    pid = show("MainPID")
    facts = dict(line.split(":\t", 1) for line in pathlib.Path("/proc/%s/status" % pid).read_text().splitlines() if ":\t" in line)
    assert facts["Seccomp"] == "2" and facts["NoNewPrivs"] == "1" and int(facts["CapEff"], 16) == 0, facts
    exposure = run("systemd-analyze", "security", "--no-pager", "depotlink.service").splitlines()[-1]
    assert re.search(r"[:] (0\.\d|1\.[012]) ", exposure), exposure
    assert "not permitted" not in journal() and "EPERM" not in journal(), journal()
    say("held", "seccomp filter, no capability; %s; memory %s bytes of %s" % (exposure.strip(" →"), show("MemoryCurrent"), show("MemoryMax")))


def watched():
    first = show("WatchdogTimestampMonotonic")
    assert int(show("WatchdogUSec").rstrip("min s")) and first != "0"
    wait("a sign of life", lambda: show("WatchdogTimestampMonotonic") != first, 90)
    say("held", "the watchdog hears of it")


def reloaded():
    text = CONFIG.read_text()
    pid = show("MainPID")
    cut = text.rindex("}")
    CONFIG.write_text(text[:cut].rstrip().rstrip(",") + ',\n  "log": { "level": "debug" }\n}\n')
    run("systemctl", "reload", "depotlink")
    wait("the new level", lambda: "the config is taken up changed=log.level" in journal("-n", "50"))
    CONFIG.write_text(text)
    run("systemctl", "reload", "depotlink")
    CONFIG.write_text(text.replace('"site"', '"sight"'))
    run("systemctl", "reload", "depotlink")
    wait("a refusal", lambda: "the config is not taken up" in journal("-n", "50"))
    CONFIG.write_text(text)
    run("systemctl", "reload", "depotlink")
    assert show("MainPID") == pid
    say("held", "reload: the level changes, a fault changes nothing")


def outage():
    """The queue fills, a restart keeps all of it, and all of it comes."""
    run("systemctl", "stop", "mosquitto")
    wait("records on disk", segments)
    run("systemctl", "restart", "depotlink")
    assert pathlib.Path("/run/depotlink").is_dir() and segments()
    waiting = wait("more records", lambda: waiting_records() > 60 and waiting_records())
    say("held", "an outage with a restart in it: %d records waited, %d came late" % (waiting, deliver(waiting)))


def deliver(waiting):
    """Starts the broker; how many records came late, all of those that waited among them."""
    listen = subprocess.Popen(["sh", "-c", "until mosquitto_sub -h 127.0.0.1 -v -C %d -W 150 -t 'depotlink/yard/tracker/+/history' 2>&1; "
                               "do sleep 0.2; done" % waiting], stdout=subprocess.PIPE, text=True)
    run("systemctl", "start", "mosquitto")
    said, _ = listen.communicate(timeout=PATIENCE_S)
    late = [json.loads(line.split(" ", 1)[1]) for line in said.splitlines() if line.startswith("depotlink/")]
    assert len(late) >= waiting and all(record["late"] for record in late), said[-2000:]
    return len(late)


def killed():
    pid = show("MainPID")
    run("systemctl", "kill", "--kill-whom=main", "-s", "KILL", "depotlink")
    wait("a restart", lambda: show("MainPID") not in (pid, "0") and show("ActiveState") == "active")
    heard()
    assert show("NRestarts") == "1", show("NRestarts")
    say("held", "killed: started anew")
    pid = show("MainPID")
    run("systemctl", "kill", "--kill-whom=main", "-s", "STOP", "depotlink")
    wait("the watchdog", lambda: show("MainPID") not in (pid, "0") and show("ActiveState") == "active")
    assert show("NRestarts") == "2" and "Watchdog timeout" in journal("-n", "100"), journal("-n", "100")
    heard()
    say("held", "hung: ended by the watchdog and started anew")


def credential():
    pathlib.Path("/etc/credstore").mkdir(exist_ok=True)
    key = pathlib.Path("/etc/depotlink/api.key")
    pathlib.Path("/etc/credstore/api.key").write_bytes(key.read_bytes())
    key.unlink()
    CONFIG.write_text(CONFIG.read_text().replace("/etc/depotlink/api.key", "$CREDENTIALS_DIRECTORY/api.key"))
    run("systemctl", "restart", "depotlink")
    wait("an answer of the API", lambda: "API ok" in show("StatusText"))
    heard()
    say("held", "the key as a credential of systemd")


def first():
    install()
    confined()
    watched()
    reloaded()
    outage()
    killed()
    credential()


def second():
    """After a clean end of the machine."""
    assert show("ActiveState") == "active", run("systemctl", "status", "depotlink", status=None)
    heard()
    say("held", "started with the machine; since the boot: " + show("ActiveEnterTimestampMonotonic") + " us")
    errors = [line for line in journal("-b", "-1", "-p", "err").splitlines() if "stopp" in line]
    assert not errors, errors
    run("systemctl", "disable", "--now", "mosquitto")
    wait("records on disk", segments)
    PAUSE.wait(15)  # what the power may take is a second's worth
    with STAGE.open("w", encoding="ascii") as out:
        out.write("waiting %d" % waiting_records())
        out.flush()
        os.fsync(out.fileno())  # and nothing else: the queue sees to itself
    PAUSE.wait(5)
    say("cut", "")
    PAUSE.wait(600)


def third(waiting):
    """After a power cut with a queue, of which it may have taken the last second's; the broker was not to start by itself."""
    assert show("ActiveState") == "active" and show("NRestarts") == "0"
    assert waiting_records() >= waiting
    say("held", "after a power cut: %d records waited, and %d came late" % (waiting, deliver(waiting)))
    heard()
    run("apt-get", "purge", "-q", "-y", "depotlink")
    assert not CONFIG.parent.exists() and not QUEUE.exists() and show("LoadState") == "not-found"
    say("held", "purged")


def main():
    stage = STAGE.read_text().split() if STAGE.exists() else ["first"]
    try:
        if stage[0] == "first":
            first()
            STAGE.write_text("second")
        elif stage[0] == "second":
            second()
        else:
            third(int(stage[1]))
    except Exception:  # whatever it is, the one outside has to hear of it
        for line in traceback.format_exc().splitlines():
            say("FAILED", line)
        for line in (journal("-n", "60") + run("systemctl", "status", "--no-pager", "depotlink", status=None)).splitlines():
            say("log", line)
    say("through", stage[0])
    subprocess.run(["systemctl", "poweroff", "--no-block"], check=False)


if __name__ == "__main__":
    sys.exit(main())
