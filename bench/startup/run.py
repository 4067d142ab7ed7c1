#!/usr/bin/env python3
"""Time from starting `croft run` to the first byte of its answer, packed against unpacked.

    bench/startup/run.py [--binary build/release/croft] [--model smollm2:135m] [--rounds 15] [--threads 2]

Every measurement is a new process; the model's file lies in the page cache. The two forms take turns, so that a busy
neighbour disturbs both. Prints the median and the quartiles in milliseconds.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# 20 tokens with the template of the default model.
PROMPT = "Name three large rivers of Europe."


def first_byte_ms(binary, model, threads):
    """Milliseconds from exec to the first byte on standard output."""
    command = [binary, "run", model, PROMPT, "--threads", str(threads), "--max-tokens", "4", "--temperature", "0"]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first = os.read(process.stdout.fileno(), 1)
        elapsed = time.perf_counter() - begin
        process.stdout.read()
        said = process.stderr.read().decode()
    if process.returncode != 0 or not first:
        raise SystemExit(f"{' '.join(map(str, command))} failed: {said}")
    return elapsed * 1000


def original_path(binary, model):
    shown = subprocess.run([binary, "show", model, "--json"], capture_output=True, check=True)
    return json.loads(shown.stdout)["path"]


def summary(samples):
    low, middle, high = statistics.quantiles(samples, n=4)
    return {"median_ms": round(middle, 1), "quartiles_ms": [round(low, 1), round(high, 1)],
            "fastest_ms": round(min(samples), 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--binary", default=ROOT / "build/release/croft")
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    original = original_path(arguments.binary, arguments.model)
    with tempfile.TemporaryDirectory(prefix="croft-startup-") as folder:
        packed = pathlib.Path(folder) / "model.croft.gguf"
        subprocess.run([arguments.binary, "pack", original, "--output", packed, "--quiet"], check=True)
        forms = {"original": original, "packed": packed}
        samples = {form: [] for form in forms}
        for round_number in range(arguments.rounds + 1):
            for form, path in forms.items():
                elapsed = first_byte_ms(arguments.binary, path, arguments.threads)
                if round_number > 0:  # the first round brings the files into the page cache
                    samples[form].append(elapsed)
    print(json.dumps({form: summary(values) for form, values in samples.items()}, indent=2))


if __name__ == "__main__":
    main()
