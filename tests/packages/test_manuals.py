# SPDX-License-Identifier: Apache-2.0
"""Man pages and completion against what the program says of itself, and against the schema."""
import gzip
import json
import os
import pathlib
import re
import subprocess

import pytest

import package

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "config/depotlink.schema.json").read_text(encoding="utf-8"))
PAGES = ("usr/share/man/man1/depotlink.1.gz", "usr/share/man/man5/depotlink.json.5.gz")


def usages(help_text):
    """[(words of the command, options)] by the lines of --help."""
    found = []
    for line in re.findall(r"^  depotlink (.*)$", help_text, re.MULTILINE):
        usage = re.split(r" {2,}(?![ \[.-])", line)[0]
        options = set(re.findall(r"--[a-z-]+", usage))
        words = tuple(re.match(r"[a-z ]*", usage)[0].split())
        found.append((words, options))
    return found


def rendered(page):
    environment = dict(os.environ, MANWIDTH="100", LC_ALL="C.UTF-8", MAN_KEEP_FORMATTING="")
    done = subprocess.run(["man", "--warnings=w", "-l", str(page)], check=False, capture_output=True, text=True,
                          env=environment, timeout=package.PATIENCE_S)
    assert done.returncode == 0 and done.stderr == ""
    return re.sub(r".\x08", "", done.stdout)


@pytest.fixture(scope="module")
def pages(unpacked):
    return [rendered(unpacked / page) for page in PAGES]


def test_help_is_understood(help_text):
    """Else the tests below would hold for nothing."""
    said = usages(help_text)
    assert (("run",), {"--config"}) in said and (("queue", "purge"), {"--config", "--yes"}) in said
    assert ((), {"--version"}) in said


def test_each_command_and_option_is_in_the_manual(help_text, pages):
    synopsis = " ".join(re.search(r"SYNOPSIS\n(.*?)\nDESCRIPTION", pages[0], re.DOTALL)[1].split())
    body = pages[0].split("\nCOMMANDS\n")[1]
    for words, options in usages(help_text):
        for word in [*words, *options]:
            assert re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(word), synopsis), (word, "SYNOPSIS")
        for heading in [" ".join(words), *options]:
            assert re.search(r"^ {7}(\S+, )*%s\b" % re.escape(heading), body, re.MULTILINE), heading


def keys(schema, path=""):
    """The path of each key that holds a value."""
    if "$ref" in schema:
        schema = {**schema, **SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]}
    inner = schema.get("properties") or schema.get("items", {}).get("properties")
    if not inner:
        return {path}
    below = path + ("[]" if "items" in schema else "") + "." if path else ""
    return set().union(*(keys(value, below + name) for name, value in inner.items()))


def test_each_key_is_in_the_manual(unpacked):
    wanted = keys(SCHEMA)
    assert len(wanted) > 40 and {"site", "mqtt.url", "extra[].path"} <= wanted
    with gzip.open(unpacked / PAGES[1], "rt", encoding="utf-8") as stream:
        source = stream.read()
    listed = re.search(r"^\.SH KEYS\n(.*?)^\.SH", source, re.DOTALL | re.MULTILINE)[1]
    told = re.findall(r"^\.TP 8\n\\fB(.*)\\fP\n\S.*\n\.br\n.*(?:Default|Allowed|Required)", listed, re.MULTILINE)
    assert sorted(told) == sorted(wanted)


def test_the_manual_of_the_config_is_whole(pages):
    readme = (ROOT / "config/README.md").read_text(encoding="utf-8")
    for heading in re.findall(r"^## (.*)$", readme, re.MULTILINE):
        if heading not in ("The config file", "To add a key"):
            assert "\n%s\n" % heading.upper() in pages[1], heading
    text = re.sub(r"\s+", " ", pages[1])
    assert not re.search(r"\]\(|\*\*|\| *---|\\f", text)  # what Markdown or roff would leave behind


def completions(script, lines):
    """What is offered at the end of each line."""
    calls = ['source "$1"', "complete -p depotlink >/dev/null || exit 9"]
    for words in lines:
        quoted = " ".join("'%s'" % word for word in words)
        calls.append('COMPREPLY=(); COMP_WORDS=(%s); COMP_CWORD=%d; _depotlink; echo "${COMPREPLY[*]}"'
                     % (quoted, len(words) - 1))
    told = package.said(["bash", "--norc", "-euc", "\n".join(calls), "bash", str(script)], cwd=ROOT)
    return [set(line.split()) for line in told.split("\n")[:-1]]


def test_completion(unpacked, help_text):
    script = unpacked / "usr/share/bash-completion/completions/depotlink"
    said = usages(help_text)
    first, second = completions(script, [("depotlink", ""), ("depotlink", "queue", "")])
    assert first == {words[0] for words, _ in said if words} | {"--help", "--version"}
    assert second == {words[1] for words, _ in said if words[:1] == ("queue",)}
    commands = sorted({words for words, _ in said if words})
    offered = completions(script, [("depotlink", *words, "") for words in commands])
    for command, found in zip(commands, offered):
        assert found == set().union(*(options for words, options in said if words == command)), command


def test_completion_of_files(unpacked):
    script = unpacked / "usr/share/bash-completion/completions/depotlink"
    begun = "config/depotlink.j"
    cases = [("depotlink", "run", "--config", begun), ("depotlink", "run", "--config", "=", begun),
             ("depotlink", "run", "-c", begun), ("depotlink", "ru"), ("depotlink", "queue", "purge", "--y")]
    assert completions(script, cases) == [{"config/depotlink.json"}] * 3 + [{"run"}, {"--yes"}]
