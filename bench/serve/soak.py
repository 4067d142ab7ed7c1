#!/usr/bin/env python3
"""bench/serve/soak.py: very many small requests, to see that a server stays well and its memory flat.

    soak.py                                        starts Croft: 100,000 requests
    soak.py --requests 20000 --port 8080 --pid 1   a server that runs already; any that speaks OpenAI's API

Prompts of 4 to 48 tokens, answers of 1 to 12. Of a hundred requests --hang-ups are given up after the first event or
two, and --wrong are none (half a JSON object, a negative length, a list): the server owes those a 400. After every --batch
requests, when nobody is there, the resident memory is noted. The line through what came after the first quarter tells
kB per 1,000 requests, with its standard error: flat is what stays below --flat-kb with two errors added, growing what is
above it with two errors taken away; between them the run was too short to say. Exit status: 0 flat and nothing failed, 1
growing or failed, 2 undecided.
"""
import argparse
import collections
import json
import random
import sys
import time

import account
import arrivals
import build_peers
import figures
import loops
import meter
import servers

WARM_UP_SHARE = 0.25
WRONG_BODIES = (b'{"model": "any", "prompt": [1, 2', b'{"model": "any", "prompt": "a", "max_tokens": -5}', b"[]",
                b'{"model": "any", "prompt": "a", "temperature": "hot"}')


def draw(rng, writer, arguments):
    """One request: ordinary, given up early, or wrong."""
    dice = rng.random() * 100
    if dice < arguments.wrong:
        return arrivals.Request(rng.choice(WRONG_BODIES), 0, 0, status_expected=400)
    hang_up_after = rng.randint(1, 2) if dice < arguments.wrong + arguments.hang_ups else 0
    return writer.request(rng.randint(4, 48), rng.randint(1, 12), hang_up_after=hang_up_after)


def verdict(points, flat_kb):
    """(word, slope, error) in kB per 1,000 requests of (requests, kB) after the warm-up."""
    steady = [(asked / 1000, kb) for asked, kb in points if asked > points[-1][0] * WARM_UP_SHARE]
    if len(steady) < 3:
        return "undecided", None, None
    slope, error = figures.line(steady)
    word = "flat" if slope + 2 * error <= flat_kb else "growing" if slope - 2 * error > flat_kb else "undecided"
    return word, round(slope, 2), round(error, 2)


def run(server, arguments):
    rng = random.Random(arguments.seed)
    writer = arrivals.Writer(rng)
    target = loops.Target(server.port, keep_alive=arguments.keep_alive, timeout=arguments.timeout)
    totals, errors, points = collections.Counter(), collections.Counter(), []
    begin = last_word = time.monotonic()
    asked = 0
    while asked < arguments.requests and not (arguments.seconds and time.monotonic() - begin > arguments.seconds):
        batch = [draw(rng, writer, arguments) for _ in range(min(arguments.batch, arguments.requests - asked))]

        async def one_batch(batch=batch):
            answers = await loops.closed_loop(target, batch, arguments.clients)
            target.close()
            return answers

        answers = loops.read(loops.run(one_batch()))
        server.check()
        asked += len(batch)
        totals["answers"] += sum(answer.complete for answer in answers)
        totals["hung_up"] += sum(answer.problem == "hung up" for answer in answers)
        totals["wrong_and_refused"] += sum(answer.status == answer.request.status_expected == 400 for answer in answers)
        totals["tokens"] += sum(answer.tokens for answer in answers)
        totals["busy_429"] += sum(answer.refused for answer in answers)
        totals["tokens_missing"] += sum(answer.request.answer_tokens - answer.tokens for answer in answers if
                                        answer.complete)
        errors.update(account.failures(answers))
        if server.pid:
            points.append((asked, meter.memory(server.pid)["rss_mib"] * 1024))
        if time.monotonic() - last_word > 20:
            last_word = time.monotonic()
            print(f"{asked} of {arguments.requests}: {points[-1][1] / 1024 if points else 0:.1f} MiB, {dict(errors)}",
                  file=sys.stderr, flush=True)
    word, slope, error = verdict(points, arguments.flat_kb) if points else ("unknown: no --pid", None, None)
    return {"server": server.name, "command": server.command, "requests": asked,
            "seconds": round(time.monotonic() - begin, 1), **totals, "errors": dict(errors),
            "rss_idle_mib": server.idle.get("rss_mib"), "rss_first_mib": round(points[0][1] / 1024, 1) if points else None,
            "rss_last_mib": round(points[-1][1] / 1024, 1) if points else None,
            "kb_per_1000_requests": slope, "kb_per_1000_error": error, "memory": word,
            "rss_kb": [[asked, round(kb)] for asked, kb in points]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_target_arguments(parser)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=0.0, help="end after so long with fewer requests; 0: never")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--batch", type=int, default=1000, help="requests between two looks at the memory")
    parser.add_argument("--hang-ups", type=float, default=5.0, metavar="PERCENT")
    parser.add_argument("--wrong", type=float, default=2.0, metavar="PERCENT")
    parser.add_argument("--keep-alive", action="store_true", help="use connections again, within a batch")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="for one answer")
    parser.add_argument("--flat-kb", type=float, default=16.0, help="kB per 1,000 requests that count as flat")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.requests < 1 or arguments.batch < 1 or arguments.clients < 1:
        parser.error("--requests, --batch and --clients are at least 1")
    if min(arguments.hang_ups, arguments.wrong, arguments.seconds) < 0 or arguments.hang_ups + arguments.wrong > 100:
        parser.error("--hang-ups and --wrong are shares of a hundred, --seconds is at least 0")
    try:
        with servers.chosen(arguments) as server:
            found = run(server, arguments)
    except (servers.ServerFailed, build_peers.peers.InstallFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            if name != "rss_kb":
                print(f"{name:22s} {value}")
    if found["errors"] or found["memory"] == "growing":
        return 1
    return 0 if found["memory"] == "flat" else 2


if __name__ == "__main__":
    sys.exit(main())
