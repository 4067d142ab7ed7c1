#!/usr/bin/env python3
"""bench/serve/curve.py: latency against load, for each server from a tenth of its capacity to one and a half.

    curve.py --json curve.json && plot.py curve.json --out docs/plots       6 to 15 minutes a server

A closed loop of as many clients as the server has slots finds the capacity in answers a second; then an open loop offers
a share of it for --seconds, or longer until --requests-least have come. A share's requests are the first so many of one
list for every server. Croft refuses beyond --queue waiting requests; the others queue without end. With --rounds the
servers take turns; the capacity is that of the first. Settings of peers are those of compare.py's result (--settings), or
their defaults.
"""
import argparse
import json
import pathlib
import random
import sys

import account
import arrivals
import build_peers
import load
import loops
import servers

SHARES = (10, 25, 50, 70, 80, 90, 100, 110, 125, 150)


def say(text):
    print(text, file=sys.stderr, flush=True)


def closed(server, arguments, seed, count):
    """A closed loop of --parallel clients."""
    rng = random.Random(seed)
    writer = arrivals.Writer(rng)
    requests = [writer.request(arguments.prompt(rng), arguments.gen(rng)) for _ in range(count)]
    return load.measure(loops.Target(server.port, timeout=arguments.timeout), requests, clients=arguments.parallel,
                        pid=server.pid, first_ms=arguments.first_ms, between_ms=arguments.between_ms)


def offered(server, arguments, seed, rate, seconds):
    """An open loop of `rate` requests a second."""
    seconds = max(seconds, arguments.requests_least / rate)
    due_times = arrivals.exactly(random.Random(f"due {seed}"), max(1, round(rate * seconds)), seconds)
    rng = random.Random(seed)
    writer = arrivals.Writer(rng)
    requests = [writer.request(arguments.prompt(rng), arguments.gen(rng), due) for due in due_times]
    found = load.measure(loops.Target(server.port, timeout=arguments.timeout), requests, seconds_offered=seconds,
                         pid=server.pid, first_ms=arguments.first_ms, between_ms=arguments.between_ms)
    server.check()
    return found


def run_curve(name, entry, number, arguments):
    setting = entry.get("setting", ((), {}))
    croft_flags = ("--queue", arguments.queue)
    with servers.start(name, arguments, arguments.context, setting, croft_flags) as server:
        entry["command"], entry["environment"] = server.command, server.environment
        closed(server, arguments, f"warm {number}", arguments.parallel)
        capacity = closed(server, arguments, f"capacity {number}", arguments.parallel * arguments.capacity_rounds)
        entry.setdefault("capacity_per_second", capacity["answers_per_second"])
        entry["rounds"].setdefault(str(number), {})["closed"] = capacity
        for share in arguments.shares:
            rate = entry["capacity_per_second"] * share / 100
            found = offered(server, arguments, f"{number} {share}", rate, arguments.seconds)
            entry["rounds"][str(number)][str(share)] = found
            say(f"{name}, {share} % ({rate:.2f}/s): first token p50 {found['first_token_ms']['p50']}, p99 "
                f"{found['first_token_ms']['p99']} ms, {found['refused']} of {found['requests']} refused")
            for doubt in account.doubts(found):
                say(f"note: {doubt}")
            yield


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_arguments(parser)
    parser.add_argument("--servers", nargs="+", choices=servers.NAMES, default=["croft", "llama-server"])
    parser.add_argument("--settings", type=pathlib.Path, metavar="FILE", help="of compare.py --json: peers' settings")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--shares", type=int, nargs="+", default=SHARES, help="percent of the capacity")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each share")
    parser.add_argument("--requests-least", type=int, default=20, help="of each share")
    parser.add_argument("--capacity-rounds", type=int, default=6, help="requests of each client to find the capacity")
    parser.add_argument("--prompt", type=arrivals.lengths, default=arrivals.lengths("lognormal:150:0.5:600"), metavar="LENGTHS")
    parser.add_argument("--gen", type=arrivals.lengths, default=arrivals.lengths("lognormal:48:0.5:160"), metavar="LENGTHS")
    parser.add_argument("--context", type=int, default=1280)
    parser.add_argument("--queue", type=int, default=32, help="requests that may wait before Croft refuses")
    parser.add_argument("--timeout", type=float, default=300.0)
    parser.add_argument("--first-ms", type=float, default=1000.0)
    parser.add_argument("--between-ms", type=float, default=100.0)
    parser.add_argument("--quick", action="store_true", help="4 seconds each of three shares: a smoke run")
    parser.add_argument("--json", type=pathlib.Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.shares, arguments.seconds, arguments.requests_least = (25, 75, 150), 4.0, 2
        arguments.capacity_rounds = 1
    if min(arguments.shares) <= 0 or arguments.seconds <= 0 or min(arguments.rounds, arguments.capacity_rounds) < 1:
        parser.error("--shares, --seconds, --rounds and --capacity-rounds are above 0")
    return arguments


def main():
    arguments = parse_arguments()
    settings = json.loads(arguments.settings.read_text())["servers"] if arguments.settings else {}
    document = {"model": servers.model_file(arguments).name, "threads": arguments.threads, "parallel": arguments.parallel,
                "seconds": arguments.seconds, "shares": arguments.shares, "quick": arguments.quick, "servers": {}}
    entries = document["servers"]
    for number in range(1, arguments.rounds + 1):
        for name in random.Random(number).sample(arguments.servers, len(arguments.servers)):
            entry = entries.setdefault(name, {"rounds": {}})
            if "problem" in entry:
                continue
            try:
                if "version" not in entry:
                    entry["version"] = servers.version(name, servers.program(name, arguments))
                    flags, environment = settings.get(name, {}).get("setting", ((), {}))
                    entry["setting"] = (tuple(flags), environment)
                for _ in run_curve(name, entry, number, arguments):
                    arguments.json.write_text(json.dumps(document, indent=1) + "\n")
            except (servers.ServerFailed, build_peers.peers.InstallFailed, OSError, ValueError) as error:
                entry["problem"] = str(error)
                say(f"{name}: {error}")
    arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if any("problem" in entry for entry in entries.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
