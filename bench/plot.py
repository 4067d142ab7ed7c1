#!/usr/bin/env python3
"""bench/plot.py RESULT.json... --out FOLDER: one SVG for each file of bench/peers/run.py --json.

Bars are tokens a second; Croft's bar is drawn inside the limit that `croft bench` measured in the same run, so that every
engine is seen as a share of what the machine could do. Needs matplotlib (build/peers/venv has it).
"""
import argparse
import json
import pathlib
import statistics

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  (the backend comes first)

COLOURS = {"croft": "#1b6f5a", "llama.cpp": "#8a8f98", "openvino": "#5b7aa6", "node-llama-cpp": "#b9bec6"}


def limit_rate(results, test):
    """Tokens a second at the limit: Croft's rate divided by the share that it reached, median of the rounds."""
    samples = results.get("croft", {}).get("tests", {}).get(test, {}).get("samples", [])
    rates = [sample["bench"]["avg_ts"] / sample["bench"]["fraction_of_limit"] for sample in samples]
    return statistics.median(rates) if rates else None


def draw_test(axes, results, test):
    names = list(results)
    limit = limit_rate(results, test)
    top = max([limit or 0] + [engine["tests"][test].get("quartiles", [0, 0, 0])[2] for engine in results.values()]) or 1
    for row, name in enumerate(names):
        entry = results[name]["tests"][test]
        if "quartiles" not in entry:
            axes.text(top * 0.01, row, "no result", va="center", fontsize=7, color="#666666")
            continue
        low, median, high = entry["quartiles"]
        axes.barh(row, median, xerr=[[median - low], [high - median]], color=COLOURS[name], height=0.7,
                  error_kw={"lw": 0.8, "ecolor": "#333333"})
        label = f"{median:.0f}" + (f"  ({median / limit:.0%})" if limit else "")
        axes.text(high + top * 0.015, row, label, va="center", fontsize=7)
    if limit:
        axes.axvline(limit, color="#c0392b", lw=1)
        axes.text(limit + top * 0.01, -0.75, "limit", color="#c0392b", fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -1.1)
    axes.set_xlim(0, top * 1.2)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_title(test, fontsize=9, loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def draw(document, path):
    results = document["engines"]
    tests = list(next(iter(results.values()))["tests"])
    figure, rows = pyplot.subplots(len(tests), 1, figsize=(6, 1.5 * len(tests)), squeeze=False)
    for axes, test in zip(rows[:, 0], tests):
        draw_test(axes, results, test)
    rows[-1, 0].set_xlabel("tokens a second, median and quartiles (share of the limit)", fontsize=8)
    figure.suptitle(f"{document['model']}, {document['threads']} threads, {document['isa']}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})  # the same numbers give the same file
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    arguments = parser.parse_args()
    matplotlib.rcParams.update({"svg.hashsalt": "croft", "svg.fonttype": "none"})  # text stays text: small files
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in arguments.results:
        draw(json.loads(path.read_text()), arguments.out / f"{path.stem}.svg")


if __name__ == "__main__":
    main()
