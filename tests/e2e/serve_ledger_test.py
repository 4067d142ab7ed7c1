#!/usr/bin/env python3
"""Goal: every request of a real server is one row of its ledger, with what it used, whoever answered and however it ended.

Method: a server with a database of its own and a fake cloud; ask, fail, leave, be refused; stop it; read the rows with
SQLite's own client. `croft ledger verify` and the other verbs have tests of their own."""
import contextlib
import http.client
import json
import pathlib
import sqlite3
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import harness  # noqa: E402

REFERENCE = "openai/gpt-4o-mini"


def rows_of(database):
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("select * from croft_ledger order by time_us")]


class ServeLedger(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="croft-ledger-")
        cls.database = pathlib.Path(cls.folder.name) / "here" / "croft.db"
        cls.server = harness.Server(harness.DEFAULT_MODEL, "--database", str(cls.database), "--hardware-price", "1000",
                                    "--watts", "50", "--reference-model", REFERENCE)
        cls.answers = {}
        cls.ask("chat", "/v1/chat/completions", {"model": harness.DEFAULT_MODEL, "max_tokens": 8, "messages": [
            {"role": "user", "content": "Say hello."}]})
        cls.ask("completion", "/v1/completions", {"model": harness.DEFAULT_MODEL, "max_tokens": 4, "prompt": "One, two,"})
        cls.ask("stream", "/v1/chat/completions", {"model": harness.DEFAULT_MODEL, "max_tokens": 8, "stream": True,
                                                   "messages": [{"role": "user", "content": "Count."}]})
        cls.ask("wrong", "/v1/chat/completions", {"model": harness.DEFAULT_MODEL, "messages": []})
        cls.ask("tokenize", "/tokenize", {"content": "one two"})
        cls.leave()
        time.sleep(1)
        cls.usage = {query: cls.get(f"/v1/usage{query}") for query in ("", "?by=model,key&since=1h", "?by=colour")}
        cls.metrics = cls.get("/metrics")[1].decode()
        cls.server.stop()
        cls.rows = rows_of(cls.database)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def ask(cls, name, path, body):
        connection = http.client.HTTPConnection(cls.server.address, timeout=120)
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        cls.answers[name] = (response.status, response.read())
        connection.close()

    @classmethod
    def get(cls, path):
        connection = http.client.HTTPConnection(cls.server.address, timeout=120)
        connection.request("GET", path)
        response = connection.getresponse()
        try:
            return response.status, response.read()
        finally:
            connection.close()

    @classmethod
    def leave(cls):
        """A client that goes away in the middle of a long answer."""
        connection = http.client.HTTPConnection(cls.server.address, timeout=120)
        connection.request("POST", "/v1/completions", json.dumps({"model": harness.DEFAULT_MODEL, "max_tokens": 2000, "stream": True,
                                                                  "ignore_eos": True, "prompt": "Once upon a time"}),
                           {"Content-Type": "application/json"})
        connection.getresponse().read(400)
        connection.close()

    def row(self, number):
        return self.rows[number]

    def test_each_request_is_one_row(self):
        self.assertEqual([row["endpoint"] for row in self.rows],
                         ["/v1/chat/completions", "/v1/completions", "/v1/chat/completions", "/v1/chat/completions", "/tokenize",
                          "/v1/completions", "/v1/usage", "/v1/usage", "/v1/usage"])
        self.assertEqual(len({row["id"] for row in self.rows}), len(self.rows))

    def test_tokens_are_those_of_the_answer(self):
        usage = json.loads(self.answers["chat"][1])["usage"]
        self.assertEqual(self.row(0)["prompt_tokens"], usage["prompt_tokens"])
        self.assertEqual(self.row(0)["completion_tokens"], usage["completion_tokens"])
        self.assertEqual(self.row(0)["outcome"], "ok")
        self.assertEqual(self.row(0)["provider"], "local")

    def test_a_local_answer_costs_machine_time_and_saves_the_reference(self):
        for number in (0, 1, 2):
            row = self.row(number)
            self.assertGreater(row["local_us"], 0)
            self.assertGreater(row["energy_uj"], 0)
            self.assertEqual(row["energy_method"], "model")
            # 50 W for its share of the time.
            self.assertAlmostEqual(row["energy_uj"], 50 * row["local_us"], delta=0.02 * row["energy_uj"] + 100)

    def test_usage_is_the_ledger_added_up(self):
        status, body = self.usage[""]
        self.assertEqual(status, 200, body)
        used = json.loads(body)
        asked = self.rows[:6]
        self.assertEqual(used["requests"], 6)
        self.assertEqual(used["prompt_tokens"], sum(row["prompt_tokens"] or 0 for row in asked))
        self.assertEqual(used["completion_tokens"], sum(row["completion_tokens"] or 0 for row in asked))
        (cost,) = used["costs"].values() if isinstance(used["costs"], dict) else used["costs"]
        self.assertEqual(cost["local"]["nano"], sum(row["local_cost_nano"] or 0 for row in asked))
        status, body = self.usage["?by=model,key&since=1h"]
        self.assertEqual(sum(one["requests"] for one in json.loads(body)["by"]["model"]), json.loads(body)["requests"])
        self.assertEqual(self.usage["?by=colour"][0], 400)

    def test_counters_follow_the_rows(self):
        found = [line for line in self.metrics.splitlines() if line.startswith("croft_energy_joules_total")]
        self.assertAlmostEqual(float(found[0].split()[-1]) * 1e6, sum(row["energy_uj"] or 0 for row in self.rows[:6]), delta=10)
        self.assertIn('croft_cost_rows_total{kind="cloud",state="known"}', self.metrics)

    def test_what_was_refused_has_its_status(self):
        self.assertEqual(self.answers["wrong"][0], self.row(3)["http_status"])
        self.assertEqual(self.row(3)["outcome"], "error")

    def test_who_left_is_charged_for_what_was_computed(self):
        row = self.row(5)
        self.assertEqual(row["outcome"], "cancelled")
        self.assertGreater(row["completion_tokens"], 0)
        self.assertLess(row["completion_tokens"], 2000)
        self.assertGreater(row["local_us"], 0)

    def test_no_text_of_a_prompt_is_in_the_file(self):
        data = b"".join(path.read_bytes() for path in self.database.parent.iterdir())
        for text in (b"Say hello", b"Once upon", b"One, two"):
            self.assertNotIn(text, data)


class NoLedger(unittest.TestCase):
    def test_a_database_that_cannot_be_made_is_told_at_the_start(self):
        harness.require_model(harness.DEFAULT_MODEL)
        done = harness.run("serve", "--model", harness.DEFAULT_MODEL, "--port", "0", "--database", "/proc/croft/ledger.db")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"/proc/croft", done.stderr)
        self.assertIn(b"none", done.stderr)

    def test_a_reference_without_a_price_is_told_at_the_start(self):
        harness.require_model(harness.DEFAULT_MODEL)
        with tempfile.TemporaryDirectory() as folder:
            done = harness.run("serve", "--model", harness.DEFAULT_MODEL, "--port", "0", "--database", f"{folder}/a.db",
                               "--reference-model", "openai/gpt-none")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"gpt-none", done.stderr)


if __name__ == "__main__":
    harness.main()
