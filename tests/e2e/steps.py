# SPDX-License-Identifier: Apache-2.0
"""Steps that several tests take: change a state, wait for it, wait for more polls."""
from contract import state_topic


def change(standin, tracker_id, speed):
    """Makes a state newer by a second, with a speed to know it by."""
    updated = standin.clock()["now"] + 1
    standin.set(id=tracker_id, values={"gps.speed": speed, "last_update": updated,
                                       "gps.updated": updated})


def wait_speed(subscriber, tracker_id, speed):
    subscriber.wait_json(state_topic(tracker_id), lambda p: p["speed_kmh"] == speed)


def wait_more_polls(standin, count=3, path="tracker/get_states"):
    now = standin.stats()["requests"].get(path, 0)
    assert standin.wait(what=path, count=now + count, timeout=100)["done"], "polling stopped"
