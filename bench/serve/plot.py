#!/usr/bin/env python3
"""bench/serve/plot.py CURVE.json --out docs/plots: serve-latency.svg from a file of curve.py.

Above the time to the first token (p50 solid, p99 dashed), then the gap between events (p95), below the share of requests
that were refused; all against the requests a second that were offered; scales are logarithmic. A dotted line is where a server
saturates: the answers a second of a closed loop. Points are medians of the rounds. Needs matplotlib (build/peers/venv
has it).
"""
import argparse
import json
import pathlib
import statistics

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker  # noqa: E402  (the backend comes first)

COLOURS = {"croft": "#1b6f5a", "llama-server": "#8a8f98", "ik-llama-server": "#5b7aa6"}


def points(entry, shares, value):
    """(offered, value) of each share, medians over the rounds that have both."""
    found = []
    for share in shares:
        runs = [round_[str(share)] for round_ in entry["rounds"].values() if str(share) in round_]
        pairs = [(run["offered_per_second"], value(run)) for run in runs if value(run) is not None]
        if pairs:
            found.append(tuple(statistics.median(column) for column in zip(*pairs)))
    return sorted(found)


def draw_line(axes, entry, shares, value, **style):
    line = points(entry, shares, value)
    if line:
        axes.plot(*zip(*line), marker="o", markersize=2.5, lw=1.2, **style)


def logarithmic(axis):
    """Servers' capacities and latencies lie an order of magnitude apart."""
    (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log")
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def draw(document, path):
    entries = {name: entry for name, entry in document["servers"].items() if "capacity_per_second" in entry}
    shares = document["shares"]
    figure, (first, between, refused) = pyplot.subplots(3, 1, figsize=(6, 6.5), sharex=True, height_ratios=(3, 2, 1))
    for name, entry in entries.items():
        colour = COLOURS[name]
        draw_line(first, entry, shares, lambda run: run["first_token_ms"]["p50"], color=colour, label=f"{name}, p50")
        draw_line(first, entry, shares, lambda run: run["first_token_ms"]["p99"], color=colour, ls="--",
                  label=f"{name}, p99")
        draw_line(between, entry, shares, lambda run: run["between_events_ms"]["p95"], color=colour, label=name)
        draw_line(refused, entry, shares, lambda run: 100 * run["refused"] / run["requests"], color=colour, label=name)
        for axes in (first, between, refused):
            axes.axvline(entry["capacity_per_second"], color=colour, lw=0.8, ls=":")
        first.annotate(f"{name} saturates", (entry["capacity_per_second"], 1), xycoords=("data", "axes fraction"), rotation=90,
                       va="top", ha="right", fontsize=6, color=colour)
    for axis in (first.yaxis, between.yaxis, refused.xaxis):
        logarithmic(axis)
    first.set_title("first token, ms", fontsize=9, loc="left")
    between.set_title("between events, p95, ms", fontsize=9, loc="left")
    refused.set_title("refused, %", fontsize=9, loc="left")
    refused.set_ylim(-3, 103)
    first.legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    refused.set_xlabel(f"requests a second, open loop", fontsize=8)
    for axes in (first, between, refused):
        axes.tick_params(labelsize=7)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    quick = ", a quick run: no figures to quote" if document["quick"] else ""
    figure.suptitle(f"{document['model']}, {document['threads']} threads, {document['parallel']} slots{quick}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})  # the same numbers give the same file
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curve", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    arguments = parser.parse_args()
    matplotlib.rcParams.update({"svg.hashsalt": "croft", "svg.fonttype": "none"})  # text stays text: small files
    arguments.out.mkdir(parents=True, exist_ok=True)
    draw(json.loads(arguments.curve.read_text()), arguments.out / "serve-latency.svg")


if __name__ == "__main__":
    main()
