#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Polls the API and publishes each state that has changed: what one writes in an afternoon."""
import json
import os
import ssl
import sys
import time
import urllib.request

import paho.mqtt.client as mqtt

API, PERIOD, LIST_EVERY = os.environ["API_URL"], float(os.environ["PERIOD"]), 600
with open(os.environ["API_KEY_FILE"], encoding="ascii") as file:
    HEADERS = {"Authorization": "NVX " + file.read().strip(), "Content-Type": "application/json",
               "NVX-ISO-DateTime": "true"}
TLS = ssl.create_default_context(cafile=os.environ["CA_FILE"])


def call(action, **parameters):
    request = urllib.request.Request(API + action, json.dumps(parameters).encode(), HEADERS)
    with urllib.request.urlopen(request, timeout=30, context=TLS) as answer:
        return json.load(answer)


bus = mqtt.Client("poller")
bus.reconnect_delay_set(1, 15)
bus.connect_async(os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"]))
bus.loop_start()  # keeps what is published meanwhile at QoS 1 until the broker is back
ids, listed, seen = [], -LIST_EVERY, {}
while True:
    begun = time.monotonic()
    try:
        if begun - listed >= LIST_EVERY:
            ids, listed = [tracker["id"] for tracker in call("/tracker/list")["list"]], begun
        for number, state in call("/tracker/get_states", trackers=ids)["states"].items():
            if seen.get(number) != state["last_update"]:
                seen[number] = state["last_update"]
                bus.publish("depotlink/yard/tracker/%s/state" % number, json.dumps(state), qos=1, retain=True)
    except (OSError, ValueError, KeyError) as error:
        print(error, file=sys.stderr)
    time.sleep(max(0.0, PERIOD - (time.monotonic() - begun)))
