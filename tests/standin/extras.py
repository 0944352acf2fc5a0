# SPDX-License-Identifier: Apache-2.0
"""Read-only actions beyond the fleet's: their lists and values, with the vendor's examples to start
from (user-api/backend-api/resources: tracking/retranslator, commons/file). A test puts its own."""
from . import render
from .errors import invalid

# A canary: no test may see it on a bus.
RETRANSLATOR_PASSWORD = "retranslator-Passw0rd-canary"
LISTS = {
    "retranslator/list": [{"id": 1, "name": "Some server", "protocol_id": 123456,
                           "address": "127.0.0.1", "port": 15000, "login": "login",
                           "password": RETRANSLATOR_PASSWORD, "enabled": True}],
    "zone/list": [], "tag/list": [],
}
VALUES = {"file/stats/read": {"file_count": 24, "total_size": 40192953, "quota": 104857600}}
PAGED = ("zone/list",)


class Extras:
    def __init__(self):
        self.lists = {name: list(items) for name, items in LISTS.items()}
        self.values = dict(VALUES)

    def __contains__(self, action):
        return action in self.lists or action in self.values

    def answer(self, action, params):
        """The answer's members but `success`."""
        if action in self.values:
            return [(b"value", [render.dumps(self.values[action])])]
        if action in PAGED:
            return page(params, self.lists[action])
        return [(b"list", [render.dumps(self.lists[action])])]


def page(params, items):
    offset, limit = params.get("offset", 0), params.get("limit", len(items))
    for name, value in (("offset", offset), ("limit", limit)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise invalid(name, "must be a whole number from 0")
    return [(b"list", [render.dumps(items[offset:offset + limit])]),
            (b"count", [render.dumps(len(items))])]
