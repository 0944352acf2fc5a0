# SPDX-License-Identifier: Apache-2.0
"""Format, lint, licence lines, words that do not belong here."""
import concurrent.futures
import os
import re
import subprocess

from tree import ROOT, all_files, compilations, sources, text

CODE_ENDINGS = (".cpp", ".hpp", ".c", ".h", ".py", ".cmake", ".sh")
# Paths of a machine and addresses of package archives say where something was made, not what it is.
FOREIGN = re.compile(r"/(work|root|home/[a-z]+)/\w|https?://(deb|security|registry|ftp)\.", re.IGNORECASE)


def run_all(command, names):
    def run(name):
        done = subprocess.run(command + [name], cwd=ROOT, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [fault for fault in pool.map(run, names) if fault]


def test_clang_format():
    names = sources("agent", "platform", "tests")
    assert names
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *names], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_clang_tidy(build_dir):
    found = {file: ours for file, _, ours in compilations(build_dir)}
    unseen = set(sources("agent", "platform", endings=(".cpp",))).difference(*found.values())
    assert not unseen, "not compiled in %s: %s" % (build_dir, sorted(unseen))
    # Several sources at a time are read in a tenth of the time, for most of it goes into standard headers.
    # The compile commands are GCC's; clang knows some of the flags by other names or not at all.
    faults = run_all(["clang-tidy", "-p", build_dir, "--quiet", "--checks=-bugprone-suspicious-include",
                      "--config-file=%s" % (ROOT / ".clang-tidy"),
                      "--header-filter=^%s/(agent|platform)/" % re.escape(str(ROOT)),
                      "--extra-arg=-Wno-unknown-warning-option",
                      "--extra-arg=-Wno-unused-command-line-argument",
                      "--extra-arg=-ftrivial-auto-var-init=uninitialized"], sorted(found))
    assert not faults, "\n".join(faults)


def test_licence_lines():
    def is_code(name):
        return name.endswith(CODE_ENDINGS) or name.endswith("CMakeLists.txt")
    missing = [name for name in all_files()
               if is_code(name) and "SPDX-License-Identifier: Apache-2.0" not in text(name)[:200]]
    assert not missing, missing


def test_no_foreign_words():
    faults = []
    for name in all_files():
        bytes_not_words = name.startswith("tests/fixtures/queue/")
        if bytes_not_words or name in ("LICENSE", "tests/rules/test_style.py"):
            continue
        for number, line in enumerate(text(name).splitlines(), 1):
            if FOREIGN.search(line):
                faults.append("%s:%d: %s" % (name, number, line.strip()[:100]))
    assert not faults, "\n".join(faults)


def test_no_test_is_switched_off():
    off = re.compile(r"IGNORE_TEST\(|mark\.(skip|xfail)|\btime\.sleep\(|sleep_for\(|\busleep\(")
    faults = ["%s: %s" % (name, match.group(0)) for name in sources("tests", endings=(".cpp", ".hpp", ".py"))
              if name != "tests/rules/test_style.py" and not name.startswith("tests/bench/peers/")  # not ours to test
              for match in [off.search(text(name))] if match]
    assert not faults, faults
