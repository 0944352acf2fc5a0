# SPDX-License-Identifier: Apache-2.0
"""usage: links.py FROM TO: a document of config/ as a package has it. Links to what lies beside it there are kept under the names
that it has there; of others only the words stay.
"""
import re
import sys

# By where a link leads to, seen from the folder of the document.
BESIDE = {"README.md": "config.md", "TROUBLESHOOTING.md": "troubleshooting.md", "SECURITY.md": "security.md",
          "mosquitto/README.md": "examples/mosquitto/README.md", "depotlink.schema.json": "depotlink.schema.json"}
LINK = re.compile(r"\[((?:[^][]|\[[^][]*\])*)\]\(([^)\s]*)\)")


def placed(match):
    words, target = match.groups()
    path, mark, anchor = target.partition("#")
    if "://" in target or not path:
        return match.group(0)
    return "[%s](%s%s%s)" % (words, BESIDE[path], mark, anchor) if path in BESIDE else words


def main():
    with open(sys.argv[1], encoding="utf-8") as text, open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(LINK.sub(placed, text.read()))


if __name__ == "__main__":
    main()
