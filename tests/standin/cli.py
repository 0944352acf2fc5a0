# SPDX-License-Identifier: Apache-2.0
"""The command line: reads options, wires the parts, prints one JSON line when ready."""
import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
import threading

from . import certs, control, dates, motion
from .api import Api
from .clock import Clock
from .faults import Faults
from .fleet import Fleet
from .server import HOST, Server, tls_context
from .stats import Stats


def parser():
    p = argparse.ArgumentParser(prog="standin", description="A stand-in for the upstream API.")
    p.add_argument("--port", type=int, default=0, help="API port (0: any free one)")
    p.add_argument("--plain", action="store_true", help="HTTP instead of HTTPS")
    p.add_argument("--closed", action="store_true", help="refuse connections until told")
    p.add_argument("--cert", choices=sorted(certs.NAMES), default="good")
    p.add_argument("--tls-min", choices=("1.2", "1.3"), default="1.2")
    p.add_argument("--key-env", help="environment variable with the key (else a random one)")
    p.add_argument("--fleet", type=int, default=20, help="number of trackers")
    p.add_argument("--kind", choices=motion.KINDS, help="all trackers of one kind")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--first-id", type=int, default=1000001)
    p.add_argument("--report", type=int, default=10, help="seconds between a mover's reports")
    p.add_argument("--clock", choices=("real", "stepped"), default="real")
    p.add_argument("--start", type=int, help="virtual Unix time at the start")
    p.add_argument("--date-offset", type=int, default=0,
                   help="seconds by which the header Date is ahead of the host's clock")
    p.add_argument("--step", dest="step_s", type=int, default=0,
                   help="seconds by which each get_states moves the clock (implies --report 1)")
    p.add_argument("--utc-offset", default="+02:00", help="the account's time zone")
    p.add_argument("--track-span", type=int, default=90 * 86400,
                   help="the longest span in seconds that track/read answers for")
    p.add_argument("--track-limit", type=int, default=0,
                   help="points that track/read answers at most, 0: no limit")
    p.add_argument("--order", choices=("vendor", "first", "last"), default="vendor")
    p.add_argument("--gzip", choices=("auto", "never"), default="auto")
    p.add_argument("--gzip-level", type=int, default=1, help="as zlib counts: 1 quick, 9 small")
    p.add_argument("--framing", choices=("length", "chunked"), default="length")
    p.add_argument("--no-keep-alive", dest="keep_alive", action="store_false")
    p.add_argument("--rate", type=int, default=50, help="requests a second, 0: no limit")
    p.add_argument("--max-body", type=int, default=1 << 20)
    p.add_argument("--served-log", type=int, default=200000, help="entries kept")
    return p


def _build(options, key):
    stats = Stats(options.served_log)
    clock = Clock(options.clock, options.start)
    zone = dates.Dates(dates.parse_offset(options.utc_offset))
    report = 1 if options.step_s else options.report
    fleet = Fleet(options.fleet, options.seed, options.first_id, report, clock, zone, options.kind)
    return stats, fleet, Api(fleet, options, key, stats), Faults()


def main(argv=None):
    options = parser().parse_args(argv)
    key = os.environ[options.key_env] if options.key_env else secrets.token_hex(16)
    stats, fleet, api, faults = _build(options, key)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with tempfile.TemporaryDirectory(prefix="standin-") as folder:
        context, ca_file = None, None
        if not options.plain:
            ca_file, cert, cert_key = certs.make(folder, options.cert)
            context = tls_context(cert, cert_key, options.tls_min)
        server = Server(api, options, faults, stats, context)
        if not options.closed:
            server.open()
        port = control.start(control.Control(server, api, fleet, faults, stats, options))
        scheme = "http" if options.plain else "https"
        print(json.dumps({"api_url": "%s://%s:%d/v2" % (scheme, HOST, server.port),
                          "control_url": "http://%s:%d" % (HOST, port), "ca_file": ca_file,
                          "key": key, "fleet": options.fleet, "pid": os.getpid()}), flush=True)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
