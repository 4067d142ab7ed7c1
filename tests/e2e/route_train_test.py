"""Goal: `croft route train` makes a model that `croft route evaluate` finds good on rows it has not seen, and wrong files
are named with their line.

Method: the built program on texts made by rule, and on CLINC150's training and validation rows where the reference data
are there. The bars for CLINC150 are those the project promises; the time is checked loosely, the machine may be busy.
"""
import itertools
import json
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

CLINC = harness.SHARED / "data/clinc150/data_full_train_val.json"
BEGINS = ["please", "can you", "i want to", "how do i", "help me", "could i", "let me", "i need to"]
ENDS = ["today", "right now", "for my mother", "from work", "again", "with my phone"]
ASKED = {"balance": "check how much money is on my account", "card_lost": "report that my card was stolen",
         "transfer": "send money to another bank"}
OUTSIDE = ["name the capital of", "who invented", "sing a song about", "translate the word"]
THINGS = ["france", "trains", "goats", "glass", "winter", "paper"]


def made_rows():
    rows = [(f"{begin} {what} {end}", label)
            for label, what in ASKED.items() for begin, end in itertools.product(BEGINS, ENDS)]
    rows += [(f"{begin} {thing}", "oos") for begin, thing in itertools.product(OUTSIDE, THINGS)]
    random.Random(1).shuffle(rows)
    return rows


class RouteTrainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="croft-route-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)

    def write(self, name, rows):
        path = self.folder / name
        path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
        return path

    def ok(self, *arguments, timeout=600):
        done = harness.run("route", *arguments, timeout=timeout)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done

    def refused(self, says, *arguments, code=2):
        done = harness.run("route", *arguments)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"(\A|\n)croft: [^\n]+\n\Z")
        self.assertIn(says, said)
        self.assertEqual(done.stdout, b"")

    def test_made_rows(self):
        rows = made_rows()
        train, test = self.write("train.jsonl", rows[:120]), self.write("test.jsonl", rows[120:])
        model = self.folder / "made.intents"
        trained = json.loads(self.ok("train", train, "--out", model, "--json").stdout)
        self.assertEqual(trained["rows"], 120)
        self.assertEqual(trained["bytes"], model.stat().st_size)
        self.assertEqual([label["label"] for label in trained["labels"]], sorted(ASKED))
        matrix = trained["confusion_matrix"]
        self.assertEqual(matrix["expected"], [*sorted(ASKED), None])
        self.assertEqual(sum(map(sum, matrix["rows"])), 120)
        found = json.loads(self.ok("evaluate", model, test, "--json").stdout)
        self.assertEqual(found["rows"], len(rows) - 120)
        right = sum(found["confusion_matrix"]["rows"][i][i] for i in range(4))
        self.assertAlmostEqual(found["accuracy"], right / found["rows"])
        self.assertGreater(found["in_scope_accuracy"], 0.95)
        self.assertGreater(found["out_of_scope_recall"], 0.7)
        self.assertGreaterEqual(found["microseconds_p99"], found["microseconds_per_decision"])
        text = self.ok("evaluate", model, test).stdout.decode()
        self.assertIn("microseconds a decision", text)
        self.assertIn("card_lost", text)
        again = self.folder / "again.intents"
        self.ok("train", train, "--out", again, "--threads", "1")
        self.assertEqual(model.read_bytes(), again.read_bytes())

    def test_wrong_files(self):
        model = self.folder / "none.intents"
        wrong = self.folder / "wrong.jsonl"
        wrong.write_text('{"text": "a", "label": "b"}\n{"text": "a"}\n')
        self.refused("wrong.jsonl:2: the row has no `label`", "train", wrong, "--out", model)
        one = self.write("one.jsonl", [("a text", "only")] * 9)
        self.refused("1 different labels", "train", one, "--out", model)
        self.assertFalse(model.exists())
        good = self.write("good.jsonl", made_rows())
        self.refused("no folder", "train", good, "--out", self.folder / "absent/model", code=3)
        self.refused("--out", "train", good)
        self.refused("does not begin with", "evaluate", good, good, code=4)
        self.refused("No such file", "evaluate", self.folder / "absent", good, code=3)

    def test_clinc150(self):
        if not CLINC.exists():
            self.skipTest(f"no reference data at {CLINC}")
        data = json.loads(CLINC.read_text())
        train = self.write("clinc.jsonl", data["train"] + data["oos_train"])
        test = self.write("clinc_val.jsonl", data["val"] + data["oos_val"])
        model = self.folder / "clinc.intents"
        self.ok("train", train, "--out", model, "--folds", "2", timeout=800)
        found = json.loads(self.ok("evaluate", model, test, "--json").stdout)
        self.assertGreaterEqual(found["in_scope_accuracy"], 0.92)
        self.assertGreaterEqual(found["out_of_scope_recall"], 0.60)
        self.assertLess(found["microseconds_per_decision"], 100)


if __name__ == "__main__":
    harness.main()
