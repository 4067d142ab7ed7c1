"""What a way to the upstream adds to the direct one: differences of each round, their median and its interval.

Rows are those of overhead.csv. The interval of a median is made of order statistics: it assumes nothing about how the rounds are
distributed, and with fewer than six rounds it cannot reach 95 %; what it reaches is told.
"""
import math
import statistics

CONFIDENCE = 0.95
# scenario -> the figures of a row whose differences matter, and their names
FIGURES = {
    "whole": {"latency_p50_us": "latency p50", "latency_p99_us": "latency p99"},
    "stream": {"first_piece_p50_us": "first piece p50", "first_piece_p99_us": "first piece p99", "piece_p50_us": "way of a piece p50",
               "piece_p99_us": "way of a piece p99", "gap_p99_us": "gap between pieces p99"},
}


def median_interval(values):
    """(median, low, high, confidence) of independent values; the narrowest that reaches CONFIDENCE, or the whole range."""
    values = sorted(values)
    n = len(values)
    best = 0
    for rank in range(n // 2):  # the rank-th smallest and largest
        outside = 2 * sum(math.comb(n, k) for k in range(rank + 1)) / 2 ** n
        if 1 - outside < CONFIDENCE:
            break
        best = rank
    confidence = 1 - 2 * sum(math.comb(n, k) for k in range(best + 1)) / 2 ** n if n > 1 else 0.0
    return statistics.median(values), values[best], values[n - 1 - best], confidence


def rounds_of(rows, scenario, level, way):
    """round -> row, of cells that measured something."""
    return {row["round"]: row for row in rows if (row["scenario"], row["level"], row["way"]) == (scenario, level, way) and row["answers"]}


def excess_ms(rows, scenario, level):
    """How far the direct baseline's p99 lies above what the mock was told to wait, median of the rounds."""
    name = "latency_p99_us" if scenario == "whole" else "first_piece_p99_us"
    found = [row[name] / 1e3 - row["delay_ms"] for row in rounds_of(rows, scenario, level, "direct").values() if row[name] is not None]
    return statistics.median(found) if found else math.inf


def added(rows, baseline_ms_max):
    """One dict for each scenario, level and way but the direct one. `dropped` says why a level's figures count for nothing."""
    found = []
    cells = sorted({(row["scenario"], row["level"], row["way"]) for row in rows if row["scenario"] in FIGURES and row["way"] != "direct"})
    for scenario, level, way in cells:
        direct, through = rounds_of(rows, scenario, level, "direct"), rounds_of(rows, scenario, level, way)
        paired = sorted(set(direct) & set(through))
        excess = excess_ms(rows, scenario, level)
        entry = {"scenario": scenario, "level": level, "way": way, "rounds": len(paired), "baseline_excess_ms": round(excess, 3),
                 "errors": sum(row["errors"] for row in rows if (row["scenario"], row["level"], row["way"]) == (scenario, level, way)),
                 "dropped": f"the direct p99 is {excess:.2f} ms above its delay" if excess > baseline_ms_max else "", "added_ms": {}}
        for name, title in FIGURES[scenario].items():
            differences = [(through[number][name] - direct[number][name]) / 1e3 for number in paired
                           if through[number][name] is not None and direct[number][name] is not None]
            if differences:
                median, low, high, confidence = median_interval(differences)
                entry["added_ms"][title] = {"median": round(median, 4), "low": round(low, 4), "high": round(high, 4),
                                            "confidence": round(confidence, 3)}
        found.append(entry)
    return found


def throughput(rows):
    """level -> way -> requests a second: median and interval over the rounds, CPU of the gateway, client and others."""
    found = {}
    for level, way in sorted({(row["level"], row["way"]) for row in rows if row["scenario"] == "throughput"}):
        cells = rounds_of(rows, "throughput", level, way).values()
        if not cells:
            continue
        median, low, high, confidence = median_interval([row["requests_per_second"] for row in cells])
        cpu = [row["way_cpu_us_per_request"] for row in cells if row["way_cpu_us_per_request"] is not None]
        found.setdefault(level, {})[way] = {
            "requests_per_second": round(median), "low": round(low), "high": round(high), "confidence": round(confidence, 3),
            "latency_p50_ms": round(statistics.median(row["latency_p50_us"] for row in cells) / 1e3, 3),
            "latency_p99_ms": round(statistics.median(row["latency_p99_us"] for row in cells) / 1e3, 3),
            "way_cpu_us_per_request": round(statistics.median(cpu), 1) if cpu else None,
            "client_cpu_share": statistics.median(row["client_cpu_share"] for row in cells),
            "errors": sum(row["errors"] for row in cells)}
    return found


def tables(rows, baseline_ms_max):
    """Markdown."""
    lines = ["| answers | clients | way | added | ms, median | interval | |", "|---|---|---|---|---|---|---|"]
    for entry in added(rows, baseline_ms_max):
        for title, figure in entry["added_ms"].items():
            remark = "; ".join(filter(None, (entry["dropped"] and "dropped: " + entry["dropped"],
                                             entry["errors"] and f"{entry['errors']} errors")))
            lines.append(f"| {entry['scenario']} | {entry['level']} | {entry['way']} | {title} | {figure['median']:+.3f} | "
                         f"{figure['low']:+.3f} to {figure['high']:+.3f} ({figure['confidence']:.0%}, {entry['rounds']} rounds) | {remark} |")
    lines += ["", "| clients | way | requests/s | interval | p50, p99 ms | CPU of the way, µs a request | client's CPU, cores | errors |",
              "|---|---|---|---|---|---|---|---|"]
    for level, ways in throughput(rows).items():
        for way, cell in ways.items():
            cpu = "–" if cell["way_cpu_us_per_request"] is None else f"{cell['way_cpu_us_per_request']:.1f}"
            lines.append(f"| {level} | {way} | {cell['requests_per_second']} | {cell['low']} to {cell['high']} | {cell['latency_p50_ms']}, "
                         f"{cell['latency_p99_ms']} | {cpu} | {cell['client_cpu_share']} | {cell['errors']} |")
    return "\n".join(lines)
