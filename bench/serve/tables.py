"""The result of compare.py as a table for people: medians over the rounds, ratios to the best peer."""
import statistics

BASE = "croft"
# Label, where the figure is in a round, whether more is better.
ROWS = [
    ("16 clients: tokens/s", "many tokens_per_second", True),
    ("- first token p50, ms", "many first_token_ms p50", False),
    ("- first token p95, ms", "many first_token_ms p95", False),
    ("- between events p95, ms", "many between_events_ms p95", False),
    ("- time per token p50, ms", "many per_token_ms p50", False),
    ("- good answers/s", "many goodput_per_second", True),
    ("1 client: tokens/s", "one tokens_per_second", True),
    ("- first token p50, ms", "one first_token_ms p50", False),
    ("1,000 shared tokens: first token, cold, ms", "shared cold_first_token_ms", False),
    ("- warm, ms", "shared warm_first_token_ms", False),
    ("- warm, 8 clients, p50, ms", "shared together first_token_ms p50", False),
    ("- prompt tokens remembered, of 1,020", "shared warm_cached_tokens", True),
    ("4,000 tokens among 8 streams: its first token, ms", "long long_prompt first_token_ms", False),
    ("- the streams' gaps before, p99, ms", "long long_prompt before_ms p99", False),
    ("- meanwhile, p50, ms", "long long_prompt during_ms p50", False),
    ("- meanwhile, p99, ms", "long long_prompt during_ms p99", False),
    ("memory when ready, MiB", "memory_short idle rss_mib", False),
    ("- at most, MiB", "memory_short after rss_peak_mib", False),
    ("server's CPU time, of one core", "many server_cpu_share", None),
    ("load generator's", "many client_cpu_share", None),
    ("others', of the machine", "many others_cpu_share", None),
]


def figure(round_, path):
    for key in path.split():
        round_ = (round_ or {}).get(key)
    return round_


def values(entry, path):
    """Round -> figure, of the rounds that have it."""
    found = {number: figure(round_, path) for number, round_ in entry["rounds"].items()}
    return {number: value for number, value in found.items() if value is not None}


def ratio_to_best(entries, path, more_is_better):
    """(best peer, median of the rounds' ratios); above 1 Croft is better. None where there is nothing to compare."""
    medians = {name: statistics.median(found) for name, entry in entries.items()
               if name != BASE and (found := values(entry, path).values())}
    ours = values(entries[BASE], path) if BASE in entries else {}
    if not medians or not ours:
        return None
    best = (max if more_is_better else min)(medians, key=medians.get)
    theirs = values(entries[best], path)
    pairs = [(ours[number], theirs[number]) for number in ours.keys() & theirs.keys()]
    ratios = [(a / b if more_is_better else b / a) for a, b in pairs if (b if more_is_better else a) > 0]
    return (best, statistics.median(ratios)) if ratios else None


def cell(found):
    if not found:
        return "-"
    value = statistics.median(found)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(document):
    entries = document["servers"]
    rounds = max((len(entry["rounds"]) for entry in entries.values()), default=0)
    lines = [f"{document['model']}, {document['threads']} threads, {document['parallel']} slots; medians of {rounds} "
             f"round{'s' * (rounds != 1)}{', quick: no figures to quote' * document['quick']}", "",
             f"| | {' | '.join(entries)} | Croft to the best peer |", f"|---|{'---|' * len(entries)}---|"]
    for label, path, more_is_better in ROWS:
        found = {name: list(values(entry, path).values()) for name, entry in entries.items()}
        if not any(found.values()):
            continue
        ratio = ratio_to_best(entries, path, more_is_better) if more_is_better is not None else None
        beside = f"{ratio[1]:.2f} x {ratio[0]}" if ratio else ""
        lines.append(f"| {label} | {' | '.join(cell(found[name]) for name in entries)} | {beside} |")
    lines.append("")
    for name, entry in entries.items():
        if "problem" in entry:
            lines.append(f"- {name}: {entry['problem']}")
        else:
            flags, environment = entry["setting"]
            chosen = " ".join([*(f"{key}={value}" for key, value in environment.items()), *flags]) or "its defaults"
            lines.append(f"- {name}: {entry['version']}; {chosen}")
    return "\n".join(lines)
