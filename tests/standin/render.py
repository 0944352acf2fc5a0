# SPDX-License-Identifier: Apache-2.0
"""Values to JSON text, UTF-8 where it can be; which members of a state are dates."""
import json

DATE_KEYS = frozenset((
    "updated", "movement_status_update", "ignition_update", "last_update", "battery_update",
    "inputs_update", "outputs_update", "actual_track_update"))
_utf8 = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def dumps(value):
    """Compact JSON as bytes; lone surrogates travel as \\u escapes."""
    try:
        return _utf8(value).encode("utf-8")
    except UnicodeEncodeError:
        return _ascii(value).encode("ascii")
