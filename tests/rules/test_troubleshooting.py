# SPDX-License-Identifier: Apache-2.0
"""Whatever the agent says of trouble has a row in config/TROUBLESHOOTING.md."""
import re

import pytest

from tree import sources, text

PAGE = "config/TROUBLESHOOTING.md"
# A state in `health`, the source of its names, and the function there.
STATES = (("api.state", "agent/encode/health.cpp", "ApiStateName"),
          ("broker.state", "agent/encode/health.cpp", "BrokerStateName"),
          ("api.credential", "agent/poll/session.cpp", "SessionStateName"),
          ("queue.disk", "agent/agent_health.cpp", "DiskStateName"))


def section(title):
    found = re.search(r"^## %s\n(.*?)(?=^## |\Z)" % re.escape(title), text(PAGE), re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def first_column(title):
    return re.findall(r"^\| (`[^|]*) \|", section(title), re.MULTILINE)


@pytest.mark.parametrize("state,source,function", STATES)
def test_each_state_has_its_row(state, source, function):
    body = re.search(r"^std::string_view %s\(.*?^}$" % function, text(source), re.MULTILINE | re.DOTALL)
    names = re.findall(r'return "(\w+)"', body[0])
    rows = first_column("What `health` and `status` say")
    assert len(names) > 3
    missing = [name for name in names if "`%s` `%s`" % (state, name) not in rows]
    assert not missing, missing


def test_each_probe_has_its_row():
    said = "".join(text(name) for name in sources("agent", endings=(".cpp",))
                   if name.startswith("agent/commands/online_"))
    probes = re.findall(r'report_?(?:->|\.)Add\(\s*"(\w+)"', said)
    assert {"dns", "broker", "disk"} <= set(probes)
    rows = first_column("What `check --online` tries")
    missing = [probe for probe in probes if "`%s`" % probe not in rows]
    assert not missing, missing


def test_each_kind_of_error_has_its_row():
    names = re.search(r"kErrorKindNames = \{(.*?)\}", text("agent/error_book.cpp"), re.DOTALL)[1]
    kinds = re.findall(r'"(\w+)"', names)
    assert ["`%s`" % kind for kind in kinds] == first_column("The last errors in `status`")


def test_each_error_in_the_log_has_its_row():
    """Of the agent; commands say theirs to who typed them."""
    said = "".join(text(name) for name in sources("agent", "platform", endings=(".cpp",))
                   if not name.startswith(("agent/commands/", "platform/main", "platform/first_run")))
    errors = re.findall(r'(?:log_?->|log_?\.)Error\(\s*"([^"]+)"', said)
    assert len(errors) > 12
    rows = [row.strip("`") for row in first_column("Errors in the log")]
    missing = [error for error in errors if not any(error.startswith(row) for row in rows)]
    assert not missing, missing
