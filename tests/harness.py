"""Shared by the end-to-end tests: a real `croft serve` process, plain HTTP to it, and honest skipping.

A test file ends with `harness.main()`. CTest counts exit status 77 as skipped; the reason is printed.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("CROFT_BINARY", ROOT / "build/release/croft")).resolve()
SHARED = pathlib.Path(os.environ.get("CROFT_SHARED_DIR", ROOT.parent / "shared")).resolve()
DEFAULT_MODEL = "smollm2:135m"
EMBEDDING_MODEL = "all-minilm:l6-v2"
EXIT_SKIPPED = 77
# A test that wants a ledger names one: others must not write into this user's.
os.environ.setdefault("CROFT_DATABASE", "none")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*arguments, stdin=b"", timeout=120, **environment):
    """Runs `croft ARGUMENTS`; returns the finished process with bytes in stdout and stderr."""
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
                          env={**os.environ, **environment})


def require_model(name, **environment):
    """Skips where `name` (a path or a name of the library) is not on this machine: a test never downloads."""
    if not BINARY.exists():
        raise unittest.SkipTest(f"no program {BINARY}: build it first")
    if pathlib.Path(name).exists():
        return
    shown = run("show", name, "--json", **environment)
    if shown.returncode != 0:
        raise unittest.SkipTest(f"model {name} is not installed: croft pull {name}")


class Server:
    """One `croft serve` on a free port of loopback, with its log in a temporary file."""

    def __init__(self, model, *flags, ready_seconds_max=120, **environment):
        require_model(model, **environment)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.base_url = f"http://{self.address}"
        self.final_log = None
        self.log_file = tempfile.NamedTemporaryFile(prefix="croft-test-", suffix=".log")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--model", str(model), "--host", "127.0.0.1", "--port", str(self.port), *flags],
            stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=self.log_file,
            env={**os.environ, **environment})
        try:
            self._wait_until_ready(ready_seconds_max)
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self, seconds_max):
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.request("GET", "/readyz")[0] == 200:
                    return
            if self.process.poll() is not None:
                raise RuntimeError(f"croft serve ended with {self.process.returncode}: {self.log()}")
            time.sleep(0.02)
        raise RuntimeError(f"croft serve was not ready within {seconds_max} s: {self.log()}")

    def log(self):
        if self.final_log is not None:
            return self.final_log
        return pathlib.Path(self.log_file.name).read_text(errors="replace")

    def request(self, method, path, body=None, headers=None, timeout=120):
        """Status, headers and body of one plain request; a body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            sent = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, data, {**sent, **(headers or {})})
            response = connection.getresponse()
            return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
        finally:
            connection.close()

    def post(self, path, body, timeout=300):
        """The JSON of a 200; anything else is an error."""
        status, _, data = self.request("POST", path, body, timeout=timeout)
        if status != 200:
            raise RuntimeError(f"{path}: HTTP {status}: {data[:300].decode(errors='replace')}")
        return json.loads(data)

    def metrics(self):
        """Sample name with its labels -> value."""
        text = self.request("GET", "/metrics")[2].decode()
        return {name: float(value) for name, value in re.findall(r"^([^#\s][^ ]*) (\S+)$", text, re.MULTILINE)}

    def metric(self, stem):
        """Sum of the samples called `stem`, over all labels; an absent metric is an error."""
        found = [value for name, value in self.metrics().items() if re.match(rf"{re.escape(stem)}(\{{|$)", name)]
        if not found:
            raise KeyError(f"/metrics has no {stem}")
        return sum(found)

    def wait_for_metric(self, stem, value, seconds_max=10):
        deadline = time.monotonic() + seconds_max
        while self.metric(stem) != value:
            if time.monotonic() > deadline:
                raise AssertionError(f"{stem} is {self.metric(stem)}, not {value}, after {seconds_max} s")
            time.sleep(0.02)

    def stop(self, seconds_max=30):
        """SIGTERM, as an administrator would; returns the exit status. A deaf server is killed and is an error."""
        if self.final_log is not None:
            return self.process.returncode
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds_max)
            self.final_log = self.log()
            self.log_file.close()
            return status
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"croft serve was still there {seconds_max} s after SIGTERM: {self.log()}") from None


class ServerCase(unittest.TestCase):
    """A test class with one server for all its cases. Set `model` and `flags`."""

    model = DEFAULT_MODEL
    flags = ()
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.model, *cls.flags)

    @classmethod
    def tearDownClass(cls):
        if cls.server is not None:
            status = cls.server.stop()
            if status != 0:
                raise AssertionError(f"croft serve ended with {status}: {cls.server.log()}")


def main():
    """Runs the calling file's tests; all skipped is 77, so that CTest says so."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    # A class skipped as a whole is not among testsRun; a case skipped by itself is.
    ran = result.testsRun - sum(isinstance(test, unittest.TestCase) for test, _ in result.skipped)
    sys.exit(0 if ran > 0 else EXIT_SKIPPED)
