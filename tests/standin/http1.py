# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as the stand-in needs it: reading a request, naming a status. No sockets here."""
import json
from urllib.parse import parse_qsl, unquote

from .errors import ApiError

MAX_LINE = 65536
MAX_DRAINED = 1 << 24  # of a body too large, so that the client reads the answer
REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 303: "See Other",
           307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
           401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
           405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Unavailable", 504: "Gateway Timeout"}


class Request:
    """One request: `action` is the path without `/v2` (or `/panel/v2`), slashes at either end and query."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        path, _, query = target.partition("?")
        self.query = dict(parse_qsl(query, keep_blank_values=True))
        action = unquote(path).strip("/")
        self.action = action[3:] if action.startswith("v2/") else action.replace("panel/v2/", "panel/", 1)

    def wants_close(self):
        return "close" in self.headers.get("connection", "").lower()

    def takes_gzip(self):
        """True where the client offers gzip and does not refuse it with q=0."""
        for item in self.headers.get("accept-encoding", "").lower().split(","):
            name, _, quality = item.strip().partition(";")
            if name.strip() == "gzip":
                return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
        return False

    def params(self):
        """The parameters of query and body; text values of forms are JSON where they parse."""
        if self.method == "GET":
            return _loose(self.query)
        if self.method != "POST":
            raise ApiError(112, http=405)
        if "json" in self.headers.get("content-type", ""):
            return {**_loose(self.query), **_json_object(self.body)}
        return _loose({**self.query, **dict(parse_qsl(self.body.decode("latin-1")))})


def _json_object(body):
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError as error:
        raise ApiError(5) from error
    if not isinstance(value, dict):
        raise ApiError(5)
    return value


def _loose(pairs):
    out = {}
    for name, text in pairs.items():
        try:
            out[name] = text if name == "hash" else json.loads(text)
        except ValueError:
            out[name] = text
    return out


def read_request(stream, max_body, on_continue):
    """Reads one request; None where the peer closed. Raises ApiError(9) past `max_body`."""
    line = stream.readline(MAX_LINE)
    if not line:
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3:
        raise ApiError(5)
    headers = _read_headers(stream)
    if headers.get("expect", "").lower() == "100-continue":
        on_continue()
    return Request(parts[0], parts[1], headers, _read_body(stream, headers, max_body))


def _read_headers(stream):
    headers = {}
    while True:
        line = stream.readline(MAX_LINE).decode("latin-1")
        if line in ("\r\n", "\n", ""):
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()


def _read_body(stream, headers, max_body):
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(stream, max_body)
    length = int(headers.get("content-length") or 0)
    if length > max_body:
        for _ in range(0, min(length, MAX_DRAINED), MAX_LINE):
            stream.read(min(MAX_LINE, length))
            length -= MAX_LINE
        raise ApiError(9)
    return stream.read(length)


def _read_chunks(stream, max_body):
    body = b""
    while True:
        size = int(stream.readline(MAX_LINE).split(b";")[0], 16)
        body += stream.read(size)
        stream.readline(MAX_LINE)
        if size == 0:
            return body
        if len(body) > max_body:
            raise ApiError(9)


def head(status, headers):
    lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "Status"))]
    lines += ["%s: %s" % pair for pair in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
