#!/usr/bin/env python3
"""bench/router/pii.py: how well `croft redact` finds what presidio-research marked in its sentences.

    pii.py ../shared/data/presidio/synth_dataset_v2.json [generated_large.json ...] [--json] [--show N] [--out FILE]
           [--rows N] [--missed TYPE] [--second-look MODEL]

Three ways to count, all reported:

* by tokens, as presidio-research's TokenEvaluator does and as the figures published for Presidio were made: a token counts
  as personal data where a span covers part of it, of whatever type. Tokens that are signs, and mistakes on a few words that
  say nothing (SKIPPED), do not count. Tokens are cut by rules of ours that come close to spaCy's, which is not needed.
* by spans, as its SpanEvaluator does: a marked span is found where a finding's characters and its own agree to 0.9
  (intersection over union, signs and skipped words at the borders left out), of whatever type.
* strictly: the same type and the same borders; and loosely: the same type, and one character in common.

F2 weighs recall four times as much as precision. Findings of types that the data do not have count as false. Synthetic data
hold numbers that no issuer could have given out: for each checksummed type the table also says how many of the marked
spans pass the check, worked out here and not by Croft, and the recall among those.

--rows takes the first N sentences alone; --missed those of them in which no finding touches some span of TYPE. --second-look
asks a model as well: the report then says how long that took, and what the findings of the model alone were.

The data are for measuring only: nothing here is taken into the program.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CROFT = os.environ.get("CROFT_BINARY", str(ROOT / "build/release/croft")).split()

# Both sides' names -> the name that is counted under: presidio-research's mapping.
SAME = {"GPE": "LOCATION", "STREET_ADDRESS": "LOCATION", "DOMAIN_NAME": "URL", "IBAN": "IBAN_CODE", "US_ITIN": "US_SSN",
        "ABA_ROUTING_NUMBER": "US_BANK_NUMBER"}
CHECKED = {"CREDIT_CARD", "IBAN_CODE"}
IOU_MIN = 0.9
SKIPPED = set("""a an and the or of in on at to for from by with as is are was do this that these those your his her its
    i me my you he she it we they 's street st st. de rue via day days address country state city zip po p.o. box apt unit
    corner suite mr. mrs. miss year years y/o month months old morning noon afternoon night evening first last week weeks
    weekend age ago inc inc. ltd""".split())


def tokens_of(text):
    """(start, end) of words and signs, about as spaCy cuts English."""
    for chunk in re.finditer(r"\S+", text):
        start, end = chunk.span()
        while start < end and not (text[start].isalnum() or text[start] in "+#$"):
            yield start, start + 1
            start += 1
        tail = []
        while start < end:
            if re.search(r"(?i)['’]s$", text[start:end]) and end - start > 2:
                tail.append((end - 2, end))
                end -= 2
            elif not text[end - 1].isalnum() and not re.fullmatch(r"(?i)(mr|mrs|ms|dr|st|inc|co|corp|ltd|jr|sr|[a-z])\.",
                                                                  text[start:end]):
                tail.append((end - 1, end))
                end -= 1
            else:
                break
        if "@" in text[start:end] or "//" in text[start:end]:
            yield start, end
        else:
            for part in re.finditer(r"(?:(?<=[^\W\d])[-/](?=[^\W\d]))|(?:[^\W\d]+(?:[.'’][^\W\d]+)*(?=[-/,][^\W\d]))|,(?=[^\W\d])|.+?"
                                    r"(?=(?<=[^\W\d])[-/,][^\W\d]|$)", text[start:end]):
                yield start + part.start(), start + part.end()
        yield from reversed(tail)


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
        yield row["full_text"], [(SAME.get(s["entity_type"], s["entity_type"]), s["start_position"], s["end_position"])
                                 for s in row["spans"]]


def redact(texts, options=()):
    """Per text: (type, start, end, whether the model found it)."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [*CROFT, "redact", "--jsonl", "--json", *options, "-"] if len(CROFT) == 1 else CROFT
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    for text, line in zip(texts, done.stdout.decode().splitlines(), strict=True):
        raw = text.encode()
        # Bytes to characters, which the data count in.
        yield [(SAME.get(e["type"], e["type"]), len(raw[:e["start"]].decode()), len(raw[:e["end"]].decode()), e.get("by") == "model")
               for e in json.loads(line)["entities"]]


def type_at(spans, start, end):
    return next((kind for kind, s, e in spans if s < end and start < e), "O")


def count_tokens(text, spans, findings, tokens):
    for start, end in tokens_of(text):
        word = text[start:end].lower()
        if not any(c.isalnum() for c in word):
            continue
        marked, found = type_at(spans, start, end), type_at(findings, start, end)
        if marked != found and word in SKIPPED:
            continue
        tokens[marked, found] += 1


def core(text, start, end):
    """The span without signs and skipped words at its borders, as far as anything stays."""
    inside = [(s + start, e + start) for s, e in tokens_of(text[start:end])
              if any(c.isalnum() for c in text[start + s:start + e]) and text[start + s:start + e].lower() not in SKIPPED]
    return (inside[0][0], inside[-1][1]) if inside else (start, end)


def merged(text, spans):
    """Neighbours of one type with nothing but signs and skipped words between are one."""
    out = []
    for kind, start, end in sorted(spans, key=lambda span: span[1]):
        if out and out[-1][0] == kind:
            between = text[out[-1][2]:start]
            if all(not any(c.isalnum() for c in between[s:e]) or between[s:e].lower() in SKIPPED
                   for s, e in tokens_of(between)):
                out[-1] = (kind, out[-1][1], end)
                continue
        out.append((kind, start, end))
    return out


def count_spans(text, spans, findings, sums):
    marked = [core(text, s, e) for _, s, e in merged(text, spans)]
    found = [core(text, s, e) for _, s, e in merged(text, findings)]
    sums["marked"] += len(marked)
    sums["found"] += len(found)
    free = list(found)
    for start, end in marked:
        best = max(free, key=lambda f: iou(start, end, *f), default=None)
        if best and iou(start, end, *best) >= IOU_MIN:
            free.remove(best)
            sums["right"] += 1


def iou(a, b, c, d):
    common = min(b, d) - max(a, c)
    return common / (max(b, d) - min(a, c)) if common > 0 else 0.0


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rows_with_missed(rows, name):
    for row, findings in zip(rows, redact([text for text, _ in rows]), strict=True):
        touched = [finding[:3] for finding in findings]
        if any(kind == name and type_at(touched, start, end) == "O" for kind, start, end in row[1]):
            yield row


def measure(path, show, rows_max=None, missed_only=None, second_look=None):
    rows = list(rows_of(path))[:rows_max]
    if missed_only:
        rows = list(rows_with_missed(rows, missed_only))
    began = cpu_seconds()
    redacted = list(redact([text for text, _ in rows], ["--second-look", second_look] if second_look else []))
    seconds = cpu_seconds() - began
    model = collections.Counter()
    counts = collections.defaultdict(collections.Counter)
    tokens, spans_sum = collections.Counter(), collections.Counter()
    missed, false, confused = [], [], []
    for (text, spans), each in zip(rows, redacted, strict=True):
        findings = [finding[:3] for finding in each]
        for kind, start, end, by_model in each:
            if by_model:
                over = [k for k, s, e in spans if s < end and start < e]
                model["right" if kind in over else "other" if over else "false"] += 1
        count_tokens(text, spans, findings, tokens)
        count_spans(text, spans, findings, spans_sum)
        for kind, start, end in spans:
            hits = [f for f in findings if f[0] == kind and f[1] < end and start < f[2]]
            valid = kind in CHECKED and passes_check(kind, text[start:end])
            counts[kind].update(spans=1, found=bool(hits), exact=(kind, start, end) in hits, valid=valid,
                                valid_found=valid and bool(hits))
            if type_at(findings, start, end) == "O":
                missed.append((kind, text[start:end], text[max(0, start - 30):start]))
        for name, start, end in findings:
            over = [kind for kind, s, e in spans if s < end and start < e]
            counts[name].update(true=name in over, false=name not in over)
            if not over:
                false.append((name, text[start:end], text[max(0, start - 30):start]))
            elif name not in over:
                confused.append((name, text[start:end], ", ".join(over)))
    return {"file": pathlib.Path(path).name, "sentences": len(rows), "counts": {k: dict(v) for k, v in sorted(counts.items())},
            "tokens": {f"{a} {b}": n for (a, b), n in sorted(tokens.items())}, "summary": summary(tokens, spans_sum, counts),
            **({"model": dict(model), "seconds": round(seconds, 1)} if second_look else {}),
            "missed": missed, "false": false, "confused": confused, "show": show}


def scores(right, found, marked):
    precision, recall = right / found if found else 0.0, right / marked if marked else 0.0
    f2 = 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0
    return {"precision": round(precision, 3), "recall": round(recall, 3), "f2": round(f2, 3)}


def summary(tokens, spans, counts):
    marked = sum(n for (a, _), n in tokens.items() if a != "O")
    found = sum(n for (_, b), n in tokens.items() if b != "O")
    both = sum(n for (a, b), n in tokens.items() if a != "O" and b != "O")
    same = sum(n for (a, b), n in tokens.items() if a == b != "O")
    total = {key: sum(c.get(key, 0) for c in counts.values()) for key in ("spans", "found", "exact", "true", "false")}
    findings = total["true"] + total["false"]
    return {"tokens, whatever the type": scores(both, found, marked),
            "tokens, of the same type": scores(same, found, marked),
            "spans that agree to 0.9, whatever the type": scores(spans["right"], spans["found"], spans["marked"]),
            "same type, one character in common": {
                "precision": round(total["true"] / max(findings, 1), 3), "recall": round(total["found"] / max(total["spans"], 1), 3),
                "f2": f2_of(total["true"] / max(findings, 1), total["found"] / max(total["spans"], 1))},
            "same type and borders": scores(total["exact"], findings, total["spans"])}


def f2_of(precision, recall):
    return round(5 * precision * recall / (4 * precision + recall), 3) if precision + recall else 0.0


def share(part, whole):
    return f"{part / whole:.3f}" if whole else "-"


def token_shares(tokens, kind):
    right = tokens.get(f"{kind} {kind}", 0)
    marked = sum(n for key, n in tokens.items() if key.split()[0] == kind)
    found = sum(n for key, n in tokens.items() if key.split()[1] == kind)
    return share(right, found), share(right, marked)


def report(result):
    yield f"{result['file']}: {result['sentences']} sentences\n"
    if "model" in result:
        m = result["model"]
        yield (f"With a second look, {result['seconds']} s of CPU time. Of its findings, {m.get('right', 0)} are in a span of their type, "
               f"{m.get('other', 0)} in one of another and {m.get('false', 0)} in none.\n")
    yield "| counted by | precision | recall | F2 |\n|---|---|---|---|"
    for name, each in result["summary"].items():
        yield f"| {name} | {each['precision']:.3f} | {each['recall']:.3f} | {each['f2']:.3f} |"
    yield ("\n| type | marked | recall | exact borders | pass the check | recall of those | findings | precision | tokens: "
           "precision | recall |\n|---|---|---|---|---|---|---|---|---|---|")
    for kind, c in result["counts"].items():
        spans, valid = c.get("spans", 0), int(c.get("valid", 0))
        findings = c.get("true", 0) + c.get("false", 0)
        checked = (valid, share(c.get("valid_found", 0), valid)) if kind in CHECKED else ("-", "-")
        by_token = token_shares(result["tokens"], kind)
        yield (f"| {kind} | {spans or '-'} | {share(c.get('found', 0), spans)} | {share(c.get('exact', 0), spans)} | "
               f"{checked[0]} | {checked[1]} | {findings or '-'} | {share(c.get('true', 0), findings)} | "
               f"{by_token[0]} | {by_token[1]} |")
    for title, key in (("False: found in text that is not marked", "false"), ("Found as another type than marked", "confused"),
                       ("Missed altogether", "missed")):
        listed = result[key]
        yield f"\n{title}: {len(listed)}{', the first ' + str(result['show']) if len(listed) > result['show'] else ''}\n"
        for kind, value, where in listed[:result["show"]]:
            yield f"- {kind}: {escaped(value)} ({escaped(where)})"


def escaped(text):
    return "`" + text.replace("\n", "⏎").replace("`", "'") + "`"


HEAD = """# What the detector of personal data finds: figures

Made by `bench/router/pii.py FILE --out docs/privacy-numbers.md`; do not edit it. The sentences are presidio-research's
(MIT; the identities in them CC BY-SA 3.0), and only measure: nothing in Croft was trained on them. How it was counted is
said at the head of that program; [privacy.md](privacy.md) says how the detector works.

Who made the detector looked at the sums below while at it, and chose templates and options by texts of templates that were
held out, by false findings in questions of CLINC150, Banking77 and GSM8K, and by sentences of their own. Before these figures
were made, templates were compared with the data by runs of five words and by layouts of addresses; those that came close were
taken out or rewritten, and what everybody says ("at the age of") stayed.

For comparison, by tokens whatever the type, as published: Presidio as it comes has precision 0.685, recall 0.603 and F2
0.618 on `synth_dataset_v2`; tuned to it, F2 0.845.

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", type=int, default=40, help="at most so many mistakes of each kind")
    parser.add_argument("--summary", action="store_true", help="no single mistakes: for who must not tune to them")
    parser.add_argument("--out", type=pathlib.Path, help="write the report there")
    parser.add_argument("--rows", type=int, help="only the first so many sentences of each file")
    parser.add_argument("--missed", metavar="TYPE", help="only sentences with a span of this type that nothing touches")
    parser.add_argument("--second-look", metavar="MODEL", help="passed on to croft redact")
    options = parser.parse_args()
    if options.second_look and len(CROFT) != 1:
        parser.error("--second-look is an option of croft: CROFT_BINARY names another command")
    pages = []
    for path in options.files:
        if not pathlib.Path(path).is_file():
            sys.exit(f"{path} is not there: presidio-research keeps it (see ../shared/reference/models-and-data.md)")
        result = measure(path, options.show, options.rows, options.missed, options.second_look)
        if options.summary:
            result["missed"], result["false"], result["confused"] = [], [], []
        pages.append(json.dumps(result) if options.json else "\n".join(report(result)))
    if options.out:
        options.out.write_text(HEAD + "\n\n".join(pages) + "\n", encoding="utf-8")
    else:
        print("\n\n".join(pages))


if __name__ == "__main__":
    main()
