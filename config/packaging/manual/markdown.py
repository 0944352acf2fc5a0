# SPDX-License-Identifier: Apache-2.0
"""The Markdown that config/README.md is written in, as roff for man(7): headings, paragraphs, bullets, code that is
indented or in back ticks, bold, links, tables."""
import re

TABLE_RULE = re.compile(r"\|(:?-+:?\|)+$")
BULLET = re.compile(r"( *)[-*] +(.*)")
INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]*)\]\(([^)]*)\)")


def plain(text):
    """Text that roff takes as it is; what is beyond ASCII by number, for any roff reads that."""
    text = text.replace("\\", "\\e")
    return "".join(c if ord(c) < 128 else "\\[u%04X]" % ord(c) for c in text)


def code(text):
    """As it would be typed: without this, hyphens and quotes come out as typeset ones."""
    text = plain(text)
    for mark, name in (("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga"), ("^", "\\(ha"), ("~", "\\(ti")):
        text = text.replace(mark, name)
    return text


def link(text, target):
    if target.startswith("#"):  # a section of this page
        section = target[1:].replace("-", " ").upper()
        return text if section.lower() == text.lower() else "%s (%s)" % (text, section)
    return "%s <%s>" % (text, target) if target.startswith("http") else text


def inline(text):
    out, at = "", 0
    for found in INLINE.finditer(text):
        out += plain(text[at:found.start()])
        if found[1] is not None:
            out += "\\fB" + code(found[1]) + "\\fP"
        elif found[2] is not None:
            out += "\\fB" + inline(found[2]).replace("\\fP", "\\fB") + "\\fP"
        else:
            words = link(found[3], found[4])
            out += inline(words) if "`" in words else plain(words)
        at = found.end()
    out += plain(text[at:])
    return "\\&" + out if out[:1] in (".", "'") else out


def cells(row):
    """Of a line of a table; a | within back ticks does not end a cell."""
    parts = re.findall(r"(?:`[^`]*`|[^|`])+", row.strip().strip("|"))
    return [part.strip() for part in parts]


def heading(line):
    level, title = line.split(" ", 1)
    return (".SS " if len(level) > 2 else ".SH ") + '"%s"' % plain(title.upper() if len(level) < 3 else title)


def table(lines):
    """A paragraph for each row: its first cell, and what the others say under their headings."""
    names, out = cells(lines[0]), []
    for row in lines[2:]:
        first, *others = cells(row)
        said = ["%s: %s" % (inline(name), inline(cell)) for name, cell in zip(names[1:], others) if cell != "-"]
        out += [".TP 8", inline(first), "; ".join(said) or "\\-"]
    return out


class Page:
    """Blocks in, roff out."""

    def __init__(self):
        self.out = []
        self.depth = []  # indents of the bullets that are open

    def close(self, indent=-1):
        while self.depth and self.depth[-1] > indent:
            self.depth.pop()
            if self.depth:
                self.out.append(".RE")

    def bullet(self, indent, text):
        if not self.depth or indent > self.depth[-1]:
            if self.depth:
                self.out.append(".RS 2")
            self.depth.append(indent)
        else:
            self.close(indent)
        self.out += [".IP \\(bu 2", inline(text)]

    def block(self, lines):
        if lines[0].startswith("#"):
            self.close()
            self.out.append(heading(lines[0]))
        elif lines[0].startswith("|") and len(lines) > 1 and TABLE_RULE.match(lines[1].replace(" ", "")):
            self.close()
            self.out += table(lines)
        elif lines[0].startswith("    ") and not self.depth:
            self.out += [".PP", ".RS 4", ".nf"] + ["\\&" + code(line[4:]) for line in lines] + [".fi", ".RE"]
        else:
            self.prose(lines)

    def prose(self, lines):
        items = []
        for line in lines:
            found = BULLET.match(line)
            if found:
                items.append([len(found[1]), found[2]])
            elif items:
                items[-1][1] += " " + line.strip()
            else:
                items.append([None, line.strip()])
        for indent, text in items:
            if indent is None:
                self.close()
                self.out += [".PP", inline(text)]
            else:
                self.bullet(indent, text)


def blocks(text):
    """Runs of lines without an empty one, of one kind each."""
    run = []
    for line in text.splitlines() + [""]:
        fresh = not line.strip() or line.startswith("#") or (run and run[0].startswith("#"))
        if run and (fresh or line.startswith("|") != run[0].startswith("|")):
            yield run
            run = []
        if line.strip():
            run.append(line.rstrip())


def to_roff(text):
    page = Page()
    for lines in blocks(text):
        page.block(lines)
    page.close()
    return page.out
