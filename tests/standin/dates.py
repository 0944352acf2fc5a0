# SPDX-License-Identifier: Apache-2.0
"""Unix seconds to the two date formats of the API, cached: a fleet shares few instants."""
import time


class Dates:
    """Formats in the account's zone; `offset` is minutes east of UTC."""

    MAX_CACHED = 50000

    def __init__(self, offset_minutes):
        self.offset = offset_minutes
        sign = "-" if offset_minutes < 0 else "+"
        hours, minutes = divmod(abs(offset_minutes), 60)
        self._suffix = "%s%02d:%02d" % (sign, hours, minutes)
        self._iso = {}
        self._local = {}

    def format(self, seconds, iso):
        if seconds is None:
            return None
        return self.iso(seconds) if iso else self.local(seconds)

    def iso(self, seconds):
        text = self._iso.get(seconds)
        if text is None:
            text = self._keep(self._iso, seconds, "%Y-%m-%dT%H:%M:%S", self._suffix)
        return text

    def local(self, seconds):
        text = self._local.get(seconds)
        if text is None:
            text = self._keep(self._local, seconds, "%Y-%m-%d %H:%M:%S", "")
        return text

    def _keep(self, cache, seconds, shape, suffix):
        if len(cache) > self.MAX_CACHED:
            cache.clear()
        text = time.strftime(shape, time.gmtime(seconds + self.offset * 60)) + suffix
        cache[seconds] = text
        return text


def parse_offset(text):
    """`+05:30`, `-03:00` or `Z` to minutes east of UTC."""
    if text in ("Z", "UTC", "0"):
        return 0
    sign = -1 if text[0] == "-" else 1
    hours, _, minutes = text.lstrip("+-").partition(":")
    return sign * (int(hours) * 60 + int(minutes or 0))
