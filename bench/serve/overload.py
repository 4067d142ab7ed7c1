#!/usr/bin/env python3
"""bench/serve/overload.py: three times as many requests as a server can answer, and what becomes of them.

    overload.py                                    starts Croft          overload.py --server llama-server
    overload.py --port 8080 --pid 1234             a server that runs already; any that speaks OpenAI's API

A closed loop finds the capacity; open loops offer 70 %, 100 % and --times of it for --seconds each. Said are: the
latency of those that were accepted, how soon the others were refused, goodput (answers that met --first-ms and
--between-ms, per second) against the most that any of the loads reached, and how long a single request takes before and
right after the storm.
"""
import argparse
import json
import random
import sys

import account
import arrivals
import build_peers
import curve
import servers


def say(text):
    print(text, file=sys.stderr, flush=True)


def alone(server, arguments, seed):
    """First token of one request with nobody else there, in milliseconds."""
    rng = random.Random(seed)
    request = arrivals.Writer(rng).request(arguments.prompt(rng), arguments.gen(rng))
    found = curve.load.measure(curve.loops.Target(server.port, timeout=arguments.timeout), [request], clients=1)
    return found["first_token_ms"]["p50"]


def run(server, arguments):
    curve.closed(server, arguments, "warm", arguments.parallel)
    before = alone(server, arguments, "before")
    capacity = curve.closed(server, arguments, "capacity", arguments.parallel * arguments.capacity_rounds)
    loads = {"closed": capacity}
    for share in (0.7, 1.0, arguments.times):
        rate = capacity["answers_per_second"] * share
        loads[f"{share:g}"] = found = curve.offered(server, arguments, f"load {share:g}", rate, arguments.seconds)
        say(f"{share:g} x ({rate:.2f}/s): {found['answers']} answered, {found['refused']} refused, good "
            f"{found['goodput_per_second']}/s")
        for doubt in account.doubts(found):
            say(f"note: {doubt}")
    after = alone(server, arguments, "after")
    storm = loads[f"{arguments.times:g}"]
    most = max(found["goodput_per_second"] for found in loads.values())
    return {"server": server.name, "command": server.command, "capacity_per_second": capacity["answers_per_second"],
            "accepted_first_token_ms": storm["first_token_ms"], "accepted_end_to_end_ms": storm["end_to_end_ms"],
            "refused": storm["refused"], "refused_after_ms": storm["refused_after_ms"],
            "retry_after_s": storm["retry_after_s"], "goodput_per_second": storm["goodput_per_second"],
            "goodput_most_per_second": most,
            "goodput_share": round(storm["goodput_per_second"] / most, 3) if most else None,
            "alone_before_ms": before, "alone_after_ms": after, "errors": storm["errors"], "loads": loads}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_target_arguments(parser)
    parser.add_argument("--times", type=float, default=3.0, help="of the capacity")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each load")
    parser.add_argument("--requests-least", type=int, default=20, help="of each load, however long that takes")
    parser.add_argument("--capacity-rounds", type=int, default=6, help="requests of each client to find the capacity")
    parser.add_argument("--prompt", type=arrivals.lengths, default=arrivals.lengths("200"), metavar="LENGTHS")
    parser.add_argument("--gen", type=arrivals.lengths, default=arrivals.lengths("64"), metavar="LENGTHS")
    parser.add_argument("--timeout", type=float, default=300.0)
    parser.add_argument("--first-ms", type=float, default=2000.0)
    parser.add_argument("--between-ms", type=float, default=100.0)
    parser.add_argument("--json", action="store_true", help="everything, each load's account included")
    arguments = parser.parse_args()
    if arguments.times <= 1 or arguments.seconds <= 0 or arguments.capacity_rounds < 1:
        parser.error("--times is above 1, --seconds above 0, --capacity-rounds at least 1")
    try:
        with servers.chosen(arguments) as server:
            found = run(server, arguments)
    except (servers.ServerFailed, build_peers.peers.InstallFailed, OSError) as error:
        say(str(error))
        return 1
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            if name != "loads":
                print(f"{name:26s} {value}")
    return 1 if found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
