# SPDX-License-Identifier: Apache-2.0
"""The API's calls: parameters in, a Reply out. Knows nothing of sockets or faults."""
from . import extras, panel, render, track
from .clock import server_now
from .errors import ApiError, invalid
from .links import Links
from .sessions import Sessions

MAX_BATCH = 2000
BLOCK = 400
# Calls that need no credential.
OPEN = ("user/auth", "panel/account/auth", "panel/timezone/list")


class Reply:
    """`parts` is an iterable of bytes; `served` lists (tracker id, last_update)."""

    def __init__(self, status, parts, headers=(), served=()):
        self.status, self.parts = status, parts
        self.headers, self.served = list(headers), served


def error_reply(error, headers=()):
    return Reply(error.http, [render.dumps(error.envelope())], headers)


class Api:
    """`options.order` is vendor, first or last: where `success` stands among the members."""

    def __init__(self, fleet, options, key, stats):
        self.fleet, self.options, self.stats = fleet, options, stats
        self.sessions = Sessions(key, stats)
        self.panel = panel.Panel(self.sessions.panel, fleet)
        self.extras = extras.Extras()
        self.links = Links(fleet.dates, lambda: server_now(options))
        self._calls = {
            "user/auth": self._auth, "user/session/renew": self._renew,
            "user/logout": self._logout,
            "tracker/list": self._list, "tracker/group/list": self._groups,
            "tracker/get_states": self._states, "tracker/get_state": self._state,
            "tracker/read": self._read, "track/read": self._track,
            "tracker/location/link/list": self._link_list,
            "tracker/location/link/read": self._link_read,
        }

    def handle(self, request):
        """Never raises: an ApiError becomes its envelope."""
        try:
            params = request.params()
            credential = None
            if request.action not in OPEN:
                credential = self.sessions.authorize(request, params)
            if request.action in self.panel.calls:
                members = self.panel.handle(request.action, params, credential)
                return Reply(200, self._members(members, True))
            if request.action in self.extras:
                return Reply(200, self._members(self.extras.answer(request.action, params), True))
            call = self._calls.get(request.action)
            if call is None:
                raise ApiError(self._unknown(request.action))
            iso = _flag(params, "iso_datetime") or (
                request.headers.get("nvx-iso-datetime", "").lower() == "true")
            with self.fleet.lock:
                return call(dict(params, hash=credential) if credential else params, iso)
        except ApiError as error:
            return error_reply(error)

    def _unknown(self, action):
        resource = action.rpartition("/")[0]
        known = {name.rpartition("/")[0] for name in self._calls}
        return 112 if resource in known else 111

    def _auth(self, params, _iso):
        session = self.sessions.user.begin(params)
        second = self.sessions.user.second_factor
        members = [(b"type", [b'"second_factor_required"' if second else b'"authenticated"'])]
        if second:
            members.append((b"factor_type", [b'"email"']))
        return Reply(200, self._members(members + [(b"hash", [render.dumps(session)])], True))

    def _renew(self, params, _iso):
        if params["hash"] not in self.sessions.user.sessions:
            raise ApiError(276)  # an API key
        return Reply(200, self._members([], True))

    def _logout(self, params, _iso):
        self.sessions.user.sessions.discard(params["hash"])
        return Reply(200, self._members([], True))

    def _members(self, members, first):
        """Joins (name, bytes iterable) members; `success` first or last as the options say."""
        order = self.options.order
        first = first if order == "vendor" else order == "first"
        yield b'{"success":true' + (b"," if members else b"") if first else b"{"
        for number, (name, parts) in enumerate(members):
            yield b'%s"%s":' % (b"," if number else b"", name)
            yield from parts
        yield b"}" if first else (b"," if members else b"") + b'"success":true}'

    def _list(self, params, _iso):
        chosen = list(self.fleet.trackers.values())
        if params.get("labels") is not None:
            labels = _labels(params["labels"])
            chosen = [t for t in chosen if any(text in t.label for text in labels)]
        texts = [self.fleet.list_text(t) for t in chosen]
        return Reply(200, self._members([(b"list", _array(texts))], True))

    def _groups(self, _params, _iso):
        texts = [render.dumps(group) for group in self.fleet.groups.values()]
        return Reply(200, self._members([(b"list", _array(texts))], True))

    def _tracker(self, params, blocked_allowed=False):
        tracker_id = params.get("tracker_id")
        if not _is_id(tracker_id):
            raise invalid("tracker_id", "must be an integer")
        tracker = self.fleet.trackers.get(tracker_id)
        if tracker is None:
            raise ApiError(201)
        if tracker.blocked and not blocked_allowed:
            raise ApiError(208)
        return tracker

    def _read(self, params, _iso):
        text = self.fleet.list_text(self._tracker(params, blocked_allowed=True))
        return Reply(200, self._members([(b"value", [text])], True))

    def _track(self, params, iso):
        found, exceeded = track.read(self.fleet, self._tracker(params), params, iso, self.options)
        texts = [render.dumps(point) for point in found]
        members = [(b"limit_exceeded", [render.dumps(exceeded)]), (b"list", _array(texts))]
        return Reply(200, self._members(members, True))

    def _link_list(self, params, iso):
        return Reply(200, self._members([(b"list", _array(self.links.list(params, iso)))], True))

    def _link_read(self, params, iso):
        return Reply(200, self._members([(b"value", [self.links.read(params, iso)])], True))

    def _time(self, iso):
        return [render.dumps(self.fleet.dates.format(self.fleet.clock.now(), iso))]

    def _state(self, params, iso):
        tracker = self._tracker(params)
        text, updated = self.fleet.state_text(tracker, iso)
        members = [(b"user_time", self._time(iso)), (b"state", [text])]
        return Reply(200, self._members(members, False), served=[(tracker.id, updated)])

    def _states(self, params, iso):
        ids = _ids(params.get("trackers"))
        if self.options.step_s:
            self.fleet.clock.advance(self.options.step_s)
        found, blocked, missing = self._sort_out(ids)
        if getattr(self.options, "poison", None) in ids:  # spoils its batch, whatever the flags say
            raise ApiError(217)
        if missing and not _flag(params, "allow_not_exist"):
            raise ApiError(217)
        if blocked and not _flag(params, "list_blocked"):
            raise ApiError(208)
        texts, served = [], []
        for tracker in found:
            text, updated = self.fleet.state_text(tracker, iso)
            texts.append(b'"%d":%s' % (tracker.id, text))
            served.append((tracker.id, updated))
        members = [(b"user_time", self._time(iso)), (b"states", _array(texts, b"{", b"}"))]
        if _flag(params, "list_blocked"):
            members.append((b"blocked", [render.dumps(blocked)]))
        if _flag(params, "allow_not_exist"):
            members.append((b"not_exist", [render.dumps(missing)]))
        return Reply(200, self._members(members, False), served=served)

    def _sort_out(self, ids):
        found, blocked, missing = [], [], []
        for tracker_id in dict.fromkeys(ids):
            tracker = self.fleet.trackers.get(tracker_id)
            if tracker is None:
                missing.append(tracker_id)
            elif tracker.blocked:
                blocked.append(tracker_id)
            else:
                found.append(tracker)
        return found, blocked, missing


def _array(texts, begin=b"[", end=b"]"):
    """The elements joined, some at a time, so that a long list is streamed."""
    yield begin
    for at in range(0, len(texts), BLOCK):
        yield (b"," if at else b"") + b",".join(texts[at:at + BLOCK])
    yield end


def _is_id(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _flag(params, name):
    return params.get(name) in (True, "true")


def _ids(value):
    if not isinstance(value, list) or not value:
        raise invalid("trackers", "must be a list with at least one item")
    if not all(_is_id(item) for item in value):
        raise invalid("trackers", "items must be integers")
    if len(value) > MAX_BATCH:
        raise invalid("trackers", "size must be between 1 and %d" % MAX_BATCH)
    return value


def _labels(value):
    if not isinstance(value, list) or not 1 <= len(value) <= 1024:
        raise invalid("labels", "size must be between 1 and 1024")
    if len(set(map(str, value))) != len(value):
        raise invalid("labels", "must not contain duplicates")
    if not all(isinstance(item, str) and 1 <= len(item) <= 60 for item in value):
        raise invalid("labels", "item length must be between 1 and 60")
    return value
