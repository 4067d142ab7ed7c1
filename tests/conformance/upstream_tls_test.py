#!/usr/bin/env python3
"""Goal: upstreams behind TLS with a company's own authority and behind proxies are reached, and where a certificate or a proxy is
wrong, nothing is sent and the error says who and why.
Method: a real `croft serve`, fake clouds with certificates made here by openssl, and a small real proxy in threads.
"""
import base64
import contextlib
import http.client
import http.server
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness
from fake_cloud import FakeCloud
from route_test import Routed, model, route, upstream

KEY = b"sk-fake"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode()}")


class Authority:
    """A certificate authority of our own, in `folder`."""

    def __init__(self, folder, name):
        self.folder, self.pem, self._key = folder, folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30, "-subj", f"/CN={name}",
                "-keyout", self._key, "-out", self.pem)

    def certificate(self, name, host, days=30):
        """(certificate file, key file) of a server called `host`; with negative `days` it has expired."""
        pem, key, request, extensions = (self.folder / f"{name}.{ending}" for ending in ("crt", "key", "csr", "ext"))
        extensions.write_text(f"subjectAltName={host}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server", "-keyout", key,
                "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self._key, "-CAcreateserial", "-days", days,
                "-extfile", extensions, "-out", pem)
        return str(pem), str(key)


class Proxy:
    """A proxy on 127.0.0.1: tunnels for CONNECT, forwards requests with a whole address. `password`: "name:word" that it asks for."""

    def __init__(self, password=None):
        proxy = self
        self.asked = []      # ("CONNECT", "host:port") or ("POST", "http://...")
        self.forwarded = []  # bodies of plain requests: a proxy sees them

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def allowed(self):
                proxy.asked.append((self.command, self.path))
                given = self.headers.get("Proxy-Authorization", "")
                if password is None or given == "Basic " + base64.b64encode(password.encode()).decode():
                    return True
                self.send_response(407)
                self.send_header("Proxy-Authenticate", 'Basic realm="test"')
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                return False

            def do_CONNECT(self):  # noqa: N802
                if not self.allowed():
                    return
                host, _, port = self.path.rpartition(":")
                try:
                    there = socket.create_connection((host, int(port)), timeout=10)
                except OSError:
                    self.send_error(502)
                    return
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                with there, contextlib.suppress(OSError):  # either side may break it off
                    while True:
                        ready, _, _ = select.select([self.connection, there], [], [], 60)
                        for one in ready:
                            data = one.recv(65536)
                            if not data:
                                return
                            (there if one is self.connection else self.connection).sendall(data)
                        if not ready:
                            return

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if not self.allowed():
                    return
                proxy.forwarded.append(body)
                url = urllib.parse.urlsplit(self.path)
                connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
                hidden = ("host", "proxy-authorization", "proxy-connection", "content-length")
                connection.request("POST", url.path, body, {k: v for k, v in self.headers.items() if k.lower() not in hidden})
                answer = connection.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type", ""))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                connection.close()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class UpstreamTlsCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_model(harness.DEFAULT_MODEL)
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("no openssl program to make certificates with")
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        folder = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="croft-test-")))
        ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
        kinds = {"good": ours.certificate("good", "IP:127.0.0.1"), "unknown": theirs.certificate("unknown", "IP:127.0.0.1"),
                 "misnamed": ours.certificate("misnamed", "DNS:other.example"),
                 "expired": ours.certificate("expired", "IP:127.0.0.1", days=-1)}
        cls.clouds = {name: cls.stack.enter_context(FakeCloud(tls=files)) for name, files in kinds.items()}
        cls.plain = cls.clouds["plain"] = cls.stack.enter_context(FakeCloud())
        cls.proxy = cls.stack.enter_context(Proxy())
        cls.strict = cls.stack.enter_context(Proxy(password="me:pass"))
        toml = ""
        for name in kinds:
            toml += upstream(name, cls.clouds[name], "openai", ca_file=str(ours.pem), retries=1)
        toml += upstream("system", cls.clouds["good"], "openai")
        toml += upstream("tunnelled", cls.clouds["good"], "openai", ca_file=str(ours.pem), proxy=cls.proxy.url)
        toml += upstream("intercepted", cls.clouds["unknown"], "openai", ca_file=str(ours.pem), proxy=cls.proxy.url)
        toml += upstream("refused", cls.clouds["good"], "openai", ca_file=str(ours.pem), proxy=cls.strict.url)
        toml += upstream("forwarded", cls.plain, "openai", proxy=cls.proxy.url)
        toml += upstream("unforwarded", cls.plain, "openai", proxy=cls.strict.url)
        toml += upstream("gone", cls.clouds["good"], "openai", ca_file=str(ours.pem), proxy=f"http://127.0.0.1:{harness.free_port()}")
        cls.names = [*kinds, "system", "tunnelled", "intercepted", "refused", "forwarded", "unforwarded", "gone"]
        for name in cls.names:
            toml += model(f"m-{name}", name, "any/good") + route(f"to/{name}", "cloud", cloud=[f"m-{name}"])
        cls.ca = str(ours.pem)
        cls.routed = Routed(toml, **dict.fromkeys(PROXY_VARIABLES, ""))
        cls.addClassCleanup(cls.routed.stop)

    def setUp(self):
        for cloud in self.clouds.values():
            cloud.reset()
        for proxy in (self.proxy, self.strict):
            proxy.asked.clear()
            proxy.forwarded.clear()

    def refused(self, name, *log_says):
        """The client hears which upstream; the log says why; returns the log's lines about it."""
        before = len(self.routed.server.log())
        status, _, answer = self.routed.chat(f"to/{name}")
        self.assertEqual(status, 502, answer)
        self.assertIn(f"the upstream {name} ", answer["error"]["message"])
        self.assertNotIn("127.0.0.1", answer["error"]["message"], "its address is not for clients")
        log = self.routed.server.log()[before:]
        lines = [line for line in log.splitlines() if f"upstream {name}: " in line]
        self.assertTrue(lines, log)
        for words in log_says:
            self.assertRegex(lines[0], words)
        return answer["error"]["message"], lines

    def test_an_authority_of_one_s_own(self):
        status, headers, answer = self.routed.chat("to/good")
        self.assertEqual((status, headers["x-croft-model"]), (200, "m-good"), answer)
        self.assertEqual(len(self.clouds["good"].exchanges), 1)

    def test_streams_come_through_tls(self):
        status, _, events = self.routed.stream("to/good")
        self.assertEqual((status, events[-1]), (200, "[DONE]"))

    def test_wrong_certificates_are_told_and_nothing_is_sent(self):
        for name, cloud, why in (("unknown", "unknown", "issuer"), ("misnamed", "misnamed", "name"), ("expired", "expired", "expired"),
                                 ("system", "good", "issuer")):
            with self.subTest(upstream=name):
                told, lines = self.refused(name, "certificate", why)
                self.assertIn("has a certificate that is not trusted", told)
                self.assertEqual(len(lines), 1, "asking again would not help")
                self.assertEqual(self.clouds[cloud].exchanges, [])
                self.assertNotIn(KEY, self.clouds[cloud].received())

    def test_a_tunnel_through_a_proxy(self):
        status, _, answer = self.routed.chat("to/tunnelled")
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.proxy.asked, [("CONNECT", f"127.0.0.1:{self.clouds['good'].port}")])
        self.assertEqual(self.proxy.forwarded, [], "what goes through a tunnel is not the proxy's to read")

    def test_a_certificate_is_checked_through_a_proxy_as_well(self):
        self.refused("intercepted", "certificate")
        self.assertEqual(self.clouds["unknown"].exchanges, [])

    def test_a_proxy_that_refuses(self):
        told, _ = self.refused("refused", "407")
        self.assertIn("proxy", told)
        self.assertEqual([command for command, _ in self.strict.asked], ["CONNECT"])
        self.assertEqual(self.clouds["good"].received(), b"")

    def test_a_proxy_that_is_not_there(self):
        self.refused("gone")
        self.assertEqual(self.clouds["good"].received(), b"", "no detour around a proxy that was configured")

    def test_plain_http_through_a_proxy(self):
        status, _, answer = self.routed.chat("to/forwarded")
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.proxy.asked, [("POST", f"{self.plain.base_url}/v1/chat/completions")])

    def test_a_plain_proxy_that_refuses_names_itself(self):
        status, _, answer = self.routed.chat("to/unforwarded")
        self.assertEqual(status, 502, answer)
        self.assertIn("proxy", answer["error"]["message"])
        self.assertIn("HTTPS_PROXY", answer["error"]["message"])
        self.assertEqual(self.plain.received(), b"")

    def test_the_environment_s_proxy_its_password_and_its_exceptions(self):
        toml = upstream("good", self.clouds["good"], "openai", ca_file=self.ca) + model("m", "good", "any/good")
        toml += route("to/good", "cloud", cloud=["m"])
        for exceptions, asked in (("", 1), ("127.0.0.1", 0), ("*", 0), ("other.example", 1)):
            with self.subTest(no_proxy=exceptions):
                self.setUp()
                environment = {**dict.fromkeys(PROXY_VARIABLES, ""), "HTTPS_PROXY": f"http://me:pass@{self.strict.address}",
                               "NO_PROXY": exceptions}
                routed = Routed(toml, **environment)
                try:
                    status, _, answer = routed.chat("to/good")
                    self.assertEqual(status, 200, answer)
                    self.assertEqual(len(self.strict.asked), asked)
                    self.assertNotIn("me:pass", routed.server.log())
                finally:
                    routed.stop()

    def test_exceptions_hold_for_a_configured_proxy_too(self):
        toml = upstream("good", self.clouds["good"], "openai", ca_file=self.ca, proxy=self.strict.url)
        toml += model("m", "good", "any/good") + route("to/good", "cloud", cloud=["m"])
        routed = Routed(toml, **{**dict.fromkeys(PROXY_VARIABLES, ""), "NO_PROXY": "127.0.0.1"})
        try:
            self.assertEqual(routed.chat("to/good")[0], 200)
            self.assertEqual(self.strict.asked, [])
        finally:
            routed.stop()

    def test_wrong_settings_are_found_before_anything_is_asked(self):
        for settings, says in (({"ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem"), ({"proxy": "ftp://p"}, "proxy"),
                               ({"proxy": "http://me:pass@p:1"}, "user name or password")):
            with self.subTest(settings=settings), tempfile.TemporaryDirectory(prefix="croft-test-") as folder:
                file = pathlib.Path(folder, "croft.toml")
                file.write_text(upstream("good", self.clouds["good"], "openai", **settings) + model("m", "good", "any/good")
                                + route("to/good", "cloud", cloud=["m"]))
                done = harness.run("route", "check", "--config", file)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(says, (done.stdout + done.stderr).decode())


if __name__ == "__main__":
    harness.main()
