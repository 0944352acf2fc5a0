# SPDX-License-Identifier: Apache-2.0
"""Each fault of the stand-in against what it promises."""
import http.client
import json
import socket
import time
import zlib
from urllib.parse import urlsplit

import pytest

from standin import faults


def test_error_fault_with_retry_after(standin, client):
    standin.fault(kind="error", code=15, retry_after=2, path="tracker/list", count=1)
    standin.fault(kind="error", code=15, retry_after="date:3", count=1)
    answer, _ = client.raw("/v2/tracker/list")
    assert answer.status == 429 and answer.getheader("Retry-After") == "2"
    answer, _ = client.raw("/v2/tracker/group/list")
    assert answer.getheader("Retry-After").endswith("GMT")
    assert client.call("tracker/list")[0] == 200 and standin.faults() == []


@pytest.mark.parametrize("kind,fact", [
    ("html", lambda a, b: b.startswith(b"<!DOCTYPE") and "html" in a.getheader("Content-Type")),
    ("empty", lambda a, b: b == b""),
    ("garbage", lambda a, b: len(b) == 4096),
    ("success_false_last", lambda a, b: json.loads(b)["success"] is False
     and json.loads(b)["states"] and b.rindex(b'"success"') > b.rindex(b'"states"')),
    ("truncate", lambda a, b: b.startswith(b'{"user_time"') and not b.endswith(b"}")),
    ("huge_element", lambda a, b: len(b) > 4 << 20 and json.loads(b)),
    ("deep", lambda a, b: b.count(b"[") > 100000),
    ("duplicate_keys", lambda a, b: b.count(b'"label":') == 2 and json.loads(b)),
    ("redirect", lambda a, b: a.status == 302 and a.getheader("Location")),
])
def test_faults_of_content(standin, client, kind, fact):
    standin.fault(kind=kind, count=1)
    assert fact(*client.raw("/v2/tracker/get_states", {"trackers": [1000001]}))
    assert client.call("tracker/get_states", trackers=[1000001])[0] == 200


def test_gzip_bomb(standin, client):
    standin.fault(kind="gzip_bomb", size=8 << 20, count=1)
    answer, body = client.raw("/v2/tracker/list")
    assert answer.getheader("Content-Encoding") == "gzip" and len(body) < 100000
    assert len(zlib.decompress(body, 31)) > 8 << 20


def test_label_bytes(standin, client):
    standin.fault(kind="label_bytes", id=1000002, hex="fffe", count=1)
    _, body = client.raw("/v2/tracker/list")
    assert b'"id":1000002,"label":"\xff\xfe' in body


def test_close_wrong_length_and_drop(standin, client):
    for kind in ("close", "wrong_length"):
        standin.fault(kind=kind, count=1)
        with pytest.raises(http.client.IncompleteRead):
            client.raw("/v2/tracker/list")
        client.http.close()
    standin.fault(kind="drop", count=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        client.raw("/v2/tracker/list")
    assert not any(entry["whole"] is None for entry in standin.served())


def test_drip_and_stall(standin, client):
    standin.fault(kind="drip", bytes_per_second=1000, count=1)
    begun = time.monotonic()
    _, body = client.raw("/v2/tracker/group/list")
    assert json.loads(body)["success"] and time.monotonic() - begun > len(body) / 2000
    standin.fault(kind="stall", seconds=0.5, count=1)
    begun = time.monotonic()
    client.raw("/v2/tracker/group/list")
    assert time.monotonic() - begun >= 0.5


def test_refuses_and_listens_again(standin, client):
    port = urlsplit(standin.api_url).port
    standin.listen(open=False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    standin.listen(open=True)
    client.http.close()
    assert client.call("tracker/group/list")[0] == 200


def test_each_fault_kind_is_of_one_sort():
    sorts = (faults.REPLACING, faults.MANGLING, faults.SENDING)
    assert len(faults.KINDS) == sum(map(len, sorts))
