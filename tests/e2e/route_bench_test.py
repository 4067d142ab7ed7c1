"""Goal: `croft route bench` computes the figures that recorded outcomes have, says what is missing, and refuses what is wrong.

Method: the built program on outcomes made here, whose frontiers are known: a signal that tells right from wrong exactly, one
that tells nothing, prompts that do and do not. No model and no public data are needed.
"""
import csv
import gzip
import json
import pathlib
import random
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

ROWS = 600
WEAK_RIGHT = 360  # of ROWS; the cloud is always right
CLOUD = "big"
WORDS = [f"word{number}" for number in range(300)]


def header(task, model):
    return {"header": 1, "task": task, "model": {"name": model, "sha256": "ab" * 32}, "recipe": {"seed": 1}}


def answer(draw, number, correct, trusted, samples=True):
    """`trusted`: whether the log-probabilities look as if the answer were right."""
    low = -0.05 if trusted else -2.0
    logprobs = [round(low - 0.04 * draw.random(), 3) for _ in range(24)]
    line = {"id": str(number), "correct": correct, "prompt_tokens": 1000, "completion_tokens": 24, "logprobs": logprobs,
            "margins": [round(3 + value, 3) for value in logprobs], "entropies": [round(-value, 3) for value in logprobs],
            "spans": {"answer": [20, 24]}}
    if samples:
        line |= {"samples_correct": [correct] * 3, "samples_agree": [trusted] * 3, "samples_distinct": 1}
    return line


def task_files(folder, task, trust, local="small", seed=1, rows=ROWS, right=WEAK_RIGHT):
    """`trust(draw, correct)` says whether the signal speaks for the answer."""
    draw = random.Random(seed)
    outcomes = [number < right for number in range(rows)]
    draw.shuffle(outcomes)
    small = [answer(draw, number, correct, trust(draw, correct)) for number, correct in enumerate(outcomes)]
    big = [answer(draw, number, True, True, samples=False) for number in range(rows)]
    for model, lines in ((local, small), (CLOUD, big)):
        text = "".join(json.dumps(line) + "\n" for line in [header(task, model), *lines])
        (folder / f"{task}-{model}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    return outcomes


def write_csv(path, names, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])


ROUTELLM = ["prompt", "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"]


def always(draw, correct):
    return correct


def never(draw, correct):
    return draw.random() < 0.5


class RouteBenchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not harness.BINARY.exists():
            raise unittest.SkipTest(f"no program {harness.BINARY}: build it first")
        folder = tempfile.TemporaryDirectory(prefix="croft-route-bench-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.data, cls.recorded = cls.root / "data", cls.root / "recorded"
        cls.recorded.mkdir()
        draw = random.Random(5)
        some_words = lambda: " ".join(draw.choices(WORDS, k=12))  # noqa: E731
        task_files(cls.recorded, "banking77", always)
        task_files(cls.recorded, "gsm8k", never, seed=2)
        write_csv(cls.data / "banking77" / "train.csv", ["text", "category"], [[some_words(), "x"] for _ in range(ROWS)])
        (cls.data / "gsm8k").mkdir()
        # No prompt of gsm8k's rows: their ids are numbers, those of the set "test/0".
        rows = []
        for number in range(1000):
            hard = number % 5 < 2
            rows.append([f'A "{"difficult" if hard else "simple"}" one,\n{some_words()}', not hard, True])
        write_csv(cls.data / "routellm" / "mmlu" / "responses" / "mmlu_made_here.csv", ROUTELLM, rows)
        cls.numbers = cls.bench_json(cls)

    def bench(self, *options, data=None, recorded=None):
        # Few threads and resamples: what is tested does not depend on them.
        return harness.run("route", "bench", "--data", str(data or self.data), "--recorded", str(recorded or self.recorded),
                           "--cloud", CLOUD, "--resamples", "200", "--threads", "2", *options)

    def bench_json(self, *options, **where):
        done = RouteBenchTest.bench(self, "--json", *options, **where)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def refused(self, says, *options, code=2, **where):
        done = self.bench(*options, **where)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"(?m)^croft: [^\n]+\n\Z")
        self.assertIn(says, said)
        self.assertEqual(done.stdout, b"")

    def pair(self, task, numbers=None):
        return next(pair for pair in (numbers or self.numbers)["pairs"] if pair["task"] == task)

    @staticmethod
    def router(report, key):
        return next(router for router in report["routers"] if router["router"] == key)

    def test_known_frontiers(self):
        pair = self.pair("banking77")
        self.assertEqual(pair["rows"], ROWS)
        self.assertAlmostEqual(pair["weak"]["value"], 0.6)
        self.assertLess(pair["weak"]["low"], 0.6)
        self.assertGreater(pair["weak"]["high"], 0.6)
        self.assertEqual((pair["only_weak"], pair["only_strong"]), (0, ROWS - WEAK_RIGHT))
        # 0.95 of 1.0 from 0.6 on: an oracle needs 0.35, who escalates in no order 0.35 / 0.4.
        self.assertAlmostEqual(self.router(pair, "oracle")["escalated_for_target"]["value"], 0.35)
        self.assertAlmostEqual(self.router(pair, "random")["escalated_for_target"]["value"], 0.875)
        # Areas: a line from 0.6 to 1.0; and a rise to 1.0 by 0.4, then level.
        self.assertAlmostEqual(self.router(pair, "random")["area"]["value"], 0.8)
        self.assertAlmostEqual(self.router(pair, "oracle")["area"]["value"], 0.92)

    def test_perfect_signal_is_the_oracle(self):
        pair = self.pair("banking77")
        confidence = self.router(pair, "confidence")
        self.assertAlmostEqual(confidence["auc"]["value"], 1.0)
        self.assertAlmostEqual(confidence["escalated_for_target"]["value"], 0.35)
        for measure in ("area", "at_budget", "escalations"):
            self.assertAlmostEqual(confidence["gap_closed"][measure]["value"], 1.0, msg=measure)
        self.assertAlmostEqual(confidence["gap_closed"]["budget"], 0.4)
        # The first tokens tell it too; the prompt's words do not.
        self.assertAlmostEqual(self.router(pair, "confidence_early")["auc"]["value"], 1.0)
        prompt = self.router(pair, "prompt")
        self.assertLess(abs(prompt["auc"]["value"] - 0.5), 0.1)
        self.assertEqual(prompt.get("gap_closed"), None)
        panel = pair["agreement"]
        self.assertAlmostEqual(self.router(panel, "agreement")["escalated_for_target"]["value"], 0.35)
        proven = pair["contracts"][0]
        self.assertTrue(proven["proven"])
        self.assertEqual(proven["max_worse"], 0.05)
        self.assertLessEqual(proven["held_out"]["risk"]["value"], 0.1)
        self.assertLess(proven["held_out"]["escalated"]["value"], 0.5)

    def test_useless_signal_proves_nothing(self):
        pair = self.pair("gsm8k")
        confidence = self.router(pair, "confidence")
        self.assertLess(abs(confidence["auc"]["value"] - 0.5), 0.1)
        self.assertLess(abs(confidence["area"]["value"] - 0.8), 0.03)
        for contract in pair["contracts"]:
            self.assertFalse(contract["proven"])
            self.assertIn("insufficient evidence", contract["refusal"])
        # Its questions are not in the data: said, and no gap is invented.
        self.assertEqual([router for router in pair["routers"] if "gap_closed" in router], [])
        self.assertIn("prompt only", " ".join(pair["left_out"]))

    def test_prompts_that_tell(self):
        report, = self.numbers["published"]
        self.assertEqual((report["name"], report["rows"], report["files"]), ("MMLU", 1000, 1))
        prompt = self.router(report, "prompt")
        self.assertGreater(prompt["auc"]["value"], 0.999)
        self.assertAlmostEqual(prompt["escalated_for_target"]["value"], 0.35, delta=0.01)
        self.assertIn("GSM8K", " ".join(self.numbers["skipped"]))

    def test_mix(self):
        mix, = self.numbers["mixes"]
        self.assertEqual(mix["tasks"], ["banking77", "gsm8k"])
        self.assertEqual(sorted(mix["without_data"]), ["sroie", "summaries"])
        self.assertAlmostEqual(mix["weight_without_data"], 0.45)
        self.assertAlmostEqual(mix["weights"][0], 45 / 55)
        # Alone, the perfect signal keeps all that is right local; equal scores go together, so it cannot lose 5 %
        # of what the cloud gets right by more than one group.
        alone = mix["alone"][0]
        self.assertAlmostEqual(alone["local"]["value"], 0.65, delta=0.03)
        self.assertAlmostEqual(alone["quality_kept"]["value"], 0.95, delta=0.03)
        # Every cloud answer costs the same, and a local one nothing.
        self.assertAlmostEqual(alone["cost_saved"]["value"], alone["local"]["value"])
        self.assertEqual(mix["hardest"], "gsm8k")
        self.assertLess(mix["alone"][1]["local"]["value"], 0.3)
        self.assertAlmostEqual(mix["alone"][1]["quality_kept"]["value"], 0.95, delta=0.03)
        self.assertEqual([round(point["weights"][1], 9) for point in mix["sweep"]], [part / 10 for part in range(11)])
        self.assertEqual(len(mix["grid"]), 11)

    def test_local_price_is_paid_for_all(self):
        # A cloud answer costs 1000 in + 24 * 4 out = 1096; a local one 1024 * 0.1 of the same units.
        numbers = self.bench_json("--price-local", "0.1", "--mix", "banking77=1")
        alone = numbers["mixes"][0]["alone"][0]
        self.assertAlmostEqual(alone["cost_saved"]["value"], alone["local"]["value"] - 102.4 / 1096)

    def test_same_seed_same_figures(self):
        self.assertEqual(self.bench_json("--threads", "1"), self.numbers)
        self.assertNotEqual(self.bench_json("--seed", "2"), self.numbers)

    def test_page_plots_rows(self):
        with tempfile.TemporaryDirectory(prefix="croft-route-bench-out-") as name:
            out = pathlib.Path(name)
            (out / "plots").mkdir()
            (out / "rows").mkdir()
            done = self.bench("--out", str(out / "page.md"), "--plots", str(out / "plots"), "--rows", str(out / "rows"))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            page = (out / "page.md").read_text()
            links = [part.split(")")[0] for part in page.split("](")[1:]]
            self.assertEqual(sorted(links), sorted(f"plots/{path.name}" for path in (out / "plots").iterdir()))
            self.assertEqual(len(links), 4)  # one published set, two pairs, one mix
            for link in links:
                root = xml.etree.ElementTree.parse(out / link).getroot()
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertIn("35.0 %", page)
            self.assertIn("insufficient evidence", page)
            rows = out / "rows" / "banking77-small.jsonl"
            self.assertEqual(len(rows.read_text().splitlines()), ROWS + 1)
            made = harness.run("route", "calibrate", "--json", "--template-hash", "t1", "--out", str(out / "c.json"), str(rows))
            self.assertEqual(made.returncode, 0, made.stderr.decode())
            self.assertEqual(json.loads(made.stdout)["model_digest"], "ab" * 32)
            self.assertEqual(json.loads(made.stdout)["against"], "cloud")

    def test_links_reach_the_plots_from_where_the_page_is(self):
        with tempfile.TemporaryDirectory(prefix="croft-route-bench-out-") as name:
            out = pathlib.Path(name)
            (out / "pages").mkdir()
            for page, plots, prefix in (("page.md", ".", "./"), ("pages/page.md", ".", "../"), ("pages/page.md", "pages", "./")):
                with self.subTest(page=page, plots=plots):
                    done = self.bench("--out", str(out / page), "--plots", str(out / plots))
                    self.assertEqual(done.returncode, 0, done.stderr.decode())
                    links = re.findall(r"\]\(([^)]*\.svg)\)", (out / page).read_text())
                    self.assertTrue(links)
                    for link in links:
                        self.assertTrue(link.startswith(prefix + "route-"), link)
                        self.assertTrue(((out / page).parent / link).exists(), link)

    def test_missing_is_said(self):
        with tempfile.TemporaryDirectory(prefix="croft-route-bench-few-") as name:
            folder = pathlib.Path(name)
            self.refused("nothing to measure", data=folder, recorded=folder, code=3)
            task_files(folder, "banking77", always)
            (folder / f"banking77-{CLOUD}.jsonl.gz").unlink()
            numbers = self.bench_json(recorded=folder)
            self.assertEqual((numbers["pairs"], numbers["mixes"]), ([], []))
            self.assertIn(f"{CLOUD} has no recording", " ".join(numbers["skipped"]))
            task_files(folder, "banking77", always, rows=30, right=20)
            self.assertIn("only 30 rows", " ".join(self.bench_json(recorded=folder)["skipped"]))

    def test_wrong_input(self):
        with tempfile.TemporaryDirectory(prefix="croft-route-bench-bad-") as name:
            folder = pathlib.Path(name)
            path = folder / "banking77-small.jsonl"
            good = [header("banking77", "small"), answer(random.Random(1), 0, True, True)]
            for says, change in (
                    ('"correct" must be true or false', {"correct": 1}),
                    ('"logprobs" holds no numbers', {"logprobs": ["x"] * 24}),
                    ("differ in length", {"margins": [1.0]}),
                    ("a span lies outside the tokens", {"spans": {"answer": [0, 25]}}),
                    ("a span lies outside the tokens", {"spans": {"answer": [-1, 2]}}),
                    ('"prompt_tokens" must be a count', {"prompt_tokens": -1}),
                    ('"samples_agree"', {"samples_agree": [1]}),
                    ('"id" must be a text', {"id": 7})):
                path.write_text("".join(json.dumps(line) + "\n" for line in [good[0], good[1] | change]))
                self.refused(f"{path.name}:2: ", recorded=folder)
                self.refused(says, recorded=folder)
            path.write_text("".join(json.dumps(line) + "\n" for line in [good[0], good[1], good[1]]))
            self.refused('the id "0" is there twice', recorded=folder)
            path.write_text(json.dumps(good[1]))
            self.refused("must be the header", recorded=folder)
            path.write_text("not JSON")
            self.refused(f"{path.name}:1", recorded=folder)
            path.write_bytes(gzip.compress(b"x" * 1000)[:-9])
            self.refused("damaged or incomplete", recorded=folder, code=4)
            path.unlink()
            task_files(folder, "banking77", always)
            (folder / "again.jsonl").write_text(json.dumps(header("banking77", CLOUD)) + "\n")
            self.refused("another file of the folder", recorded=folder)
        with tempfile.TemporaryDirectory(prefix="croft-route-bench-bad-") as name:
            path = pathlib.Path(name) / "routellm" / "mmlu" / "responses" / "mmlu_x.csv"
            write_csv(path, ROUTELLM, [["q", "maybe", "True"]])
            self.refused("neither True nor False", data=pathlib.Path(name))
            write_csv(path, ["prompt"], [["q"]])
            self.refused("lacks one of the columns", data=pathlib.Path(name))
            path.write_text(",".join(ROUTELLM) + '\n"open,True,True\n')
            self.refused("quote is not closed", data=pathlib.Path(name))

    def test_wrong_options(self):
        self.refused("is no share", "--mix", "gsm8k")
        self.refused("is no share", "--mix", "gsm8k=-1")
        self.refused("is there twice", "--mix", "gsm8k=1", "--mix", "gsm8k=2")
        self.refused("all weights are 0", "--mix", "gsm8k=0")
        self.refused("are both 0", "--price-in", "0", "--price-out", "0")
        self.refused("there is no folder", "--plots", "/nonexistent/plots", code=3)
        self.refused("1 to 65536", "--early-tokens", "0")


if __name__ == "__main__":
    unittest.main()
