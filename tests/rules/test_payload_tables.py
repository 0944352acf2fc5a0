# SPDX-License-Identifier: Apache-2.0
"""The tables of topics and payload fields against the encoders' own words."""
import re

import pytest

from tree import text

README = "agent/encode/README.md"
# A section of the README, and what writes what it tells of.
ENCODERS = {
    "tracker/&lt;id&gt;/state": "native_state.cpp",
    "tracker/&lt;id&gt;/info": "native_info.cpp",
    "link/&lt;id&gt;": "native_link.cpp",
    "extra": "extra.cpp",
    "health": "health.cpp",
}
# A member that is written, an object or list that begins or ends; in the order of the source.
STEP = re.compile(
    r'Key\("(?P<key>\w+)"\)(?P<open>\.Begin(?:Object|Array)\(\))?'
    r'|\b(?:Time|TextMember|Text|Int|Bool|Switches|Kib)\(out, "(?P<member>\w+)"'
    r"|(?<!void )(?P<error>ErrorText)\(out"
    r"|(?P<inner>\.Begin(?:Object|Array)\(\))|(?P<end>\.End(?:Object|Array)\(\))")
ERROR_TEXT = re.compile(r"^void ErrorText\(.*?^}$", re.MULTILINE | re.DOTALL)


def written(source):
    """The names that it writes: `state`, `api.state`; of a list's elements none."""
    names, within = set(), []  # "": the payload itself; None: a list
    for step in STEP.finditer(ERROR_TEXT.sub("", source)):
        name = step["key"] or step["member"] or (step["error"] and "last_error")
        if name and None not in within:
            names.add(".".join([outer for outer in within if outer] + [name]))
        if step["open"]:
            within.append(None if "Array" in step["open"] else step["key"])
        elif step["inner"]:
            within.append("")
        elif step["end"]:
            within.pop()
    assert not within
    return names


def sections():
    parts = re.split(r"^## (.+)$", text(README), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def table_of(section):
    """The names in the first column."""
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("section", ENCODERS)
def test_each_field_has_its_row(section):
    names = written(text("agent/encode/" + ENCODERS[section]))
    if section == "extra":  # named by who calls it
        names |= set(re.findall(r'"(list|item|value)"', text("agent/extras.cpp")))
    listed = table_of(sections()[section])
    assert len(listed) == len(set(listed)), "listed twice"
    objects = {name.rsplit(".", 1)[0] for name in listed if "." in name}
    assert len(names) > 5
    assert names - objects == set(listed)


def test_the_topics_stand_in_both_tables():
    def topics(body):
        rows = re.findall(r"^\| (`[^|]+`) \| (?:yes|no|as set) \|", body, re.MULTILINE)
        return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    listed = topics(sections()["Topics (`topics.hpp`)"])
    assert "tracker/<id>/state" in listed
    assert listed == topics(text("README.md"))
    source = text("agent/encode/topics.cpp")
    for topic in listed - {"extra/<topic>", "extra/<topic>/<id>"}:
        assert '"%s' % topic.split("<")[0].strip("/").split("/")[0] in source, topic
