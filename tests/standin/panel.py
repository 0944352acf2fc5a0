# SPDX-License-Identifier: Apache-2.0
"""The panel API's calls: its session, and the lists that a dealer may read."""
from . import render
from .errors import ApiError
from .extras import page

USERS = 25
# Which permission a call needs (Admin_Panel.json names them in words; getting-started, the pairs).
NEEDS = {"panel/user/list": ("users", "read"), "panel/tariff/list": ("tariffs", "read"),
         "panel/tracker/list": ("trackers", "read")}


class Panel:
    def __init__(self, account, fleet):
        self._account, self._fleet = account, fleet
        self.lists = {}  # what a test puts in a list's place
        self.calls = {"panel/account/auth": self._auth, "panel/account/logout": self._logout,
                      "panel/account/get_permissions": self._permissions,
                      "panel/user/list": self._users, "panel/tariff/list": self._tariffs,
                      "panel/tracker/list": self._trackers}

    def handle(self, action, params, credential):
        """The answer's members but `success`."""
        need = NEEDS.get(action)
        if need and need[1] not in self._account.permissions.get(need[0], ()):
            raise ApiError(13)
        if action in self.lists:
            return page(params, self.lists[action])
        return self.calls[action](params, credential)

    def _auth(self, params, _credential):
        session = self._account.begin(params)
        return [(b"hash", [render.dumps(session)])] + self._permissions(params, session)

    def _permissions(self, _params, _credential):
        return [(b"permissions", [render.dumps(self._account.permissions)])]

    def _logout(self, _params, credential):
        self._account.sessions.discard(credential)
        return []

    def _users(self, params, _credential):
        return page(params, [{"id": 90000 + n, "activated": True, "login": "user%d@example.com" % n,
                               "first_name": "User", "last_name": str(n), "trackers_count": n % 7}
                              for n in range(USERS)])

    def _tariffs(self, params, _credential):
        return page(params, [{"id": 10 + n, "name": "Plan %d" % n, "price": 12.55, "active": True}
                              for n in range(3)])

    def _trackers(self, params, _credential):
        with self._fleet.lock:
            chosen = [{"id": t.id, "label": t.label, "user_id": 90000}
                      for t in self._fleet.trackers.values()]
        return page(params, chosen)
