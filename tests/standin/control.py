# SPDX-License-Identifier: Apache-2.0
"""The control port: HTTP on loopback, JSON both ways. The test's hand inside the stand-in."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from . import render, track

EDITABLE = ("label", "group_id", "model", "blocked", "kind", "shift", "device_id", "source_id")


class Control:
    """Actions by name; each takes a dict of arguments and returns something JSON can hold."""

    def __init__(self, server, api, fleet, faults, stats, options):
        self._server, self._api, self._fleet = server, api, fleet
        self._faults, self._stats, self._options = faults, stats, options
        self.actions = {name[4:]: getattr(self, name) for name in dir(self)
                        if name.startswith("act_")}

    def act_advance(self, seconds):
        return {"now": self._fleet.clock.advance(seconds)}

    def act_clock(self):
        return {"now": self._fleet.clock.now(), "mode": self._fleet.clock.mode}

    def act_fault(self, kind, path="*", count=None, **params):
        return self._faults.add(kind, path, count, **params)

    def act_faults(self):
        return self._faults.describe()

    def act_clear(self):
        self._faults.clear()
        return {}

    def act_stats(self):
        return self._stats.snapshot()

    def act_reset(self):
        self._stats.reset()
        return {}

    def act_wait(self, what="*", count=1, timeout=10):
        done, number = self._stats.wait(what, int(count), float(timeout))
        return {"done": done, "count": number}

    def act_served(self, since=0, tracker=None):
        entries = self._stats.served_since(int(since), None if tracker is None else int(tracker))
        dates = self._fleet.dates
        return [{"n": n, "id": i, "last_update": dates.format(t, True), "unix": t, "whole": w,
                 "at": at} for n, i, t, w, at in entries]

    def act_state(self, id):
        """What a get_state would say now, in ISO dates, without counting as served."""
        with self._fleet.lock:
            tracker = self._fleet.trackers[int(id)]
            return {"tracker": tracker.listed(), "state": self._fleet.state(tracker, True)[0],
                    "kind": tracker.kind}

    def act_points(self, id, since, until):
        """Unix times of the fixes that `track/read` knows between two others."""
        with self._fleet.lock:
            tracker = self._fleet.trackers[int(id)]
            return [time for time, _ in track.points(self._fleet, tracker, int(since), int(until))]

    def act_trackers(self):
        with self._fleet.lock:
            groups = {0: None, **{g["id"]: g["title"] for g in self._fleet.groups.values()}}
            return [{"id": t.id, "kind": t.kind, "label": t.label, "group_id": t.group_id,
                     "group": groups.get(t.group_id), "model": t.model, "blocked": t.blocked}
                    for t in self._fleet.trackers.values()]

    def act_add(self, id=None, kind="parked", **fields):
        return {"id": self._fleet.add(id, kind, **_editable(fields)).id}

    def act_edit(self, id, **fields):
        self._fleet.edit(id, **_editable(fields))
        return {}

    def act_set(self, id, values):
        """Overrides members of the state: {"gps.speed": 7, "last_update": unix seconds}."""
        self._fleet.override(id, values)
        return {}

    def act_unset(self, id):
        self._fleet.edit(id, overrides={})
        return {}

    def act_remove(self, id):
        self._fleet.remove(id)
        return {}

    def act_freeze(self, ids=None, frozen=True):
        self._fleet.freeze(ids, frozen)
        return {}

    def act_group(self, id, title=None, color="AAAAAA", remove=False):
        with self._fleet.lock:
            if remove:
                self._fleet.groups.pop(id, None)
            else:
                self._fleet.groups[id] = {"id": id, "title": title, "color": color}
        return {}

    def act_link(self, id, trackers=None, remove=False, **fields):
        """Adds, changes or removes a geo link; times of its lifetime in Unix seconds."""
        links = self._api.links
        if remove:
            links.remove(id)
        elif trackers is None:
            links.edit(id, **fields)
        else:
            links.put(id, trackers, **fields)
        return {}

    def act_listen(self, open=True):
        (self._server.open if open else self._server.shut)()
        return {}

    def act_drop(self):
        self._server.drop_all()
        return {}

    def act_revoke(self, code=4, revoked=True):
        self._api.sessions.key_code = code if revoked else None
        return {}

    def act_account(self, api="user", **values):
        """Changes an account: refusal, second_factor, permissions, password."""
        account = getattr(self._api.sessions, api)
        for name, value in values.items():
            if name not in ("refusal", "second_factor", "permissions", "password"):
                raise ValueError("no member %r of an account can be changed" % name)
            setattr(account, name, value)
        return {}

    def act_sessions(self, api="user", end=False):
        """How many sessions are open, and the hashes of all that ever were; ends them all where asked."""
        account = getattr(self._api.sessions, api)
        count = len(account.sessions)
        if end:
            account.sessions.clear()
        return {"count": count, "begun": account.begun}

    def act_canaries(self, **words):
        """Texts that requests are looked through for, by name; `stats` tells which came where."""
        self._stats.canaries = words
        return {}

    def act_extra(self, path, items=None, value=None):
        """Puts what a read-only action answers: a list's items, or a value."""
        if value is not None:
            self._api.extras.values[path] = value
        elif path.startswith("panel/"):
            self._api.panel.lists[path] = items
        else:
            self._api.extras.lists[path] = items
        return {}

    def act_options(self, **values):
        """Changes order, gzip, framing, keep_alive, step_s, date_offset (null: no Date), track_span,
        track_limit or poison (a tracker) while running."""
        for name, value in values.items():
            if name not in ("order", "gzip", "framing", "keep_alive", "step_s", "date_offset",
                            "track_span", "track_limit", "poison"):
                raise ValueError("no option %r can be changed" % name)
            setattr(self._options, name, value)
        return {}


def _editable(fields):
    for name in fields:
        if name not in EDITABLE:
            raise ValueError("no field %r; known: %s" % (name, ", ".join(EDITABLE)))
    return fields


def start(control):
    """Serves the control port from a thread; returns its number."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def _run(self, arguments):
            name = self.path.partition("?")[0].strip("/")
            try:
                status, value = 200, control.actions[name](**arguments)
            except (KeyError, TypeError, ValueError) as error:
                status, value = 400, {"error": "%s: %r" % (name, error)}
            body = render.dumps(value)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self._run(dict(parse_qsl(self.path.partition("?")[2])))

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._run(json.loads(body or b"{}"))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
