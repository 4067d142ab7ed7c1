#!/usr/bin/env python3
"""Goal: a full disk, a database that may only be read, a PostgreSQL that goes and comes back, a clock that jumps: clients, /metrics and
the log say what state the server is in, requests go on, and no row and no payment is lost.

Method: a real server in a mount namespace of its own (its disk is a small tmpfs), Debian's PostgreSQL stopped and started again,
another wall clock under the server; a fake cloud that keeps an invoice. What this machine does not allow is skipped, and said.
"""
import concurrent.futures
import contextlib
import decimal
import json
import os
import pathlib
import shutil
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

NANO = decimal.Decimal(10) ** 9
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
[routes."to/good"]
cloud = ["good"]
default = "cloud"
"""
# A shell that makes its folder a small disk of its own and becomes the server.
ON_A_DISK = 'mount -t tmpfs -o size={size}k none "$0" && cp -a "$1/." "$0/" && {then}exec "${{@:2}}"'


def with_disk(folder, seed, size_kib, then=""):
    """Command before a program: its `folder` is a disk of so many KiB that begins with what is in `seed`."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
    command = [*unshare, "bash", "-c", ON_A_DISK.format(size=size_kib, then=then), str(folder), str(seed)]
    done = subprocess.run([*command, "true"], capture_output=True)
    if done.returncode != 0:
        raise unittest.SkipTest(f"no mount namespaces on this machine: {done.stderr.decode().strip()}")
    return command


class PrefixedServer(harness.Server):
    """croft serve, begun by another program."""

    def __init__(self, prefix, *arguments, **environment):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="croft-prefix-"))
        script = folder / "croft"
        script.write_text("#!/bin/bash\nexec " + " ".join("'" + word.replace("'", "'\\''") + "'" for word in
                                                          [*map(str, prefix), str(harness.BINARY)]) + ' "$@"\n')
        script.chmod(0o755)
        before, harness.BINARY = harness.BINARY, script
        try:
            super().__init__(*arguments, **environment)
        finally:
            harness.BINARY = before
            script.unlink()
            folder.rmdir()


class TroubleCase(unittest.TestCase):
    def setUp(self):
        harness.require_model(harness.DEFAULT_MODEL)
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="croft-trouble-")))
        self.cloud = self.stack.enter_context(FakeCloud(price=(1.5, 6.0), requests_per_window=10**9))
        (self.folder / "croft.toml").write_text(TOML.format(url=self.cloud.base_url))
        self.environment = {"TEST_CLOUD_KEY": "sk-fake", **own_library(self.folder)}
        self.server = None

    def croft(self, *words, database, code=0):
        done = harness.run(*words, "--database", database, "--json", timeout=600)
        self.assertEqual(done.returncode, code, done.stdout.decode() + done.stderr.decode())
        return json.loads(done.stdout)

    def serve(self, database, *flags, prefix=()):
        self.server = PrefixedServer(prefix, harness.DEFAULT_MODEL, "--config", str(self.folder / "croft.toml"), "--database", database,
                                     *flags, **self.environment)
        self.stack.callback(self.server.stop)
        return self.server

    def with_keys(self):
        return ("--require-key", "--key-file", str(self.folder / "keys"))

    def ask(self, key=None, **fields):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = {"model": "to/good", "messages": [{"role": "user", "content": "Name the capital of Italy."}], "max_tokens": 16, **fields}
        status, _, data = self.server.request("POST", "/v1/chat/completions", body, headers=headers, timeout=120)
        return status, data

    def metrics(self, key=None):
        text = self.server.request("GET", "/metrics", headers={"Authorization": f"Bearer {key}"} if key else {})[2].decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and line[0] != "#"}

    def state(self, key=None):
        found = self.metrics(key)
        (state,) = [state for state in ("ok", "degraded", "failed") if found[f'croft_ledger_state{{state="{state}"}}'] == 1]
        return state, {where: int(found[f'croft_ledger_rows{{where="{where}"}}']) for where in ("queue", "journal", "database", "lost")}

    def wait_for(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}: {self.state()} {self.server.log()[-2000:]}")
            time.sleep(0.1)


class FullDisk(TroubleCase):
    def test_a_full_disk(self):
        disk, seed = self.folder / "disk", self.folder / "seed"
        disk.mkdir()
        seed.mkdir()
        made = self.croft("keys", "create", "spender", "--max-budget", "1", database=str(seed / "croft.db"))
        prefix = with_disk(disk, seed, 8192)
        self.serve(str(disk / "croft.db"), prefix=prefix)
        inside = pathlib.Path(f"/proc/{self.server.process.pid}/root/{disk}")
        self.assertEqual(self.ask()[0], 200)
        self.wait_for(lambda: self.state() == ("ok", {"queue": 0, "journal": 0, "database": 1, "lost": 0}), "a row in the database")
        with open(inside / "more", "wb", buffering=0) as more:  # all that is left of the disk
            with contextlib.suppress(OSError):
                while True:
                    more.write(b"x" * 4096)
        asked = 1
        for _ in range(400):
            self.assertEqual(self.ask()[0], 200, "clients do not feel it")
            asked += 1
            if asked % 20 == 0 and self.state()[0] == "failed":
                break
        state, rows = self.state()
        self.assertEqual(state, "failed", "database and journal are on the same disk")
        self.assertEqual(rows["lost"], 0)
        self.assertGreater(rows["queue"], 0)
        self.assertRegex(self.server.log(), r"ledger (degraded|failed): [^\n]*full")
        # Money cannot be set aside now; who has no budget goes on.
        status, data = self.ask(made["key"])
        self.assertEqual(status, 503, data)
        self.assertEqual(self.ask()[0], 200)
        asked += 1
        (inside / "more").unlink()
        self.wait_for(lambda: self.state()[0] == "ok" and self.state()[1]["queue"] == self.state()[1]["journal"] == 0, "room again")
        self.assertEqual(self.ask()[0], 200)
        asked += 1
        self.wait_for(lambda: self.ask(made["key"])[0] == 200, "budgets again")
        self.assertIn("takes rows again", self.server.log())
        time.sleep(0.5)
        copy = self.folder / "copy"
        copy.mkdir()
        self.check(inside, copy, asked)  # the disk goes with the server

    def check(self, inside, copy, asked):
        for name in ("croft.db", "croft.db-wal", "croft.db.journal"):
            if (inside / name).exists():
                (copy / name).write_bytes((inside / name).read_bytes())
        database = Sqlite(copy)
        self.assertTrue(self.croft("ledger", "verify", database=database.address)["sound"])
        rows = database.query("select * from croft_ledger where endpoint = '/v1/chat/completions' order by seq")
        free = [row for row in rows if row["http_status"] == 200 and not row["reservation"]]
        self.assertEqual(len(free), asked)
        paid = sum(row["cloud_cost_nano"] for row in rows)
        self.assertEqual(paid, decimal.Decimal(self.cloud.invoice()["dollars"]) * NANO)


class ReadOnly(TroubleCase):
    def test_a_disk_that_may_only_be_read(self):
        disk, seed = self.folder / "disk", self.folder / "seed"
        disk.mkdir()
        seed.mkdir()
        database = str(disk / "croft.db")
        for kind in ("an empty folder", "a ledger that is there"):
            with self.subTest(kind=kind):
                prefix = with_disk(disk, seed, 4096, then='mount -o remount,ro "$0" && ')
                done = subprocess.run([*prefix, harness.BINARY, "serve", "--model", harness.DEFAULT_MODEL, "--port", "0", "--database",
                                       database], capture_output=True, timeout=120, env={**os.environ, **self.environment})
                self.assertNotEqual(done.returncode, 0)
                said = done.stderr.decode()
                self.assertRegex(said, r"(?m)^croft: [^\n]*[Rr]ead-only", said)
                self.assertIn(str(disk), said)
                # Reading still works: an auditor's copy.
                if kind == "a ledger that is there":
                    verified = subprocess.run([*prefix, harness.BINARY, "ledger", "verify", "--database", database], capture_output=True)
                    self.assertEqual(verified.returncode, 0, verified.stderr.decode())
            self.serve(str(seed / "croft.db"))
            self.assertEqual(self.ask()[0], 200)
            self.assertEqual(self.server.stop(), 0)
        self.assertEqual(len(Sqlite(seed).query("select seq from croft_ledger")), 2)


class PostgresAway(TroubleCase):
    def test_it_goes_and_comes_back_while_requests_run(self):
        database = Postgres(synced=True)
        self.stack.callback(database.stop)
        made = self.croft("keys", "create", "spender", "--max-budget", "1000", database=database.address)
        free = self.croft("keys", "create", "free", database=database.address)
        self.serve(database.address, *self.with_keys())
        over, counts, lock = threading.Event(), {}, threading.Lock()

        def ask(key):
            status, data = self.ask(key["key"])
            with lock:
                counts.setdefault((key["key_id"], status), []).append(data)
            return status

        def person(key):
            while not over.is_set():
                ask(key)
                time.sleep(0.01)

        with concurrent.futures.ThreadPoolExecutor(6) as people:
            tasks = [people.submit(person, key) for key in (made, made, free, free, free, free)]
            try:
                for how in (signal.SIGINT, signal.SIGQUIT):  # as when it is upgraded; as after a power cut
                    time.sleep(1)
                    database.halt(how)
                    self.wait_for_state(free, "degraded")
                    asked = len(counts[free["key_id"], 200])
                    time.sleep(1.5)
                    self.assertGreater(len(counts[free["key_id"], 200]), asked, "who has no budget does not feel it")
                    self.assertEqual(self.state(free["key"])[1]["lost"], 0)
                    database.start()
                    self.wait_for_state(free, "ok")
                    self.wait_for_200(lambda: ask(made))
            finally:
                over.set()
            for task in tasks:
                task.result()
        self.assertEqual({status for _, status in counts}, {200, 503})
        self.assertEqual({status for key, status in counts if key == free["key_id"]}, {200})
        self.assertIn(b"database", counts[made["key_id"], 503][0].lower())
        self.assertRegex(self.server.log(), r"ledger degraded: [^\n]*(PostgreSQL|postgres)")
        self.assertEqual(self.server.stop(), 0)
        self.assertTrue(self.croft("ledger", "verify", database=database.address)["sound"])
        rows = database.query("select * from croft_ledger where endpoint = '/v1/chat/completions'")
        for key in (made, free):
            wanted = sum(len(found) for (key_id, _), found in counts.items() if key_id == key["key_id"])
            self.assertEqual(sum(row["key_id"] == key["key_id"] for row in rows), wanted, "one row a request")
        self.assertEqual(sum(row["cloud_cost_nano"] for row in rows), decimal.Decimal(self.cloud.invoice()["dollars"]) * NANO)
        (budget,) = database.query("select spent, reserved from croft_budget")
        self.assertEqual(budget["reserved"], 0)
        mine = [row for row in rows if row["key_id"] == made["key_id"]]
        self.assertEqual(budget["spent"], sum(row["cloud_cost_nano"] for row in mine))

    def wait_for_state(self, key, wanted):
        deadline = time.monotonic() + 90
        while self.state(key["key"])[0] != wanted:
            self.assertLess(time.monotonic(), deadline, f"not {wanted}: {self.state(key['key'])}")
            time.sleep(0.05)

    def wait_for_200(self, ask):
        deadline = time.monotonic() + 90
        while ask() != 200:
            self.assertLess(time.monotonic(), deadline, "no budget is served")
            time.sleep(0.1)


# A wall clock that is as many seconds off as a file says; other clocks and all timers are the kernel's. (libfaketime moves timers, too,
# which no change of a real clock does.)
CLOCK = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
  char text[32] = {0};
  const int file = open(getenv("TEST_CLOCK_FILE"), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  return size > 0 ? atol(text) : 0;
}
int clock_gettime(clockid_t clock, struct timespec* now) {
  const int failed = (int)syscall(SYS_clock_gettime, clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
  return failed;
}
int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec exact;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}
time_t time(time_t* out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out) *out = exact.tv_sec;
  return exact.tv_sec;
}
"""
DAY = 86_400


class ClockJumps(TroubleCase):
    def test_a_clock_that_jumps(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            self.skipTest("no C compiler to make another clock with")
        library, clock = self.folder / "clock.so", self.folder / "clock"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", library], input=CLOCK.encode(), check=True)
        clock.write_text("0")
        self.environment |= {"LD_PRELOAD": str(library), "TEST_CLOCK_FILE": str(clock)}
        database = Sqlite(self.folder)
        made = self.croft("keys", "create", "spender", "--max-budget", "1000", "--budget-duration", "24h", "--rpm-limit", "1000",
                          database=database.address)
        self.serve(database.address, *self.with_keys())
        count = 0
        for jump in (0, -2, 1, -400, 0):
            (self.folder / "next").write_text(str(jump * DAY))
            (self.folder / "next").replace(clock)
            for _ in range(5):
                status, data = self.ask(made["key"])
                self.assertEqual(status, 200, (jump, data))
                count += 1
            self.wait_for_rows(database, count)
        self.assertEqual(self.server.stop(), 0)
        self.assertTrue(self.croft("ledger", "verify", database=database.address)["sound"])
        rows = database.query("select * from croft_ledger order by seq")
        self.assertEqual([row["seq"] for row in rows], list(range(1, count + 1)))
        days = [round((row["time_us"] - rows[0]["time_us"]) / 86_400e6) for row in rows]
        self.assertEqual(days, [0] * 5 + [-2] * 5 + [1] * 5 + [-400] * 5 + [0] * 5, "the clock did jump")
        self.assertLess(max(row["total_us"] for row in rows), 60_000_000, "times are the steady clock's")
        self.assertGreaterEqual(min(row["total_us"] for row in rows), 0)
        (budget,) = database.query("select spent, reserved, spent_ever from croft_budget")
        paid = sum(row["cloud_cost_nano"] for row in rows)
        self.assertEqual((budget["spent_ever"], budget["reserved"]), (paid, 0))
        self.assertEqual(paid, decimal.Decimal(self.cloud.invoice()["dollars"]) * NANO)

    def wait_for_rows(self, database, count):
        deadline = time.monotonic() + 30
        while len(database.query("select seq from croft_ledger")) < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


if __name__ == "__main__":
    harness.main()
