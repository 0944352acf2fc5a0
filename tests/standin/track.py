# SPDX-License-Identifier: Apache-2.0
"""`track/read`: the points that a tracker has recorded, as the vendor's documents show them."""
import datetime

from . import motion
from .errors import ApiError, invalid


def _moment(params, name, dates, iso):
    """Unix seconds of a date in the request."""
    text = params.get(name)
    try:
        if iso:
            moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            if moment.tzinfo is None:
                raise ValueError("no offset")
            return int(moment.timestamp())
        moment = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp()) - dates.offset * 60
    except (AttributeError, TypeError, ValueError):
        raise invalid(name, "must be a date/time") from None


def points(fleet, tracker, since, until):
    """(Unix time, gps of the state) of each fix between the two, both excluded, oldest first."""
    now = fleet.clock.now() if tracker.frozen_at is None else tracker.frozen_at
    last, at = None, since
    while at <= min(now, until + 60):
        report = motion.quantum(tracker.kind, tracker.traits, fleet.report_s, at + tracker.shift)
        if report is not None:
            gps = motion.gps_at(tracker.kind, tracker.traits, report, lambda seconds: seconds)
            if since < gps["updated"] < until and gps["updated"] != last:
                last = gps["updated"]
                yield last, gps
        at += 1


def _point(time, gps, date):
    out = {"lat": gps["location"]["lat"], "lng": gps["location"]["lng"], "alt": gps["alt"],
           "satellites": 10, "mileage": 43.93, "get_time": date(time), "address": "",
           "heading": gps["heading"], "speed": gps["speed"]}
    if "precision" in gps:
        out["precision"] = gps["precision"]
    return out


def read(fleet, tracker, params, iso, options):
    """(points as the API has them, limit_exceeded). Simplified, every second point is gone."""
    since, until = (_moment(params, name, fleet.dates, iso) for name in ("from", "to"))
    if until <= since:
        raise invalid("to", "must be later than from")
    if until - since > options.track_span:
        raise ApiError(211)
    date = fleet.dates.iso if iso else fleet.dates.local
    found = [_point(time, gps, date) for time, gps in points(fleet, tracker, since, until)]
    if params.get("simplify", True) is not False:
        found = found[::2]
    exceeded = 0 < options.track_limit < len(found)
    return (found[:options.track_limit] if exceeded else found), exceeded
