#!/usr/bin/env python3
"""Goal: `kill -9` of a server at any moment, under load, loses no row that it had settled, breaks no chain, and spends no budget
twice or for nothing: on SQLite and on PostgreSQL.

Method: a server of the real program, a fake cloud that keeps an invoice, clients that ask and leave; SIGKILL after a random time,
also while it starts; the next one starts on what the last one left. The random numbers come from a seed that is printed
(CROFT_TEST_SEED repeats one). CROFT_TEST_CRASHES=50 crashes more often.

What must hold, and why: a row that another reader of the database has seen, or that /metrics counted as written, was committed. Every
call that the cloud charged for was reserved before it was sent, so what the budget has paid in the end is no less than the invoice
(a call that was under way is charged its worst case, docs/keys.md), each reservation is paid once, and their sum is the budget's.
"""
import contextlib
import decimal
import http.client
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness
from databases import Postgres, Sqlite, own_library
from fake_cloud import FakeCloud

CRASHES = int(os.environ.get("CROFT_TEST_CRASHES", "6"))
PEOPLE = 8
NANO = decimal.Decimal(10) ** 9
START_SHARE = 0.2       # of the crashes that come while the server starts
LOAD_SECONDS_MAX = 2.5
WORDS = ("red", "green", "blue", "apple", "river", "stone", "bread", "window", "paper", "garden")  # nothing personal
SMALL_BUDGET = "0.02"   # of the second key: it runs out

TOML = """
[upstreams.cloud]
dialect = "openai"
url = "{url}/v1"
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
[models.slow]
upstream = "cloud"
model = "any/fault-slow-between-10"
price_in = 1.5
price_out = 6.0
currency = "USD"
[routes."to/good"]
cloud = ["good"]
default = "cloud"
[routes."to/slow"]
cloud = ["slow"]
default = "cloud"
"""


class Load:
    """Clients that ask one server until it dies, and a reader that notes what it has settled."""

    def __init__(self, server, keys, database, chance):
        self.server, self.keys, self.database = server, keys, database
        self.over = threading.Event()
        self.answered = 0        # whole answers with status 200
        self.statuses = set()
        self.seen = {}           # id of a row -> its hash, as read while the server lived
        self.written = 0         # rows, by /metrics
        self.lock = threading.Lock()
        seeds = [chance.getrandbits(32) for _ in range(PEOPLE)]
        self.threads = [threading.Thread(target=self.ask, args=(random.Random(seed),)) for seed in seeds]
        self.threads.append(threading.Thread(target=self.watch))
        for thread in self.threads:
            thread.start()

    def ask(self, chance):
        while not self.over.is_set():
            kind = chance.randrange(4)
            body = {"model": "to/slow" if kind == 0 else "to/good", "stream": kind < 2, "max_tokens": 24,
                    "messages": [{"role": "user", "content": "Say " + " ".join(chance.choices(WORDS, k=12)) + " and go on."}]}
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _, data = self.server.request("POST", "/v1/chat/completions", body, timeout=60,
                                                      headers={"Authorization": f"Bearer {chance.choice(self.keys)}"})
                whole = status == 200 and (b"[DONE]" in data or not body["stream"])
                with self.lock:
                    self.statuses.add(status)
                    self.answered += whole

    def watch(self):
        while not self.over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                text = self.server.request("GET", "/metrics", timeout=60, headers={"Authorization": f"Bearer {self.keys[0]}"})[2].decode()
                if found := re.search(r'croft_ledger_rows\{where="database"\} (\S+)', text):
                    self.written = int(float(found[1]))
            for row in self.database.query("select id, seq, hash from croft_ledger order by seq desc limit 50"):
                self.seen[row["id"]] = (row["seq"], row["hash"])
            self.over.wait(0.05)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class CrashCase:
    crashes = CRASHES

    def setUp(self):
        harness.require_model(harness.DEFAULT_MODEL)
        self.seed = int(os.environ.get("CROFT_TEST_SEED", random.SystemRandom().getrandbits(32)))
        print(f"{self.id().rsplit('.')[-2]}: CROFT_TEST_SEED={self.seed}", flush=True)
        self.chance = random.Random(self.seed)
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="croft-crash-")))
        self.database = self.make_database()
        self.stack.callback(self.database.stop)
        self.cloud = self.stack.enter_context(FakeCloud(price=(1.5, 6.0), requests_per_window=10**9, first_ms=5))
        (self.folder / "croft.toml").write_text(TOML.format(url=self.cloud.base_url))
        self.environment = {"TEST_CLOUD_KEY": "sk-fake", **own_library(self.folder)}
        self.keys = [self.croft("keys", "create", "ample", "--max-budget", "1000"),
                     self.croft("keys", "create", "short", "--max-budget", SMALL_BUDGET)]

    def croft(self, *words):
        done = harness.run(*words, "--database", self.database.address, "--json", timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
        return json.loads(done.stdout)

    def flags(self):
        return ("--config", str(self.folder / "croft.toml"), "--database", self.database.address, "--require-key", "--key-file",
                str(self.folder / "keys"))

    def crash_at_the_start(self):
        starting = subprocess.Popen(
            [harness.BINARY, "serve", "--model", harness.DEFAULT_MODEL, "--host", "127.0.0.1", "--port", str(harness.free_port()),
             *self.flags()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **self.environment})
        time.sleep(self.chance.random() * 0.6)
        starting.kill()
        starting.wait()

    def crash_under_load(self, settled):
        server = harness.Server(harness.DEFAULT_MODEL, *self.flags(), **self.environment)
        # What the last one left is repaired before the first request: nothing is open that nobody works on.
        open_before = self.database.query("select count(*) as n from croft_reservation where state = 'open'")[0]["n"]
        self.assertEqual(open_before, 0)
        begin = self.rows_count()
        load = Load(server, [key["key"] for key in self.keys], self.database, self.chance)
        deadline = time.monotonic() + 60  # a machine that is busy begins late
        while not load.answered and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(self.chance.random() * LOAD_SECONDS_MAX)
        server.process.kill()
        server.process.wait()
        load.end()
        server.stop()
        # Rows are counted since the start, with those of a journal that it brought in before `begin` was read.
        self.assertGreaterEqual(self.rows_count(), load.written)
        self.assertGreaterEqual(self.rows_count(), begin)
        self.assertLessEqual(load.statuses, {200, 429, 401}, "a server that lives answers")
        settled.update(load.seen)
        return load.answered

    def rows_count(self):
        return self.database.query("select count(*) as n from croft_ledger")[0]["n"]

    def test_killed_under_load(self):
        harness.Server(harness.DEFAULT_MODEL, *self.flags(), **self.environment).stop()  # makes the tables
        settled, answered, head = {}, 0, None
        for number in range(self.crashes):
            if number > 0 and self.chance.random() < START_SHARE:
                self.crash_at_the_start()
            else:
                answered += self.crash_under_load(settled)
            verified = self.croft("ledger", "verify", *(["--head", head] if head else []))
            self.assertTrue(verified["sound"], verified)
            head = verified["head"]
        # One that ends in order: what is open is repaired, what is in a journal comes in.
        harness.Server(harness.DEFAULT_MODEL, *self.flags(), **self.environment).stop()
        self.assertTrue(self.croft("ledger", "verify", "--head", head)["sound"])
        rows = self.database.query("select * from croft_ledger order by seq")
        here = {row["id"]: (row["seq"], row["hash"]) for row in rows}
        self.assertEqual(len(here), len(rows))
        lost = {row: place for row, place in settled.items() if here.get(row) != place}
        self.assertEqual(lost, {}, "rows that had been settled")
        self.assertGreater(answered, 0, "else nothing was proved")
        self.assertGreater(len(settled), 0)
        self.check_budgets(rows)

    def check_budgets(self, rows):
        reservations = self.database.query("select * from croft_reservation")
        self.assertEqual({one["state"] for one in reservations} - {"settled", "expired", "released"}, set())
        by_id = {one["id"]: one for one in reservations}
        self.assertEqual(len(by_id), len(reservations))
        priced = [row for row in rows if row["reservation"]]
        self.assertEqual(len({row["reservation"] for row in priced}), len(priced), "no reservation pays for two rows")
        for row in priced:
            one = by_id[row["reservation"]]
            # Killed between row and settlement: the repair takes the row's cost, where it is known.
            if row["cloud_cost_nano"] is not None:
                self.assertEqual((one["state"], one["actual"]), ("settled", row["cloud_cost_nano"]), row)
        paid_in_all = 0
        for key in self.keys:
            (budget,) = self.database.query(f"select * from croft_budget where owner = '{key['key_id']}'")
            mine = [one for one in reservations if one["key_owner"] == key["key_id"]]
            self.assertEqual(budget["reserved"], 0)
            self.assertEqual(budget["spent"], sum(one["actual"] for one in mine if one["state"] != "released"))
            paid = sum(row["cloud_cost_nano"] or 0 for row in rows if row["key_id"] == key["key_id"])
            self.assertLessEqual(paid, budget["spent"])
            paid_in_all += budget["spent"]
            shown = self.croft("keys", "show", key["key_id"])
            self.assertEqual(decimal.Decimal(str(shown["spend"])) * NANO, budget["spent"])
        (short,) = self.database.query(f"select spent from croft_budget where owner = '{self.keys[1]['key_id']}'")
        self.assertLessEqual(short["spent"], decimal.Decimal(SMALL_BUDGET) * NANO)
        self.cloud.wait_for(lambda cloud: all(exchange.outcome != "open" for exchange in cloud.exchanges), seconds=60)
        self.assertGreaterEqual(paid_in_all, decimal.Decimal(self.cloud.invoice()["dollars"]) * NANO, "nothing is had for nothing")


class SqliteCrash(CrashCase, unittest.TestCase):
    def make_database(self):
        return Sqlite(self.folder)


class PostgresCrash(CrashCase, unittest.TestCase):
    crashes = max(2, CRASHES // 3)

    def make_database(self):
        return Postgres()


if __name__ == "__main__":
    harness.main()
