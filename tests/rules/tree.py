# SPDX-License-Identifier: Apache-2.0
"""The files of the project, as git knows them."""
import functools
import pathlib
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
