# SPDX-License-Identifier: Apache-2.0
"""Writes a Reply to a connection: framing, gzip, and the faults of transport."""
import zlib
from email.utils import formatdate

from . import http1
from .clock import server_now
from .mangle import cut_at

DRIP_TICK_S = 0.1


class Gone(Exception):
    """The connection must be closed without another word."""


class Sender:
    """One connection's way out. `write` takes bytes, `flush` pushes them."""

    def __init__(self, out, options):
        self._out, self._options = out, options

    def send(self, request, reply, fault, close):
        """Sends head and body; raises Gone where the fault wants the connection broken."""
        kind = fault.kind if fault else None
        parts, headers = reply.parts, list(reply.headers)
        names = {name.lower() for name, _ in headers}
        if "content-type" not in names:
            headers.append(("Content-Type", "application/json;charset=utf-8"))
        if (request.takes_gzip() and self._options.gzip == "auto"
                and "content-encoding" not in names and reply.status == 200):
            headers.append(("Content-Encoding", "gzip"))
            parts = _zipped(parts, self._options.gzip_level)
        if self._options.date_offset is not None and "date" not in names:
            headers.append(("Date", formatdate(server_now(self._options), usegmt=True)))
        headers.append(("Connection", "close" if close else "keep-alive"))
        if kind is None and self._options.framing == "chunked" or kind == "endless":
            return self._chunked(reply.status, headers, parts)
        return self._sized(reply.status, headers, b"".join(parts), fault)

    def _chunked(self, status, headers, parts):
        self._out.write(http1.head(status, headers + [("Transfer-Encoding", "chunked")]))
        for part in parts:
            if part:
                self._out.write(b"%x\r\n%s\r\n" % (len(part), part))
        self._out.write(b"0\r\n\r\n")
        self._out.flush()

    def _sized(self, status, headers, body, fault):
        kind, params = (fault.kind, fault.params) if fault else (None, {})
        length = len(body) + (params.get("delta", 100) if kind == "wrong_length" else 0)
        headers.append(("Content-Length", max(length, 0)))
        head = http1.head(status, headers)
        if kind in ("stall", "drip"):
            return self._slowly(head, body, fault)
        if kind == "close":
            self._out.write(head + body[:cut_at(len(body), params)])
            self._out.flush()
            raise Gone
        self._out.write(head)
        self._out.write(body)
        self._out.flush()
        if kind == "wrong_length":
            raise Gone
        return None

    def _slowly(self, head, body, fault):
        """stall: silence before the head, or after `after` bytes; drip: n bytes a second."""
        whole, params = head + body, fault.params
        if fault.kind == "stall":
            after = params.get("after", 0)
            self._out.write(whole[:after])
            self._out.flush()
            fault.cleared.wait(params.get("seconds", 3600))
            self._out.write(whole[after:])
            return self._out.flush()
        step = max(1, int(params.get("bytes_per_second", 100) * DRIP_TICK_S))
        at = 0
        while at < len(whole):
            until = len(whole) if fault.cleared.wait(DRIP_TICK_S) else at + step
            self._out.write(whole[at:until])
            self._out.flush()
            at = until
        return None


def _zipped(parts, level):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    for part in parts:
        packed = packer.compress(part)
        if packed:
            yield packed
    yield packer.flush()
