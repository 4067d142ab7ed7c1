#!/usr/bin/env python3
"""bench/serve/load.py: load on any server that speaks OpenAI's /v1/completions, with the standard library only.

  closed loop   --clients 16 --requests 200            so many people, each asks again when answered
  open loop     --rate 5 --seconds 60                  Poisson arrivals, whoever is waiting
  one long      --clients 8 --long 4000                a prompt of 4000 tokens comes in the middle
  shared        --shared 1000                          all prompts begin with the same tokens

Prompts are random token ids, no two alike beyond what --shared says; lengths are drawn between --prompt and --prompt-max,
answers between --gen and --gen-max (end tokens ignored). Prints a table, or with --json one object: time to first
token, time between tokens and end-to-end in milliseconds (p50, p95, p99), tokens per second, refusals, and the server's
resident memory where --pid names it.
"""
import argparse
import asyncio
import json
import random
import sys
import time


def percentile(values, p):
    if not values:
        return None
    values = sorted(values)
    at = (len(values) - 1) * p / 100
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def summary(seconds):
    return {f"p{p}": None if not seconds else round(percentile(seconds, p) * 1e3, 2) for p in (50, 95, 99)}


def resident_mib(pid):
    if not pid:
        return None
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return round(int(line.split()[1]) / 1024, 1)


class Results:
    def __init__(self):
        self.first, self.between, self.whole = [], [], []
        self.tokens = self.cached = self.refused = self.failed = 0
        self.retry_after = []


async def ask(args, prompt, answer, results, counts=True):
    """One streamed request; its times go to `results`."""
    body = json.dumps({"model": args.model, "prompt": prompt, "max_tokens": answer, "stream": True, "temperature": 0,
                       "ignore_eos": True, "stream_options": {"include_usage": True}}).encode()
    head = (f"POST /v1/completions HTTP/1.1\r\nHost: {args.host}:{args.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {args.key}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
    start = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(args.host, args.port)
        writer.write(head + body)
        status = int((await reader.readline()).split()[1])
        headers = {}
        while (line := (await reader.readline()).decode().strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if status == 429:
            results.refused += 1
            results.retry_after.append(int(headers.get("retry-after", "0")))
            writer.close()
            return False
        if status != 200:
            results.failed += 1
            print(f"status {status}: {(await reader.read(300)).decode(errors='replace')}", file=sys.stderr)
            writer.close()
            return False
        last = None
        ended = False
        while (line := await reader.readline()):
            if not line.startswith(b"data: "):
                continue
            if line.startswith(b"data: [DONE]"):
                ended = True
                break
            event = json.loads(line[6:])
            if event.get("usage"):
                results.cached += (event["usage"].get("prompt_tokens_details") or {}).get("cached_tokens", 0)
            if not event.get("choices") or event["choices"][0].get("finish_reason"):
                continue
            now = time.perf_counter()
            if counts:
                if last is None:
                    results.first.append(now - start)
                else:
                    results.between.append(now - last)
                results.tokens += 1
            last = now
        writer.close()
        if not ended:
            results.failed += 1
            return False
        if counts:
            results.whole.append(time.perf_counter() - start)
        return True
    except (OSError, ValueError, IndexError) as error:
        results.failed += 1
        print(f"request failed: {error}", file=sys.stderr)
        return False


async def run(args):
    rng = random.Random(args.seed)
    shared = [rng.randrange(args.lowest, args.vocabulary) for _ in range(args.shared)]

    def draw(low, high):
        return low if high <= low else rng.randint(low, high)

    def prompt(length=None):
        length = length or draw(args.prompt, args.prompt_max)
        return shared + [rng.randrange(args.lowest, args.vocabulary) for _ in range(length)]

    results = Results()
    begin = time.perf_counter()
    if args.rate:
        tasks = []
        due = begin
        while due - begin < args.seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(ask(args, prompt(), draw(args.gen, args.gen_max), results)))
            due += rng.expovariate(args.rate)
        await asyncio.gather(*tasks)
    else:
        left = args.requests

        async def client():
            nonlocal left
            while left > 0:
                left -= 1
                await ask(args, prompt(), draw(args.gen, args.gen_max), results)

        async def intruder():
            await asyncio.sleep(args.long_after)
            await ask(args, prompt(args.long), 1, results, counts=False)

        work = [client() for _ in range(args.clients)]
        if args.long:
            work.append(intruder())
        await asyncio.gather(*work)
    seconds = time.perf_counter() - begin
    return {"seconds": round(seconds, 2), "answers": len(results.whole), "refused": results.refused,
            "failed": results.failed, "tokens_per_second": round(results.tokens / seconds, 1),
            "first_token_ms": summary(results.first), "between_tokens_ms": summary(results.between),
            "end_to_end_ms": summary(results.whole), "cached_tokens": results.cached,
            "retry_after_s": percentile(results.retry_after, 50), "resident_mib": resident_mib(args.pid)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--model", default="any")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.0, help="arrivals per second: an open loop")
    parser.add_argument("--seconds", type=float, default=30.0, help="of an open loop")
    parser.add_argument("--prompt", type=int, default=200)
    parser.add_argument("--prompt-max", type=int, default=0)
    parser.add_argument("--gen", type=int, default=64)
    parser.add_argument("--gen-max", type=int, default=0)
    parser.add_argument("--shared", type=int, default=0)
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--long-after", type=float, default=1.0, help="seconds until the long prompt comes")
    parser.add_argument("--lowest", type=int, default=1000)
    parser.add_argument("--vocabulary", type=int, default=49000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = asyncio.run(run(args))
    if args.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:18s} {value}")
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
