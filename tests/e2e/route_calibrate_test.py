"""Goal: `croft route calibrate` finds a threshold that keeps its promise, says what it did, and refuses to guess.

Method: the built program on labelled rows drawn here from a known curve of risk; no model is needed.
"""
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

META = {"meta": {"model_digest": "sha256:abc", "template_hash": "t1", "early_tokens": 16, "recipe": "made here"}}
INSUFFICIENT = 10


def rows(count, seed=1, risk=lambda place: 0.004 if place > 0.4 else 0.7, **more):
    """Requests whose log-probabilities tell the place, and the place the risk."""
    draw = random.Random(seed)
    for number in range(count):
        place = draw.random()
        end = {"logprob_mean": -2 * (1 - place), "logprob_q10": -4 * (1 - place) - draw.random(), "token_count": draw.randint(5, 200)}
        yield {"id": f"r{number}", "task": "half" if number % 2 else "other", "acceptable": draw.random() > risk(place),
               "features": {"prefill": {"prompt_tokens": int(50 + 200 * (1 - place)) + draw.randint(0, 250)}, "early": end, "end": end}, **more}


def lines(items, meta=True):
    return "\n".join(json.dumps(item) for item in ([META] if meta else []) + list(items)).encode()


class RouteCalibrateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not harness.BINARY.exists():
            raise unittest.SkipTest(f"no program {harness.BINARY}: build it first")
        folder = tempfile.TemporaryDirectory(prefix="croft-calibrate-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.data = lines(rows(2000))

    def calibrate(self, *options, data=None):
        done = harness.run("route", "calibrate", *options, "--json", "-", stdin=self.data if data is None else data)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def refused(self, says, *options, data=None, code=2):
        done = harness.run("route", "calibrate", *options, "-", stdin=self.data if data is None else data)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"\Acroft: [^\n]+\n\Z")
        self.assertIn(says, said)
        self.assertEqual(done.stdout, b"")

    def test_finds_the_threshold(self):
        made = self.calibrate()
        held_out = made["held_out"]
        self.assertEqual(made["rows"]["all"], 2000)
        self.assertEqual(sum(made["rows"][part] for part in ("fit", "calibrate", "test")), 2000)
        self.assertLess(made["proof"]["p_value"], 0.05)
        self.assertLess(abs(held_out["coverage"] - 0.6), 0.12)
        self.assertLess(held_out["risk_interval"][0], 0.05)
        self.assertAlmostEqual(held_out["coverage"] + held_out["escalation"], 1)
        self.assertAlmostEqual(sum(held_out["escalated_at"].values()), held_out["escalation"])
        self.assertEqual(sum(bin["count"] for bin in held_out["bins"]), held_out["rows"])
        self.assertEqual(list(made["thresholds"]), ["prefill", "early", "end"])
        self.assertIsNone(held_out["saved"])
        again = self.calibrate()
        self.assertEqual({**again, "created": 0}, {**made, "created": 0})

    def test_text_report(self):
        done = harness.run("route", "calibrate", "--max-worse", "10%", "--confidence", "0.9", "-", stdin=self.data)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("at most 10.00 % are not acceptable, 90.00 % sure", text)
        for word in ("threshold", "proof", "ECE", "Brier", "AUC", "escalated"):
            self.assertIn(word, text)

    def test_calibration_file_and_plot(self):
        out, plot = self.folder / "c.json", self.folder / "c.svg"
        made = self.calibrate("--out", out, "--plot", plot, "--task", "half", "--isotonic")
        kept = json.loads(out.read_text())
        self.assertEqual((kept["croft_calibration"], kept["model_digest"], kept["template_hash"]), (1, "sha256:abc", "t1"))
        self.assertEqual(kept["task"], "half")
        self.assertEqual(kept["early_tokens"], 16)
        self.assertAlmostEqual(kept["points"][-1]["threshold"], made["thresholds"]["end"])
        self.assertRegex(kept["content_digest"], r"\A[0-9a-f]{64}\Z")
        tree = xml.etree.ElementTree.fromstring(plot.read_text())
        names = [element.tag.split("}")[1] for element in tree.iter()]
        with_answers = sum(bin["count"] > 0 for bin in made["held_out"]["bins"])
        self.assertEqual(names.count("circle"), with_answers)
        self.assertGreaterEqual(with_answers, 2)
        words = " ".join(element.text or "" for element in tree.iter())
        self.assertIn("served locally from", words)
        self.assertIn("task half", words)

    def test_options_change_the_result(self):
        base = self.calibrate()
        self.assertEqual(self.calibrate("--feature", "logprob_mean")["features"]["end"], ["logprob_mean"])
        self.assertNotEqual(self.calibrate("--split-seed", "1")["thresholds"], base["thresholds"])
        self.assertNotEqual(self.calibrate("--penalty", "1000")["thresholds"], base["thresholds"])
        self.assertEqual(list(self.calibrate("--decide-at", "prefill", "--max-worse", "20%")["thresholds"]), ["prefill"])
        self.assertGreater(self.calibrate("--fit-share", "20%", "--calibrate-share", "70%")["rows"]["calibrate"], 1200)
        conformal = self.calibrate("--method", "crc")
        self.assertIsNone(conformal["proof"]["p_value"])
        self.assertGreater(conformal["held_out"]["coverage"], base["held_out"]["coverage"])
        self.assertGreater(self.calibrate("--early-loss", "0.3")["held_out"]["escalated_at"]["prefill"],
                           base["held_out"]["escalated_at"]["prefill"])

    def test_against_the_cloud_with_costs(self):
        data = []
        for number, row in enumerate(rows(2000, cost=0.5)):
            # The cloud fails where the local model does, four times of five.
            row["cloud_acceptable"] = row["acceptable"] or number % 5 == 0
            data.append(row)
        made = self.calibrate(data=lines(data))
        self.assertEqual(made["against"], "cloud")
        self.assertGreater(made["held_out"]["coverage"], self.calibrate()["held_out"]["coverage"])
        self.assertAlmostEqual(made["held_out"]["saved"], made["held_out"]["coverage"])

    def test_losses_between(self):
        data = []
        for row in rows(3000):
            row["loss"] = 0.0 if row.pop("acceptable") else 0.5
            data.append(row)
        made = self.calibrate(data=lines(data))
        self.assertLess(made["held_out"]["risk"], 0.06)

    def test_insufficient_evidence(self):
        self.refused("insufficient evidence: the calibration part has", data=lines(rows(100)), code=INSUFFICIENT)
        self.refused(" 59 would be needed", data=lines(rows(100)), code=INSUFFICIENT)
        self.refused(" 299 would be needed", "--max-worse", "1%", data=lines(rows(500)), code=INSUFFICIENT)
        self.refused("More rows of this kind will not help", data=lines(rows(1500, risk=lambda place: 0.4)), code=INSUFFICIENT)
        self.refused("same outcome", data=lines(rows(1000, risk=lambda place: -1)), code=INSUFFICIENT)
        same = [{**row, "features": {"end": {"logprob_mean": -0.69}}} for row in rows(1000)]
        self.refused("score would be the same", data=lines(same), code=INSUFFICIENT)

    def test_mistakes_are_sentences(self):
        out = self.folder / "never.json"
        self.refused("the local model's digest is not known", "--out", out, data=lines(rows(2000), meta=False))
        self.refused("the rows were recorded with", "--model-digest", "sha256:other", "--out", out)
        self.refused("the rows were recorded with 16", "--early-tokens", "17", "--out", out)
        self.assertFalse(out.exists())
        self.refused("is no share", "--max-worse", "five")
        self.refused("--max-worse must lie", "--max-worse", "0")
        self.refused("--max-worse must lie", "--max-worse", "100%")
        self.refused("something for the test", "--fit-share", "0.6", "--calibrate-share", "0.6")
        self.refused("unknown feature", "--feature", "luck")
        self.refused("--confidence cannot be had", "--method", "crc", "--confidence", "90%")
        self.refused("no row has the task", "--task", "none")
        row = next(rows(1))
        self.refused("standard input:3: the id", data=lines([row, row]))
        self.refused("unknown member", data=lines([{**row, "score": 1}]))
        self.refused("is not valid JSON", data=b'{"id": "a", "acceptable": true, "features": {"end": {"logprob_mean": NaN}}}')
        self.refused("has no rows", data=b"")
        self.refused("has no features at the point", data=lines([{**row, "features": {}}]))
        missing = harness.run("route", "calibrate", self.folder / "none.jsonl")
        self.assertEqual(missing.returncode, 3, missing.stderr.decode())
        self.assertTrue(re.search(r"none\.jsonl", missing.stderr.decode()))


if __name__ == "__main__":
    harness.main()
