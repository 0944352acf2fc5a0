# SPDX-License-Identifier: Apache-2.0
"""Splits work over processes that end with us."""
import multiprocessing
import os
import signal
import traceback

import driver
import machine


def _work(function, share, results, parent):
    machine.die_with_parent(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        results.send((True, function(share)))
    except (machine.Skip, driver.Unfit) as reason:
        results.send((False, reason))
    except BaseException:  # told to the parent, which raises
        results.send((False, RuntimeError(traceback.format_exc())))
    finally:
        results.close()


def each(function, shares):
    """function(share) for each share, at once, in processes of their own; their results in order."""
    if len(shares) == 1:
        return [function(shares[0])]
    fork = multiprocessing.get_context("fork")
    running = []
    for share in shares:
        ours, theirs = fork.Pipe(duplex=False)
        process = fork.Process(target=_work, args=(function, share, theirs, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        running.append((process, ours))
    answers = []
    for process, ours in running:
        try:
            answers.append(ours.recv())
        except EOFError:
            answers.append((False, RuntimeError("a worker died")))
        process.join()
    for good, answer in answers:
        if not good:
            raise answer
    return [answer for _, answer in answers]


def deal(items, hands):
    """Runs of neighbours, about equal in length; fewer where there are few items."""
    hands = max(1, min(hands, len(items)))
    size, more = divmod(len(items), hands)
    shares, begin = [], 0
    for hand in range(hands):
        end = begin + size + (hand < more)
        shares.append(items[begin:end])
        begin = end
    return shares
