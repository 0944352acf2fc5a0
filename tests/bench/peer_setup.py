# SPDX-License-Identifier: Apache-2.0
"""Which tools this machine has, their versions, and how what is missing is fetched."""
import datetime
import json
import os
import platform
import subprocess

import peer_tools

INSTALL_S = 400
PACKAGES = ["collectd-core", "libmosquitto1", "libyajl2", "libcurl3-gnutls", "python3-paho-mqtt", "jq", "curl",
            "mosquitto-clients"]


def run(command, folder="/", timeout=INSTALL_S):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False,
                          stdin=subprocess.DEVNULL)


def install(say):
    """By name, from what the machine's own sources offer; a service is started by none of these packages."""
    say("fetching with apt-get and npm")
    os.makedirs(peer_tools.NODE_MODULES, exist_ok=True)
    manifest = os.path.join(peer_tools.NODE_MODULES, "package.json")
    if not os.path.exists(manifest):
        with open(manifest, "w", encoding="ascii") as out:
            out.write('{"private": true}\n')
    for command, folder in ((["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES], "/"),
                            (["npm", "install", "--no-audit", "--no-fund", "node-red@" + peer_tools.NODE_RED],
                             peer_tools.NODE_MODULES)):
        try:
            done = run(command, folder)
            if done.returncode != 0:
                say("%s: %s" % (command[0], done.stderr.strip()[-300:]))
        except (OSError, subprocess.TimeoutExpired) as error:
            say("%s: %s" % (command[0], error))


def present(tools, may_install, say):
    if may_install and any(tool.missing() for tool in tools):
        install(say)
    for tool in tools:
        if tool.missing():
            say("%s is left out: %s is not here%s" % (tool.name, tool.missing(),
                                                      "" if may_install else " (--install fetches it)"))
    return [tool for tool in tools if not tool.missing()]


def first_line(command):
    try:
        return (run(command, timeout=20).stdout.strip().splitlines() or [""])[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""


def package(name):
    return "%s %s" % (name, first_line(["dpkg-query", "-W", "-f", "${Version}", name]))


def versions(tool):
    if tool is peer_tools.Depotlink:
        return [first_line([tool.binary, "--version"])]
    if tool is peer_tools.NodeRed:
        with open(os.path.join(os.path.dirname(tool.program), "package.json"), encoding="utf-8") as file:
            return ["node-red " + json.load(file)["version"], "node " + first_line(["node", "--version"])]
    return [package(name) for name in {peer_tools.Collectd: ("collectd-core",),
                                       peer_tools.Script: ("python3", "python3-paho-mqtt"),
                                       peer_tools.Shell: ("bash", "curl", "jq", "mosquitto-clients")}[tool]]


def surroundings(tools):
    system = {}
    with open("/etc/os-release", encoding="utf-8") as file:
        system = dict(line.strip().split("=", 1) for line in file if "=" in line)
    return {"date": datetime.date.today().isoformat(), "cores": len(os.sched_getaffinity(0)),
            "machine": "%s, %s" % (platform.machine(), system.get("PRETTY_NAME", "").strip('"')),
            "load": os.getloadavg()[0], "versions": {tool.name: ", ".join(versions(tool)) for tool in tools}}
