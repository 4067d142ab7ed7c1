"""Medians, quartiles and ratios of a run, as a table for people."""
import statistics


def quartiles(values):
    """Lower quartile, median, upper quartile."""
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def ratios(results, test, peer, base="croft"):
    """Croft's rate over the peer's, round by round: noise that lasts longer than a round cancels."""
    ours, theirs = results[base]["tests"][test], results[peer]["tests"][test]
    rounds = sorted(set(ours["rates"]) & set(theirs["rates"]), key=int)
    return [ours["rates"][number] / theirs["rates"][number] for number in rounds]


def summarize(results, tests):
    """Adds quartiles of rates and ratios to the results."""
    for name, engine in results.items():
        for test in tests:
            entry = engine["tests"][test]
            if not entry["rates"]:
                continue
            entry["quartiles"] = quartiles(list(entry["rates"].values()))
            if name != "croft" and "croft" in results and (values := ratios(results, test, name)):
                entry["croft_ratio_quartiles"] = quartiles(values)


def table(results, tests):
    lines = []
    for test in tests:
        lines.append(f"\n{test}: tokens/s, median (quartiles); Croft / peer, median of the rounds (quartiles)")
        for name, engine in results.items():
            entry = engine["tests"][test]
            if "quartiles" not in entry:
                problem = " ".join((entry.get("error") or engine["status"]).split())
                lines.append(f"  {name:18} {problem}")
                continue
            low, median, high = entry["quartiles"]
            line = f"  {name:18} {median:9.1f} ({low:.1f} - {high:.1f})"
            if "croft_ratio_quartiles" in entry:
                low, median, high = entry["croft_ratio_quartiles"]
                line += f"    {median:6.2f} x ({low:.2f} - {high:.2f})"
            if entry.get("error"):
                line += f"    then: {entry['error']}"
            lines.append(line)
    return "\n".join(lines)
