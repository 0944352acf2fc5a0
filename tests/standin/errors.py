# SPDX-License-Identifier: Apache-2.0
"""The vendor's error codes: description and HTTP status (400 unless the documents say another)."""

CODES = {
    1: ("Database error", 500),
    2: ("Service Auth error", 403),
    3: ("Wrong hash", 400),
    4: ("User or API key not found or session ended", 400),
    5: ("Wrong request format", 400),
    6: ("Unexpected error", 500),
    7: ("Invalid parameters", 400),
    8: ("Queue service error, try again later", 503),
    9: ("Too large request", 412),
    11: ("Access denied", 403),
    12: ("Dealer not found", 400),
    13: ("Operation not permitted", 403),
    14: ("Database unavailable", 503),
    15: ("Too many requests (rate limit exceeded)", 429),
    102: ("Wrong login or password", 400),
    103: ("User not activated", 400),
    104: ("Logins limit exceeded, please reuse existing sessions instead", 400),
    105: ("Login attempts limit exceeded, try again later", 400),
    111: ("Wrong handler", 400),
    112: ("Wrong method", 400),
    201: ("Not found in database", 400),
    204: ("Entity not found", 404),
    208: ("Device blocked", 403),
    211: ("Requested time span is too big", 400),
    217: ("List contains nonexistent entities", 400),
    229: ("Requested data is not ready yet", 404),
    236: ("Feature unavailable due to tariff restrictions", 402),
    268: ("Over quota", 402),
    275: ("User is blocked", 403),
    276: ("Action is forbidden for received session type", 403),
}


class ApiError(Exception):
    """An answer in the vendor's error envelope."""

    def __init__(self, code, errors=None, http=None):
        super().__init__(code)
        self.code, self.errors = code, errors
        self.http = http or CODES.get(code, ("", 400))[1]

    def envelope(self):
        text = CODES.get(self.code, ("Error %d" % self.code, 400))[0]
        value = {"success": False, "status": {"code": self.code, "description": text}}
        if self.errors is not None:
            value["errors"] = self.errors
        return value


def invalid(parameter, why):
    """Code 7 for one parameter."""
    return ApiError(7, [{"parameter": parameter, "error": why}])
