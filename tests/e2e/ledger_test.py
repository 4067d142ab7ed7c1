"""Goal: `croft ledger` verifies, adds up, exports and reports what was written, on SQLite and on PostgreSQL, and finds
what was changed; a verifier that has nothing of Croft agrees.

Method: ledgers made by the writer that a server uses (croft_ledger_bench), changed by the sqlite3 module and by psql.
PostgreSQL is a server of this machine's packages in a folder of its own, on a Unix socket only.
"""
import csv
import io
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness
from databases import Postgres, Sqlite

FILL = harness.BINARY.parent / "src/store/croft_ledger_bench"
ROWS = 600


class LedgerCase:
    """What holds on both databases."""

    def ledger(self, verb, *options, code=0):
        done = harness.run("ledger", verb, "--database", self.address, *options, timeout=600)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done.stdout.decode()

    def test_verify_is_sound_and_prints_its_head(self):
        text = self.ledger("verify")
        self.assertIn(f"sound: {ROWS} rows", text)
        report = json.loads(self.ledger("verify", "--json"))
        self.assertTrue(report["sound"])
        self.assertEqual(report["rows"], ROWS)
        self.ledger("verify", "--head", report["head"])
        other = f"{ROWS}:" + "0" * 64
        self.assertIn("NOT SOUND", self.ledger("verify", "--head", other, code=4))

    def test_exports_agree_with_each_other_and_with_the_summary(self):
        rows = [json.loads(line) for line in self.ledger("export").splitlines()]
        table = list(csv.DictReader(io.StringIO(self.ledger("export", "--format", "csv"), newline="")))
        self.assertEqual([row["seq"] for row in rows], list(range(1, ROWS + 1)))
        self.assertEqual([row["id"] for row in rows], [row["id"] for row in table])
        for left, right in zip(rows, table):
            self.assertEqual("" if left["cloud_cost_nano"] is None else str(left["cloud_cost_nano"]), right["cloud_cost_nano"])
            self.assertEqual(left["hash"], right["hash"])
        self.assertIsInstance(rows[0]["attempts"], list)
        summary = json.loads(self.ledger("summary", "--by", "model", "--by", "day", "--json"))
        self.assertEqual(summary["requests"], ROWS)
        self.assertEqual(summary["prompt_tokens"], sum(row["prompt_tokens"] for row in rows))
        (costs,) = summary["costs"]
        self.assertEqual(costs["cloud"]["nano"], sum(row["cloud_cost_nano"] or 0 for row in rows))
        unpriced = sum(row["counterfactual_cost_state"] == "unpriced" for row in rows)
        self.assertGreater(unpriced, 0)
        self.assertEqual(costs["counterfactual"]["unpriced"], unpriced)
        self.assertEqual(sum(group["requests"] for group in summary["by"]["model"]), ROWS)
        self.assertIn(f"{unpriced} unpriced", self.ledger("summary", "--by", "tenant"))

    def test_times_choose_rows(self):
        rows = [json.loads(line) for line in self.ledger("export").splitlines()]
        minute = rows[300]["time"][:16] + "Z"
        part = [json.loads(line) for line in self.ledger("export", "--since", minute).splitlines()]
        self.assertEqual(part, [row for row in rows if row["time"] >= minute[:-1]])
        self.assertEqual(self.ledger("export", "--until", "2001-01-01"), "")
        self.assertEqual(self.ledger("summary", "--until", "2001-01-01"), "no requests\n")

    def test_report_is_one_file_that_asks_nobody(self):
        page = self.folder / "report.html"
        self.ledger("report", "--out", page)
        text = page.read_text()
        self.assertIn(f">{ROWS}<", text)
        self.assertIn("default-src 'none'", text)
        self.assertNotRegex(text, r"https?:|<script|src=|href=|url\(")
        self.assertEqual(text.count("<svg"), text.count("</svg>"))

    def test_changes_are_found(self):
        self.change("UPDATE croft_ledger SET cloud_cost_nano = cloud_cost_nano + 1 WHERE seq = 400")
        try:
            text = self.ledger("verify", code=4)
            self.assertIn("row 400 (req-399): its fields are not those that it was written with", text)
            finding = [f for f in json.loads(self.ledger("verify", "--json", code=4))["findings"] if f.get("seq")]
            self.assertEqual([(f["kind"], f["seq"], f["id"]) for f in finding], [("changed_content", 400, "req-399")])
        finally:
            self.change("UPDATE croft_ledger SET cloud_cost_nano = cloud_cost_nano - 1 WHERE seq = 400")
        self.ledger("verify")


    def test_one_changed_byte_on_the_disk_is_found_and_located(self):
        """In each place in the file of the table where the row's own text stands."""
        for number in (100, 123, ROWS - 1):
            name = f"req-{number}".encode()
            places = self.places(name)
            self.assertTrue(places)
            for file, place in places:
                with self.subTest(row=number + 1, file=file.name, place=place):
                    self.with_byte(file, place + len(name) - 1, self.must_find, number + 1)
        self.ledger("verify")

    def must_find(self, row):
        report = json.loads(self.ledger("verify", "--json", code=4))
        self.assertFalse(report["sound"])
        # The text stands in the row and, on SQLite, in an index as well.
        self.assertTrue(any(finding.get("seq") == row or re.search(rf"\brow {row}\b", finding["what"])
                            for finding in report["findings"]), report["findings"])


def flip_byte(file, place):
    with open(file, "r+b") as data:
        data.seek(place)
        byte = data.read(1)[0]
        data.seek(place)
        data.write(bytes([byte ^ 1]))


def fill(address, journal):
    if not FILL.exists():
        raise unittest.SkipTest(f"no program {FILL}: build it first")
    done = subprocess.run([FILL, address, journal, str(ROWS)], capture_output=True, timeout=600)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())


class SqliteLedgerTest(LedgerCase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="croft-ledger-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.address = str(cls.folder / "croft.db")
        fill(cls.address, cls.folder / "rows")

    def change(self, sql):
        Sqlite(self.folder).change(sql)

    def places(self, mark):
        with sqlite3.connect(self.address) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        data = pathlib.Path(self.address).read_bytes()
        return [(pathlib.Path(self.address), found.start()) for found in re.finditer(re.escape(mark), data)]

    def with_byte(self, file, place, look, *arguments):
        flip_byte(file, place)
        try:
            look(*arguments)
        finally:
            flip_byte(file, place)

    def test_a_verifier_without_croft_agrees(self):
        page = (harness.ROOT / "docs/formats/ledger.md").read_text()
        program = re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1)
        head = json.loads(self.ledger("verify", "--json"))["head"]
        done = subprocess.run([sys.executable, "-c", program, self.address], capture_output=True, timeout=120)
        self.assertEqual(done.stdout.decode().strip(), head, done.stderr.decode())
        self.change("UPDATE croft_ledger SET team = 'red' WHERE seq = 5")
        done = subprocess.run([sys.executable, "-c", program, self.address], capture_output=True, timeout=120)
        self.change("UPDATE croft_ledger SET team = 'blue' WHERE seq = 5")
        self.assertIn(b"row 5", done.stderr)

    def test_mistakes_are_sentences(self):
        for says, code, *words in [
            ("there is no database", 3, "verify", "--database", self.folder / "none.db"),
            ("is no time", 2, "summary", "--since", "yesterday"),
            ("--since is not before --until", 2, "summary", "--since", "2026-02-01", "--until", "2026-01-01"),
            ("cannot add up by 'colour'", 2, "summary", "--by", "colour"),
            ("not the head of a ledger", 2, "verify", "--head", "12"),
            ("64 digits", 2, "verify", "--head", "12:ab"),
            ("contradict", 2, "export", "--format", "csv", "--json"),
            ("kind of database URL", 5, "verify", "--database", "mysql://u:hunter2@h/d"),
            ("is not there", 8, "verify", "--database", "postgres://u:hunter2@127.0.0.1:1/d"),
            ("--out", 2, "report"),
            ("folder", 3, "report", "--out", self.folder / "none" / "x.html"),
        ]:
            words = list(words)
            if "--database" not in words:
                words += ["--database", self.address]
            done = harness.run("ledger", *words)
            said = done.stderr.decode()
            self.assertEqual(done.returncode, code, (words, said))
            self.assertRegex(said, r"\Acroft: [^\n]+\n\Z")
            self.assertIn(says, said)
            self.assertNotIn("hunter2", said)
        (self.folder / "text.db").write_text("x" * 5000)
        done = harness.run("ledger", "verify", "--database", self.folder / "text.db")
        self.assertEqual(done.returncode, 4, done.stderr)
        sqlite3.connect(self.folder / "empty.db").execute("CREATE TABLE x (y)")
        done = harness.run("ledger", "summary", "--database", self.folder / "empty.db")
        self.assertIn(b"there is no ledger", done.stderr)

    def test_a_copy_that_may_only_be_read(self):
        copy = self.folder / "copy.db"
        source, target = sqlite3.connect(self.address), sqlite3.connect(copy)
        source.backup(target)
        target.close()
        source.close()
        before = copy.read_bytes()
        done = harness.run("ledger", "verify", "--database", copy)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(copy.read_bytes(), before)


class PostgresLedgerTest(LedgerCase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="croft-ledger-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.server = Postgres()
        cls.addClassCleanup(cls.server.stop)
        cls.address = cls.server.address
        fill(cls.address, cls.folder / "rows")

    def change(self, sql):
        self.server.change(sql)

    def places(self, mark):
        self.server.psql("CHECKPOINT")
        (table,) = self.server.query("SELECT pg_relation_filepath('croft_ledger') AS path")
        file = self.server.folder / "data" / table["path"]
        return [(file, found.start()) for found in re.finditer(re.escape(mark), file.read_bytes())]

    def with_byte(self, file, place, look, *arguments):
        """The server has pages in memory: it is changed while it does not run."""
        for last in (False, True):
            self.server.halt()
            flip_byte(file, place)
            self.server.start()
            if last:
                break
            try:
                look(*arguments)
            except BaseException:
                self.server.halt()
                flip_byte(file, place)
                self.server.start()
                raise


if __name__ == "__main__":
    harness.main()
