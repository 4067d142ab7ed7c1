"""Goal: `croft plan` says what a machine carries, from a measurement or from rates that were saved, and its mistakes are sentences.

Method: the built program on a real model of 1 MB, once measured; everything else is planned from those rates, changed
where a case needs it. Figures of this machine are noisy: only what must hold on any machine is checked.
"""
import copy
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

MODEL = harness.ROOT / "tests/data/stories260K.gguf"
MIX = ["--mix", "chat=3,100,40,64", "--mix", "label=1,60,4"]


class PlanTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_model(MODEL)
        measured = harness.run("plan", "--model", MODEL, "--threads", "2", *MIX, "--json")
        if measured.returncode != 0:
            raise AssertionError(measured.stderr.decode())
        cls.progress = measured.stderr.decode()
        cls.measured = json.loads(measured.stdout)
        folder = tempfile.TemporaryDirectory(prefix="croft-plan-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)

    def rates_file(self, change=lambda rates: None):
        rates = copy.deepcopy(self.measured["rates"])
        change(rates)
        path = self.folder / "rates.json"
        path.write_text(json.dumps({"rates": rates}))
        return path

    def plan(self, *options, change=lambda rates: None):
        done = harness.run("plan", "--rates", self.rates_file(change), *options, "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def refused(self, says, *options, code=2, stdin=b""):
        done = harness.run("plan", *options, stdin=stdin)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, code, said)
        self.assertRegex(said, r"\Acroft: [^\n]+\n\Z")
        self.assertIn(says, said)
        self.assertEqual(done.stdout, b"")

    def test_measured_plan(self):
        plan = self.measured
        capacity = plan["capacity"]
        self.assertGreater(capacity["requests_per_second"], 0)
        self.assertAlmostEqual(capacity["requests_per_busy_hour"], 3600 * capacity["requests_per_second"])
        self.assertAlmostEqual(capacity["users"] * 40 * 0.2, capacity["requests_per_busy_hour"])
        shares = [round(load["share_of_capacity"], 6) for load in plan["loads"]]
        self.assertEqual(shares, [0, 0.5, 0.7, 0.9, 1])
        full = plan["loads"][-1]
        self.assertLessEqual(full["first_token"]["target_percentile_ms"], 1000)
        self.assertLessEqual(full["between_tokens"]["target_percentile_ms"], 100)
        self.assertEqual([row["threads"] for row in plan["rates"]["threads"]], [1, 2])
        core = plan["next"]["one_core_more"]
        self.assertLessEqual(capacity["requests_per_second"], core["low"]["requests_per_second"])
        self.assertLessEqual(core["low"]["requests_per_second"], core["high"]["requests_per_second"])
        both = plan["next"]["second_machine"]
        self.assertAlmostEqual(both["total"]["users"], 2 * capacity["users"])
        self.assertLessEqual(both["total_without_affinity"]["users"], both["total"]["users"])
        self.assertGreater(plan["memory"]["total_bytes"], plan["rates"]["memory"]["weights_bytes"])
        self.assertIn("measuring", self.progress)

    def test_rates_read_back_give_the_same_plan(self):
        first, again = self.plan(*MIX), self.plan(*MIX)
        self.assertEqual(first, again)
        self.assertEqual(first["capacity"], self.measured["capacity"])
        self.assertEqual(first["rates"], self.measured["rates"])
        self.assertNotEqual(self.plan(*MIX, "--seed", "2")["loads"], first["loads"])

    def test_text_says_what_it_assumes(self):
        text = harness.run("plan", "--rates", self.rates_file(), "--mix", "solo=1,50,20").stdout.decode()
        for words in ("requests/s", "users", "busiest hour", "one core more", "a second machine", "solo 100 %",
                      "Poisson", "log-normal", "memory", "90 %"):
            self.assertIn(words, text)

    def test_one_thread_says_that_scaling_is_unknown(self):
        alone = self.plan(*MIX, change=lambda rates: rates["threads"].pop(0))
        self.assertIsNone(alone["next"]["one_core_more"])
        path = self.rates_file(lambda rates: rates["threads"].pop(0))
        text = harness.run("plan", "--rates", path, *MIX).stdout.decode()
        self.assertRegex(text, r"one core more +not known")

    def test_capacity_follows_the_machine_and_the_demand(self):
        def slower(rates):
            for row in rates["prompt_steps"] + rates["answer_steps"]:
                row["seconds"] *= 2

        def carried(*options, **more):
            return self.plan(*options, **more)["capacity"]["requests_per_second"]

        usual = carried(*MIX)
        self.assertLess(carried(*MIX, change=slower), 0.7 * usual)
        self.assertLess(carried("--mix", "chat=3,100,80,64", "--mix", "label=1,60,4"), usual)
        alone = self.plan(*MIX)["loads"][0]["between_tokens"]["target_percentile_ms"]
        self.assertLess(carried(*MIX, "--between-ms", str(alone * 1.2)), usual)
        people = self.plan(*MIX, "--requests-per-user", "80")["capacity"]
        self.assertAlmostEqual(people["users"] * 2, self.plan(*MIX)["capacity"]["users"])

    def test_mistakes_are_sentences(self):
        rates = self.rates_file()
        self.refused("even one request alone needs", "--rates", rates, *MIX, "--first-ms", "0.001")
        self.refused("--mix chat=1,2", "--rates", rates, "--mix", "chat=1,2")
        self.refused("do not fit the context", "--rates", rates, "--mix", "a=1,9000,9000", code=6)
        self.refused("--threads cannot change", "--rates", rates, "--threads", "1")
        self.refused("no/such/file", "--rates", "/no/such/file", code=3)
        self.refused("--percentile", "--rates", rates, "--percentile", "100")

        def hostile(rates):
            rates["answer_steps"][0]["seconds"] = -1
        self.refused("rates.answer_steps[0].seconds", "--rates", self.rates_file(hostile))
        self.refused("- is not valid JSON", "--rates", "-", stdin=b'{"rates": {"version": 1, "model": NaN}}')

    def test_an_embedding_model_is_refused(self):
        harness.require_model(harness.EMBEDDING_MODEL)
        self.refused("embedding model", "--model", harness.EMBEDDING_MODEL, code=5)


if __name__ == "__main__":
    harness.main()
