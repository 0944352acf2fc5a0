#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes depotlink.json(5) of config/README.md, the one text about the config.

usage: manual.py VERSION README.md depotlink.json.5
"""
import re
import sys

import markdown

BEGIN = "## The config file"
LEFT_OUT = ("## To add a key",)  # for developers


def sections(text):
    """[heading, text] of each part that begins with ##."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return [part.split("\n", 1) for part in parts if part.startswith("## ")]


def keys_table(text):
    """The text before the table of keys, its rows, and the text after it."""
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("| key |"))
    end = next(i for i in range(begin, len(lines)) if not lines[i].startswith("|"))
    rows = [markdown.cells(line) for line in lines[begin + 2:end]]
    return "\n".join(lines[:begin]), rows, "\n".join(lines[end:])


def sentence(text):
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def key_paragraph(row):
    key, default, allowed, meaning, example = row
    facts = ["Required." if default == "required" else "",
             "" if default in ("required", "-") else "Default: %s." % markdown.inline(default),
             "" if allowed == "-" else "Allowed: %s." % markdown.inline(allowed),
             "" if example == "-" else "Example: %s." % markdown.inline(example)]
    meaning = markdown.inline(sentence(meaning))
    return [".TP 8", markdown.inline(key), meaning, ".br", " ".join(fact for fact in facts if fact)]


def page(version, readme):
    parts = sections(readme)
    if parts[0][0] != BEGIN:
        sys.exit("manual: the README's first section is not \"%s\"" % BEGIN)
    before, rows, after = keys_table(parts[0][1])
    out = ['.\\" Made of config/README.md by config/packaging/manual/manual.py.',
           '.TH DEPOTLINK.JSON 5 "" "depotlink %s" "File Formats"' % version,
           ".nh", ".ad l",  # keys and paths are not to be divided or drawn out
           ".SH NAME", "depotlink.json \\- what depotlink polls, and where it publishes",
           ".SH SYNOPSIS", ".I /etc/depotlink/depotlink.json", ".SH DESCRIPTION"]
    out += markdown.to_roff(before) + [".SH KEYS"]
    section = None
    for row in rows:
        name = row[0].strip("`").split(".")[0] if "." in row[0] else "the top"
        if name != section:
            section = name
            out.append('.SS "%s"' % ("At the top" if name == "the top" else "In " + markdown.plain(name)))
        out += key_paragraph(row)
    out += markdown.to_roff(after)
    for title, text in parts[1:]:
        if title not in LEFT_OUT:
            out += markdown.to_roff(title + "\n" + text)
    out += [".SH FILES", ".TP", ".I /etc/depotlink/depotlink.json", "the config, unless --config names another",
            ".SH SEE ALSO", ".BR depotlink (1)"]
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    version, source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as stream:
        text = page(version, stream.read())
    with open(target, "w", encoding="utf-8") as out:
        out.write(text)


if __name__ == "__main__":
    main()
