# SPDX-License-Identifier: Apache-2.0
"""What the stand-in served, held against what came on the bus: state by state."""
import json
import re
import signal

import contract

RECORD = re.compile(re.escape(contract.PREFIX) + r"tracker/(\d+)/(state|history)$")
PATIENCE_S = 120


class Ledger:
    """Served states by (tracker, update time); records of all subscribers, in order of arrival."""

    def __init__(self, standin, subscribe):
        self._standin, self._subscribe, self.subscribers = standin, subscribe, []
        self._records, self._read, self._seen = [], [], set()

    def watch(self, broker):
        self.records()  # of the last one, to its end
        self.subscribers.append(self._subscribe(broker))
        self._read.append(0)
        return self.subscribers[-1]

    def start_broker(self, broker, agent):
        """Starts the broker; `history` is not retained, so the agent is held until we listen."""
        agent.process.send_signal(signal.SIGSTOP)
        try:
            broker.start()
            return self.watch(broker)
        finally:
            agent.process.send_signal(signal.SIGCONT)

    def served(self):
        silent = set(contract.ids_of(self._standin, "registered"))
        return {(entry["id"], contract.utc(entry["last_update"]))
                for entry in self._standin.served(since=0)
                if entry["whole"] and entry["id"] not in silent}

    def records(self):
        """(kind of topic, payload) of each record so far."""
        for place, subscriber in enumerate(self.subscribers):
            messages = subscriber.messages[self._read[place]:]
            self._read[place] += len(messages)
            for message in messages:
                match = RECORD.match(message.topic)
                if match and message.payload:
                    payload = json.loads(message.payload)
                    self._records.append((match.group(2), payload))
                    self._seen.add((payload["id"], payload.get("update_time")))
        return self._records

    def seen(self):
        self.records()
        return self._seen

    def wait_complete(self, timeout=PATIENCE_S):
        """Until each state that was served has come. Nothing new may be served meanwhile."""
        served = self.served()
        self.subscribers[-1].wait_for(lambda _: served <= self.seen(), timeout,
                                      "each of %d states that were served" % len(served))

    def assert_in_order(self, late_on="history"):
        """Within each topic nothing older behind something newer; `late` where it belongs."""
        newest = {}
        for kind, payload in self.records():
            late = payload.get("late", False)
            assert late or kind == "state", "not marked late: %s" % payload
            assert not late or kind == late_on, "late on %s: %s" % (kind, payload)
            place = (kind, payload["id"])
            time = payload.get("update_time", "")
            assert newest.get(place, "") <= time, "%s behind %s" % (payload, newest[place])
            newest[place] = time

    def repeats(self):
        """Records that came more than once: a run and its number, whatever the topic."""
        numbers = [(payload["run"], payload["seq"]) for _, payload in self.records()]
        return len(numbers) - len(set(numbers))


def whole_rounds(standin, count=1):
    """Waits until each published tracker was served `count` more times."""
    ids = {tracker["id"] for tracker in contract.visible(standin)}
    for _ in range(count):
        begun, missing = standin.stats()["served"], set(ids)
        while missing:
            polls = standin.stats()["requests"].get("tracker/get_states", 0)
            missing -= {entry["id"] for entry in standin.served(since=begun)}
            if missing:
                assert standin.wait(what="tracker/get_states", count=polls + 1,
                                    timeout=30)["done"], "polling stopped"
