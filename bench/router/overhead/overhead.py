#!/usr/bin/env python3
"""bench/router/overhead/overhead.py: what a gateway adds to each request, against the same mock upstream without it.

    cmake --build build/release --target overhead_bench
    overhead.py --mock-port 18080 --gateway-url http://127.0.0.1:8080/v1 --model croft/auto --out DIR
    overhead.py --relay --out DIR                               no gateway: what any process in between costs here
    overhead.py --requests 1000000 --gateway-url ... --out DIR  memory over a million requests
    overhead.py --from DIR/overhead.csv --out DIR               the tables and the chart again

The gateway's upstream is http://127.0.0.1:MOCK_PORT/v1 (OpenAI's dialect, any model and key); start it before or after this.
In each round every level of concurrency is measured on every way, one right after the other, in turning order: direct, through
a relay that only hands bytes on (--relay), through the gateway. Added is the difference within a round; told are the median over
the rounds and its interval. A round in which others took more than --others-max of the machine is left out, and a level whose
direct p99 lies --baseline-ms above the mock's delay is dropped: there the machine is measured, not the gateway. Answers: whole ones after --delay-ms; streams of --chunks pieces, --gap-ms apart; then requests a second
with a mock that does not wait. Exit status: 0, or 1 where something failed, a request included; with --requests also 1 where
memory grows, 2 where that cannot be told yet.
"""
import argparse
import contextlib
import csv
import json
import os
import pathlib
import random
import sys
import time

import added
import chart
import processes

sys.path[:0] = [str(processes.ROOT / "bench/serve")]
from engine_process import machine_busy_seconds  # noqa: E402  (processes sets the path)
import soak  # noqa: E402

POINTS = ("p50", "p90", "p99", "p999", "max")
SAMPLES = {"latency_us": "latency", "first_piece_us": "first_piece", "gap_us": "gap", "piece_us": "piece"}
WHOLE = ["round", "order", "level", "answers", "errors"]
WORDS = ["scenario", "way", "error_kinds"]
NUMBERS = ["delay_ms", "requests_per_second", "client_cpu_share", "client_cpu_us_per_request", "way_cpu_us_per_request",
           "others_cpu_share", "way_rss_mib", *(f"{name}_{point}_us" for name in SAMPLES.values() for point in POINTS)]
COLUMNS = ["round", "order", "scenario", "level", "way", "answers", "errors", "error_kinds", *NUMBERS]
MEMORY_STREAM_EVERY = 10  # every so many batches are streams


def measure(bench, way, scenario, level, seed, arguments, mock):
    """One cell: a row without its place in the order."""
    pid = way["pid"]
    delay_ms = 0 if scenario == "throughput" else arguments.delay_ms
    processes.tell_mock(mock, delay_us=delay_ms * 1000, chunks=arguments.chunks, gap_us=arguments.gap_ms * 1000)
    services = [mock.pid] + [pid] * (pid not in (0, mock.pid))
    before = sum(processes.cpu_seconds(one) for one in services), processes.cpu_seconds(pid) or 0, machine_busy_seconds(), os.times(), time.monotonic()
    found = processes.load(bench, way["url"], arguments, concurrency=level, seconds_ms=arguments.seconds * 1000, seed=seed,
                           prompt_chars=arguments.prompt_chars, warm_up=4 * level, stream=scenario == "stream",
                           chunks=arguments.chunks if scenario == "stream" else 0)
    after = sum(processes.cpu_seconds(one) for one in services), processes.cpu_seconds(pid) or 0, machine_busy_seconds(), os.times(), time.monotonic()
    ours = after[0] - before[0] + sum(after[3][:4]) - sum(before[3][:4])
    wall = after[4] - before[4]
    row = {"scenario": scenario, "level": level, "way": way["name"], "delay_ms": delay_ms, "answers": found["answers"],
           "errors": sum(found["errors"].values()), "error_kinds": json.dumps(found["errors"]) if found["errors"] else "",
           "requests_per_second": found["requests_per_second"], "client_cpu_share": found["client_cpu_share"],
           "client_cpu_us_per_request": found["client_cpu_us_per_request"],
           "way_cpu_us_per_request": round((after[1] - before[1]) * 1e6 / found["answers"], 1) if pid and found["answers"] else None,
           "others_cpu_share": round(min(1.0, max(0.0, after[2] - before[2] - ours) / wall / os.cpu_count()), 3),
           "way_rss_mib": processes.rss_mib(pid)}
    for name, short in SAMPLES.items():
        for point in POINTS:
            row[f"{short}_{point}_us"] = found[name][point] if found[name] else None
    return row


def run_rounds(bench, ways, arguments, mock, writer):
    rng = random.Random(arguments.seed)
    cells = [(scenario, level) for scenario in ("whole", "stream") for level in arguments.levels]
    cells += [("throughput", level) for level in arguments.levels[-2:]]
    rows, seed = [], rng.randrange(1 << 20)
    for number in range(arguments.rounds):
        rng.shuffle(cells)
        for scenario, level in cells:
            for order in range(len(ways)):
                seed += 1  # no prompt comes twice, whoever remembers answers
                row = measure(bench, ways[(number + order) % len(ways)], scenario, level, seed, arguments, mock)
                rows.append({"round": number, "order": order} | row)
                writer.writerow(rows[-1])
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    return rows


def run_memory(bench, way, arguments, mock, writer):
    """Memory and requests a second over many requests, in batches; every tenth batch streams."""
    processes.tell_mock(mock, delay_us=0, chunks=arguments.chunks, gap_us=0)
    if not way["pid"]:
        raise processes.Failed("whose memory? --gateway-pid is needed: nobody on this machine listens there")
    points, errors, rates, asked, seed, said = [], 0, [], 0, arguments.seed * 1000, time.monotonic()
    idle = processes.rss_mib(way["pid"])
    while asked < arguments.requests:
        count = min(arguments.batch, arguments.requests - asked)
        stream = len(points) % MEMORY_STREAM_EVERY == MEMORY_STREAM_EVERY - 1
        seed += 1
        found = processes.load(bench, way["url"], arguments, concurrency=arguments.levels[-1], requests=count, warm_up=0, stream=stream,
                               chunks=arguments.chunks if stream else 0, prompt_chars=arguments.prompt_chars, seed=seed)
        asked += count
        errors += sum(found["errors"].values())
        if not stream:
            rates.append(found["requests_per_second"])
        points.append((asked, processes.rss_mib(way["pid"]) * 1024))
        writer.writerow({"requests": asked, "stream": int(stream), "rss_kib": round(points[-1][1]), "errors": errors,
                         "requests_per_second": found["requests_per_second"]})
        if time.monotonic() - said > 10:
            said = time.monotonic()
            print(f"{asked} of {arguments.requests}: {points[-1][1] / 1024:.1f} MiB, {errors} errors", file=sys.stderr, flush=True)
    word, slope, error = soak.verdict(points, arguments.flat_kb)
    return {"requests": asked, "errors": errors, "rss_idle_mib": idle, "rss_first_mib": round(points[0][1] / 1024, 1),
            "rss_last_mib": round(points[-1][1] / 1024, 1), "rss_most_mib": round(max(kb for _, kb in points) / 1024, 1), "memory": word,
            "kb_per_1000_requests": slope, "kb_per_1000_error": error, "requests_per_second_median": sorted(rates)[len(rates) // 2] if rates else None,
            }, points


def read_rows(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or set(rows[0]) != set(COLUMNS):
        raise processes.Failed(f"{path} is no overhead.csv of this program")
    for row in rows:
        row.update({name: int(row[name]) for name in WHOLE} | {name: float(row[name]) if row[name] else None for name in NUMBERS})
    return rows


def draw(rows, arguments, bars):
    """The chart: added p50 and p99 of whole answers and of pieces on their way."""
    entries, panels = added.added(rows, bars), []
    for scenario, title in (("whole", "latency p50"), ("whole", "latency p99"), ("stream", "way of a piece p99")):
        points = [(entry["level"], entry["way"], *(entry["added_ms"][title][name] for name in ("median", "low", "high")), bool(entry["dropped"]))
                  for entry in entries if entry["scenario"] == scenario and title in entry["added_ms"]]
        if points:
            panels.append((f"{'whole answers' if scenario == 'whole' else 'streams'}: added {title}, ms", points))
    if panels:
        (arguments.out / "overhead.svg").write_text(chart.intervals("Added by what lies in between (pale: level dropped)", panels))


def report(rows, arguments):
    bars = added.Bars(arguments.baseline_ms, arguments.others_max)
    draw(rows, arguments, bars)
    if arguments.json:
        print(json.dumps({"added": added.added(rows, bars), "throughput": added.throughput(rows, bars)}))
        return
    print(added.tables(rows, bars))
    others = sorted(row["others_cpu_share"] for row in rows if row["way_rss_mib"] is not None) or [0.0]
    gateway = [row["way_rss_mib"] for row in rows if row["way"] == "gateway" and row["way_rss_mib"]]
    if gateway:
        print(f"\nGateway's resident memory: {gateway[0]:.1f} MiB after the first cell, {gateway[-1]:.1f} after the last, {max(gateway):.1f} at most.")
    print(f"\nOther processes took {others[len(others) // 2]:.0%} of the machine in half of the cells, {others[-1]:.0%} at most; "
          f"{sum(share > bars.others_share for share in others)} of {len(others)} cells are left out for it.")


def ways_of(arguments, mock, relay):
    found = [{"name": "direct", "url": mock.url, "pid": mock.pid}]
    if relay:
        found.append({"name": "relay", "url": relay.url, "pid": relay.pid})
    if arguments.gateway_url:
        found.append({"name": "gateway", "url": arguments.gateway_url, "pid": arguments.gateway_pid or processes.pid_of(arguments.gateway_url)})
    return found


def measure_all(arguments):
    bench = arguments.bench
    if not bench.exists():
        raise processes.Failed(f"no {bench}: cmake --build build/release --target overhead_bench")
    with contextlib.ExitStack() as stack:
        mock = stack.enter_context(processes.Service(bench, "mock", "--port", arguments.mock_port))
        relay = stack.enter_context(processes.Service(bench, "relay", "--upstream", mock.port)) if arguments.relay else None
        ways = ways_of(arguments, mock, relay)
        for way in ways:  # a gateway that cannot answer is told now, not after an hour
            found = processes.load(bench, way["url"], arguments, requests=1, warm_up=0, seed=arguments.seed)
            if found["errors"]:
                raise processes.Failed(f"no answer through {way['name']} ({way['url']}): {found['errors']}")
        if arguments.requests:
            file = stack.enter_context(open(arguments.out / "memory.csv", "w", newline=""))
            writer = csv.DictWriter(file, ["requests", "stream", "rss_kib", "errors", "requests_per_second"])
            writer.writeheader()
            found, points = run_memory(bench, ways[-1], arguments, mock, writer)
            (arguments.out / "memory.svg").write_text(chart.curve("Resident memory, MiB", [(asked, kb / 1024) for asked, kb in points], "requests"))
            print(json.dumps(found, indent=None if arguments.json else 1))
            return 1 if found["errors"] or found["memory"] == "growing" else 0 if found["memory"] == "flat" else 2
        file = stack.enter_context(open(arguments.out / "overhead.csv", "w", newline=""))
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        rows = run_rounds(bench, ways, arguments, mock, writer)
    report(rows, arguments)
    return 1 if any(row["errors"] for row in rows) else 0


def levels(words):
    found = sorted({int(word) for word in words.split(",")})
    if not found or found[0] < 1 or found[-1] > 10_000:
        raise ValueError
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway-url", help="where /chat/completions is below")
    parser.add_argument("--gateway-pid", type=int, default=0, help="whose memory and CPU are noted; else who listens there")
    parser.add_argument("--model", default="mock", help="what the gateway calls the route to the mock")
    parser.add_argument("--key", default="", help="the gateway's API key")
    parser.add_argument("--relay", action="store_true", help="measure a relay, too")
    parser.add_argument("--mock-port", type=int, default=18080)
    parser.add_argument("--levels", type=levels, default=[1, 4, 16, 64], help="concurrency, with commas (1,4,16,64)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="for one cell")
    parser.add_argument("--delay-ms", type=float, default=10.0, help="the mock's, before an answer")
    parser.add_argument("--chunks", type=int, default=32, help="pieces of a stream")
    parser.add_argument("--gap-ms", type=float, default=5.0, help="between pieces")
    parser.add_argument("--prompt-chars", type=int, default=1000)
    parser.add_argument("--baseline-ms", type=float, default=2.0, help="a level is dropped where the direct p99 is so far above the delay")
    parser.add_argument("--others-max", type=float, default=0.25, help="a round is left out where others took more of the machine")
    parser.add_argument("--requests", type=int, default=0, help="instead of rounds: memory over so many requests, at the last level")
    parser.add_argument("--batch", type=int, default=10_000, help="requests between two looks at the memory")
    parser.add_argument("--flat-kb", type=float, default=1.0, help="kB per 1,000 requests that count as flat")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="order of cells, and prompts")
    parser.add_argument("--from", dest="source", type=pathlib.Path, help="an overhead.csv to report again")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--bench", type=pathlib.Path, default=processes.ROOT / "build/release/bench/router/overhead/overhead_bench")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if min(arguments.rounds, arguments.chunks, arguments.batch) < 1 or arguments.seconds <= 0:
        parser.error("--rounds, --chunks and --batch are at least 1, --seconds more than 0")
    if min(arguments.delay_ms, arguments.gap_ms, arguments.requests, arguments.seed, arguments.prompt_chars, arguments.baseline_ms, arguments.others_max) < 0:
        parser.error("times, counts and seeds are not negative")
    if not (arguments.source or arguments.gateway_url or arguments.relay):
        parser.error("nothing to compare with: --gateway-url or --relay")
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.source:
            report(read_rows(arguments.source), arguments)
            return 0
        return measure_all(arguments)
    except (processes.Failed, OSError) as error:
        print(f"overhead.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
