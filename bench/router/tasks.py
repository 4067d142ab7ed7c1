"""The tasks of the router's own corpus: which rows, what is asked, and what counts as right.

Every check is exact and made by a program. Data are read from a folder that is not part of this repository (README.md
says what it holds); recorded files name its rows by id.
"""
import collections
import csv
import dataclasses
import gzip
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys

SHUFFLE_SEED = 20260


@dataclasses.dataclass
class Row:
    """One question. `gold` is whatever the task's check needs."""
    id: str
    text: str
    gold: object


def shuffled(rows):
    """A fixed order in which every beginning is a fair sample, so that a recording may stop anywhere."""
    random.Random(SHUFFLE_SEED).shuffle(rows)
    return rows


def dialogue(style, introduction, shots, question):
    """The same few-shot prompt as a chat, or as plain text for models that follow examples better than orders.

    `shots` are (question, answer); `question` ends where the answer begins, with a word and a colon.
    """
    if style == "chat":
        messages = [{"role": "system", "content": introduction}]
        for asked, answered in shots:
            messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        return {"messages": [*messages, {"role": "user", "content": question}]}
    parts = [introduction, *(f"{asked} {answered}" for asked, answered in shots), question]
    return {"prompt": "\n\n".join(parts), "stop": ["\n\n"]}


class Banking77:
    """Which of 12 intents a customer's message has.

    The intents: those with most training rows, where the first word of the name is not yet taken. So a label is decided
    by its first token, and one prompt scores all labels. The first rows of each intent are kept for examples.
    """
    name = "banking77"
    files = ["banking77/train.csv"]
    intents_count = 12
    kept_for_examples = 10
    tokens_max = 1
    by_label = True
    styles = {"chat": 4, "plain": 4}

    def load(self, data):
        with open(data / self.files[0], newline="", encoding="utf-8") as file:
            table = [(number, row["text"].strip(), row["category"]) for number, row in enumerate(csv.DictReader(file))]
        counts = collections.Counter(category for _, _, category in table)
        first_words = {}
        for category, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            first_words.setdefault(category.split("_")[0].lower(), category)
        categories = list(first_words.values())[:self.intents_count]
        self.labels = [category.replace("_", " ").strip("?").lower() for category in categories]
        of_category = {category: [row for row in table if row[2] == category] for category in categories}
        self.examples = [[text for _, text, _ in of_category[category][:self.kept_for_examples]] for category in categories]
        return shuffled([Row(str(number), text, index) for index, category in enumerate(categories)
                         for number, text, _ in of_category[category][self.kept_for_examples:]])

    def ask(self, row, style, shots):
        names = "\n".join(f"- {label}" for label in self.labels)
        introduction = ("A bank sorts its customers' messages by intent. The intents are:\n" + names +
                        "\nAnswer with the intent of the message, as written in the list.")
        examples = [(f"Message: {self.examples[index][turn]}\nIntent:", label)
                    for turn in range(shots) for index, label in enumerate(self.labels)]
        random.Random(SHUFFLE_SEED).shuffle(examples)
        return dialogue(style, introduction, examples, f"Message: {row.text}\nIntent:")

    def calibration_rows(self, shots):
        """Unlabelled messages, as many of each intent: neither examples of the prompt nor asked about."""
        return [Row("", text, None) for texts in self.examples for text in texts[shots:shots + 3]]

    def check(self, row, answer):
        """`answer` is an index into `labels`."""
        return {"correct": answer == row.gold, "answer": answer}


def receipt_text(path):
    """The lines of a receipt, top to bottom: boxes whose middle lies within another's height share a line."""
    boxes = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split(",", 8)
        if len(fields) == 9:
            left, top, bottom = int(fields[0]), int(fields[1]), int(fields[5])
            boxes.append((top, bottom, left, fields[8].strip()))
    lines = []
    for top, bottom, left, text in sorted(boxes):
        if lines and lines[-1]["top"] <= (top + bottom) / 2 <= lines[-1]["bottom"]:
            lines[-1]["boxes"].append((left, text))
        else:
            lines.append({"top": top, "bottom": bottom, "boxes": [(left, text)]})
    return "\n".join(" ".join(text for _, text in sorted(line["boxes"])) for line in lines)


class Sroie:
    """Date and total of a receipt. Right: both."""
    name = "sroie"
    files = ["sroie"]
    fields = ("date", "total")
    key_fields = ("company", *fields)
    tokens_max = 40
    by_label = False
    styles = {"chat": 2, "plain": 2}
    example_characters_max = 600

    def load(self, data):
        folder = data / "sroie"
        rows = []
        for path in sorted(folder.glob("key/*.json")):
            text = receipt_text(folder / "box" / f"{path.stem}.csv")
            key = json.loads(path.read_text(encoding="utf-8"))
            if all(key.get(field) for field in self.key_fields):
                rows.append(Row(path.stem, text, {field: key[field] for field in self.key_fields}))
        # Examples: the first short receipts of different companies whose values stand there word for word. No receipt
        # of their companies is asked about.
        self.examples = []
        for row in rows:
            known = {self.normal("company", other.gold["company"]) for other in self.examples}
            if (len(row.text) < self.example_characters_max and
                    all(value in row.text for value in row.gold.values()) and
                    self.normal("company", row.gold["company"]) not in known):
                self.examples.append(row)
            if len(self.examples) == 2:
                break
        known = {self.normal("company", other.gold["company"]) for other in self.examples}
        return shuffled([row for row in rows if self.normal("company", row.gold["company"]) not in known])

    @staticmethod
    def normal(field, value):
        value = " ".join(value.upper().split())
        if field == "date" and (day := re.match(r"\d{1,2}[ -]?[A-Z]{3,9}[ -]?,?\d{2,4}|\d[\d./-]*\d", value)):
            value = day.group()  # without the time of day, which some receipts print beside it
        if field == "total":
            value = re.sub(r"^(RM|MYR|\$)\s*", "", value).replace(",", "")
        return value

    def answer_of(self, gold):
        # The first field's name ends the question.
        return f"{gold['date']}\nTotal: {gold['total']}"

    def ask(self, row, style, shots):
        introduction = ("Read the receipt and answer with two lines: its date, and the total amount paid, each copied exactly "
                        "as it is written there.")
        examples = [(f"Receipt:\n{shot.text}\n\nDate:", self.answer_of(shot.gold)) for shot in self.examples[:shots]]
        return dialogue(style, introduction, examples, f"Receipt:\n{row.text}\n\nDate:")

    def parse(self, text):
        """Field -> (value, first and last character of it in `text`)."""
        text_start = len(text) - len(text.lstrip())
        found = {}
        for match in re.finditer(r"[^\n]+", text):
            line, start = match.group(), match.start()
            label = re.match(r"\s*(date|total)\s*:\s*", line, re.IGNORECASE)
            field = label.group(1).lower() if label else ("date" if start <= text_start else None)
            if field and field not in found:
                value_start = start + (label.end() if label else len(line) - len(line.lstrip()))
                found[field] = (text[value_start:match.end()].strip(), value_start, match.end())
        return found

    def check(self, row, text):
        found = self.parse(text)
        receipt = " ".join(row.text.upper().split())
        right, verbatim, spans = {}, {}, {}
        for field in self.fields:
            value, start, end = found.get(field, ("", 0, 0))
            normal = self.normal(field, value)
            right[field] = bool(normal) and normal == self.normal(field, row.gold[field])
            verbatim[field] = bool(value) and " ".join(value.upper().split()) in receipt
            spans[field] = (start, end)
        return {"correct": right["date"] and right["total"], "answer": None, "fields": right, "verbatim": verbatim,
                "spans": spans, "agreement_key": (self.normal("date", found.get("date", ("",))[0]),
                                                  self.normal("total", found.get("total", ("",))[0]))}


def number_of(text):
    """The first number of a text as a canonical string, or None."""
    match = re.search(r"-?\d[\d,]*(\.\d+)?", text)
    if not match:
        return None
    whole = match.group().replace(",", "")
    return re.sub(r"\.0*$", "", whole) if "." in whole and not whole.split(".")[1].strip("0") else whole


class Gsm8k:
    """Grade-school problems, reasoned in the model's own way; right: the number it ends with."""
    name = "gsm8k"
    files = ["gsm8k/test_first_half.jsonl", "gsm8k/train.jsonl"]
    tokens_max = 320
    by_label = False
    styles = {"chat": 0, "plain": 4}
    kept_for_examples = 100  # first rows of the training part

    def load(self, data):
        parts = []
        for part, path in zip(("test", "train"), self.files):
            with open(data / path, encoding="utf-8") as file:
                parts.append([Row(f"{part}/{number}", row["question"].strip(), row["answer"])
                              for number, row in enumerate(map(json.loads, file))])
        test, train = parts
        self.examples = train[:self.kept_for_examples]
        return test + train[self.kept_for_examples:]

    def ask(self, row, style, shots):
        introduction = "Solve the problem step by step and briefly. End with a line \"Answer:\" and the resulting number."
        examples = [(f"Problem: {shot.text}\nSolution:",
                     re.sub(r"<<.*?>>", "", shot.gold).replace("####", "Answer:")) for shot in self.examples[:shots]]
        return dialogue(style, introduction, examples, f"Problem: {row.text}\nSolution:")

    @staticmethod
    def place(text):
        """Where the final number begins: after the last "Answer:", in the last box, or the last number there is."""
        for mark in (r"answer\W*(?:is|:)", r"\\boxed\{", r"####"):
            found = list(re.finditer(mark, text, re.IGNORECASE))
            if not found:
                continue
            start = found[-1].end()
            line = text[start:].lstrip().split("\n")[0]
            if number_of(line):
                # "Answer: 9 * 2 = 18"
                return text.index(line, start) + (line.rfind("=") + 1 if number_of(line[line.rfind("=") + 1:]) else 0)
        found = list(re.finditer(r"-?\d[\d,]*(\.\d+)?", text))
        return found[-1].start() if found else None

    def check(self, row, text):
        gold = number_of(row.gold.rsplit("####", 1)[1])
        start = self.place(text)
        number, spans = None, {}
        if start is not None:
            number = number_of(text[start:])
            end = text.find("\n", start)
            spans["answer"] = (start, len(text) if end < 0 else end)
        return {"correct": number is not None and number == gold, "answer": number, "agreement_key": number, "spans": spans}


# ---- code ----

JUDGE_SECONDS_MAX = 10
JUDGE_LIMITS = ["--as=1073741824", "--cpu=5", "--fsize=0", "--nproc=64", "--core=0"]


def jail_command():
    """What a stranger's program runs under: no network, no files to write, little memory and time, nobody's rights."""
    for tool in ("unshare", "prlimit", "setpriv"):
        if not shutil.which(tool):
            sys.exit(f"judging code needs `{tool}` (Debian package util-linux)")
    if os.geteuid() == 0:
        jail = ["unshare", "--net", "--ipc", "--", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                "--no-new-privs"]
    else:
        jail = ["unshare", "--map-current-user", "--net", "--ipc", "--", "setpriv", "--no-new-privs"]
    return [*jail, "prlimit", *JUDGE_LIMITS, "python3", "-I", "-"]


def passes(program):
    """Runs a Python program in the jail; whether it came to its end. A program that leaves early does not know with
    which status it would have to."""
    status = 100 + secrets.randbelow(100)
    source = f"{program}\n\nimport os as _judge_os\n_judge_os._exit({status})\n"
    process = subprocess.Popen(jail_command(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd="/", env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONHASHSEED": "0"},
                               start_new_session=True)
    try:
        process.communicate(source.encode(), timeout=JUDGE_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        pass
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return process.returncode == status


def read_problems(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(map(json.loads, file))


class HumanEval:
    """Whole functions from their signature and docstring; right: the problem's own tests pass."""
    name = "humaneval"
    files = ["humaneval/HumanEval.jsonl.gz"]
    tokens_max = 400
    by_label = False
    styles = {"chat": 0}

    def load(self, data):
        return [Row(problem["task_id"].split("/")[1], problem["prompt"], problem)
                for problem in read_problems(data / self.files[0])]

    def ask(self, row, style, shots):
        order = "Complete this Python function. Answer with the whole function in one code block, without explanation."
        return {"messages": [{"role": "user", "content": f"{order}\n\n```python\n{row.text}```"}]}

    def check(self, row, text):
        block = re.search(r"```(?:python)?[^\n]*\n(.*?)(?:```|\Z)", text, re.DOTALL)
        code = block.group(1) if block else text
        problem = row.gold
        # The prompt is a function with nothing but a docstring: it brings the imports and helpers, and the answer's
        # function takes its place.
        right = passes(f"{problem['prompt']}\n\n{code}\n\n{problem['test']}\n\ncheck({problem['entry_point']})")
        return {"correct": right, "answer": code, "agreement_key": None}


class Infill:
    """One missing line of a function, from what stands before and after it; right: the problem's own tests pass."""
    name = "infill"
    files = ["humaneval-infilling/HumanEval-SingleLineInfilling.jsonl.gz"]
    tokens_max = 64
    by_label = False
    styles = {"fim": 0}

    def load(self, data):
        return shuffled([Row(problem["task_id"].removeprefix("SingleLineInfilling/"), problem["prompt"], problem)
                         for problem in read_problems(data / self.files[0])])

    def ask(self, row, style, shots):
        return {"prompt": f"<|fim_prefix|>{row.text}<|fim_suffix|>{row.gold['suffix']}<|fim_middle|>", "stop": ["\n"]}

    def check(self, row, text):
        problem = row.gold
        line = text.split("\n")[0]
        right = passes(f"{problem['prompt']}{line}\n{problem['suffix']}\n\n{problem['test']}\n\n"
                       f"check({problem['entry_point']})")
        return {"correct": right, "answer": line, "agreement_key": line.strip()}


ALL = {task.name: task for task in (Banking77, Sroie, Gsm8k, HumanEval, Infill)}
