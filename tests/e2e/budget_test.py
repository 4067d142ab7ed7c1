"""Goal: budgets hold when the program that spends is killed again and again: what it was promised is there, each reservation
is charged once, and the sums of keys and reservations agree to the nano-unit.

Method: src/store/access/budget_bench.cpp spends on one key of a SQLite file and is killed with SIGKILL at random moments; the file
is read with Python's own sqlite3. No model is needed.
"""
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

BENCH = harness.BINARY.parent / "src" / "store" / "croft_budget_bench"


@unittest.skipUnless(BENCH.exists(), f"no program {BENCH}: build croft_budget_bench first")
class BudgetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="croft-budget-")
        self.addCleanup(folder.cleanup)
        self.database = pathlib.Path(folder.name) / "croft.db"

    def key(self, *options):
        done = harness.run("keys", "create", "spender", "--json", "--database", self.database, *options)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)["key_id"]

    def spend(self, key, seconds, *options):
        return subprocess.Popen([BENCH, self.database, key, "4", str(seconds), *options], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def rows(self, question, *values):
        with sqlite3.connect(self.database) as database:
            return database.execute(question, values).fetchall()

    def test_killed_at_random_moments(self):
        seed = int.from_bytes(os.urandom(4), "big")
        print("seed", seed)
        chance = random.Random(seed)
        key = self.key("--max-budget", "5")
        promised = {}
        for _ in range(12):
            spender = self.spend(key, 60, "--tell")
            told = b"".join(spender.stdout.readline() for _ in range(chance.randrange(1, 40)))
            time.sleep(chance.random() / 100)
            spender.send_signal(signal.SIGKILL)
            told = (told + spender.stdout.read()).decode()
            spender.wait()
            spender.stdout.close()
            spender.stderr.close()
            for line in told.splitlines(keepends=True):
                words = line.split()
                if line.endswith("\n") and len(words) == 3 and words[0] == "reserved":
                    promised[words[1]] = int(words[2])
        # One that ends by itself: its start repairs what is left.
        last = self.spend(key, 1)
        said, wrong = last.communicate(timeout=300)
        self.assertEqual(last.returncode, 0, wrong.decode())
        self.assertGreater(json.loads(said)["reserves_per_second"], 0)
        found = {row[0]: row[1:] for row in self.rows("SELECT id, amount, state, actual FROM croft_reservation")}
        self.assertGreater(len(promised), 50)
        for name, amount in promised.items():
            self.assertEqual(found[name][0], amount)
        for amount, state, actual in found.values():
            self.assertEqual(actual, amount // 3 if state == "settled" else amount)
            self.assertIn(state, ("settled", "expired"))
        [(spent, reserved)] = self.rows("SELECT spent, reserved FROM croft_budget WHERE owner = ?", key)
        self.assertEqual(reserved, 0)
        self.assertEqual(spent, sum(actual for _, _, actual in found.values()))
        self.assertLessEqual(spent, 5 * 10**9)

    def test_a_small_budget_is_spent_but_never_more(self):
        key = self.key("--max-budget", "0.00002")
        spender = self.spend(key, 2, "--tell")
        said, wrong = spender.communicate(timeout=300)
        self.assertEqual(spender.returncode, 0, wrong.decode())
        self.assertIn(b"refused", said)
        [(spent, reserved)] = self.rows("SELECT spent, reserved FROM croft_budget WHERE owner = ?", key)
        self.assertEqual(reserved, 0)
        self.assertLessEqual(spent, 20_000)
        self.assertGreater(spent, 18_000)
        shown = harness.run("keys", "show", "spender", "--json", "--database", self.database)
        self.assertAlmostEqual(json.loads(shown.stdout)["spend"], spent / 1e9)

    def test_a_read_only_database_is_said(self):
        key = self.key("--max-budget", "1")
        if os.geteuid() == 0:
            self.skipTest("root writes to everything")
        self.database.chmod(0o400)
        spender = self.spend(key, 1)
        _, wrong = spender.communicate(timeout=300)
        self.assertEqual(spender.returncode, 9)
        self.assertIn(b"read-only", wrong)


if __name__ == "__main__":
    harness.main()
