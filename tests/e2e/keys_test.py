"""Goal: `croft keys` and `croft teams` keep what they were told, show a key once, and answer mistakes in a sentence.

Method: the built program with a database in a fresh folder; the file's bytes are searched for the key. No model is needed.
"""
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness


class KeysTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="croft-keys-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = self.folder / "croft.db"

    def croft(self, *arguments):
        done = harness.run(*arguments, "--database", self.database)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def json(self, *arguments):
        return json.loads(self.croft(*arguments, "--json"))

    def refused(self, says, *arguments, code=2):
        done = harness.run(*arguments, "--database", self.database)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertRegex(done.stderr.decode(), r"\Acroft: [^\n]+\n\Z")
        self.assertIn(says, done.stderr.decode())

    def test_a_key_is_shown_once_and_kept_as_a_hash(self):
        key = self.croft("keys", "create", "billing").strip()
        self.assertRegex(key, r"\Ask-croft-[A-Za-z0-9_-]{43}\Z")
        for path in self.folder.iterdir():
            self.assertNotIn(key[9:].encode(), path.read_bytes(), path)
        self.assertNotIn(key, self.croft("keys", "show", "billing"))
        self.assertNotIn("key", [name for name in self.json("keys", "list")[0]])

    def test_what_was_said_is_kept_under_the_fields_names(self):
        team = self.json("teams", "create", "support", "--max-budget", "100", "--tpm-limit", "90000")
        made = self.json("keys", "create", "bot", "--team", "support", "--role", "operator", "--models", "gpt-*", "--models",
                         "auto", "--max-budget", "12.50", "--budget-duration", "30d", "--rpm-limit", "60",
                         "--max-parallel-requests", "4", "--expires", "2031-01-31")
        shown = self.json("keys", "show", made["key_id"])
        self.assertEqual({k: v for k, v in made.items() if k != "key"}, shown)
        expected = {"key_alias": "bot", "team_id": team["team_id"], "team_alias": "support", "role": "operator",
                    "models": ["gpt-*", "auto"], "max_budget": 12.5, "budget_currency": "USD", "budget_duration": "30d",
                    "spend": 0, "rpm_limit": 60, "tpm_limit": None, "max_parallel_requests": 4,
                    "expires": "2031-01-31T00:00:00Z", "blocked": False, "state": "active"}
        self.assertEqual({name: shown[name] for name in expected}, expected)
        changed = self.json("keys", "update", "bot", "--rpm-limit", "none", "--max-budget", "none", "--models", "none",
                            "--alias", "robot", "--team", "none")
        self.assertEqual([changed[n] for n in ("rpm_limit", "max_budget", "budget_duration", "models", "team_id")],
                         [None, None, None, [], None])
        self.assertEqual(changed["role"], "operator")
        self.assertIn("robot", self.croft("keys", "list"))

    def test_block_and_delete(self):
        self.croft("keys", "create", "a")
        self.assertEqual(self.json("keys", "block", "a")["state"], "blocked")
        self.assertEqual(self.json("keys", "block", "a", "--off")["state"], "active")
        self.croft("teams", "create", "t")
        self.croft("keys", "update", "a", "--team", "t")
        self.refused("still has the key 'a'", "teams", "delete", "t")
        self.assertEqual(self.json("keys", "delete", "a")["state"], "deleted")
        self.assertEqual(self.json("keys", "list"), [])
        self.assertEqual(len(self.json("keys", "list", "--all")), 1)
        self.croft("keys", "create", "a")
        self.assertIsNotNone(self.json("teams", "delete", "t")["deleted_at"])

    def test_mistakes_are_sentences(self):
        self.assertEqual(self.json("keys", "list"), [])
        self.assertFalse(self.database.exists())
        self.croft("keys", "create", "taken")
        self.refused("is taken", "keys", "create", "taken")
        self.refused("--max-budget", "keys", "create", "x", "--max-budget", "12,5")
        self.refused("budget's duration", "keys", "create", "x", "--max-budget", "1", "--budget-duration", "1y")
        self.refused("needs a budget", "keys", "create", "x", "--budget-duration", "1d")
        self.refused("--rpm-limit", "keys", "create", "x", "--rpm-limit", "0")
        self.refused("expiry", "keys", "create", "x", "--expires", "soon")
        self.refused("role", "keys", "create", "x", "--role", "king")
        self.refused("there is no team 'nobody'", "keys", "create", "x", "--team", "nobody", code=3)
        self.refused("taken", "keys", "show", "takne", code=3)
        self.refused("alias", "keys", "create", "bell\a")
        self.assertEqual(len(self.json("keys", "list", "--all")), 1)

    def test_a_file_that_is_no_database(self):
        self.database.write_bytes(b"x" * 5000)
        done = harness.run("keys", "create", "a", "--database", self.database)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(), r"\Acroft: [^\n]+\n\Z")
        self.assertEqual(self.database.read_bytes(), b"x" * 5000)

    def test_many_at_once(self):
        self.croft("keys", "create", "first")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda i: self.croft("keys", "create", f"k{i}").strip(), range(24)))
        self.assertEqual(len(set(keys)), 24)
        self.assertEqual(len(self.json("keys", "list")), 25)


if __name__ == "__main__":
    harness.main()
