#!/usr/bin/env python3
"""Records what a model answers to the tasks of tasks.py, whether it is right, and the log-probabilities of every token.

Starts `croft serve` with one model, asks row by row (several at once: the engine computes them together) and keeps one
line a row in OUT/TASK-NAME.jsonl.gz. Goes on where such a file has rows already; README.md says what a line holds.
"""
import argparse
import concurrent.futures
import contextlib
import datetime
import gzip
import hashlib
import http.client
import json
import math
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import tasks

SAVE_SECONDS = 60
# Generous: a recording may run at the lowest priority beside a build.
READY_SECONDS_MAX = 1800
ANSWER_SECONDS_MAX = 7200
STOP_SECONDS_MAX = 300
SEED = 1000
SAMPLE_TEMPERATURE = 0.7
ALTERNATIVES = 5
ALTERNATIVES_OF_LABELS = 20
FORCING_BIAS = 100  # more than any two logits are apart: only the labels remain


class Server:
    """One `croft serve` on a free port of loopback."""

    def __init__(self, croft, model, parallel, threads):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = tempfile.NamedTemporaryFile(prefix="croft-record-", suffix=".log")
        self.process = subprocess.Popen(
            [croft, "serve", "--model", model, "--port", str(self.port), "--parallel", str(parallel), "--queue-wait", "0",
             "--prefix-cache", "1024", "--threads", str(threads),
             "--log-level", "warning"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"croft serve did not become ready: {pathlib.Path(self.log.name).read_text(errors='replace')}")
            time.sleep(0.5)

    def _ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def post(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{path}: HTTP {response.status}: {data[:300].decode(errors='replace')}")
        return json.loads(data)

    def first_token(self, text):
        return self.post("/tokenize", {"content": text})["tokens"][0]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Token:
    """One generated token: `start` in characters of the text, `others` the log-probabilities of the alternatives by id."""

    def __init__(self, start, chosen, logprob, others):
        self.start, self.chosen, self.logprob, self.others = start, chosen, logprob, others

    def margin(self):
        """How far the chosen token is before the best other one; negative where it is not the likeliest."""
        return self.logprob - max((value for other, value in self.others.items() if other != self.chosen), default=-math.inf)

    def entropy(self):
        """In nats, all tokens beyond the known alternatives counted as one: a lower bound."""
        known = [math.exp(value) for value in self.others.values()]
        rest = 1 - sum(known)
        return -sum(p * math.log(p) for p in [*known, rest] if p > 1e-9)


def token_id(name):
    return int(name.removeprefix("token_id:"))


def tokens_of(choice):
    """The tokens of a chat or completion choice, in one shape."""
    logprobs = choice["logprobs"]
    tokens = []
    if "content" in logprobs:
        text = b""
        for entry in logprobs["content"]:
            others = {token_id(other["token"]): other["logprob"] for other in entry["top_logprobs"]}
            tokens.append(Token(len(text.decode(errors="ignore")), token_id(entry["token"]), entry["logprob"], others))
            text += bytes(entry["bytes"] or [])
        return tokens
    for name, logprob, top, start in zip(logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"],
                                         logprobs["text_offset"]):
        others = {token_id(other): value for other, value in top.items()}
        tokens.append(Token(start, token_id(name), logprob, others))
    return tokens


class Asker:
    """Asks one model the rows of one task."""

    def __init__(self, server, task, style, shots, samples_count, parallel):
        self.server, self.task, self.style, self.shots, self.samples_count = server, task, style, shots, samples_count
        self.bias = None
        if task.by_label:
            # A label follows a space in plain text and begins the turn in a chat.
            self.label_tokens = [server.first_token(label if style == "chat" else " " + label) for label in task.labels]
            if len(set(self.label_tokens)) != len(task.labels):
                sys.exit("two labels begin with the same token: one token does not decide between them")
            self.bias = {str(token): FORCING_BIAS for token in self.label_tokens}
            self.prior = self.prior_of_labels(parallel)
            self.bias = {str(token): round(FORCING_BIAS + min(self.prior) - own, 3)
                         for token, own in zip(self.label_tokens, self.prior)}

    def prior_of_labels(self, parallel):
        """What each label scores on average over messages whose intents are evenly mixed. Small models like some labels
        whatever they are asked: a label wins by how far it is above its own average."""
        def scores_of(row):
            token = tokens_of(self.send(row, temperature=0, **self.logprobs_settings())["choices"][0])[0]
            least = min(token.others.values())
            return [token.others.get(label, least) for label in self.label_tokens]

        first, *others = self.task.calibration_rows(self.shots)
        scores = [scores_of(first)]  # alone: the others then find the examples in the prefix cache
        with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
            scores += pool.map(scores_of, others)
        return [round(sum(column) / len(column), 3) for column in zip(*scores)]

    def send(self, row, **settings):
        request = {**self.task.ask(row, self.style, self.shots), "max_tokens": self.task.tokens_max, "seed": SEED,
                   "return_tokens_as_token_ids": True, **settings}
        if self.bias:
            request["logit_bias"] = self.bias
        if "messages" in request:
            return self.server.post("/v1/chat/completions", request)
        return self.server.post("/v1/completions", request)

    def logprobs_settings(self):
        count = ALTERNATIVES_OF_LABELS if self.task.by_label else ALTERNATIVES
        chat = self.style == "chat"
        return {"logprobs": True, "top_logprobs": count} if chat else {"logprobs": count}

    def text_of(self, choice):
        return choice["message"]["content"] or "" if "message" in choice else choice["text"]

    def label_of(self, tokens):
        return self.label_tokens.index(tokens[0].chosen)

    def greedy(self, row):
        """A recorded line of the most likely answer."""
        began = time.monotonic()
        answer = self.send(row, temperature=0, **self.logprobs_settings())
        seconds = time.monotonic() - began
        choice, usage = answer["choices"][0], answer["usage"]
        tokens = tokens_of(choice)
        verdict = self.task.check(row, self.label_of(tokens) if self.task.by_label else self.text_of(choice))
        line = {"task": self.task.name, "id": row.id, "correct": verdict["correct"],
                "prompt_tokens": usage["prompt_tokens"],
                "cached_tokens": usage["prompt_tokens_details"]["cached_tokens"],
                "completion_tokens": usage["completion_tokens"], "seconds": round(seconds, 2),
                "finish": choice["finish_reason"], "answer": verdict["answer"]}
        for name in ("fields", "verbatim"):
            if name in verdict:
                line[name] = verdict[name]
        if "spans" in verdict:
            line["spans"] = {name: self.token_span(tokens, *span) for name, span in verdict["spans"].items()}
        if self.task.by_label:
            token = tokens[0]
            line["scores"] = [round(token.others[label], 3) if label in token.others else None
                              for label in self.label_tokens]
            best = max(token.others, key=token.others.get)
            line["unforced"] = best == token.chosen
            line["logprobs"] = [round(token.logprob, 3)]
            return line, verdict
        line["logprobs"] = [round(token.logprob, 3) for token in tokens]
        line["margins"] = [round(token.margin(), 3) for token in tokens]
        line["entropies"] = [round(token.entropy(), 3) for token in tokens]
        return line, verdict

    @staticmethod
    def token_span(tokens, start, end):
        """First and one past the last of the tokens that begin before `end` and do not end before `start`."""
        ends = [token.start for token in tokens[1:]] + [math.inf]
        inside = [i for i, token in enumerate(tokens) if token.start < end and ends[i] > start]
        return [inside[0], inside[-1] + 1] if inside else [0, 0]

    def sample(self, row):
        """Answers drawn at a temperature: whether each is right, and a key that equal answers share."""
        settings = {"temperature": SAMPLE_TEMPERATURE, "n": self.samples_count}
        if self.task.by_label:
            answer = self.send(row, **settings, **self.logprobs_settings())
            verdicts = [self.task.check(row, self.label_of(tokens_of(choice))) for choice in answer["choices"]]
            return [(verdict["correct"], verdict["answer"]) for verdict in verdicts]
        answer = self.send(row, **settings)
        verdicts = [self.task.check(row, self.text_of(choice)) for choice in answer["choices"]]
        return [(verdict["correct"], verdict["agreement_key"]) for verdict in verdicts]

    def line(self, row, known, wants_samples):
        """The row's line, with what was not there yet."""
        line, verdict = (known, None) if known else self.greedy(row)
        if wants_samples and "samples_correct" not in line:
            if verdict is None:  # the answer's key is not kept: greedy answers are the same again
                _, verdict = self.greedy(row)
            own = verdict["answer"] if self.task.by_label else verdict["agreement_key"]
            drawn = self.sample(row)
            line["samples_correct"] = [right for right, _ in drawn]
            line["samples_agree"] = [key == own for _, key in drawn]
            line["samples_distinct"] = len({key for _, key in drawn})
        return line


# ---- the file ----

def sha256_of(path):
    digest = hashlib.sha256()
    if path.is_dir():
        for inner in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(inner.relative_to(path).as_posix().encode() + b"\0" + inner.read_bytes())
        return digest.hexdigest()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def header_of(arguments, task):
    version = subprocess.run([arguments.croft, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    recipe = {"style": arguments.style, "shots": arguments.shots, "tokens_max": task.tokens_max, "temperature": 0,
              "seed": SEED, "samples": arguments.samples, "samples_temperature": SAMPLE_TEMPERATURE,
              "alternatives": ALTERNATIVES_OF_LABELS if task.by_label else ALTERNATIVES,
              "data": {name: sha256_of(arguments.data / name) for name in task.files}}
    if task.by_label:
        recipe["labels"] = task.labels
    return {"header": 1, "task": task.name,
            "model": {"name": arguments.name, "sha256": sha256_of(arguments.model)}, "recipe": recipe,
            "croft": version, "date": datetime.date.today().isoformat(),
            "machine": {"processor": processor_name(), "cores": os.cpu_count()}, "parallel": arguments.parallel}


def read_file(path):
    """Header and lines by id."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return lines[0], {line["id"]: line for line in lines[1:]}


def write_file(path, header, lines):
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in [header, *lines])
    new = path.with_suffix(".new")
    new.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    new.replace(path)


def record(arguments):
    task = tasks.ALL[arguments.task]()
    rows = task.load(arguments.data)[:arguments.rows]
    path = arguments.out / f"{task.name}-{arguments.name}.jsonl.gz"
    header, known = header_of(arguments, task), {}
    if path.exists():
        old, known = read_file(path)
        for key in ("task", "model", "recipe"):
            if old[key] != header[key]:
                sys.exit(f"{path} was recorded with another {key}: {old[key]}, now {header[key]}. Remove it or choose "
                         "another --out.")
        header = old
    wants_samples = {row.id for row in rows[:arguments.samples_rows]} if arguments.samples else set()
    waiting = [row for row in rows
               if row.id not in known or (row.id in wants_samples and "samples_correct" not in known[row.id])]
    print(f"{path.name}: {len(known)} rows there, {len(waiting)} to do", flush=True)
    if not waiting and (not task.by_label or "label_prior" in header):
        return
    server = Server(arguments.croft, arguments.model, arguments.parallel, arguments.threads)
    try:
        asker = Asker(server, task, arguments.style, arguments.shots, arguments.samples, arguments.parallel)
        if task.by_label:
            header["label_prior"] = asker.prior
        ask_all(arguments, asker, rows, waiting, known, wants_samples,
                lambda: write_file(path, header, [known[row.id] for row in rows if row.id in known] +
                                   [line for id, line in known.items() if id not in {row.id for row in rows}]))
    finally:
        server.stop()


def ask_all(arguments, asker, rows, waiting, known, wants_samples, save):
    began = saved = time.monotonic()
    new = right = 0
    todo = iter(waiting)
    with concurrent.futures.ThreadPoolExecutor(arguments.parallel) as pool:
        def submit():
            row = next(todo, None)
            if row is None or time.monotonic() - began > arguments.seconds:
                return set()
            return {pool.submit(asker.line, row, known.get(row.id), row.id in wants_samples)}

        # The first row is asked alone: the others then find the examples in the prefix cache.
        running = submit()
        concurrent.futures.wait(running)
        running = running.union(*(submit() for _ in range(arguments.parallel - 1)))
        try:
            while running:
                done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    line = future.result()
                    known[line["id"]] = line
                    new, right = new + 1, right + line["correct"]
                    running |= submit()
                if time.monotonic() - saved > SAVE_SECONDS:
                    save()
                    saved = time.monotonic()
                    print(f"  {new} new rows, {right} right, {saved - began:.0f} s", flush=True)
        finally:
            save()
    print(f"  {new} new rows, {right} right, {time.monotonic() - began:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--croft", default="build/release/croft", help="the program (default %(default)s)")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="GGUF file or folder")
    parser.add_argument("--name", required=True, help="what the model is called in file names")
    parser.add_argument("--task", choices=tasks.ALL, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with the data sets")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "recorded")
    parser.add_argument("--rows", type=int, help="only the first so many rows")
    parser.add_argument("--style", help="form of the prompt: the task's first by default")
    parser.add_argument("--shots", type=int, help="examples in the prompt: the style's number by default")
    parser.add_argument("--samples", type=int, default=0, help="further answers of each row at temperature 0.7")
    parser.add_argument("--samples-rows", type=int, help="samples only for the first so many rows")
    parser.add_argument("--parallel", type=int, default=8, help="rows asked at once (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of the engine; 0: one per core (default)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="ask nothing new after that long")
    arguments = parser.parse_args()
    styles = tasks.ALL[arguments.task].styles
    arguments.style = arguments.style or next(iter(styles))
    if arguments.style not in styles:
        parser.error(f"{arguments.task} has the styles {', '.join(styles)}")
    if arguments.shots is None:
        arguments.shots = styles[arguments.style]
    arguments.out.mkdir(parents=True, exist_ok=True)
    # Asked to end: what is under way is finished and kept.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    record(arguments)


if __name__ == "__main__":
    main()
