#!/usr/bin/env python3
"""Prints what the recorded files say: how often each model is right, and how well a signal of the small model's own
answer tells its right answers from its wrong ones. A first look: nothing is fitted here and nothing is held out."""
import argparse
import math
import pathlib
import statistics
import sys

from record import read_file

LOCAL = ["smollm2-135m", "qwen2.5-coder-0.5b"]
CLOUD = "qwen2.5-coder-1.5b"
WILSON_Z = 1.96


def wilson(right, count):
    """95% interval of a share."""
    share, z = right / count, WILSON_Z
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def auc(scored):
    """Probability that a right answer scores above a wrong one, ties counting half; None without both."""
    positives = sum(right for _, right in scored)
    negatives = len(scored) - positives
    if not positives or not negatives:
        return None
    ordered = sorted(scored)
    rank_sum, i = 0.0, 0
    while i < len(ordered):
        j = i
        while j < len(ordered) and ordered[j][0] == ordered[i][0]:
            j += 1
        rank_sum += sum(right for _, right in ordered[i:j]) * (i + 1 + j) / 2
        i = j
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def quantile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


def label_scores(header, line):
    """Scores as the model chose by them: above each label's own average. A label beyond the alternatives is taken to be
    as likely as the least likely known one."""
    least = min(score for score in line["scores"] if score is not None)
    return sorted((least if score is None else score) - prior for score, prior in zip(line["scores"], header["label_prior"]))


def span_values(line, name):
    return [value for start, end in line.get("spans", {}).values() for value in line[name][start:end]]


def signals(header, line):
    """Name -> value, larger where the answer should be better; only those that the line allows."""
    found = {}
    logprobs = line["logprobs"]
    if logprobs and "margins" in line:
        found["mean log-prob"] = statistics.fmean(logprobs)
        found["least log-prob"] = min(logprobs)
        found["10 % log-prob"] = quantile(logprobs, 0.1)
        found["mean margin"] = statistics.fmean(line["margins"])
        found["least margin"] = min(line["margins"])
        found["mean entropy"] = -statistics.fmean(line["entropies"])
        answer = span_values(line, "logprobs")
        if answer:
            found["answer log-prob"] = sum(answer)
        found["length"] = -len(logprobs)
    if "scores" in line:
        scores = label_scores(header, line)
        total = math.log(sum(math.exp(score) for score in scores))
        found["mean log-prob"] = logprobs[0]
        found["label margin"] = scores[-1] - scores[-2]
        found["label probability"] = scores[-1] - total
    if "samples_agree" in line:
        found["agreement"] = sum(line["samples_agree"])
    if "verbatim" in line:
        found["verbatim"] = sum(line["verbatim"].values())
    return found


def escalations(rows, share_kept):
    """Least share of rows to hand over, worst signal first, so that `share_kept` of the cloud's right answers remain.
    `rows`: (signal, local right, cloud right)."""
    goal = share_kept * sum(cloud for _, _, cloud in rows)
    right = sum(local for _, local, _ in rows)
    for count, (_, local, cloud) in enumerate(sorted(rows, key=lambda row: row[0])):
        if right >= goal:
            return count / len(rows)
        right += cloud - local
    return 1.0


def show_accuracy(files):
    print("| task | model | rows | right | 95 % interval | tokens in | out | cut off |\n|---|---|---:|---:|---|---:|---:|---:|")
    for (task, model), (_, lines) in sorted(files.items()):
        right, count = sum(line["correct"] for line in lines.values()), len(lines)
        low, high = wilson(right, count)
        tokens = [statistics.fmean(line[name] for line in lines.values()) for name in ("prompt_tokens", "completion_tokens")]
        cut = 0 if task == "banking77" else sum(line["finish"] == "length" for line in lines.values())
        print(f"| {task} | {model} | {count} | {right / count:.3f} | {low:.3f} to {high:.3f} | {tokens[0]:.0f} | "
              f"{tokens[1]:.0f} | {cut} |")


def show_signals(task, local, files):
    header, lines = files[task, local]
    cloud = files[task, CLOUD][1] if (task, CLOUD) in files else {}
    both = [id for id in lines if id in cloud]
    print(f"\n{task}, {local}: {len(lines)} rows", end="")
    if both:
        only = [sum(lines[id]["correct"] > cloud[id]["correct"] for id in both),
                sum(lines[id]["correct"] < cloud[id]["correct"] for id in both)]
        right = [sum(set_[id]["correct"] for id in both) / len(both) for set_ in (lines, cloud)]
        oracle = escalations([(2 * lines[id]["correct"] - cloud[id]["correct"], lines[id]["correct"],
                               cloud[id]["correct"]) for id in both], 0.95)
        plain = max(0.0, 0.95 * right[1] - right[0]) / (right[1] - right[0]) if right[1] > right[0] else 0.0
        print(f"; with the cloud's: {len(both)}, local {right[0]:.3f}, cloud {right[1]:.3f}, only local right {only[0]}, only cloud "
              f"{only[1]}; for 95 % of the cloud's right answers, random hands over {plain:.0%}, an oracle {oracle:.0%}", end="")
    print("\n\n| signal | rows | AUC | handed over for 95 % |\n|---|---:|---:|---:|")
    values = {id: signals(header, line) for id, line in lines.items()}
    for name in dict.fromkeys(name for found in values.values() for name in found):
        scored = [(found[name], lines[id]["correct"]) for id, found in values.items() if name in found]
        area = auc(scored)
        rows = [(values[id].get(name, -math.inf), lines[id]["correct"], cloud[id]["correct"]) for id in both]
        # A signal that only some rows have cannot decide about all.
        handed = f"{escalations(rows, 0.95):.0%}" if rows and all(name in values[id] for id in both) else "-"
        print(f"| {name} | {len(scored)} | {'-' if area is None else f'{area:.3f}'} | {handed} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).parent / "recorded")
    arguments = parser.parse_args()
    files = {}
    for path in sorted(arguments.folder.glob("*.jsonl.gz")):
        header, lines = read_file(path)
        if lines:
            files[header["task"], header["model"]["name"]] = (header, lines)
    if not files:
        sys.exit(f"no recorded rows in {arguments.folder}: run record.py first")
    show_accuracy(files)
    for task, model in sorted(files):
        if model in LOCAL:
            show_signals(task, model, files)


if __name__ == "__main__":
    main()
