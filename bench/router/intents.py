#!/usr/bin/env python3
"""Intent models on CLINC150 and Banking77: bench/router/intents.py [--data FOLDER] [--json FILE]

CLINC150 (data_full_train_val.json): trained on `train` and `oos_train`, measured on `val` and `oos_val`.
Banking77 (train.csv): 5 parts dealt by label with a fixed seed; each is measured by a model of the other four, and the
means are printed. The folder has clinc150/ and banking77/ as their authors publish them; the default is ../shared/data.
`--clinc-test FILE` and `--banking-test FILE` take the authors' test files too (data_full.json, test.csv).

Croft comes from CROFT_BINARY or build/release/croft. Prints a Markdown table; times are of this machine, and noisy.
"""
import argparse
import csv
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("CROFT_BINARY", ROOT / "build/release/croft")
PARTS = 5


def write_rows(path, rows):
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    return path


def croft(*arguments):
    done = subprocess.run([BINARY, "-q", *map(str, arguments)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def measure(folder, train, test):
    """Trains on one set of rows and measures on another."""
    model = folder / "model.intents"
    begin = time.monotonic()
    trained = croft("route", "train", write_rows(folder / "train.jsonl", train), "--out", model, "--json")
    result = croft("route", "evaluate", model, write_rows(folder / "test.jsonl", test), "--json")
    keep = ("rows", "in_scope_accuracy", "accuracy_unrejected", "out_of_scope_recall", "macro_f1",
            "microseconds_per_decision", "microseconds_p99")
    return {**{name: result[name] for name in keep if name in result}, "bytes": trained["bytes"],
            "train_seconds": time.monotonic() - begin, "held_out_in_scope_accuracy": trained["in_scope_accuracy"]}


def mean(results):
    return {name: statistics.mean(result[name] for result in results) for name in results[0]}


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def deal(rows, seed):
    """PARTS lists of rows, every label spread evenly."""
    by_label = {}
    for row in rows:
        by_label.setdefault(row[1], []).append(row)
    parts = [[] for _ in range(PARTS)]
    shuffle = random.Random(seed)
    place = 0
    for label in sorted(by_label):
        shuffle.shuffle(by_label[label])
        for row in by_label[label]:
            parts[place % PARTS].append(row)
            place += 1
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--clinc-test", type=pathlib.Path)
    parser.add_argument("--banking-test", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=5, help="of the parts of Banking77")
    parser.add_argument("--json", type=pathlib.Path, help="write all figures there")
    options = parser.parse_args()

    results = {}
    with tempfile.TemporaryDirectory(prefix="croft-intents-") as name:
        folder = pathlib.Path(name)
        clinc = json.loads((options.data / "clinc150/data_full_train_val.json").read_text())
        train = clinc["train"] + clinc["oos_train"]
        results["CLINC150, val"] = measure(folder, train, clinc["val"] + clinc["oos_val"])
        if options.clinc_test:
            test = json.loads(options.clinc_test.read_text())
            results["CLINC150, test"] = measure(folder, train, test["test"] + test["oos_test"])
        banking = read_csv(options.data / "banking77/train.csv")
        parts = deal(banking, options.seed)
        results[f"Banking77, {PARTS} parts"] = mean([
            measure(folder, [row for other in parts if other is not part for row in other], part) for part in parts])
        if options.banking_test:
            results["Banking77, test"] = measure(folder, banking, read_csv(options.banking_test))

    print("| data | in scope, right and not rejected | without threshold | out-of-scope recall | macro F1 "
          "| µs a decision, median / p99 | training, s | file, MB |\n|---|---|---|---|---|---|---|---|")
    for name, result in results.items():
        recall = f"{result['out_of_scope_recall']:.1%}" if "out_of_scope_recall" in result else "-"
        print(f"| {name} | {result['in_scope_accuracy']:.1%} | {result['accuracy_unrejected']:.1%} | {recall} "
              f"| {result['macro_f1']:.1%} | {result['microseconds_per_decision']:.1f} / {result['microseconds_p99']:.1f} "
              f"| {result['train_seconds']:.1f} | {result['bytes'] / 1e6:.1f} |")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
