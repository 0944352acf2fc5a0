# SPDX-License-Identifier: Apache-2.0
"""The files of the project, as git knows them."""
import functools
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


@functools.lru_cache(maxsize=None)
def all_files():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def sources(*tops, endings=(".cpp", ".hpp")):
    return [name for name in all_files()
            if name.split("/", 1)[0] in tops and name.endswith(tuple(endings))]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def compilations(build_dir):
    """(file that is given to the compiler, command, our sources in it): a unity build has several in one."""
    wanted = set(sources("agent", "platform", endings=(".cpp",)))
    with open(os.path.join(build_dir, "compile_commands.json"), encoding="utf-8") as stream:
        entries = json.load(stream)
    for entry in entries:
        file = os.path.join(entry["directory"], entry["file"])
        inside = [file]
        if "/Unity/" in file:
            with open(file, encoding="utf-8") as stream:
                inside = re.findall(r'^#include "(.*)"$', stream.read(), re.MULTILINE)
        ours = {os.path.relpath(name, ROOT) for name in inside} & wanted
        if ours:
            yield file, entry["command"], ours
