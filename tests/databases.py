"""The two databases that a ledger may be in, for tests: a SQLite file, and Debian's real PostgreSQL server in a folder of its own.

Both have `address` (for --database), `query` (rows as dicts), `change` (SQL that the ledger's triggers would forbid) and `stop`.
"""
import contextlib
import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

START_SECONDS_MAX = 180


class Sqlite:
    def __init__(self, folder):
        self.file = pathlib.Path(folder) / "croft.db"
        self.address = str(self.file)

    def query(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def change(self, sql):
        with contextlib.closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'croft_ledger_no_update'").fetchone()
            connection.execute("DROP TRIGGER croft_ledger_no_update")
            connection.execute(sql)
            connection.execute(trigger)

    def stop(self):
        pass


class Postgres:
    """On a Unix socket only. `synced`: commits reach the disk before they are told, as a real server's do."""

    def __init__(self, synced=False):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not programs:
            raise unittest.SkipTest("PostgreSQL's server is not installed (Debian: postgresql)")
        self.bin = pathlib.Path(programs[-1]).parent
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="croft-pg-"))
        self.synced = synced
        self.user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chmod(self.folder, 0o755)
        self.address = f"postgres://croft@/postgres?host={self.folder}"
        self.log = open(self.folder / "log", "ab")
        self.process = None
        try:
            subprocess.run([self.bin / "initdb", "-D", self.folder / "data", "-U", "croft", "-A", "trust", "--no-sync", "-E", "UTF8",
                            "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        self.process = subprocess.Popen(
            [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c",
             f"fsync={'on' if self.synced else 'off'}"], stdout=self.log, stderr=self.log, cwd="/", **self.user)
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.psql("SELECT 1", check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise AssertionError("PostgreSQL did not start: " + (self.folder / "log").read_text())
            time.sleep(0.05)

    def halt(self, how=signal.SIGINT):
        """SIGINT: "fast", connections are cut, what is committed stays. SIGQUIT: as after a power cut."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def psql(self, sql, check=True, flags=()):
        return subprocess.run([self.bin / "psql", "-h", self.folder, "-U", "croft", "-d", "postgres", "-v", "ON_ERROR_STOP=1", *flags,
                               "-c", sql], check=check, capture_output=True)

    def query(self, sql):
        done = self.psql(f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) t", check=False, flags=("-At",))
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode())
        return json.loads(done.stdout)

    def change(self, sql):
        self.psql(f"ALTER TABLE croft_ledger DISABLE TRIGGER ALL; {sql}; ALTER TABLE croft_ledger ENABLE TRIGGER ALL")

    def stop(self):
        self.halt(signal.SIGQUIT)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def own_library(folder):
    """Environment with the installed models, and everything else that Croft keeps beside them, in `folder`."""
    here = pathlib.Path(folder) / "data"
    here.mkdir()
    (here / "models").symlink_to(pathlib.Path(os.environ.get("CROFT_MODELS_DIR") or pathlib.Path(
        os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "croft/models"))
    return {"CROFT_MODELS_DIR": str(here / "models")}
