#!/usr/bin/env python3
"""Goal: zero leaks. What a route pseudonymises reaches neither the cloud nor a log, trace, metric, file or crash message, in any field of any
API shape, through streams, retries, fallbacks and hedges; and the client gets the true values back.
Method: values of every kind are planted in every field of each dialect; a real `croft serve` with debug logs; a fake cloud that keeps every
byte it was sent and says back what it read; every byte written anywhere is searched for each value in several encodings.
"""
import base64
import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from fake_cloud import FakeCloud
from route_test import DIALECTS, Routed, anthropic_text, model, openai_text, route, upstream

PERSONAL = {
    "EMAIL_ADDRESS": "margarethe.oberhuber@brauerei-oberhuber.at",
    "PHONE_NUMBER": "+49 171 5550 2391",
    "CREDIT_CARD": "4539 1488 0343 6467",
    "IBAN_CODE": "DE44 5001 0517 5407 3249 31",
    "IP_ADDRESS": "10.83.217.9",
}
SECRETS = {
    "API_KEY": "AKIAQ7RTN5WX2LPV9KJD",
    "ACCESS_TOKEN": "ghp_9aZ3kLmQ7xYv2Bn8RtWc5Hd1Jf6Ps0Ge4Ua7",
}
PLANTED = {**PERSONAL, **SECRETS}


def encodings(value):
    """The ways in which a value may be written without being hidden."""
    plain = value.encode()
    letters = re.sub(r"[^0-9A-Za-z]", "", value).encode()
    yield from (plain, letters, plain.upper(), plain.lower(), plain[::-1], plain.hex().encode(), urllib.parse.quote(value).encode(),
                json.dumps(value)[1:-1].encode(), "".join(f"\\u{ord(c):04x}" for c in value).encode())
    for shift in range(3):  # wherever it stands within three bytes
        yield base64.b64encode(b"x" * shift + plain)[(shift + 2) // 3 * 4:-4]


def leaks(data):
    """Names of the planted values that are in `data`, with the bytes around them."""
    return sorted({f"{name}: {data[max(0, data.index(form) - 40):data.index(form) + 60]}" for name, value in PLANTED.items()
                   for form in encodings(value) if len(form) >= 8 and form in data})


def shapes(path, value):
    """Requests with `value` in one field each; the last user message always asks for an echo."""
    ask = {"role": "user", "content": "Say it again."}
    if path == "/v1/messages":
        tool = {"name": "lookup", "description": "finds people", "input_schema": {"type": "object", "properties": {"who": {"type": "string"}}}}
        use = {"type": "tool_use", "id": "toolu_1", "name": "lookup", "input": {"who": value, "deep": [{"text": f"to\n{value}"}]}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": json.dumps({"found": value})}]}
        yield "system", {"system": f"You serve {value}.", "messages": [ask]}
        yield "system blocks", {"system": [{"type": "text", "text": value}], "messages": [ask]}
        yield "parts", {"messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "text", "text": f"{value}."}]}]}
        yield "tools", {"tools": [{**tool, "description": f"for {value}"}], "messages": [ask]}
        yield "schema", {"tools": [{**tool, "input_schema": {"type": "object", "properties": {"who": {"enum": ["x", value]}}}}], "messages": [ask]}
        yield "tool use and result", {"tools": [tool], "messages": [{"role": "user", "content": "lookup"}, {"role": "assistant", "content": [use]},
                                                                     {"role": "user", "content": [result]}]}
        yield "user id", {"metadata": {"user_id": value}, "messages": [ask]}
        yield "stops", {"stop_sequences": [value], "messages": [ask]}
        yield "history", {"messages": [{"role": "user", "content": value}, {"role": "assistant", "content": f"Yes, {value}"}, ask]}
        return
    function = {"name": "lookup", "description": "finds people", "parameters": {"type": "object", "properties": {"who": {"type": "string"}}}}
    arguments = json.dumps({"who": value, "deep": [{"text": f"to\n{value}"}], "json": json.dumps({"again": f"x\n{value}"})})
    call = {"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": arguments}}
    tools = [{"type": "function", "function": function}]
    yield "system", {"messages": [{"role": "system", "content": f"You serve {value}."}, ask]}
    yield "parts", {"messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "text", "text": f"{value}."}]}]}
    yield "names", {"messages": [{"role": "user", "name": value.replace(" ", "-"), "content": "hello"}]}
    yield "tools", {"tools": [{"type": "function", "function": {**function, "description": f"for {value}"}}], "messages": [ask]}
    yield "schema", {"tools": [{"type": "function", "function": {**function, "parameters": {
        "type": "object", "properties": {"who": {"type": "string", "enum": ["x", value]}}}}}], "messages": [ask]}
    yield "tool calls and results", {"tools": tools, "messages": [
        {"role": "user", "content": "lookup"}, {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps({"found": value, "file": f"/home/{value}/notes.txt"})}]}
    yield "user", {"user": value, "messages": [ask]}
    yield "metadata", {"metadata": {"note": value}, "messages": [ask]}
    yield "file names", {"messages": [{"role": "user", "content": f"Open report_{value}.pdf, please."}]}
    yield "stops", {"stop": [value], "messages": [ask]}
    yield "history", {"messages": [{"role": "user", "content": value}, {"role": "assistant", "content": f"Yes, {value}"}, ask]}


class PrivacyCase(unittest.TestCase):
    asked = False  # the cloud, by some case

    @classmethod
    def setUpClass(cls):
        harness.require_model(harness.DEFAULT_MODEL)
        cls.stack = contextlib.ExitStack()
        cls.cloud = cls.stack.enter_context(FakeCloud())
        cls.spans = bytearray()

        class Collector(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                cls.spans.extend(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        cls.stack.callback(collector.server_close)
        cls.stack.callback(collector.shutdown)
        toml = ""
        for dialect in DIALECTS:
            toml += upstream(dialect, cls.cloud, dialect) + model(f"{dialect}-good", dialect, "any/good")
            toml += route(f"to/{dialect}", "cloud", cloud=[f"{dialect}-good"], privacy="pseudonymise")
        toml += upstream("patient", cls.cloud, "openai", retries=3) + model("storm", "patient", "any/fault-500-times-2")
        toml += upstream("hedged", cls.cloud, "openai", hedge_ms=150) + model("slow", "hedged", "any/fault-slow-first-1200")
        for name in ("dies", "fails"):
            toml += model(name, "openai", {"dies": "any/fault-reset-after-3", "fails": "any/fault-500"}[name])
        both = {"order": "listed", "privacy": "pseudonymise"}
        toml += route("to/storm", "cloud", cloud=["storm"], **both)
        toml += route("to/slow", "cloud", cloud=["slow", "anthropic-good"], **both)
        toml += route("to/failing", "cloud", cloud=["fails", "ollama-good"], **both)
        toml += route("to/dying", "cloud", cloud=["dies", "anthropic-good"], after_first_byte="fallback", **both)
        for mode in ("local-only", "block", "allow"):
            toml += route(mode, "cloud", cloud=["openai-good"], privacy=mode)
        toml += route("mixed", "cascade", local=[harness.DEFAULT_MODEL], cloud=["openai-good"], privacy="pseudonymise")
        cls.files = tempfile.TemporaryDirectory(prefix="croft-test-")
        cls.stack.callback(cls.files.cleanup)
        folders = {name: cls.files.name for name in ("TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
        # The ledger lies among the files that are searched.
        cls.routed = Routed(toml, "--log-level", "debug", "--database", f"{cls.files.name}/croft.db", "--otlp-endpoint", f"http://127.0.0.1:{collector.server_port}", **folders)
        cls.server = cls.routed.server

    @classmethod
    def tearDownClass(cls):
        status = cls.routed.stop()
        rows = pathlib.Path(cls.files.name, "croft.db").read_bytes()
        if cls.asked and b"to/openai" not in rows:
            raise AssertionError("the ledger holds no row, so nothing was proved of it")
        if leaks(rows):
            raise AssertionError(f"the ledger holds {leaks(rows)}")
        log = cls.server.log()
        spans = bytes(cls.spans)
        cls.stack.close()
        if status != 0:
            raise AssertionError(f"croft serve ended with {status}: {log}")
        if leaks(log.encode()) or leaks(spans):
            raise AssertionError(f"the log holds {leaks(log.encode())}, the spans {leaks(spans)}")
        if cls.asked and not spans:
            raise AssertionError("no span was sent, so nothing was proved of them")

    def setUp(self):
        self.cloud.reset()

    def tearDown(self):
        type(self).asked |= bool(self.cloud.exchanges)

    def assert_nothing_left(self):
        """Of what was planted, in what the cloud, the log, the metrics and the files got."""
        self.assertEqual(leaks(self.cloud.received()), [], "sent to the cloud")
        self.assertEqual(leaks(self.server.log().encode()), [], "logged")
        self.assertEqual(leaks(self.server.request("GET", "/metrics")[2]), [], "counted")
        for path in pathlib.Path(self.files.name).rglob("*"):
            self.assertEqual(leaks(str(path).encode() + (path.read_bytes() if path.is_file() else b"")), [], path)
        for link in pathlib.Path(f"/proc/{self.server.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = pathlib.Path(os.readlink(link))
                if target.is_file() and target.stat().st_size < 4 << 20:
                    self.assertEqual(leaks(target.read_bytes()), [], target)

    def test_P11_retries_hedges_and_fallbacks_carry_surrogates(self):
        text = "Write to " + " and ".join(PLANTED.values())
        for path in ("/v1/chat/completions", "/v1/messages"):
            for name in ("to/storm", "to/slow", "to/failing", "to/dying"):
                for stream in (False, True):
                    with self.subTest(path=path, route=name, stream=stream):
                        (self.routed.stream if stream else self.routed.chat)(name, text, path=path, max_tokens=200)
                        self.assertEqual(leaks(self.cloud.received()), [])
        self.assertGreater(len(self.cloud.exchanges), 16, "each was asked more than once")
        self.assert_nothing_left()

    def test_what_a_route_keeps_here_does_not_leave_in_any_field(self):
        for mode, kept in (("local-only", PLANTED), ("block", PLANTED), ("allow", SECRETS)):
            for path in ("/v1/chat/completions", "/v1/messages"):
                for kind, value in kept.items():
                    for shape, fields in shapes(path, value):
                        with self.subTest(mode=mode, path=path, kind=kind, shape=shape):
                            status, _, answer = self.routed.chat(mode, path=path, **{"max_tokens": 64, **fields})
                            self.assertIn(status, (400, 403), answer)
        self.assertEqual(self.cloud.received(), b"")
        self.assert_nothing_left()

    def test_nothing_leaves_in_any_field_of_any_shape(self):
        for path in ("/v1/chat/completions", "/v1/messages"):
            for kind, value in PLANTED.items():
                for shape, fields in shapes(path, value):
                    for dialect in DIALECTS:
                        with self.subTest(path=path, kind=kind, shape=shape, upstream=dialect):
                            status, _, answer = self.routed.chat(f"to/{dialect}", path=path, **{"max_tokens": 64, **fields})
                            # What a dialect cannot say is an error of its own; what cannot be replaced is refused.
                            self.assertIn(status, (200, 400), answer)
                            self.assertEqual(leaks(self.cloud.received()), [])
        self.assertGreater(len(self.cloud.exchanges), 100, "most got through")
        self.assert_nothing_left()

    def echo(self, name, text, path, stream):
        """What the cloud said back, as the client got it."""
        if not stream:
            status, _, answer = self.routed.chat(name, text, path=path, max_tokens=400)
            self.assertEqual(status, 200, answer)
            return answer["content"][0]["text"] if path == "/v1/messages" else answer["choices"][0]["message"]["content"]
        status, _, events = self.routed.stream(name, text, path=path, max_tokens=400)
        self.assertEqual(status, 200, events)
        return anthropic_text(events) if path == "/v1/messages" else openai_text(events)

    def test_the_client_gets_the_true_values_back(self):
        text = "Write to " + ", ".join(PERSONAL.values()) + ' and "' + "; ".join(value.upper() for value in PERSONAL.values()) + '".'
        for name in (*(f"to/{dialect}" for dialect in DIALECTS), "to/storm", "to/slow", "to/failing"):
            for path in ("/v1/chat/completions", "/v1/messages"):
                for stream in (False, True):
                    with self.subTest(route=name, path=path, stream=stream):
                        self.assertEqual(self.echo(name, text, path, stream), "You said: " + text)
        self.assert_nothing_left()

    def test_secrets_do_not_come_back(self):
        for stream in (False, True):
            said = self.echo("to/openai", "Use " + " and ".join(SECRETS.values()), "/v1/chat/completions", stream)
            self.assertEqual(leaks(said.encode()), [])
            self.assertIn("[API_KEY]", said)
        self.assert_nothing_left()

    def test_arguments_of_tool_calls_come_back(self):
        value = PERSONAL["EMAIL_ADDRESS"]
        tools = [{"type": "function", "function": {"name": "send", "parameters": {"type": "object", "properties": {"to": {"type": "string"}}}}}]
        for dialect in DIALECTS:
            for stream in (False, True):
                with self.subTest(upstream=dialect, stream=stream):
                    if stream:
                        _, _, events = self.routed.stream(f"to/{dialect}", f"Please send to {value}", tools=tools)
                        arguments = "".join(call["function"].get("arguments", "") for event in events if event != "[DONE]"
                                            for choice in event["choices"] for call in choice["delta"].get("tool_calls", []))
                    else:
                        _, _, answer = self.routed.chat(f"to/{dialect}", f"Please send to {value}", tools=tools)
                        arguments = answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
                    self.assertEqual(json.loads(arguments), {"to": f"Please send to {value}"})
        self.assert_nothing_left()

    def test_an_answer_that_broke_off_goes_on_elsewhere(self):
        text = "Remember " + PERSONAL["EMAIL_ADDRESS"] + " for me."
        status, _, events = self.routed.stream("to/dying", text, max_tokens=400)
        self.assertEqual(status, 200, events)
        self.assertGreaterEqual(len(self.cloud.exchanges), 2)
        self.assert_nothing_left()

    def test_a_conversation_keeps_its_surrogates(self):
        value = PERSONAL["EMAIL_ADDRESS"]
        for headers in (None, {"X-Croft-Conversation": "c-1"}):
            self.cloud.reset()
            self.routed.chat("to/openai", f"I am {value}", headers=headers)
            self.routed.chat("to/openai", headers=headers, messages=[
                {"role": "user", "content": f"I am {value}"}, {"role": "assistant", "content": f"Hello {value}"},
                {"role": "user", "content": "Who am I?"}])
            first, second = (exchange.json["messages"] for exchange in self.cloud.exchanges)
            self.assertEqual(first[0], second[0])
            self.assertEqual(second[1]["content"], "Hello" + first[0]["content"][4:])
        named = first[0]["content"]
        self.cloud.reset()
        self.routed.chat("to/openai", f"I am {value}", headers={"X-Croft-Conversation": "c-2"})
        self.assertNotEqual(self.cloud.exchanges[0].json["messages"][0]["content"], named)

    def test_what_cannot_be_looked_through_stays(self):
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
        text = {"type": "text", "text": PERSONAL["EMAIL_ADDRESS"]}
        status, _, error = self.routed.chat("to/openai", messages=[{"role": "user", "content": [text, picture]}])
        self.assertEqual(status, 403, error)
        self.assertEqual(leaks(json.dumps(error).encode()), [])
        self.assertEqual(self.cloud.received(), b"")

    def test_a_trace_in_the_answer_holds_no_value(self):
        _, _, answer = self.routed.chat("to/failing", f"I am {PERSONAL['EMAIL_ADDRESS']}", route_trace=True)
        self.assertEqual(leaks(json.dumps(answer["route_trace"]).encode()), [])
        self.assertIn("EMAIL_ADDRESS", json.dumps(answer["route_trace"]))

    def test_redact_is_the_same_code(self):
        text = f"f\u00fcr {PERSONAL['EMAIL_ADDRESS']}"
        answer = self.server.post("/v1/redact", {"text": text})
        self.assertEqual(answer["text"], "f\u00fcr <EMAIL_ADDRESS>")
        found = answer["entities"][0]
        self.assertEqual(text.encode()[found["start"]:found["end"]].decode(), PERSONAL["EMAIL_ADDRESS"])
        line = harness.run("redact", "--jsonl", "--json", "-", stdin=json.dumps({"text": text}).encode() + b"\n")
        self.assertEqual(json.loads(line.stdout), answer)
        self.assertEqual(self.server.post("/v1/redact", {"text": text, "types": ["IBAN_CODE"]})["entities"], [])
        for body, word in (({}, "text"), ({"text": 5}, "text"), ({"text": "x", "types": ["NO_TYPE"]}, "NO_TYPE"),
                           ({"text": "x", "types": []}, "types"), ({"text": "x", "types": [7]}, "7")):
            status, _, error = self.server.request("POST", "/v1/redact", body)
            self.assertEqual(status, 400, body)
            self.assertIn(word, json.loads(error)["error"]["message"])


class OwnRulesCase(unittest.TestCase):
    """`[privacy]` counts for the route's gate, for /v1/redact and for `croft redact` alike."""

    RULES = """
[privacy]
allow = ["help@example.com"]
[[privacy.patterns]]
name = "STAFF_ID"
regex = "\\\\bE-[0-9]{5}\\\\b"
[privacy.words]
PROJECT = "projects.txt"
"""
    TEXT = "E-12345 asked help@example.com about gr\u00fcner  ADLER."
    REDACTED = "<STAFF_ID> asked help@example.com about <PROJECT>."

    def setUp(self):
        harness.require_model(harness.DEFAULT_MODEL)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.words = pathlib.Path(folder.name, "projects.txt")
        self.words.write_text("# ours\nGr\u00fcner Adler\n", encoding="utf-8")
        self.rules = self.RULES.replace("projects.txt", str(self.words))

    def test_redact(self):
        routed = Routed(self.rules)  # no routes at all
        self.addCleanup(routed.stop)
        answer = routed.server.post("/v1/redact", {"text": self.TEXT})
        self.assertEqual(answer["text"], self.REDACTED)
        raw = self.TEXT.encode()
        self.assertEqual([raw[e["start"]:e["end"]].decode() for e in answer["entities"]], ["E-12345", "gr\u00fcner  ADLER"])
        line = harness.run("redact", "--config", routed.toml, "--jsonl", "--json", "-", stdin=json.dumps({"text": self.TEXT}).encode() + b"\n")
        self.assertEqual(json.loads(line.stdout), answer)
        only = routed.server.post("/v1/redact", {"text": self.TEXT, "types": ["STAFF_ID"]})
        self.assertEqual([e["type"] for e in only["entities"]], ["STAFF_ID"])
        # A new configuration counts from the next request on.
        routed.toml.write_text(self.rules.replace("STAFF_ID", "BADGE_NUMBER"))
        routed.server.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            again = routed.server.post("/v1/redact", {"text": "E-12345"})["text"]
            if again == "<BADGE_NUMBER>":
                break
            time.sleep(0.1)
        self.assertEqual(again, "<BADGE_NUMBER>")

    def test_routes(self):
        with FakeCloud() as cloud:
            toml = self.rules + upstream("one", cloud, "openai") + model("m", "one", "any/good")
            toml += route("block", "cloud", cloud=["m"], privacy="block") + route("swap", "cloud", cloud=["m"], privacy="pseudonymise")
            routed = Routed(toml)
            self.addCleanup(routed.stop)
            status, _, error = routed.chat("block", "Who is E-12345?")
            self.assertEqual(status, 403, error)
            self.assertIn("sensitive", error["error"]["message"])
            explained = routed.server.post("/v1/route/explain", {"model": "block", "messages": [{"role": "user", "content": "Who is E-12345?"}]})
            self.assertIn("STAFF_ID", json.dumps(explained))
            status, _, error = routed.chat("block", "What is Gruner Adler?")
            self.assertEqual(status, 403, error)
            self.assertEqual(cloud.received(), b"")
            status, _, _ = routed.chat("block", "Ask help@example.com, please.")
            self.assertEqual(status, 200)
            self.assertIn(b"help@example.com", cloud.received())
            cloud.reset()
            status, _, _ = routed.chat("swap", "Who is E-12345 of gr\u00fcner adler?")
            self.assertEqual(status, 200)
            for hidden in ("E-12345", "12345", "gr\u00fcner", "adler"):
                self.assertNotIn(hidden.encode(), cloud.received())


class CrashCase(unittest.TestCase):
    def test_P11_a_crash_tells_nothing(self):
        with FakeCloud(between_ms=200) as cloud, tempfile.TemporaryDirectory() as folder:
            toml = upstream("one", cloud, "openai") + model("m", "one", "any/good") + route("r", "cloud", cloud=["m"], privacy="pseudonymise")
            routed = Routed(toml, "--log-level", "debug", "--database", f"{folder}/croft.db", TMPDIR=folder)
            limits = pathlib.Path(f"/proc/{routed.server.process.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +[01] ", "a core file would hold what was asked")

            def ask():
                with contextlib.suppress(Exception):
                    routed.stream("r", " and ".join(PLANTED.values()), max_tokens=400)

            asking = threading.Thread(target=ask)
            asking.start()
            cloud.wait_for(lambda c: c.exchanges)
            time.sleep(0.3)
            routed.server.process.send_signal(signal.SIGABRT)
            routed.server.process.wait(30)
            asking.join()
            self.assertEqual(leaks(routed.server.log().encode()), [])
            self.assertEqual(leaks(cloud.received()), [])
            for path in pathlib.Path(folder).rglob("*"):
                self.assertEqual(leaks(path.read_bytes() if path.is_file() else b""), [], path)
            routed.stop()


class DetectorCase(unittest.TestCase):
    def test_the_search_finds_what_is_planted(self):
        for name, value in PLANTED.items():
            for hidden in (f"x{value}y".encode(), base64.b64encode(f"xyz{value}xyz".encode()), value.encode().hex().encode()):
                self.assertEqual({leak.split(":")[0] for leak in leaks(hidden)}, {name})
        self.assertEqual(leaks(b"nothing of the kind"), [])


if __name__ == "__main__":
    harness.main()
