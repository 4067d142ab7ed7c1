#!/usr/bin/env python3
"""bench/router/pii.py: how well `croft redact` finds what presidio-research marked in its sentences.

    pii.py ../shared/data/presidio/synth_dataset_v2.json [generated_large.json ...] [--json] [--show N]

A marked span counts as found where a finding of the same type overlaps it, and as exact where the borders agree; a finding
is false where it overlaps no marked span that it may stand for. Types of the data that the rules do not cover (PERSON,
addresses, organisations, ages) are left out of the sums, and findings inside such spans are listed apart. Synthetic data
hold numbers that no issuer could have given out: for each checksummed type the table also says how many of the marked
spans pass the check, worked out here and not by Croft, and the recall among those.

The data are for measuring only: nothing here is taken into the program.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CROFT = os.environ.get("CROFT_BINARY", str(ROOT / "build/release/croft"))

# The data's name -> what Croft may call it.
COVERED = {
    "CREDIT_CARD": {"CREDIT_CARD"},
    "IBAN_CODE": {"IBAN_CODE"},
    "IBAN": {"IBAN_CODE"},
    "US_SSN": {"US_SSN", "US_ITIN"},
    "PHONE_NUMBER": {"PHONE_NUMBER"},
    "EMAIL_ADDRESS": {"EMAIL_ADDRESS"},
    "IP_ADDRESS": {"IP_ADDRESS"},
    "DOMAIN_NAME": {"URL"},
    "URL": {"URL"},
    "US_DRIVER_LICENSE": {"US_DRIVER_LICENSE"},
    "DATE_TIME": {"DATE_TIME"},
}
CHECKED = {"CREDIT_CARD", "IBAN_CODE", "IBAN"}


def luhn(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def passes_check(kind, value):
    """Independent of Croft's code: the published rules alone."""
    plain = re.sub(r"[\s-]", "", value).upper()
    if kind == "CREDIT_CARD":
        return plain.isdigit() and 12 <= len(plain) <= 19 and luhn(plain)
    turned = plain[4:] + plain[:4]
    return turned.isalnum() and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def rows_of(path):
    for row in json.loads(pathlib.Path(path).read_text(encoding="utf-8")):
        spans = [(s["entity_type"], s["start_position"], s["end_position"]) for s in row["spans"]]
        yield row["full_text"], spans


def redact(texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run([CROFT, "redact", "--jsonl", "--json", "-"], input=lines.encode(), capture_output=True, check=True)
    for text, line in zip(texts, done.stdout.decode().splitlines(), strict=True):
        raw = text.encode()
        found = json.loads(line)["entities"]
        # Bytes to characters, which the data count in.
        yield [(e["type"], len(raw[:e["start"]].decode()), len(raw[:e["end"]].decode()), e["score"]) for e in found]


def measure(path, show):
    rows = list(rows_of(path))
    counts = collections.defaultdict(collections.Counter)
    missed, false, inside = [], [], []
    for (text, spans), findings in zip(rows, redact([text for text, _ in rows]), strict=True):
        for kind, start, end in spans:
            if kind not in COVERED:
                continue
            hits = [f for f in findings if f[0] in COVERED[kind] and f[1] < end and start < f[2]]
            valid = kind in CHECKED and passes_check(kind, text[start:end])
            counts[kind].update(spans=1, found=bool(hits), exact=any(f[1:3] == (start, end) for f in hits), valid=valid,
                                valid_found=valid and bool(hits))
            if not hits:
                missed.append((kind, text[start:end], text[max(0, start - 40):start]))
        for name, start, end, score in findings:
            over = [kind for kind, s, e in spans if s < end and start < e]
            if any(name in COVERED.get(kind, ()) for kind in over):
                counts[name].update(true=1)
                continue
            counts[name].update(false=1)
            (inside if over else false).append((name, text[start:end], ", ".join(over) or text[max(0, start - 40):start]))
    return {"file": str(path), "sentences": len(rows), "counts": {k: dict(v) for k, v in sorted(counts.items())},
            "missed": missed, "false": false, "inside_others": inside, "show": show}


def share(part, whole):
    return f"{part / whole:.3f}" if whole else "-"


def print_report(result):
    print(f"{result['file']}: {result['sentences']} sentences\n")
    print("| type | marked | recall | exact borders | pass the check | recall of those | findings | precision |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, c in result["counts"].items():
        spans, valid = c.get("spans", 0), c.get("valid", 0)
        findings = c.get("true", 0) + c.get("false", 0)
        checked = (valid, share(c.get("valid_found", 0), valid)) if kind in CHECKED else ("-", "-")
        print(f"| {kind} | {spans or '-'} | {share(c.get('found', 0), spans)} | {share(c.get('exact', 0), spans)} | "
              f"{checked[0]} | {checked[1]} | {findings or '-'} | {share(c.get('true', 0), findings)} |")
    for title, key in (("Missed", "missed"), ("False, in unmarked text", "false"),
                       ("False, inside spans of another type", "inside_others")):
        print(f"\n{title}: {len(result[key])}")
        for kind, value, where in result[key][:result["show"]]:
            print(f"  {kind}: {value!r} ({where!r})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", type=int, default=40, help="at most so many mistakes of each kind")
    options = parser.parse_args()
    for path in options.files:
        if not pathlib.Path(path).is_file():
            sys.exit(f"{path} is not there: presidio-research keeps it (see ../shared/reference/models-and-data.md)")
        result = measure(path, options.show)
        print(json.dumps(result)) if options.json else print_report(result)


if __name__ == "__main__":
    main()
