# SPDX-License-Identifier: Apache-2.0
"""What the stand-in's own tests share: a running one, and a plain client for it."""
import http.client
import json
import os
import ssl
import sys
from urllib.parse import urlsplit

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from standin.launch import StandIn  # noqa: E402


class Client:
    """One keep-alive connection to the stand-in."""

    def __init__(self, standin):
        self.standin = standin
        parts = urlsplit(standin.api_url)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=standin.ca_file)
            self.http = http.client.HTTPSConnection(parts.netloc, context=context, timeout=20)
        else:
            self.http = http.client.HTTPConnection(parts.netloc, timeout=20)

    def raw(self, path, body=None, method="POST", **headers):
        sent = {"Authorization": "NVX " + self.standin.key, "Content-Type": "application/json"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        sent = {name: value for name, value in sent.items() if value is not None}
        if isinstance(body, dict):
            body = json.dumps(body)
        self.http.request(method, path, body, sent)
        answer = self.http.getresponse()
        return answer, answer.read()

    def call(self, action, iso=False, **params):
        headers = {"NVX_ISO_DateTime": "true"} if iso else {}
        answer, body = self.raw("/v2/" + action, params, **headers)
        return answer.status, json.loads(body)


@pytest.fixture(scope="module")
def standin():
    with StandIn(fleet=60, clock="stepped", start=1722512723, rate=0) as running:
        yield running


@pytest.fixture
def client(standin):
    client = Client(standin)
    yield client
    client.http.close()
    standin.clear()
