#!/usr/bin/env python3
"""bench/serve/compare.py: Croft's server beside others, with the same file, threads, slots and requests, in turns.

    compare.py --rounds 5 --json result.json > table.md      everything, some 5 minutes a round on two quiet cores
    compare.py --quick                                       a smoke run

First each peer is tried with the settings that could suit it (servers.py) and keeps the fastest. Then, in every round and in
an order drawn anew, each server is started, waited for, loaded and stopped:

  many     16 clients, 200-token prompts, 64 out           one      the same, one client
  shared   1,000 tokens in common: cold, warm, 8 at once   long     a 4,000-token prompt among 8 streams

`long` needs more room for each sequence and has a start of its own. Memory is that of the other three. The table has the
medians of the rounds and, of the rounds' ratios to the best peer, the median: above 1 is better than it.
"""
import argparse
import json
import pathlib
import random
import sys

import account
import build_peers
import scenarios
import servers
import tables

sys.path.insert(0, str(build_peers.ROOT / "bench/peers"))
import run as peers_run  # noqa: E402  (the path comes first)

TUNE_SECONDS_MAX = 60.0  # for an answer while settings are tried: what is slower is out
FAILURES = (servers.ServerFailed, build_peers.peers.InstallFailed, OSError, ValueError, ZeroDivisionError)


def say(text):
    print(text, file=sys.stderr, flush=True)


def tuned(name, arguments):
    """The setting that answers 16 clients fastest, each group tried on top of the best so far, and what was tried."""
    best, tried = ((), {}), []
    for group in servers.SETTINGS[name]:
        rates = []
        for flags, environment in group:
            setting = (best[0] + flags, best[1] | environment)
            try:
                with servers.start(name, arguments, scenarios.CONTEXT_SHORT, setting) as server:
                    under_load = scenarios.Load(server, "tune", quick=True, timeout=TUNE_SECONDS_MAX)
                    scenarios.warm_up(under_load)
                    rate = under_load.measure(under_load.requests(16, 200, 24), clients=16)["tokens_per_second"]
            except servers.ServerFailed as error:  # a flag that this machine or model cannot have
                rate, setting = 0.0, best
                tried.append({"flags": flags, "environment": environment, "problem": str(error)})
            else:
                tried.append({"flags": setting[0], "environment": setting[1], "tokens_per_second": rate})
            rates.append((rate, setting))
            say(f"{name}: {' '.join(flags)} {environment or ''} {rate} tokens/s")
        if not any(rate for rate, _ in rates):
            say(f"note: {name} answered with none of these settings in {TUNE_SECONDS_MAX:g} s: a quieter machine is needed")
        best = max(rates, key=lambda entry: entry[0])[1]  # the first of equals: its own default
    return best, tried


def run_server(name, setting, seed, arguments):
    """One turn of a server: its figures by scenario."""
    found = {}
    for group, (context, members) in scenarios.GROUPS.items():
        wanted = {scenario: measure for scenario, measure in members.items() if scenario in arguments.scenarios}
        if not wanted:
            continue
        with servers.start(name, arguments, context, setting) as server:
            under_load = scenarios.Load(server, seed, arguments.quick, (arguments.first_ms, arguments.between_ms))
            scenarios.warm_up(under_load)
            for scenario, measure in wanted.items():
                found[scenario] = measure(under_load)
            found[f"memory_{group}"] = {"idle": server.idle, "after": servers.meter.memory(server.pid)}
            found[f"command_{group}"] = {"command": server.command, "environment": server.environment}
    return found


def note_doubts(name, number, found):
    for scenario, figures in found.items():
        if "errors" in figures:
            for doubt in account.doubts(figures | figures.get("together", {}) | {"errors": figures["errors"]}):
                say(f"note: round {number}, {name}, {scenario}: {doubt}")


def run_rounds(document, arguments):
    names = list(document["servers"])
    for number in range(1, arguments.rounds + 1):
        for name in random.Random(number).sample(names, len(names)):
            entry = document["servers"][name]
            if "problem" in entry:
                continue
            say(f"round {number} of {arguments.rounds}: {name}")
            try:
                entry["rounds"][str(number)] = found = run_server(name, entry["setting"], f"round {number}", arguments)
                note_doubts(name, number, found)
            except FAILURES as error:
                entry["problem"] = f"round {number}: {error}"
                say(f"{name}: {entry['problem']}")
        if arguments.json:  # after every round: a run that is cut short keeps what it has
            arguments.json.write_text(json.dumps(document, indent=1) + "\n")


def prepare(arguments):
    """The servers that start, with version and setting."""
    found = {}
    for name in arguments.servers:
        say(f"{name}: building where needed, trying settings")
        try:
            setting, tried = ((), {}), []
            about = servers.version(name, servers.program(name, arguments))
            if arguments.tune:
                setting, tried = tuned(name, arguments)
            found[name] = {"version": about, "setting": setting, "settings_tried": tried, "rounds": {}}
        except FAILURES as error:
            found[name] = {"problem": str(error), "rounds": {}}
            say(f"{name}: {error}")
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_arguments(parser)
    every = [scenario for _, members in scenarios.GROUPS.values() for scenario in members]
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--servers", nargs="+", choices=servers.NAMES, default=servers.NAMES)
    parser.add_argument("--scenarios", nargs="+", choices=every, default=every)
    parser.add_argument("--first-ms", type=float, default=1000.0, help="a good answer's first token comes by then")
    parser.add_argument("--between-ms", type=float, default=100.0, help="and the others after so long each")
    parser.add_argument("--no-tune", dest="tune", action="store_false", help="leave the peers' settings as they are")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="keep everything here")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds is at least 1")
    if arguments.quick:
        arguments.rounds = 1
    arguments.folder = arguments.folder.resolve()
    return arguments


def main():
    arguments = parse_arguments()
    document = {"model": servers.model_file(arguments).name, "threads": arguments.threads, "parallel": arguments.parallel,
                "quick": arguments.quick, "machine": peers_run.machine_facts(), "servers": prepare(arguments)}
    run_rounds(document, arguments)
    print(tables.markdown(document))
    return 1 if any("problem" in entry for entry in document["servers"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
