# SPDX-License-Identifier: Apache-2.0
"""Answers that are wrong: bodies replaced (`replaced`) or changed (`mangled`)."""
import email.utils
import time
import zlib

from . import render
from .api import Reply, error_reply
from .errors import ApiError

PORTAL = (b"<!DOCTYPE html><html><head><title>Guest WiFi</title></head>"
          b"<body><h1>Please sign in</h1></body></html>")
STRAY_ID = 987654321
MIB = 1 << 20


def replaced(params, kind):
    """A Reply for a fault that needs no true answer."""
    return {"error": _error, "html": _html, "empty": _empty, "garbage": _garbage, "body": _body,
            "gzip_bomb": _gzip_bomb, "redirect": _redirect, "endless": _endless,
            "header_bomb": _header_bomb}[kind](params)


def _error(params):
    headers = []
    after = params.get("retry_after")
    if isinstance(after, str) and after.startswith("date:"):
        after = email.utils.formatdate(time.time() + float(after[5:]), usegmt=True)
    if after is not None:
        headers.append(("Retry-After", after))
    error = ApiError(params.get("code", 6), params.get("errors"), params.get("http"))
    return error_reply(error, headers)


def _html(params):
    body = params.get("body", "").encode() or PORTAL
    return Reply(params.get("http", 200), [body], [("Content-Type", "text/html")])


def _empty(params):
    return Reply(params.get("http", 200), [b""])


def _body(params):
    """Any body: as text, or as hex for bytes that are not UTF-8."""
    raw = bytes.fromhex(params["hex"]) if "hex" in params else params["text"].encode()
    return Reply(params.get("http", 200), [raw])


def _garbage(params):
    size = params.get("size", 4096)
    raw = bytes((i * 197 + (i >> 3) * 31 + 7) & 0xFF for i in range(size))
    return Reply(params.get("http", 200), [raw])


def _gzip_bomb(params):
    """White space inside a list: legal JSON, small on the wire, `size` bytes unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"success":true,"list":[')]
    for _ in range(params.get("size", 256 * MIB) // MIB):
        parts.append(packer.compress(b" " * MIB))
    parts.append(packer.compress(b"]}") + packer.flush())
    return Reply(200, [b"".join(parts)], [("Content-Encoding", "gzip")])


def _redirect(params):
    location = params.get("location", "https://elsewhere.invalid/v2/tracker/list")
    return Reply(params.get("http", 302), [b""], [("Location", location)])


def _endless(_params):
    def parts():
        yield b'{"success":true,"list":['
        while True:
            yield b" " * 65536
    return Reply(200, parts())


def _header_bomb(params):
    count = params.get("count_headers", 200)
    return Reply(200, [b"{}"], [("X-Filler-%d" % i, "x" * 1000) for i in range(count)])


def mangled(body, kind, params):
    """The body of a true answer, spoilt as the fault says."""
    return {"success_false_last": _false_last, "truncate": _truncate, "huge_element": _huge,
            "deep": _deep, "label_bytes": _label_bytes, "duplicate_keys": _duplicate,
            "replace": _replace}[kind](body, params)


def _false_last(body, params):
    """All data first; that it was a failure is said at the very end."""
    whole = body.replace(b'"success":true,', b"", 1).replace(b',"success":true', b"", 1)
    status = ApiError(params.get("code", 6)).envelope()["status"]
    return whole[:-1] + b',"success":false,"status":' + render.dumps(status) + b"}"


def cut_at(length, params):
    """Where to cut: `at` bytes, or a share of the body (default half)."""
    at = params.get("at", 0.5)
    return int(length * at) if isinstance(at, float) else min(at, length)


def _truncate(body, params):
    return body[:cut_at(len(body), params)]


def insert_element(body, element, key=None):
    """Puts an element before the others of `list` or `states`."""
    anchor, element = (b'"states":{', b'"%d":%s' % (key or STRAY_ID, element)) \
        if b'"states":{' in body else (b'"list":[', element)
    at = body.find(anchor)
    if at < 0:
        return body
    at += len(anchor)
    comma = b"" if body[at:at + 1] in (b"]", b"}") else b","
    return body[:at] + element + comma + body[at:]


def _huge(body, params):
    filler = b"x" * params.get("size", 4 * MIB)
    element = b'{"id":%d,"label":"%s"}' % (params.get("id", STRAY_ID), filler)
    return insert_element(body, element, params.get("id"))


def _deep(body, params):
    depth = params.get("depth", 100000)
    nest = b"[" * depth + b"]" * (depth if params.get("closed", True) else 0)
    element = b'{"id":%d,"x":%s}' % (params.get("id", STRAY_ID), nest)
    return insert_element(body, element, params.get("id"))


def _label_bytes(body, params):
    """Raw bytes (hex) at the start of a tracker's label, or of its network name in states."""
    raw = bytes.fromhex(params.get("hex", "fffe"))
    at = body.find(b'"id":%d,"label":"' % params["id"])
    if at >= 0:
        at = body.index(b'"label":"', at) + len(b'"label":"')
    else:
        at = body.find(b'"network_name":"', max(body.find(b'"%d":{' % params["id"]), 0))
        if at < 0:
            return body
        at += len(b'"network_name":"')
    return body[:at] + raw + body[at:]


def _duplicate(body, params):
    """An element with each key twice, of an id of its own; or `"success"` twice."""
    if params.get("success"):
        return body[:-1] + b',"success":false}'
    number = params.get("id", STRAY_ID)
    return insert_element(body, b'{"id":%d,"id":%d,"label":"a","label":"b","last_update":null,'
                          b'"last_update":"2024-01-01T00:00:00+00:00"}' % (number, number + 1),
                          number)


def _replace(body, params):
    """Text for text (`from`, `to`); `to` may be given as hex."""
    new = bytes.fromhex(params["to_hex"]) if "to_hex" in params else params["to"].encode()
    return body.replace(params["from"].encode(), new, params.get("times", -1))
