#!/usr/bin/env python3
"""bench/serve/load.py: load on any server that speaks OpenAI's /v1/completions, with the standard library only.

  closed loop   --clients 16 --requests 200            so many people, each asks again when answered
  open loop     --rate 5 --seconds 60                  Poisson arrivals, whoever is waiting
  one long      --clients 8 --long 4000                a prompt of 4000 tokens comes in the middle
  shared        --shared 1000                          all prompts begin with the same tokens

Prompts are random token ids, no two alike beyond what --shared says; end tokens are ignored, so that every answer has the
length that was asked for. Both lengths are N, fixed:N, uniform:LOW:HIGH or lognormal:MEDIAN:SIGMA[:MAX].

What is counted: latencies begin when a request was due, not when the generator came to send it (send_lag_ms is the
difference). Tokens are those of the answer's usage. An event may hold several tokens: between_events_ms are the gaps
between events, per_token_ms an answer's time after its first event by its tokens after the first. An answer is good that
met --first-ms and, by its per_token_ms, --between-ms.
"""
import argparse
import json
import random
import sys

import account
import arrivals
import loops
import meter


def measure(target, requests, *, clients=0, seconds_offered=None, extra=None, pid=0, first_ms=1000.0, between_ms=100.0):
    """Runs `requests` (open loop where clients is 0) and returns the account."""
    watch = meter.Meter(pid)

    async def all_of_it():
        watch.start()
        try:
            if clients:
                return await loops.closed_loop(target, requests, clients, extra)
            return await loops.open_loop(target, requests)
        finally:
            cost.update(watch.stop())
            target.close()

    cost = {}
    answers = loops.read(loops.run(all_of_it()))
    return account.account(answers, first_ms, between_ms, seconds_offered) | cost | meter.memory(pid)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--model", default="any")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--requests", type=int, default=64, help="of a closed loop")
    parser.add_argument("--rate", type=float, default=0.0, help="arrivals per second: an open loop")
    parser.add_argument("--seconds", type=float, default=30.0, help="of an open loop")
    parser.add_argument("--prompt-dist", "--prompt", dest="prompt", default="200", metavar="LENGTHS", help="tokens")
    parser.add_argument("--gen-dist", "--gen", dest="gen", default="64", metavar="LENGTHS", help="tokens")
    parser.add_argument("--shared", type=int, default=0, help="tokens that all prompts begin with")
    parser.add_argument("--long", type=int, default=0, help="tokens of one prompt more")
    parser.add_argument("--long-after", type=float, default=1.0, help="seconds until the long prompt comes")
    parser.add_argument("--keep-alive", action="store_true", help="use connections again")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for one answer")
    parser.add_argument("--first-ms", type=float, default=1000.0, help="a good answer's first token comes by then")
    parser.add_argument("--between-ms", type=float, default=100.0, help="and the others after so long each")
    parser.add_argument("--lowest", type=int, default=1000, help="of the token ids")
    parser.add_argument("--vocabulary", type=int, default=49000, help="token ids are below this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pid", type=int, default=0, help="of the server: its memory and CPU time")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        arguments.prompt, arguments.gen = arrivals.lengths(arguments.prompt), arrivals.lengths(arguments.gen)
    except ValueError as error:
        parser.error(str(error))
    if arguments.rate < 0 or arguments.clients < 1 or arguments.requests < 1:
        parser.error("--rate is at least 0, --clients and --requests at least 1")
    if arguments.rate and arguments.long:
        parser.error("--long belongs to a closed loop, not to --rate")
    if not 0 <= arguments.lowest < arguments.vocabulary:
        parser.error("--lowest is at least 0 and below --vocabulary")
    return arguments


def main():
    arguments = parse_arguments()
    rng = random.Random(arguments.seed)
    writer = arrivals.Writer(rng, arguments.model, arguments.lowest, arguments.vocabulary, arguments.shared)
    due_times = arrivals.poisson(rng, arguments.rate, arguments.seconds) if arguments.rate else [None] * arguments.requests
    if not due_times:
        print(f"nobody came in {arguments.seconds} s at {arguments.rate} a second: a longer run is needed", file=sys.stderr)
        return 1
    requests = [writer.request(arguments.prompt(rng), arguments.gen(rng), due) for due in due_times]
    extra = (arguments.long_after, writer.request(arguments.long, 1, counts=False)) if arguments.long else None
    target = loops.Target(arguments.port, arguments.host, arguments.key, keep_alive=arguments.keep_alive,
                          timeout=arguments.timeout)
    found = measure(target, requests, clients=0 if arguments.rate else arguments.clients,
                    seconds_offered=arguments.seconds if arguments.rate else None, extra=extra, pid=arguments.pid,
                    first_ms=arguments.first_ms, between_ms=arguments.between_ms)
    if arguments.json:
        print(json.dumps(found))
    else:
        if extra and "long_prompt" not in found:
            print("note: the long prompt found no moment when every client had an answer", file=sys.stderr)
        for name, value in found.items():
            print(f"{name:24s} {value}")
    for doubt in account.doubts(found):
        print(f"note: {doubt}", file=sys.stderr)
    return 1 if found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
