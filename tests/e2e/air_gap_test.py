"""Goal: with --air-gapped no verb opens a connection, each says what it was about to do, and a server goes on serving.

Method: the built program, once on this machine with targets that are really there and must see nobody, and once in a network
namespace of its own, where the kernel counts every connection that is begun (/proc/net/snmp); the same without the option proves that
the targets and the counters work.
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness

MODEL = harness.ROOT / "tests/data/stories260K.gguf"
EXIT_REFUSED = 7


class Visited:
    """A port of loopback that counts its visitors and answers nothing."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.count = 0
        threading.Thread(target=self._welcome, daemon=True).start()
        return self

    def _welcome(self):
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self._socket.accept()
                self.count += 1
                guest.close()

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def routes(url):
    return (f'[upstreams.first]\ndialect = "openai"\nurl = "{url}/v1"\nretries = 0\n[upstreams.second]\ndialect = "ollama"\nurl = "{url}"\n'
            '[models.m]\nupstream = "first"\nmodel = "x"\nfree = true\n[routes.r]\ncloud = ["m"]\ndefault = "cloud"\n')


class Case(unittest.TestCase):
    def setUp(self):
        harness.require_model(MODEL)
        folder = tempfile.TemporaryDirectory(prefix="croft-air-gap-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("CROFT_", "XDG_", "HF_"))}
        self.environment.update(HOME=folder.name, CROFT_MODELS_DIR=str(self.folder / "models"))
        done = self.croft("--air-gapped", "version")
        if b"lets no filter of system calls be set" in done.stderr:
            self.skipTest("this system lets no filter of system calls be set")

    def croft(self, *arguments, **environment):
        return subprocess.run([harness.BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              env={**self.environment, **environment})

    def refused(self, says, *arguments, **environment):
        done = self.croft(*arguments, **environment)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, EXIT_REFUSED, said)
        self.assertRegex(said, r"(?m)^croft: [^\n]+\n\Z")
        self.assertIn(says, said)
        self.assertIn("air-gapped", said)


class Refusals(Case):
    def test_each_verb_that_would_go_out_says_so(self):
        with Visited() as there:
            pull = ("pull", "hf:plain/repository")
            self.assertNotEqual(self.croft(*pull, HF_ENDPOINT=there.url).returncode, 0)
            self.assertGreater(there.count, 0, "without the option it is asked")
            there.count = 0
            self.refused(f'cannot ask "{there.url}/api/models/plain/repository', "--air-gapped", *pull, HF_ENDPOINT=there.url)
            self.refused(there.url, *pull, HF_ENDPOINT=there.url, CROFT_AIR_GAPPED="1")
            self.refused(f'cannot ask "{there.url}/metrics', "top", there.url, "--count", "1", "--air-gapped")
            config = self.folder / "croft.toml"
            config.write_text("air_gapped = true\n")
            self.refused(there.url, "--config", config, *pull, HF_ENDPOINT=there.url)
            serve = ("serve", "--model", MODEL, "--port", "0")
            self.refused("--otlp-endpoint", *serve, "--air-gapped", "--otlp-endpoint", there.url)
            config.write_text("air_gapped = true\n" + routes(there.url))
            self.refused("first, second", "--config", config, *serve)
            self.refused(f"{config}:2", "--config", config, *serve)
            self.assertEqual(there.count, 0)

    def test_what_needs_no_network_works(self):
        for arguments in (("run", MODEL, "Once", "--max-tokens", "4"), ("show", MODEL), ("list",), ("doctor",),
                          ("tokenize", "--model", MODEL, "Once")):
            with self.subTest(verb=arguments[0]):
                done = self.croft("--air-gapped", *arguments)
                self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_a_reload_brings_no_upstream_in(self):
        config = self.folder / "croft.toml"
        config.write_text(f'[routes.r]\nlocal = ["{harness.DEFAULT_MODEL}"]\ndefault = "local"\n')
        server = harness.Server(harness.DEFAULT_MODEL, "--config", str(config), "--air-gapped")
        try:
            self.assertIn("connects to nothing", server.log())
            ask = {"model": "r", "messages": [{"role": "user", "content": "Once"}], "max_tokens": 4}
            status, _, body = server.request("POST", "/v1/chat/completions", ask)
            self.assertEqual(status, 200, body)
            with Visited() as there:
                config.write_text(routes(there.url))
                server.process.send_signal(signal.SIGHUP)
                deadline = time.monotonic() + 60
                while "the routes stay as they were" not in server.log() and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertIn("first, second", server.log())
                self.assertEqual(server.request("POST", "/v1/chat/completions", ask)[0], 200)
                self.assertEqual(there.count, 0)
        finally:
            self.assertEqual(server.stop(), 0)


IN_NAMESPACE = r"""
import array, fcntl, http.client, json, os, re, socket, struct, subprocess, sys
binary, model, flags, home = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
# loopback is down in a new namespace
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
def begun():
    rows = [line.split() for line in open("/proc/net/snmp")]
    tables = {}
    for names, values in zip(rows[::2], rows[1::2]):
        tables[names[0]] = dict(zip(names[1:], values[1:]))
    udp6 = {line.split()[0]: line.split()[1] for line in open("/proc/net/snmp6")}
    return {"tcp": int(tables["Tcp:"]["ActiveOpens"]), "udp": int(tables["Udp:"]["OutDatagrams"]) + int(udp6.get("Udp6OutDatagrams", 0))}
environment = {**os.environ, "HOME": home, "HF_ENDPOINT": "http://127.0.0.1:9"}
before = begun()
pull = subprocess.run([binary, "pull", "hf:a/b", *flags], capture_output=True, env=environment)
after_pull = begun()
server = subprocess.Popen([binary, "serve", "--model", model, "--port", "0", *flags], stdout=subprocess.PIPE, env=environment)
port = int(re.search(rb":(\d+)\n", server.stdout.readline()).group(1))
statuses = []
opened = 0
while len(statuses) < 20:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = {"prompt": "Once", "max_tokens": 4, "stream": len(statuses) % 2 == 1}
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    opened += 1
    if answer.status != 503:
        statuses.append(answer.status)
    connection.close()
server.terminate()
print(json.dumps({"pull_status": pull.returncode, "pull_tcp": after_pull["tcp"] - before["tcp"], "statuses": statuses,
                  "server_tcp": begun()["tcp"] - after_pull["tcp"] - opened, "udp": begun()["udp"] - before["udp"],
                  "ended": server.wait(60)}))
"""


class Namespace(Case):
    def setUp(self):
        super().setUp()
        unshare = shutil.which("unshare")
        tried = None if unshare is None else subprocess.run([unshare, "-rn", "true"], capture_output=True)
        if tried is None or tried.returncode != 0:
            self.skipTest("no network namespace can be made here: " + ("no unshare" if tried is None else tried.stderr.decode().strip()))

    def counted(self, *flags):
        done = subprocess.run(["unshare", "-rn", sys.executable, "-c", IN_NAMESPACE, harness.BINARY, MODEL, json.dumps(flags), self.folder],
                              capture_output=True, timeout=300, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def test_the_kernel_counts_no_connection(self):
        free = self.counted()
        self.assertGreater(free["pull_tcp"], 0, "the counter sees what a pull begins")
        gapped = self.counted("--air-gapped")
        self.assertEqual(gapped, {"pull_status": EXIT_REFUSED, "pull_tcp": 0, "statuses": [200] * 20, "server_tcp": 0, "udp": 0,
                                  "ended": 0})


if __name__ == "__main__":
    harness.main()
