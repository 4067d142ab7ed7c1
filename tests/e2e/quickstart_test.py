#!/usr/bin/env python3
"""Goal: the newcomer's command works, and a second run does nothing again. Method: runs ./quickstart from another folder,
without a terminal, in a checkout that is already built, and reads what it prints and its log.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

SECONDS_MAX = 300  # a second run only looks and answers: seconds, but the machine may be busy with other tests


class QuickstartTest(unittest.TestCase):
    def setUp(self):
        if harness.BINARY != harness.ROOT / "build/release/croft" or not harness.BINARY.exists():
            self.skipTest("./quickstart builds build/release, and that is not what is being tested")
        if (os_release().get("ID"), os_release().get("VERSION_ID")) != ("debian", "12"):
            self.skipTest("./quickstart is for Debian 12")
        harness.require_model(harness.DEFAULT_MODEL)

    def run_quickstart(self, *arguments):
        with tempfile.TemporaryDirectory() as elsewhere:
            return subprocess.run([harness.ROOT / "quickstart", *arguments], cwd=elsewhere, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=SECONDS_MAX, env=os.environ)

    def test_second_run(self):
        done = self.run_quickstart()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"time to first token \d+ ms \| [\d.]+ tokens/s \| \d+ tokens \| peak memory \d+ MiB")
        self.assertIn("croft run smollm2:135m", done.stdout)
        log = (harness.ROOT / "build/quickstart.log").read_text()
        self.assertNotIn("Building CXX", log)
        server = re.search(r"process (\d+)\)", done.stdout)
        self.assertFalse(pathlib.Path("/proc", server.group(1)).exists(), "the server is stopped at the end")

    def test_build_only(self):
        done = self.run_quickstart("--no-run")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("tokens/s", done.stdout)

    def test_an_unknown_option_is_refused(self):
        done = self.run_quickstart("--fast")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--no-run", done.stderr)


def os_release():
    path = pathlib.Path("/etc/os-release")
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.replace('"', "").split("=", 1) for line in lines if "=" in line)


if __name__ == "__main__":
    harness.main()
