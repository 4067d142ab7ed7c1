#!/usr/bin/env python3
"""Goal: the fake cloud that routing is tested against answers like the real ones, refuses what they refuse, keeps every byte
and an exact invoice, and each of its faults is what it says.
Method: http.client and bare sockets against it, in its three dialects; the `openai` package where it is installed."""
import contextlib
import decimal
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import harness  # noqa: E402
import fake_cloud_faults  # noqa: E402
from fake_cloud import FakeCloud  # noqa: E402
from fake_cloud_text import example_of, pieces  # noqa: E402

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "ollama": "/api/chat"}
KEYS = {"openai": {"Authorization": "Bearer sk-test"}, "anthropic": {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"},
        "ollama": {}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
TOOLS = {"openai": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
         "anthropic": [{"name": "weather", "input_schema": SCHEMA}]}
TOOLS["ollama"] = TOOLS["openai"]
TEXT = "Grüße from Zürich 👋 to everybody."
TIMEOUT_S = 10
SILENCE_S = 0.7  # nothing for so long counts as nothing more


def body_of(dialect, text=TEXT, model="fake-small", stream=False, **more):
    found = {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream}
    if dialect == "anthropic":
        found["max_tokens"] = 1000
    return found | more


def events(data, dialect):
    """The JSON objects of a stream, [DONE] as a string."""
    text = data.decode()
    if dialect == "ollama":
        return [json.loads(line) for line in text.splitlines() if line]
    lines = [line[5:].strip() for line in text.replace("\r\n", "\n").splitlines() if line.startswith("data:")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(dialect, found):
    """What a stream said."""
    if dialect == "openai":
        return "".join(e["choices"][0]["delta"].get("content") or "" for e in found if e != "[DONE]" and e["choices"])
    if dialect == "anthropic":
        return "".join(e["delta"].get("text", "") for e in found if e["type"] == "content_block_delta")
    return "".join(e["message"]["content"] for e in found)


def read_answer(peer):
    """One answer with a Content-Length, head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(1 << 16)
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
    while len(body) < length:
        body += peer.recv(1 << 16)
    return head


class CloudCase(unittest.TestCase):
    settings = {"keys": ("sk-test", "sk-other")}

    def setUp(self):
        self.cloud = FakeCloud(**self.settings)
        self.enterContext(self.cloud)

    def post(self, dialect, body, headers=None, path=None):
        """(status, headers, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST", path or PATHS[dialect], data, KEYS[dialect] if headers is None else headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def asks(self, dialect, **fields):
        status, _, data = self.post(dialect, body_of(dialect, **fields))
        self.assertEqual(status, 200, data)
        return events(data, dialect) if fields.get("stream") else json.loads(data)

    def raw(self, dialect, body):
        """All bytes that come back until the end of the connection; ConnectionResetError if it is reset."""
        data = json.dumps(body).encode()
        head = [f"POST {PATHS[dialect]} HTTP/1.1", "Host: fake", f"Content-Length: {len(data)}",
                *(f"{name}: {value}" for name, value in KEYS[dialect].items())]
        with socket.create_connection(("127.0.0.1", self.cloud.port), TIMEOUT_S) as peer:
            peer.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + data)
            found = b""
            while piece := peer.recv(1 << 16):
                found += piece
            return found


class Answers(CloudCase):
    def test_whole_answers_say_back_the_text_with_usage(self):
        openai = self.asks("openai")
        self.assertEqual(openai["choices"][0]["message"]["content"], "You said: " + TEXT)
        self.assertEqual(openai["choices"][0]["finish_reason"], "stop")
        usage = openai["usage"]
        self.assertEqual((usage["prompt_tokens"], usage["completion_tokens"]), (len(pieces(TEXT)), len(pieces("You said: " + TEXT))))
        self.assertEqual(usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])
        anthropic = self.asks("anthropic", system="Be brief.")
        self.assertEqual((anthropic["content"], anthropic["stop_reason"]), ([{"type": "text", "text": "You said: " + TEXT}], "end_turn"))
        self.assertEqual(anthropic["usage"]["input_tokens"], usage["prompt_tokens"] + len(pieces("Be brief.")))
        ollama = self.asks("ollama")
        self.assertEqual((ollama["message"]["content"], ollama["done"], ollama["done_reason"]), ("You said: " + TEXT, True, "stop"))
        self.assertEqual((ollama["prompt_eval_count"], ollama["eval_count"]), (usage["prompt_tokens"], usage["completion_tokens"]))

    def test_streams_say_the_same_as_whole_answers(self):
        for dialect in PATHS:
            with self.subTest(dialect):
                self.assertEqual(text_of(dialect, self.asks(dialect, stream=True)), "You said: " + TEXT)
        found = self.asks("openai", stream=True, stream_options={"include_usage": True})
        self.assertEqual(found[-1], "[DONE]")
        self.assertEqual((found[-2]["choices"], found[-2]["usage"]["completion_tokens"]), ([], len(pieces("You said: " + TEXT))))
        self.assertEqual(found[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertEqual({len({chunk[name] for chunk in found[:-1]}) for name in ("id", "created")}, {1})
        self.assertFalse(any("usage" in chunk for chunk in self.asks("openai", stream=True)[:-1]))
        kinds = [event["type"] for event in self.asks("anthropic", stream=True)]
        self.assertEqual(kinds[:3] + kinds[-3:], ["message_start", "ping", "content_block_start", "content_block_stop", "message_delta",
                                                  "message_stop"])
        last = self.asks("ollama", stream=True)[-1]
        self.assertEqual((last["done"], last["eval_count"]), (True, len(pieces("You said: " + TEXT))))

    def test_limits_and_stop_strings_end_an_answer(self):
        self.assertEqual(self.asks("openai", max_completion_tokens=2)["choices"][0]["finish_reason"], "length")
        self.assertEqual(self.asks("openai", max_completion_tokens=2)["usage"]["completion_tokens"], 2)
        self.assertEqual(self.asks("anthropic", max_tokens=2)["stop_reason"], "max_tokens")
        found = self.asks("anthropic", stop_sequences=["Zürich"])
        self.assertEqual((found["stop_reason"], found["stop_sequence"], found["content"][0]["text"]),
                         ("stop_sequence", "Zürich", "You said: Grüße from "))
        self.assertEqual(self.asks("ollama", options={"num_predict": 1})["done_reason"], "length")
        self.assertEqual(self.asks("openai", stop=" from")["choices"][0]["message"]["content"], "You said: Grüße")

    def test_a_tool_is_called_when_named_or_forced_and_not_otherwise(self):
        named = "Use weather for Ann."
        message = self.asks("openai", text=named, tools=TOOLS["openai"])["choices"][0]["message"]
        self.assertIsNone(message["content"])
        self.assertEqual(json.loads(message["tool_calls"][0]["function"]["arguments"]), {"city": named, "days": 1})
        use = self.asks("anthropic", text="Rain?", tools=TOOLS["anthropic"], tool_choice={"type": "any"})
        self.assertEqual((use["stop_reason"], use["content"][0]["input"]), ("tool_use", {"city": "Rain?", "days": 1}))
        self.assertEqual(self.asks("ollama", text=named, tools=TOOLS["ollama"])["message"]["tool_calls"][0]["function"],
                         {"name": "weather", "arguments": {"city": named, "days": 1}})
        for more in ({"text": "Rain?"}, {"text": named, "tool_choice": "none"}):
            self.assertNotIn("tool_calls", self.asks("openai", tools=TOOLS["openai"], **more)["choices"][0]["message"])

    def test_a_tools_result_is_answered_and_not_called_again(self):
        ask, result = {"role": "user", "content": "Use weather."}, "Rain for Ann"
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        found = self.asks("openai", tools=TOOLS["openai"], messages=[ask, {"role": "assistant", "content": None, "tool_calls": [call]},
                                                                     {"role": "tool", "tool_call_id": "c1", "content": result}])
        self.assertEqual(found["choices"][0]["message"]["content"], "You said: " + result)
        found = self.asks("anthropic", tools=TOOLS["anthropic"], messages=[
            ask, {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": result}]}]}])
        self.assertEqual(found["content"][0]["text"], "You said: " + result)
        found = self.asks("ollama", tools=TOOLS["ollama"], messages=[
            ask, {"role": "assistant", "tool_calls": [{"function": {"name": "weather", "arguments": {}}}]}, {"role": "tool", "content": result}])
        self.assertEqual(found["message"]["content"], "You said: " + result)

    def test_streamed_tool_calls_come_in_fragments(self):
        deltas = [e["choices"][0]["delta"]["tool_calls"][0] for e in
                  self.asks("openai", text="weather \"now\"", stream=True, tools=TOOLS["openai"])[:-1] if e["choices"][0]["delta"].get("tool_calls")]
        self.assertEqual((deltas[0]["function"]["name"], deltas[0]["index"]), ("weather", 0))
        self.assertFalse(any("id" in delta for delta in deltas[1:]))
        self.assertEqual(json.loads("".join(delta["function"]["arguments"] for delta in deltas)), {"city": "weather \"now\"", "days": 1})
        parts = [e["delta"]["partial_json"] for e in self.asks("anthropic", text="weather?", stream=True, tools=TOOLS["anthropic"])
                 if e["type"] == "content_block_delta"]
        self.assertGreater(len(parts), 3)
        self.assertEqual(json.loads("".join(parts)), {"city": "weather?", "days": 1})

    def test_a_schema_gives_json_that_fits_it(self):
        form = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA}}
        self.assertEqual(json.loads(self.asks("openai", response_format=form)["choices"][0]["message"]["content"]), {"city": TEXT, "days": 1})
        self.assertEqual(json.loads(self.asks("ollama", format=SCHEMA)["message"]["content"]), {"city": TEXT, "days": 1})
        self.assertEqual(example_of({"type": "array", "items": {"enum": ["b", "a"]}}, "x"), ["b"])

    def test_the_openai_package_understands_it(self):
        try:
            import openai
        except ImportError:
            self.skipTest("the openai package is not installed (./check puts it into build/venv)")
        client = openai.OpenAI(base_url=self.cloud.base_url + "/v1", api_key="sk-test", max_retries=2, timeout=TIMEOUT_S)
        ask = {"messages": [{"role": "user", "content": TEXT}]}
        self.assertEqual(client.chat.completions.create(model="fake-small", **ask).choices[0].message.content, "You said: " + TEXT)
        stream = client.chat.completions.create(model="fake-small", stream=True, **ask)
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in stream), "You said: " + TEXT)
        self.cloud.reset()
        self.assertTrue(client.chat.completions.create(model="fault-500-times-2", **ask).choices)
        self.assertEqual([exchange.status for exchange in self.cloud.exchanges], [500, 500, 200])
        with self.assertRaises(openai.NotFoundError):
            client.chat.completions.create(model="fault-unheard-of", **ask)


class Refusals(CloudCase):
    WRONG = [  # dialect, what is put into the body, a word of the answer
        ("openai", {"route_trace": True}, "route_trace"), ("openai", {"messages": []}, "messages"), ("openai", {"model": ""}, "model"),
        ("openai", {"temperature": 3}, "temperature"), ("openai", {"stream_options": {}}, "stream_options"), ("openai", {"n": 2}, "n"),
        ("openai", {"max_tokens": 1, "max_completion_tokens": 1}, "max_tokens"), ("openai", {"tool_choice": "required"}, "tool_choice"),
        ("openai", {"messages": [{"role": "tool", "tool_call_id": "a", "content": ""}]}, "tool_calls"),
        ("openai", {"messages": [{"role": "assistant", "content": None, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}]}, "must be followed"),
        ("openai", {"messages": [{"role": "user", "content": [{"type": "tool_use"}]}]}, "unknown type"),
        ("anthropic", {"frequency_penalty": 1}, "frequency_penalty"), ("anthropic", {"max_tokens": None}, "max_tokens"),
        ("anthropic", {"messages": [{"role": "system", "content": "a"}]}, "role"),
        ("anthropic", {"messages": [{"role": "user", "content": ""}]}, "empty"), ("anthropic", {"temperature": 1.5}, "temperature"),
        ("anthropic", {"messages": [{"role": "assistant", "content": "a"}]}, "first message"),
        ("anthropic", {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]}, "tool_use_id"),
        ("ollama", {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]}, "object"),
        ("ollama", {"format": "xml"}, "format"), ("ollama", {"stream": "yes"}, "stream"),
    ]

    def test_wrong_bodies_are_refused_as_the_real_ones_would(self):
        for dialect, change, word in self.WRONG:
            with self.subTest(dialect=dialect, change=change):
                status, _, data = self.post(dialect, body_of(dialect) | change)
                self.assertEqual(status, 400)
                self.assertIn(word, data.decode())
        for body in (b"{", b"[]", b"\xff", b"[" * 100_000):
            self.assertEqual(self.post("openai", body)[0], 400)
        self.assertEqual(self.cloud.invoice(), {"lines": [], "dollars": "0"})

    def test_what_ollama_ignores_is_ignored(self):
        self.assertEqual(self.post("ollama", body_of("ollama", unheard_of=1))[0], 200)

    def test_keys(self):
        for dialect, headers, status in (
                ("openai", {}, 401), ("openai", {"Authorization": "Bearer sk-wrong"}, 401), ("openai", {"Authorization": "Bearer sk-expired"}, 401),
                ("openai", {"x-api-key": "sk-test"}, 401), ("openai", {"Authorization": "Bearer sk-other"}, 200),
                ("anthropic", {"x-api-key": "sk-wrong", "anthropic-version": "2023-06-01"}, 401), ("anthropic", {"x-api-key": "sk-test"}, 400),
                ("anthropic", {"Authorization": "Bearer sk-test", "anthropic-version": "2023-06-01"}, 200),
                ("ollama", {"Authorization": "Bearer sk-wrong"}, 401), ("ollama", {}, 200)):
            with self.subTest(dialect=dialect, headers=headers):
                self.assertEqual(self.post(dialect, body_of(dialect), headers)[0], status)
        error = json.loads(self.post("anthropic", body_of("anthropic"), {"anthropic-version": "2023-06-01"})[2])
        self.assertEqual((error["type"], error["error"]["type"]), ("error", "authentication_error"))
        self.cloud.control(ollama_needs_key=True)
        self.assertEqual(self.post("ollama", body_of("ollama"), {})[0], 401)

    def test_models_that_are_not_there(self):
        self.cloud.control(models=("one", "two"))
        self.assertEqual(json.loads(self.post("openai", body_of("openai"))[2])["error"]["code"], "model_not_found")
        self.assertEqual(self.post("openai", body_of("openai", model="two"))[0], 200)
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            for headers, names in ((KEYS["openai"], "object"), (KEYS["anthropic"], "has_more")):
                connection.request("GET", "/v1/models", headers=headers)
                found = json.loads(connection.getresponse().read())
                self.assertEqual([model["id"] for model in found["data"]], ["one", "two"])
                self.assertIn(names, found)
            connection.request("GET", "/api/tags")
            self.assertEqual(json.loads(connection.getresponse().read())["models"][0]["name"], "one")

    def test_rate_limits_are_told_and_kept(self):
        self.cloud.control(requests_per_window=2, window_s=0.4)
        status, headers, _ = self.post("openai", body_of("openai"))
        self.assertEqual((status, headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]), (200, "2", "1"))
        self.assertEqual(self.post("anthropic", body_of("anthropic"))[1]["anthropic-ratelimit-requests-remaining"], "0")
        status, headers, data = self.post("openai", body_of("openai"))
        self.assertEqual((status, headers["retry-after"], json.loads(data)["error"]["code"]), (429, "1", "rate_limit_exceeded"))
        self.assertEqual(self.post("openai", body_of("openai"), {"Authorization": "Bearer sk-other"})[0], 200)
        time.sleep(0.45)
        self.assertEqual(self.post("openai", body_of("openai"))[0], 200)

    def test_control_refuses_what_it_does_not_know(self):
        for change, word in (({"fault": "unheard-of"}, "unheard-of"), ({"colour": 1}, "colour"), ({"first_ms": "soon"}, "first_ms"),
                             ({"first_ms": -1}, "first_ms"), ({"price": ["a", "b"]}, "price"), ({"prices": {"m": ["1"]}}, "price"),
                             ({"window_s": 0}, "window_s"), ({"ollama_needs_key": 1}, "ollama_needs_key"), ([], "object")):
            status, _, data = self.post("openai", change, {}, "/control")
            self.assertEqual(status, 400)
            self.assertIn(word, data.decode())
        self.assertEqual(self.post("openai", {"fault": "500-times-1"}, {}, "/control")[0], 200)
        self.assertEqual([self.post("openai", body_of("openai"))[0] for _ in range(2)], [500, 200])


class Records(CloudCase):
    def test_every_request_is_kept_with_its_bytes(self):
        body = json.dumps(body_of("openai")).encode()
        self.post("openai", body, {**KEYS["openai"], "X-Trace": "abc"})
        exchange, = self.cloud.exchanges
        self.assertEqual((exchange.body, exchange.headers["x-trace"], exchange.key, exchange.model, exchange.status, exchange.outcome),
                         (body, "abc", "sk-test", "fake-small", 200, "complete"))
        self.assertEqual(self.cloud.received(), exchange.head + body)
        with socket.create_connection(("127.0.0.1", self.cloud.port)) as peer:
            peer.sendall(b"half a request with s3cret")
        self.cloud.wait_for(lambda cloud: b"s3cret" in cloud.received())
        log = json.loads(self.get("/log"))
        self.assertEqual((len(log), log[0]["outcome"]), (1, "complete"))
        self.cloud.reset()
        self.assertEqual((self.cloud.exchanges, self.cloud.received()), ([], b""))

    def test_what_an_open_connection_brings_after_a_reset_is_kept(self):
        with socket.create_connection(("127.0.0.1", self.cloud.port), timeout=TIMEOUT_S) as peer:
            peer.sendall(b"GET /v1/models HTTP/1.1\r\nx-before: b3fore\r\n")
            self.cloud.wait_for(lambda cloud: b"b3fore" in cloud.received())
            self.cloud.reset()
            peer.sendall(b"x-after: s3cret\r\n")
            self.cloud.wait_for(lambda cloud: cloud.received() == b"x-after: s3cret\r\n")
        self.cloud.wait_for(lambda cloud: not cloud._connections)
        self.assertEqual(self.cloud.received(), b"x-after: s3cret\r\n")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read()

    def test_the_invoice_is_exact(self):
        self.cloud.control(price=("0.1", "0.2"), prices={"dear": ("3", "15.5")})
        self.asks("openai")
        self.asks("anthropic", model="dear", stream=True)
        prompt, answer = len(pieces(TEXT)), len(pieces("You said: " + TEXT))
        expected = (prompt * (decimal.Decimal("0.1") + 3) + answer * (decimal.Decimal("0.2") + decimal.Decimal("15.5"))) / 1_000_000
        self.assertEqual(decimal.Decimal(self.cloud.invoice()["dollars"]), expected)
        self.assertEqual([line["model"] for line in self.cloud.invoice()["lines"]], ["dear", "fake-small"])
        self.assertEqual(json.loads(self.get("/invoice")), self.cloud.invoice())

    def test_a_stream_that_breaks_costs_what_was_sent(self):
        with self.assertRaises(ConnectionResetError):
            self.raw("openai", body_of("openai", model="fault-reset-after-3", stream=True))
        exchange, = self.cloud.exchanges
        self.assertEqual((exchange.completion_tokens, exchange.outcome), (3, "broken by a fault"))
        self.assertEqual(self.cloud.invoice()["lines"][0]["completion_tokens"], 3)

    def test_a_client_that_leaves_is_noticed_at_once(self):
        self.cloud.control(first_ms=60_000)
        data = json.dumps(body_of("openai")).encode()
        with socket.create_connection(("127.0.0.1", self.cloud.port)) as peer:
            peer.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sk-test\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
            self.cloud.wait_for(lambda cloud: cloud.exchanges and cloud.exchanges[0].model)
            self.assertEqual(self.cloud.exchanges[0].outcome, "open")
        self.cloud.wait_for(lambda cloud: cloud.exchanges[0].outcome == "client left", 2)

    def test_framings_of_a_body(self):
        data = json.dumps(body_of("openai")).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sk-test\r\n"
        chunked = b"".join(b"%x\r\n%b\r\n" % (len(data[at:at + 7]), data[at:at + 7]) for at in range(0, len(data), 7)) + b"0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.cloud.port), TIMEOUT_S) as peer:
            peer.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(data))
            self.assertEqual(peer.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.sendall(data)
            self.assertIn(b" 200 OK", read_answer(peer))
            for at in range(0, len(chunked), 11):
                peer.sendall((head + b"Transfer-Encoding: chunked\r\n\r\n" if at == 0 else b"") + chunked[at:at + 11])
            self.assertIn(b" 200 OK", read_answer(peer))
        self.assertEqual([exchange.body for exchange in self.cloud.exchanges], [data, data])
        self.assertEqual({exchange.connection for exchange in self.cloud.exchanges}, {1})
        for wrong in (b"nonsense\r\n\r\n", head + b"Content-Length: -1\r\n\r\n", head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with socket.create_connection(("127.0.0.1", self.cloud.port), TIMEOUT_S) as peer:
                peer.sendall(wrong)
                self.assertIn(b" 400 Bad Request", peer.recv(1 << 16))


class Faults(CloudCase):
    settings = {"keys": ("sk-test",), "answer": "one two three four five"}

    def test_names(self):
        parse = fake_cloud_faults.parse
        self.assertEqual(parse("reset-after-3-times-2"), fake_cloud_faults.Fault("reset-after", 3, 2))
        self.assertEqual(parse("429-storm-4"), fake_cloud_faults.Fault("429", 1, 4))
        self.assertEqual(parse("429-30"), fake_cloud_faults.Fault("429", 30))
        for wrong in ("", "hang-3", "reset-after-x", "500-times-"):
            with self.assertRaises(ValueError):
                parse(wrong)
        for wrong in ("fault-", "fault-hang-3", "a/fault-nothing"):
            self.assertEqual(self.post("openai", body_of("openai", model=wrong))[0], 404)
        self.assertEqual(self.post("openai", body_of("openai", model="default-429"))[0], 200)

    def test_statuses_in_each_dialect(self):
        for dialect in PATHS:
            for fault, status in (("429-7", 429), ("500", 500), ("503", 503), ("529", 529), ("401", 401), ("expired-key", 401), ("html", 502),
                                  ("redirect", 307), ("error-after", 500)):
                with self.subTest(dialect=dialect, fault=fault):
                    got, headers, data = self.post(dialect, body_of(dialect, model="fault-" + fault))
                    self.assertEqual(got, status)
                    if fault == "429-7":
                        self.assertEqual(headers["retry-after"], "7")
                    if fault not in ("html", "redirect"):
                        self.assertIn("error", json.loads(data))
        self.assertEqual(self.post("openai", body_of("openai", model="fault-redirect"))[1]["location"].split("/")[2], "192.0.2.1")
        storm = [self.post("openai", body_of("openai", model="fault-429-storm-3"))[0] for _ in range(5)]
        self.assertEqual(storm, [429, 429, 429, 200, 200])
        self.assertEqual(self.post("openai", body_of("openai", model="b/fault-429-storm-1"))[0], 429)

    def stream(self, dialect, fault):
        return self.post(dialect, body_of(dialect, model="fault-" + fault, stream=True))[2]

    def pieces_before_end(self, dialect, fault):
        """(words of a connection that ends before its answer does, how it ended)."""
        data, ended = b"", "orderly"
        body = json.dumps(body_of(dialect, model="fault-" + fault, stream=True)).encode()
        with socket.create_connection(("127.0.0.1", self.cloud.port), SILENCE_S) as peer:
            head = "".join(f"{name}: {value}\r\n" for name, value in KEYS[dialect].items())
            peer.sendall(f"POST {PATHS[dialect]} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            try:
                while piece := peer.recv(1 << 16):
                    data += piece
            except ConnectionResetError:
                ended = "reset"
            except TimeoutError:
                ended = "silence"
        self.assertNotIn(b"0\r\n\r\n", data)
        return [word for word in ("one", "two", "three", "four", "five") if word.encode() in data], ended

    def test_streams_that_break(self):
        for dialect in PATHS:
            for fault, words, end in (("reset-after-0", 0, "reset"), ("close-after-2", 2, "orderly"), ("stall-after-2", 2, "silence"),
                                      ("hang", 0, "silence"), ("truncated-body", 2, "orderly"), ("bad-chunk", 2, "orderly")):
                with self.subTest(dialect=dialect, fault=fault):
                    found, ended = self.pieces_before_end(dialect, fault)
                    self.assertEqual((len(found), ended), (words, end))
            # What was in flight when the reset came may be lost.
            found, ended = self.pieces_before_end(dialect, "reset-after-2")
            self.assertEqual((len(found) <= 2, ended), (True, "reset"))
        self.assertEqual({exchange.outcome for exchange in self.cloud.exchanges if exchange.fault == "close-after"}, {"broken by a fault"})
        self.cloud.wait_for(lambda cloud: all(e.outcome == "client left" for e in cloud.exchanges if e.fault in ("hang", "stall-after")))

    def test_streams_whose_framing_is_right_and_content_is_not(self):
        for dialect in PATHS:
            with self.subTest(dialect):
                done = {"openai": b"[DONE]", "anthropic": b"message_stop", "ollama": b'"done":true'}[dialect]
                self.assertIn(done, self.stream(dialect, "comments"))
                early = self.stream(dialect, "early-end-2")
                self.assertEqual((b"two" in early, b"three" in early, done in early), (True, False, False))
                self.assertNotIn(done, self.stream(dialect, "no-done"))
                self.assertIn(b"five", self.stream(dialect, "no-done"))
                half = self.stream(dialect, "half-frame-1")
                self.assertFalse(half.endswith(b"\n"))
                self.assertIn(b"one", half)
                self.assertEqual(self.stream(dialect, "empty"), b"")
                self.assertIn(b"error", self.stream(dialect, "error-after-2"))
                with self.assertRaises(json.JSONDecodeError):
                    events(self.stream(dialect, "wrong-json"), dialect)
                shape = self.stream(dialect, "wrong-shape")
                self.assertIn({"type": 5, "choices": "soon", "message": 7}, events(shape, dialect))
                with self.assertRaises(UnicodeDecodeError):
                    self.stream(dialect, "bad-utf8").decode()
                self.assertGreater(max(map(len, self.stream(dialect, "huge-line-1").splitlines())), 1024 * 1024)

    def test_forms_that_are_allowed_say_the_same(self):
        for dialect in PATHS:
            for fault in ("comments", "crlf", "no-space", "drip-40", "slow-between-1"):
                with self.subTest(dialect=dialect, fault=fault):
                    data = self.stream(dialect, fault)
                    self.assertEqual(text_of(dialect, events(data, dialect)), "one two three four five")
        self.assertIn(b"\r\n\r\n", self.stream("openai", "crlf"))
        self.assertIn(b"data:{", self.stream("anthropic", "no-space"))

    def test_no_usage_is_charged_all_the_same(self):
        for dialect in PATHS:
            for stream in (False, True):
                data = self.post(dialect, body_of(dialect, model="fault-no-usage", stream=stream))[2]
                self.assertNotIn(b'"usage"', data)
                self.assertNotIn(b"eval_count", data)
        self.assertEqual(self.cloud.invoice()["lines"][0]["requests"], 2)  # one line per key: Ollama has none
        self.assertEqual(sum(line["requests"] for line in self.cloud.invoice()["lines"]), 6)

    def test_endless_answers_go_on_until_the_client_leaves(self):
        for dialect in PATHS:
            for stream in (False, True):
                with self.subTest(dialect=dialect, stream=stream):
                    connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=TIMEOUT_S)
                    with contextlib.closing(connection):
                        connection.request("POST", PATHS[dialect], json.dumps(body_of(dialect, model="fault-endless", stream=stream)), KEYS[dialect])
                        self.assertEqual(len(connection.getresponse().read(50_000)), 50_000)
        self.cloud.wait_for(lambda cloud: all(exchange.outcome == "client left" for exchange in cloud.exchanges))

    def test_delays(self):
        for fault, before_head in (("slow-first-150", True), ("slow-body-150", False)):
            for stream in (False, True):
                connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=TIMEOUT_S)
                with contextlib.closing(connection):
                    begin = time.monotonic()
                    connection.request("POST", PATHS["openai"], json.dumps(body_of("openai", model="fault-" + fault, stream=stream)), KEYS["openai"])
                    response = connection.getresponse()
                    self.assertEqual(time.monotonic() - begin >= 0.15, before_head)
                    response.read()
                    self.assertGreaterEqual(time.monotonic() - begin, 0.15)
        begin = time.monotonic()
        self.stream("openai", "slow-between-30")
        self.assertGreaterEqual(time.monotonic() - begin, 4 * 0.03)

    def test_whole_answers_that_are_wrong(self):
        for dialect in PATHS:
            with self.subTest(dialect):
                for fault in ("wrong-json", "early-end", "half-frame", "empty"):
                    with self.assertRaises(json.JSONDecodeError):
                        json.loads(self.post(dialect, body_of(dialect, model="fault-" + fault))[2])
                self.assertEqual(json.loads(self.post(dialect, body_of(dialect, model="fault-wrong-shape"))[2])["choices"], "soon")
                for fault in ("truncated-body", "close-after"):
                    with self.assertRaises(http.client.IncompleteRead):
                        self.post(dialect, body_of(dialect, model="fault-" + fault))
                with self.assertRaises(UnicodeDecodeError):
                    self.post(dialect, body_of(dialect, model="fault-bad-utf8"))[2].decode()
                self.assertGreater(len(self.post(dialect, body_of(dialect, model="fault-huge-line-2"))[2]), 2 * 1024 * 1024)
                self.assertEqual(self.post(dialect, body_of(dialect, model="fault-wrong-type"))[1]["content-type"], "text/html")
                self.assertEqual(self.post(dialect, body_of(dialect, model="fault-crlf"))[0], 400)
        with self.assertRaises(http.client.HTTPException):
            self.post("openai", body_of("openai", model="fault-garbage"))
        with self.assertRaises(http.client.LineTooLong):
            self.post("openai", body_of("openai", model="fault-huge-header"))

    def test_every_fault_was_asked_for(self):
        """A fault without a test of its own at least answers or breaks in both forms, and leaves the cloud alive."""
        self.cloud.control(answer="one two")
        for name, kind in fake_cloud_faults.FAULTS.items():
            if name in ("hang", "stall-after", "endless"):
                continue
            model = "fault-" + name + ("-9" if kind.argument is not None else "")
            for stream in (False, True):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.post("openai", body_of("openai", model=model, stream=stream))
        self.assertEqual(self.post("openai", body_of("openai"))[0], 200)


class Program(unittest.TestCase):
    def test_it_runs_as_a_program(self):
        program = [sys.executable, str(ROOT / "tests/fake_cloud.py")]
        process = subprocess.Popen([*program, "--key", "sk-program", "--fault", "500-times-1"], stdout=subprocess.PIPE, text=True)
        try:
            port = int(process.stdout.readline())
            for status in (500, 200):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
                with contextlib.closing(connection):
                    connection.request("POST", PATHS["openai"], json.dumps(body_of("openai")), {"Authorization": "Bearer sk-program"})
                    self.assertEqual(connection.getresponse().status, status)
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)
            process.stdout.close()
        listed = subprocess.run([*program, "--faults"], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(len(listed.stdout.splitlines()), len(fake_cloud_faults.FAULTS))
        wrong = subprocess.run([*program, "--fault", "unheard-of"], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual((wrong.returncode, "unheard-of" in wrong.stderr), (2, True))


if __name__ == "__main__":
    harness.main()
