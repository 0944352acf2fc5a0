# SPDX-License-Identifier: Apache-2.0
"""The queue's files at the moment when most was waiting in them."""
import dataclasses
import os
import pathlib
import shutil

import driver
import ledger
import sites
import strace_log


@dataclasses.dataclass
class Frozen:
    files: dict    # name: contents
    before: object  # ledger.Ledger up to there
    order: list    # what a drain delivers where nothing is damaged

    def lay_out(self, folder, changed=()):
        """The files, with some changed; None for one that is not to be there. `folder` is emptied."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, data in {**self.files, **dict(changed)}.items():
            if data is not None:
                path = folder / name
                path.write_bytes(data)
                path.chmod(0o600)


def freeze(program, folder):
    """Runs the script, finds the line after which most was accepted and not delivered, and runs it anew
    to be killed there. As after a reboot: what was in the runtime folder is gone."""
    places = [folder / "queue", folder / "runtime"]
    fresh(places)
    found, finished = sites.of_run(program.script(*map(str, places)), folder / "strace.log", places)
    driver.require_sound(finished)
    prints = [site for site in found if not site.ours and site.name == "write"]
    at = most_waiting(strace_log.calls(folder / "strace.log"))
    fresh(places)
    died = strace_log.run(program.script(*map(str, places)), trace=("write",), inject=prints[at].kill())
    files = {entry.name: entry.read_bytes() for entry in places[0].iterdir() if entry.is_file()}
    state = Frozen(files, died.ledger, [])
    state.lay_out(places[0])
    fresh(places[1:])
    after = driver.run(program.drain(*map(str, places)))
    driver.require_sound_start(after)
    if ledger.judge(died.ledger, after, "accepted").violations():
        raise driver.Unfit("records are lost already where nothing was damaged")
    state.order = after.ledger.records["delivered"]
    return state


def fresh(places):
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
        pathlib.Path(place).mkdir(parents=True)


def most_waiting(calls):
    """Which write to standard output is the last before most was waiting (from 0)."""
    waiting, most, best, index = 0, -1, 0, -1
    for call in calls:
        if call.name != "write" or call.number(0) != 1:
            continue
        index += 1
        text = os.fsdecode(call.text(1))
        waiting += text.startswith("accepted ") - text.startswith(("delivered ", "dropped "))
        if waiting >= most:
            most, best = waiting, index
    return min(best + 1, index)
