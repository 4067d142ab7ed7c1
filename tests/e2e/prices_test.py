"""Goal: `croft prices` shows, checks and replaces price lists without ever rewriting an old one, and `croft ledger whatif`
computes from them what it says it does.

Method: the built program with a database in a fresh folder; sums are computed here a second time. No model is needed.
"""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

HEADER = '{"format":"croft-prices-1","date":"2027-01-31"}\n'


def row(model, price_in=2, price_out=8, **more):
    return json.dumps({"provider": "p", "model": model, "currency": "USD", "input": price_in, "output": price_out,
                       "date": "2027-01-30", "source": "a page", **more}) + "\n"


class PricesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="croft-prices-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = self.folder / "croft.db"

    def croft(self, *arguments, stdin=b""):
        done = harness.run(*arguments, "--database", self.database, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def refused(self, says, *arguments, stdin=b"", code=2):
        done = harness.run(*arguments, "--database", self.database, stdin=stdin)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertRegex(done.stderr.decode(), r"\Acroft: [^\n]+\n\Z")
        self.assertIn(says, done.stderr.decode())

    def test_reading_needs_no_database_and_makes_none(self):
        listed = json.loads(self.croft("prices", "list", "--json"))
        self.assertGreater(len(listed["prices"]), 30)
        shown = json.loads(self.croft("prices", "show", "gpt-4o-mini-2024-07-18", "--json"))
        self.assertEqual(shown["version"], listed["version"])
        self.assertEqual([(p["input"], p["output"]) for p in shown["prices"]], [(0.15, 0.6)])
        self.assertIn("untested", self.croft("prices", "list", "--provider", "anthropic"))
        self.assertFalse(self.database.exists())
        self.refused("Near names: ", "prices", "show", "gpt-4o-mni", code=3)
        self.refused("no provider 'nobody'", "prices", "list", "--provider", "nobody", code=3)

    def test_an_update_keeps_what_was(self):
        old = json.loads(self.croft("prices", "list", "--json"))["version"]
        file = self.folder / "new.jsonl"
        file.write_text(HEADER + row("m"))
        self.assertIn("before: " + old, self.croft("prices", "update", file))
        new = json.loads(self.croft("prices", "list", "--json"))
        self.assertEqual([p["model"] for p in new["prices"]], ["m"])
        self.assertNotEqual(new["version"], old)
        file.write_text(HEADER + row("n", 1, 1))
        merged = json.loads(self.croft("prices", "update", file, "--merge", "--json"))
        self.assertEqual((merged["prices"], merged["before"]), (2, new["version"]))
        versions = json.loads(self.croft("prices", "list", "--versions", "--json"))
        self.assertEqual({v["version"] for v in versions}, {old, new["version"], merged["version"]})
        self.assertEqual([v["version"] for v in versions if v["active"]], [merged["version"]])
        # What is printed as a file is the same list again.
        again = json.loads(self.croft("prices", "update", "-", "--json",
                                      stdin=self.croft("prices", "list", "--jsonl").encode()))
        self.assertEqual(again["version"], merged["version"])
        self.croft("prices", "update", "--built-in")
        self.assertEqual(json.loads(self.croft("prices", "list", "--json"))["version"], old)

    def test_mistakes_name_line_and_field(self):
        file = self.folder / "bad.jsonl"
        file.write_text(HEADER + row("m") + row("n").replace("8", '"8"'))
        self.refused('bad.jsonl, line 3, field "output": must be a number', "prices", "check", file)
        self.refused("line 3", "prices", "update", file)
        self.assertFalse(self.database.exists())
        self.refused("either a FILE or --built-in", "prices", "update")
        self.refused("cannot", "prices", "check", self.folder / "none.jsonl", code=3)
        file.write_bytes(b"\xff\xfe\x00")
        self.refused("line 1", "prices", "check", file)

    def test_whatif(self):
        file = self.folder / "requests.csv"
        file.write_text("prompt_tokens,completion_tokens\n" + "500,125\n" * 100)
        options = ["--cloud", "m", "--machine-price", "1000", "--years", "1", "--utilisation", "0.5", "--watts", "100",
                   "--watts-idle", "20", "--kwh-price", "0.3", "--prompt-rate", "500", "--answer-rate", "50",
                   "--local-share", "0.75"]
        self.croft("prices", "update", "-", stdin=(HEADER + row("m")).encode())
        svg = self.folder / "plot.svg"
        told = json.loads(self.croft("ledger", "whatif", "--requests", file, *options, "--plot", svg, "--json"))
        busy = 100 * (500 / 500 + 125 / 50)
        local = 1000 * busy * 2 / (365.25 * 86400) + (100 * busy + 20 * busy) / 3.6e6 * 0.3
        self.assertAlmostEqual(told["cloud_all"], 100 * (500 * 2 + 125 * 8) / 1e6)
        self.assertAlmostEqual(told["hybrid"], told["cloud_all"] / 4 + local)
        self.assertAlmostEqual(told["saved_share"], 1 - told["hybrid"] / told["cloud_all"])
        self.assertEqual(len(told["claims"]), 5)
        self.assertTrue(svg.read_text().startswith("<svg"))
        same = json.loads(self.croft("ledger", "whatif", "--count", "100", "--prompt", "500", "--answer", "125", *options,
                                     "--json"))
        self.assertEqual(same["hybrid"], told["hybrid"])
        text = self.croft("ledger", "whatif", "--requests", file, *options)
        for said in ("Assumptions", "price list 2027-01-31-", "does not hold", "W busy"):
            self.assertIn(said, text)
        self.refused("is unpriced", "ledger", "whatif", "--cloud", "nobody")
        self.refused("row 1", "ledger", "whatif", "--cloud", "m", "--requests", "-",
                     stdin=b"prompt_tokens,completion_tokens\n5,x\n")
        self.refused("tried-share", "ledger", "whatif", "--cloud", "m", "--tried-share", "0.5")


if __name__ == "__main__":
    harness.main()
