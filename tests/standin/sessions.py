# SPDX-License-Identifier: Apache-2.0
"""Credentials of both APIs: the key, and sessions that are begun, prolonged and ended.

A hash is good for one API only; what came to the wrong one is counted, for no test may see any.
"""
import hmac
import re
import secrets

from .errors import ApiError

HASH = re.compile(r"[0-9a-fA-F]{32}$")
# Canaries: a test looks for them where they may not be.
USER = ("depot@example.com", "user-Passw0rd-canary")
PANEL = ("20410", "panel-Passw0rd-canary")
PERMISSIONS = {"base": ["get_dealer_info"], "tariffs": ["read"], "trackers": ["read", "report"],
               "users": ["read", "update"]}


class Account:
    """Who may log in to one of the APIs, and the sessions that are open."""

    def __init__(self, login, password):
        self.login, self.password = login, password
        self.sessions, self.begun = set(), []
        self.refusal = None        # a code with which each login is answered
        self.second_factor = False
        self.permissions = {name: list(what) for name, what in PERMISSIONS.items()}

    def begin(self, params):
        if self.refusal is not None:
            raise ApiError(self.refusal)
        login, password = str(params.get("login")), str(params.get("password"))
        right = hmac.compare_digest(login.encode(), self.login.encode())
        if not right or not hmac.compare_digest(password.encode(), self.password.encode()):
            raise ApiError(102)
        session = secrets.token_hex(16)
        if not self.second_factor:
            self.sessions.add(session)
            self.begun.append(session)
        return session


class Sessions:
    def __init__(self, key, stats):
        self.key, self.stats = key, stats
        self.key_code = None  # 3 or 4 where the key counts as revoked
        self.user, self.panel = Account(*USER), Account(*PANEL)

    def _count(self, way, credential, account, other):
        right = credential in account.sessions or (
            account is self.user and hmac.compare_digest(credential.encode(), self.key.encode()))
        self.stats.auth("%s_%s" % (way, "right" if right else "wrong"))
        if credential in other.sessions or (account is self.panel and credential == self.key):
            self.stats.auth("of_the_other_api")
        return right

    def authorize(self, request, params):
        """Raises ApiError where the request's credential is not good for its path."""
        way, credential = _credential(request, params)
        if credential is None:
            self.stats.auth("missing")
            raise ApiError(3)
        of_panel = is_panel(request.action)
        account, other = (self.panel, self.user) if of_panel else (self.user, self.panel)
        right = self._count(way, credential, account, other)
        if right and credential == self.key and self.key_code is not None:
            raise ApiError(self.key_code)
        if not right:
            raise ApiError(4 if HASH.match(credential) else 3)
        return credential


def is_panel(action):
    return action.startswith("panel/")


def _credential(request, params):
    header = request.headers.get("authorization", "")
    if header.startswith("NVX "):
        return "header", header[4:].strip()
    if "hash" in request.query:
        return "query", str(request.query["hash"])
    if "hash" in params:
        return "body", str(params["hash"])
    return None, None
