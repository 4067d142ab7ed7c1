#!/usr/bin/env python3
"""Goal: what keys may, what they spend and what the ledger says agree with the cloud's own invoice, to the last nano-unit.

Method: a server with a database of its own and a fake cloud that keeps an invoice; keys made with `croft keys`; many
requests at a time, whole, streamed, with failures and fallbacks; then the sums. CROFT_TEST_ACCOUNTS=10000 asks more."""
import collections
import concurrent.futures
import contextlib
import decimal
import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from fake_cloud import FakeCloud

NANO = decimal.Decimal(10) ** 9
REQUESTS = int(os.environ.get("CROFT_TEST_ACCOUNTS", "400"))


def toml_of(cloud):
    return f"""
[upstreams.cloud]
dialect = "openai"
url = "{cloud.base_url}/v1"
key_env = "TEST_CLOUD_KEY"
retries = 0
breaker_failures = 10000
concurrency_max = 1000
[models.good]
upstream = "cloud"
model = "any/good"
price_in = 1.5
price_out = 6.0
currency = "USD"
[models.bad]
upstream = "cloud"
model = "any/fault-500"
price_in = 1.5
price_out = 6.0
currency = "USD"
[routes."to/good"]
cloud = ["good"]
default = "cloud"
[routes."to/saved"]
cloud = ["bad", "good"]
order = "listed"
default = "cloud"
[routes."to/lost"]
cloud = ["bad"]
default = "cloud"
[routes."to/none"]
local = ["{harness.DEFAULT_MODEL}"]
default = "local"
"""


class Accounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_model(harness.DEFAULT_MODEL)
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.cloud = cls.stack.enter_context(FakeCloud(price=(1.5, 6.0)))
        cls.folder = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="croft-accounts-")))
        cls.database = cls.folder / "croft.db"
        (cls.folder / "croft.toml").write_text(toml_of(cls.cloud))
        cls.server = harness.Server(harness.DEFAULT_MODEL, "--config", str(cls.folder / "croft.toml"), "--database",
                                    str(cls.database), "--require-key", "--key-file", str(cls.folder / "keys"),
                                    TEST_CLOUD_KEY="sk-fake")
        cls.stack.callback(cls.server.stop)

    def key(self, *limits):
        done = harness.run("keys", "create", self.id().rsplit(".")[-1], "--database", str(self.database), *limits, "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        made = json.loads(done.stdout)
        # A running server looks for new keys once a second.
        deadline = time.monotonic() + 20
        while self.ask(made["key"], path="/v1/models", method="GET")[0] != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        return made

    def ask(self, key, model="to/good", path="/v1/chat/completions", method="POST", headers=None, **fields):
        body = {"model": model, "messages": [{"role": "user", "content": "Name the capital of Italy."}], "max_tokens": 16, **fields}
        status, found, data = self.server.request(method, path, body if method == "POST" else None,
                                                  headers={"Authorization": f"Bearer {key}", **(headers or {})}, timeout=120)
        return status, found, data

    def rows(self, key_id):
        """Its rows, once nothing more comes."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            before = None
            for _ in range(200):
                found = [dict(row) for row in connection.execute("select * from croft_ledger where key_id = ? order by seq", (key_id,))]
                if found and len(found) == before:
                    return found
                before = len(found)
                time.sleep(0.2)
        return found

    def spent(self, key_id):
        done = harness.run("keys", "show", key_id, "--database", str(self.database), "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def test_who_has_no_key_gets_nothing(self):
        self.assertEqual(self.ask("sk-none")[0], 401)

    def test_a_key_asks_only_its_models(self):
        made = self.key("--models", "to/good")
        self.assertEqual(self.ask(made["key"])[0], 200)
        status, _, data = self.ask(made["key"], model=harness.DEFAULT_MODEL)
        self.assertEqual(status, 403, data)
        status, _, data = self.ask(made["key"], model="to/none")
        self.assertEqual(status, 403, data)

    def test_requests_a_minute(self):
        made = self.key("--rpm-limit", "3")
        seen = [self.ask(made["key"]) for _ in range(5)]
        self.assertEqual([status for status, _, _ in seen], [200, 200, 200, 429, 429])
        self.assertEqual(seen[0][1]["x-ratelimit-limit-requests"], "3")
        self.assertEqual(seen[0][1]["x-ratelimit-remaining-requests"], "2")
        self.assertGreaterEqual(int({name.lower(): value for name, value in seen[3][1].items()}["retry-after"]), 1)

    def test_a_budget_ends_and_is_never_passed(self):
        made = self.key("--max-budget", "0.003")
        statuses = collections.Counter()
        with concurrent.futures.ThreadPoolExecutor(16) as people:
            for status, _, data in people.map(lambda _: self.ask(made["key"]), range(120)):
                statuses[status] += 1
                if status == 429:
                    self.assertIn(b"budget", data)
        self.assertEqual(set(statuses), {200, 429}, statuses)
        paid = sum(row["cloud_cost_nano"] for row in self.rows(made["key_id"]) if row["http_status"] == 200)
        self.assertLessEqual(paid, 3_000_000)
        self.assertGreater(paid, 0)

    def test_the_sum_of_the_rows_is_the_invoice(self):
        made = self.key("--max-budget", "1000")
        self.cloud.reset()
        kinds = [{"model": "to/good"}, {"model": "to/good", "stream": True}, {"model": "to/saved"}, {"model": "to/saved", "stream": True},
                 {"model": "to/lost"}, {"model": "to/none"}]

        def one(number):
            return self.ask(made["key"], **kinds[number % len(kinds)])[0]

        with concurrent.futures.ThreadPoolExecutor(32) as people:
            statuses = collections.Counter(people.map(one, range(REQUESTS)))
        self.assertGreater(statuses[200], REQUESTS // 2, statuses)
        rows = self.rows(made["key_id"])
        posts = [row for row in rows if row["endpoint"] == "/v1/chat/completions"]
        self.assertEqual(len(posts), REQUESTS)
        self.assertEqual([(row["route"], row["attempts"]) for row in posts if row["cloud_cost_state"] != "known"][:3], [])
        self.assertEqual({row["outcome"] for row in posts} - {"ok", "error", "refused"}, set())
        invoice = decimal.Decimal(self.cloud.invoice()["dollars"]) * NANO
        self.assertEqual(sum(row["cloud_cost_nano"] for row in posts), invoice)
        # The budget has paid exactly that as well.
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            shown = self.spent(made["key_id"])
            if decimal.Decimal(str(shown["spend"])) * NANO == invoice:
                break
            time.sleep(0.3)
        self.assertEqual(decimal.Decimal(str(shown["spend"])) * NANO, invoice, shown)


if __name__ == "__main__":
    harness.main()
