"""What a way to the upstream adds to the direct one: differences of each round, their median and its interval.

Rows are those of overhead.csv. The interval of a median is made of order statistics: it assumes nothing about how the rounds are
distributed, and with fewer than six rounds it cannot reach 95 %; what it reaches is told.
"""
import dataclasses
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


@dataclasses.dataclass(frozen=True)
class Bars:
    """What makes figures count for nothing."""
    baseline_ms: float    # the direct p99 further above the mock's delay: the level is dropped
    others_share: float   # of the machine, taken by others: the round is left out
    rounds_min: int = 3   # quiet rounds that a level needs


def is_quiet(row, bars):
    """Of a gateway whose processes are not known, nobody can say what was its own and what was others'."""
    return row["others_cpu_share"] <= bars.others_share or row["way_rss_mib"] is None


def rounds_of(rows, scenario, level, way, bars):
    """round -> row, of cells that measured something while the machine was quiet."""
    return {row["round"]: row for row in rows if (row["scenario"], row["level"], row["way"]) == (scenario, level, way) and row["answers"]
            and is_quiet(row, bars)}


def excess_ms(direct, scenario):
    """How far the direct baseline's p99 lies above what the mock was told to wait, median of the rounds."""
    name = "latency_p99_us" if scenario == "whole" else "first_piece_p99_us"
    return statistics.median(row[name] / 1e3 - row["delay_ms"] for row in direct.values())


def dropped_for(direct, paired, scenario, bars):
    """Why a level's figures count for nothing, or an empty text."""
    if len(paired) < bars.rounds_min:
        return f"{len(paired)} quiet rounds, {bars.rounds_min} needed"
    excess = excess_ms(direct, scenario)
    return f"the direct p99 is {excess:.2f} ms above its delay" if excess > bars.baseline_ms else ""


def added(rows, bars):
    """One dict for each scenario, level and way but the direct one. `dropped` says why a level's figures count for nothing."""
    found = []
    cells = sorted({(row["scenario"], row["level"], row["way"]) for row in rows if row["scenario"] in FIGURES and row["way"] != "direct"})
    for scenario, level, way in cells:
        direct, through = (rounds_of(rows, scenario, level, one, bars) for one in ("direct", way))
        paired = sorted(set(direct) & set(through))
        mine = [row for row in rows if (row["scenario"], row["level"], row["way"]) == (scenario, level, way)]
        entry = {"scenario": scenario, "level": level, "way": way, "rounds": len(paired), "rounds_measured": len(mine),
                 "baseline_excess_ms": round(excess_ms(direct, scenario), 3) if direct else None,
                 "errors": sum(row["errors"] for row in mine), "dropped": dropped_for(direct, paired, scenario, bars), "added_ms": {}}
        for name, title in FIGURES[scenario].items():
            differences = [(through[number][name] - direct[number][name]) / 1e3 for number in paired
                           if through[number][name] is not None and direct[number][name] is not None]
            if differences:
                median, low, high, confidence = median_interval(differences)
                entry["added_ms"][title] = {"median": round(median, 4), "low": round(low, 4), "high": round(high, 4),
                                            "confidence": round(confidence, 3)}
        found.append(entry)
    return found


def throughput(rows, bars):
    """level -> way -> requests a second: median and interval over the rounds, CPU of the gateway, client and others."""
    found = {}
    for level, way in sorted({(row["level"], row["way"]) for row in rows if row["scenario"] == "throughput"}):
        cells = rounds_of(rows, "throughput", level, way, bars).values()
        if not cells:
            continue
        median, low, high, confidence = median_interval([row["requests_per_second"] for row in cells])
        cpu = [row["way_cpu_us_per_request"] for row in cells if row["way_cpu_us_per_request"] is not None]
        found.setdefault(level, {})[way] = {
            "requests_per_second": round(median), "low": round(low), "high": round(high), "confidence": round(confidence, 3),
            "rounds": len(cells), "latency_p50_ms": round(statistics.median(row["latency_p50_us"] for row in cells) / 1e3, 3),
            "latency_p99_ms": round(statistics.median(row["latency_p99_us"] for row in cells) / 1e3, 3),
            "way_cpu_us_per_request": round(statistics.median(cpu), 1) if cpu else None,
            "client_cpu_share": statistics.median(row["client_cpu_share"] for row in cells),
            "errors": sum(row["errors"] for row in cells)}
    return found


def tables(rows, bars):
    """Markdown."""
    lines = ["| answers | clients | way | added | ms, median | interval | |", "|---|---|---|---|---|---|---|"]
    for entry in added(rows, bars):
        remark = "; ".join(filter(None, (entry["dropped"] and "dropped: " + entry["dropped"],
                                         entry["errors"] and f"{entry['errors']} errors")))
        if not entry["added_ms"]:
            lines.append(f"| {entry['scenario']} | {entry['level']} | {entry['way']} | | | | {remark} |")
        for title, figure in entry["added_ms"].items():
            lines.append(f"| {entry['scenario']} | {entry['level']} | {entry['way']} | {title} | {figure['median']:+.3f} | "
                         f"{figure['low']:+.3f} to {figure['high']:+.3f} ({figure['confidence']:.0%}, {entry['rounds']} of {entry['rounds_measured']} rounds) | {remark} |")
    lines += ["", "| clients | way | requests/s | interval | p50, p99 ms | CPU of the way, µs a request | client's CPU, cores | errors |",
              "|---|---|---|---|---|---|---|---|"]
    for level, ways in throughput(rows, bars).items():
        for way, cell in ways.items():
            cpu = "–" if cell["way_cpu_us_per_request"] is None else f"{cell['way_cpu_us_per_request']:.1f}"
            lines.append(f"| {level} | {way} | {cell['requests_per_second']} | {cell['low']} to {cell['high']} ({cell['confidence']:.0%}, {cell['rounds']} rounds) | {cell['latency_p50_ms']}, "
                         f"{cell['latency_p99_ms']} | {cpu} | {cell['client_cpu_share']} | {cell['errors']} |")
    return "\n".join(lines)
