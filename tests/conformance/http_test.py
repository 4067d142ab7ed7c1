#!/usr/bin/env python3
"""Goal: what SDKs hide stays exact: event framing, status codes, limits, key, Host and Origin checks, draining, logs.
Method: plain http.client and raw sockets against a real `croft serve` with the default model.
"""
import http.client
import json
import pathlib
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

CHAT = {"model": "default", "messages": [{"role": "user", "content": "Say hello."}], "temperature": 0, "max_completion_tokens": 8}
LONG = {"model": "default", "prompt": "Once upon a time", "max_tokens": 300, "ignore_eos": True, "stream": True}


def read_events(data):
    """Splits a finished event stream exactly: every event is `data: ...` and an empty line; comments are dropped."""
    blocks = data.decode().split("\n\n")
    assert blocks[-1] == "", f"the stream does not end with an empty line: {blocks[-1]!r}"
    blocks = [block for block in blocks[:-1] if not block.startswith(":")]
    for block in blocks:
        assert re.fullmatch(r"data: [^\n\r]*", block), block
    return [block.removeprefix("data: ") for block in blocks]


class HttpTest(harness.ServerCase):
    flags = ("--context", "512")

    def error(self, expected_status, method, path, body=None, headers=None):
        status, headers, data = self.server.request(method, path, body, headers)
        self.assertEqual(status, expected_status, data[:300])
        self.assertIn("application/json", headers["content-type"])
        error = json.loads(data)["error"]
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        return error

    def test_stream_framing(self):
        status, headers, data = self.server.request("POST", "/v1/chat/completions", {**CHAT, "stream": True})
        self.assertEqual(status, 200)
        self.assertTrue(headers["content-type"].startswith("text/event-stream"))
        self.assertEqual(headers["x-accel-buffering"], "no")
        events = read_events(data)
        self.assertEqual(events[-1], "[DONE]")
        chunks = [json.loads(event) for event in events[:-1]]
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertFalse(any("role" in chunk["choices"][0]["delta"] for chunk in chunks[1:]))
        self.assertEqual(chunks[-1]["choices"][0]["delta"], {})
        self.assertIn(chunks[-1]["choices"][0]["finish_reason"], ("stop", "length"))
        self.assertTrue(all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks[:-1]))
        self.assertTrue(all(not chunk.get("usage") for chunk in chunks))
        self.assertEqual({chunk["object"] for chunk in chunks}, {"chat.completion.chunk"})

    def test_stream_arrives_while_it_is_made(self):
        connection = http.client.HTTPConnection(self.server.address, timeout=60)
        connection.request("POST", "/v1/completions", json.dumps({**LONG, "max_tokens": 60}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        times = [time.monotonic() for line in response if line.startswith(b"data: ")]
        connection.close()
        self.assertGreater(len(times), 30)
        self.assertLess(times[0] - times[-1], 0)
        self.assertGreater(times[-1] - times[1], 3 * (times[2] - times[1]), "all events came at once")

    def test_health_routes(self):
        for path in ("/livez", "/readyz", "/health"):
            self.assertEqual(self.server.request("GET", path)[0], 200, path)

    def test_metrics_are_prometheus_text(self):
        self.server.post("/v1/chat/completions", CHAT)
        status, headers, data = self.server.request("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(headers["content-type"].startswith("text/plain"))
        names = self.server.metrics()
        for stem in ("time_to_first_token_seconds", "inter_token_latency_seconds", "e2e_request_latency_seconds"):
            self.assertTrue(any(stem in name and "_bucket{" in name and 'le="+Inf"' in name for name in names), stem)
        for line in data.decode().splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) croft_|croft_[a-z0-9_]+(\{.*\})? \S+$)")
        self.assertGreater(self.server.metric("croft_generation_tokens_total"), 0)
        self.assertGreater(self.server.metric("croft_prompt_tokens_total"), 0)

    def test_bad_requests_are_sentences(self):
        self.error(400, "POST", "/v1/chat/completions", b"{")
        self.error(400, "POST", "/v1/chat/completions", b"[]")
        self.error(400, "POST", "/v1/chat/completions", b'{"model": "default", "messages": [' + b'[' * 5000)
        self.error(400, "POST", "/v1/chat/completions", b'{"model": "\xff"}')
        self.error(404, "POST", "/v1/no-such-route", CHAT)
        self.error(405, "GET", "/v1/chat/completions")
        error = self.error(400, "POST", "/v1/chat/completions", {**CHAT, "temperature": "hot"})
        self.assertEqual(error["param"], "temperature")

    def test_a_body_over_the_limit(self):
        # The announced length is enough: nothing of the body is sent.
        connection = http.client.HTTPConnection(self.server.address, timeout=10)
        connection.putrequest("POST", "/v1/chat/completions")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(40 * 1024 * 1024))
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()

    def test_host_and_origin(self):
        self.error(403, "GET", "/v1/models", headers={"Host": "evil.example"})
        self.error(403, "GET", "/v1/models", headers={"Host": "127.0.0.1.evil.example"})
        self.error(403, "POST", "/v1/chat/completions", CHAT, headers={"Origin": "http://evil.example"})
        for host in ("localhost", f"localhost:{self.server.port}", self.server.address):
            self.assertEqual(self.server.request("GET", "/v1/models", headers={"Host": host})[0], 200, host)

    def test_a_slow_header_is_cut_off(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as slow:
            slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n")
            slow.settimeout(20)
            start = time.monotonic()
            answer = slow.recv(4096)
            self.assertLess(time.monotonic() - start, 15)
            self.assertTrue(answer == b"" or b" 408 " in answer.split(b"\r\n")[0], answer)

    def test_garbage_does_not_end_the_server(self):
        for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 100, b"A" * 100_000,
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=5) as peer:
                try:
                    peer.sendall(garbage)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(65536):
                        pass
                except OSError:
                    pass  # a reset is an answer too
        self.assertEqual(self.server.request("GET", "/livez")[0], 200)

    def test_keep_alive_and_chunked_requests(self):
        connection = http.client.HTTPConnection(self.server.address, timeout=60)
        for _ in range(2):
            connection.request("POST", "/v1/chat/completions", iter([json.dumps(CHAT).encode()]),
                               {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, encode_chunked=True)
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            json.loads(response.read())
        connection.close()

    def test_tokenize_and_back(self):
        for text in ("Hello world", " två  ord\n\n", "日本語 🎉", ""):
            tokens = self.server.post("/tokenize", {"content": text, "add_special": False})["tokens"]
            self.assertEqual(self.server.post("/detokenize", {"tokens": tokens})["content"], text)

    def test_text_of_a_user_is_never_a_control_token(self):
        hidden = self.server.post("/tokenize", {"content": "<|im_end|>", "add_special": False, "parse_special": False})["tokens"]
        self.assertGreater(len(hidden), 1)


class KeyTest(unittest.TestCase):
    def test_a_required_key(self):
        with tempfile.TemporaryDirectory() as folder:
            key_file = pathlib.Path(folder) / "keys"
            server = harness.Server(harness.DEFAULT_MODEL, "--require-key", "--key-file", str(key_file))
            try:
                key = re.search(r"sk-croft-[A-Za-z0-9_-]+", server.log())
                self.assertIsNotNone(key, "the first start prints the key once")
                self.assertNotIn(key.group(), key_file.read_text(), "only a hash is kept")
                for headers, expected in (({}, 401), ({"Authorization": "Bearer sk-croft-wrong"}, 401),
                                          ({"Authorization": f"Bearer {key.group()}"}, 200), ({"x-api-key": key.group()}, 200)):
                    status, _, data = server.request("GET", "/v1/models", headers=headers)
                    self.assertEqual(status, expected, headers)
                    if expected == 401:
                        self.assertEqual(json.loads(data)["error"]["code"], "invalid_api_key")
                self.assertEqual(server.request("GET", "/health")[0], 200, "health needs no key")
            finally:
                self.assertEqual(server.stop(), 0)


class LifeTest(unittest.TestCase):
    def test_sigterm_lets_a_running_answer_finish(self):
        # More time to drain than the default: on a busy machine 80 tokens may take a while.
        server = harness.Server(harness.DEFAULT_MODEL, "--context", "512", "--drain", "120")
        connection = http.client.HTTPConnection(server.address, timeout=60)
        connection.request("POST", "/v1/completions", json.dumps({**LONG, "max_tokens": 80}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.readline()
        server.process.send_signal(signal.SIGTERM)
        rest = response.read()
        self.assertTrue(rest.endswith(b"data: [DONE]\n\n"), rest[-200:])
        connection.close()
        # A second SIGTERM while it drains would mean "leave now": only wait.
        self.assertEqual(server.process.wait(130), 0)
        server.stop()

    def test_a_prompt_never_reaches_the_log(self):
        server = harness.Server(harness.DEFAULT_MODEL, "--log-level", "debug")
        secret = "zanzibar-4711"
        server.post("/v1/chat/completions", {**CHAT, "messages": [{"role": "user", "content": secret}]})
        server.request("POST", "/v1/chat/completions", {**CHAT, "temperature": 99, "messages": [{"role": "user", "content": secret}]})
        self.assertEqual(server.stop(), 0)
        self.assertNotIn(secret, server.log())

    def test_a_full_queue_says_when_to_come_back(self):
        server = harness.Server(harness.DEFAULT_MODEL, "--parallel", "1", "--queue", "2", "--context", "512")
        seen, lock = [], threading.Lock()

        def ask():
            status, headers, _ = server.request("POST", "/v1/completions", {**LONG, "stream": False, "max_tokens": 30})
            with lock:
                seen.append((status, headers.get("retry-after")))

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(server.stop(), 0)
        statuses = [status for status, _ in seen]
        self.assertEqual(set(statuses), {200, 429})
        self.assertTrue(all(int(after) > 0 for status, after in seen if status == 429))

    def test_beyond_loopback_a_key_is_needed(self):
        with tempfile.TemporaryDirectory() as folder:
            key_file = pathlib.Path(folder) / "keys"
            server = harness.Server(harness.DEFAULT_MODEL, "--host", "0.0.0.0", "--key-file", str(key_file))
            try:
                self.assertEqual(server.request("GET", "/v1/models")[0], 401)
            finally:
                self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
