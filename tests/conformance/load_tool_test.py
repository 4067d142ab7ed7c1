"""Goal: the load generator of bench/serve says what happened: its statistics are right, its arrivals are on time or counted as
late, and no failure passes for an answer.
Method: known figures in; and a small server of our own that streams with known delays, in known pieces, or misbehaves."""
import json
import pathlib
import random
import socket
import socketserver
import statistics
import subprocess
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench/serve")]
import harness  # noqa: E402
import account  # noqa: E402
import arrivals  # noqa: E402
import figures  # noqa: E402
import load  # noqa: E402
import loops  # noqa: E402
import soak  # noqa: E402
from answer import Answer, events  # noqa: E402
from http_stream import Framing  # noqa: E402

STEP = 0.03  # seconds between two events of the server


def event(**fields):
    return f"data: {json.dumps(fields)}\n\n".encode()


def text(words):
    return event(choices=[{"text": words, "finish_reason": None}])


def usage(prompt, tokens):
    return event(choices=[], usage={"prompt_tokens": prompt, "completion_tokens": tokens,
                                    "prompt_tokens_details": {"cached_tokens": 3}})


LAST = event(choices=[{"text": "", "finish_reason": "length"}])
DONE = b"data: [DONE]\n\n"


class Streamer(socketserver.StreamRequestHandler):
    """Answers by what the prompt's first id says: see `answers`. Counts connections and requests."""

    def handle(self):
        self.server.connections += 1
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if line)
            length = int(fields[b"content-length"])
            body = self.rfile.read(length)
            self.server.requests += 1
            try:
                asked = json.loads(body)
            except ValueError:
                self.plain(400, b'{"error": {"message": "no JSON"}}')
                continue
            if not self.stream(asked["prompt"][0], len(asked["prompt"]), asked["max_tokens"]):
                return
            if b"connection: close" in head.lower():
                return
            if asked["prompt"][0] == ENDS_IDLE:  # takes the next request and goes without a word
                self.rfile.readline()
                return

    def plain(self, status, body, *headers):
        head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
        self.wfile.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        self.wfile.flush()

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def stream(self, kind, prompt, tokens):
        """Whether the connection goes on."""
        if kind == BUSY:
            self.plain(429, b"{}", "Retry-After: 7")
            return True
        if kind == BROKEN:
            self.plain(500, b'{"error": "no"}')
            return True
        if kind == GARBAGE:
            self.wfile.write(b"what?\r\n\r\n")
            return False
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if kind == TORN:  # every byte a chunk of its own
            for byte in text("a") + LAST + usage(prompt, tokens) + DONE:
                self.chunk(bytes([byte]))
        else:
            with self.server.lock if kind == ONE_AT_A_TIME else threading.Lock():
                each = 2 if kind == PAIRS else 1
                for _ in range(0, tokens - (kind == SHORT), each):
                    time.sleep(STEP)
                    self.chunk(text("word " * each))
            if kind == CUT:
                return False
            self.chunk(LAST + (b"" if kind == NO_USAGE else usage(prompt, tokens - (kind == SHORT))) + DONE)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        return True


PLAIN, PAIRS, BUSY, BROKEN, GARBAGE, CUT, SHORT, NO_USAGE, TORN, ONE_AT_A_TIME, ENDS_IDLE = range(11)


class Fake(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64
    connections = requests = 0

    def __init__(self):
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Streamer)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients hang up on purpose


def request(kind, tokens=4, **more):
    body = json.dumps({"prompt": [kind, 1, 2], "max_tokens": tokens}).encode()
    return arrivals.Request(body, 3, tokens, **more)


class Statistics(unittest.TestCase):
    def test_percentiles(self):
        values = list(range(101))
        random.Random(5).shuffle(values)
        for p, expected in ((0, 0), (50, 50), (95, 95), (99, 99), (100, 100), (12.5, 12.5)):
            self.assertAlmostEqual(figures.percentile(values, p), expected)
        self.assertEqual(figures.percentile([1.0, 2.0], 75), 1.75)
        self.assertEqual(figures.percentile([7.0], 99), 7.0)
        self.assertIsNone(figures.percentile([], 50))
        self.assertEqual(figures.milliseconds([0.001, 0.003]), {"p50": 2.0, "p95": 2.9, "p99": 2.98, "max": 3.0})

    def test_a_line_and_its_error(self):
        slope, error = figures.line([(x, 3 * x + 5) for x in range(10)])
        self.assertAlmostEqual(slope, 3)
        self.assertAlmostEqual(error, 0)
        # By hand: y = 0, 2, 1, 3 over x = 0..3 has slope 0.8, residuals' squares 1.8, error sqrt(1.8 / 2 / 5).
        slope, error = figures.line([(0, 0), (1, 2), (2, 1), (3, 3)])
        self.assertAlmostEqual(slope, 0.8)
        self.assertAlmostEqual(error, 0.18 ** 0.5)
        with self.assertRaises(ValueError):
            figures.line([(0, 0), (1, 1)])

    def test_memory_is_flat_growing_or_undecided(self):
        def word(kb):
            return soak.verdict([(1000 * i, kb(i)) for i in range(1, 41)], 16)[0]
        noise = random.Random(3)
        self.assertEqual(word(lambda i: 100_000 + noise.randint(-40, 40)), "flat")
        self.assertEqual(word(lambda i: 100_000 + 30_000 * min(i, 9) / 9), "flat")  # grows while warming up only
        self.assertEqual(word(lambda i: 100_000 + 64 * i + noise.randint(-40, 40)), "growing")
        self.assertEqual(word(lambda i: 100_000 + 12 * i + noise.randint(-2000, 2000)), "undecided")
        self.assertEqual(soak.verdict([(1000, 1), (2000, 1)], 16)[0], "undecided")


class Arrivals(unittest.TestCase):
    def test_poisson(self):
        times = arrivals.poisson(random.Random(1), 50.0, 200.0)
        gaps = [right - left for left, right in zip(times, times[1:])]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[-1], 200.0)
        # 10,000 arrivals: three standard deviations are 3 % of the mean; an exponential's deviation is its mean.
        self.assertAlmostEqual(len(times), 10_000, delta=300)
        self.assertAlmostEqual(statistics.stdev(gaps) / statistics.mean(gaps), 1.0, delta=0.04)
        self.assertEqual(times, arrivals.poisson(random.Random(1), 50.0, 200.0))
        self.assertNotEqual(times, arrivals.poisson(random.Random(2), 50.0, 200.0))

    def test_so_many_arrivals(self):
        times = arrivals.exactly(random.Random(1), 4000, 10.0)
        self.assertEqual((len(times), times), (4000, sorted(times)))
        # A quarter of 4,000 falls into each quarter of the time: three standard deviations are 82.
        for quarter in range(4):
            found = sum(2.5 * quarter <= due < 2.5 * (quarter + 1) for due in times)
            self.assertAlmostEqual(found, 1000, delta=82)
        gaps = [right - left for left, right in zip(times, times[1:])]
        self.assertAlmostEqual(statistics.stdev(gaps) / statistics.mean(gaps), 1.0, delta=0.06)

    def test_lengths(self):
        def drawn(distribution):
            rng, draw = random.Random(4), arrivals.lengths(distribution)
            return [draw(rng) for _ in range(20_000)]
        self.assertEqual(set(drawn("200")), {200})
        self.assertEqual(set(drawn("fixed:3")), {3})
        self.assertEqual(set(drawn("uniform:2:5")), {2, 3, 4, 5})
        found = drawn("lognormal:100:0.5:400")
        self.assertAlmostEqual(statistics.median(found), 100, delta=3)
        self.assertEqual(max(found), 400)
        self.assertAlmostEqual(statistics.mean(map(lambda n: n < 60.65, found)), 0.159, delta=0.01)  # one sigma below
        self.assertGreaterEqual(min(drawn("lognormal:1:3")), 1)

    def test_bad_lengths_are_refused(self):
        for bad in ("", "0", "-3", "many", "fixed", "fixed:1:2", "uniform:5:2", "uniform:0:2", "uniform:1", "lognormal:0:1",
                    "lognormal:5:-1", "lognormal:5", "normal:3:4", "fixed:nan", "uniform:1:inf", "200:"):
            with self.subTest(bad), self.assertRaises(ValueError):
                arrivals.lengths(bad)

    def test_prompts_share_what_they_should_and_no_more(self):
        writer = arrivals.Writer(random.Random(9), shared=50)
        first, second = (json.loads(writer.request(20, 4).body)["prompt"] for _ in range(2))
        self.assertEqual((len(first), first[:50]), (70, second[:50]))
        self.assertNotEqual(first[50:], second[50:])


class Streams(unittest.TestCase):
    def test_events_are_found_however_the_bytes_are_cut(self):
        whole = text("a b") + b": comment\n\n" + b"data: one\r\n\r\n" + DONE
        expected = [data for _, data in events([(0, whole)])]
        self.assertEqual(expected[1:], [b"one", b"[DONE]"])
        for size in (1, 2, 3, 7, 50):
            pieces = [(at, whole[at:at + size]) for at in range(0, len(whole), size)]
            self.assertEqual([data for _, data in events(pieces)], expected)
            times = [when for when, _ in events(pieces)]
            self.assertLessEqual(len(text("a b")) - size, times[0])  # the piece that completed it, not an earlier one

    def test_framing_however_the_bytes_are_cut(self):
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
        plain = b"HTTP/1.1 404 No\r\nContent-Length: 5\r\nConnection: close\r\n\r\nabcde"
        for answer, status, body, kept in ((chunked, 200, b"0\r\n\r\nabc", True), (plain, 404, b"abcde", False)):
            for size in range(1, len(answer) + 1):
                framing = Framing()
                for at in range(0, len(answer), size):
                    self.assertFalse(framing.done)
                    framing.feed(answer[at:at + size], at)
                self.assertTrue(framing.done)
                self.assertEqual((framing.status, b"".join(data for _, data in framing.pieces), framing.kept),
                                 (status, body, kept))

    def test_what_is_no_http_is_said(self):
        for bad in (b"what?\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"x" * 70_000,
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with self.subTest(bad[:20]), self.assertRaises(ValueError):
                Framing().feed(bad, 0)


class AgainstAServer(unittest.TestCase):
    def setUp(self):
        self.fake = Fake()
        self.addCleanup(self.fake.server_close)
        self.addCleanup(self.fake.shutdown)

    def measure(self, requests, keep_alive=False, timeout=20.0, **how):
        return load.measure(loops.Target(self.fake.port, keep_alive=keep_alive, timeout=timeout), requests, **how)

    def test_times_and_tokens_of_a_plain_stream(self):
        found = self.measure([request(PLAIN) for _ in range(6)], clients=2)
        self.assertEqual((found["answers"], found["errors"], found["tokens"], found["tokens_missing"]), (6, {}, 24, 0))
        self.assertEqual((found["cached_tokens"], found["prompt_tokens_unexpected"]), (18, 0))
        self.assertGreaterEqual(found["first_token_ms"]["p50"], STEP * 1e3)
        self.assertGreaterEqual(found["end_to_end_ms"]["p50"], 4 * STEP * 1e3)
        self.assertAlmostEqual(found["between_events_ms"]["p50"], STEP * 1e3, delta=STEP * 500)
        self.assertEqual(list(account.doubts(found | {"client_cpu_share": 0})), [])

    def test_an_event_of_two_tokens_counts_as_two(self):
        found = self.measure([request(PAIRS, tokens=8)], clients=1)
        self.assertEqual((found["tokens"], found["tokens_per_event"]), (8, 2.0))
        gap, per_token = found["between_events_ms"]["p50"], found["per_token_ms"]["p50"]
        self.assertAlmostEqual(per_token, gap * 3 / 7, delta=gap * 0.3)  # three gaps, seven tokens after the first

    def test_an_open_loop_counts_from_the_due_time(self):
        # One at a time, each takes 4 steps; all are due at once: the last waits for all the others.
        requests = [request(ONE_AT_A_TIME, due=0.0) for _ in range(5)]
        found = self.measure(requests, seconds_offered=1.0)
        self.assertGreaterEqual(found["end_to_end_ms"]["max"], 5 * 4 * STEP * 1e3)
        self.assertGreaterEqual(found["first_token_ms"]["max"], (4 * 4 + 1) * STEP * 1e3)
        self.assertEqual(found["offered_per_second"], 5.0)

    def test_a_late_generator_is_counted_and_said(self):
        class Late(loops.Target):
            async def ask(self, request_, due=None):
                time.sleep(0.2)  # the whole generator stands still
                return await super().ask(request_, due)

        requests = [request(PLAIN, tokens=1, due=0.01 * i) for i in range(4)]
        found = load.measure(Late(self.fake.port), requests, seconds_offered=1.0)
        self.assertGreaterEqual(found["send_lag_ms"]["max"], 4 * 200 - 30 - 1)
        self.assertGreaterEqual(found["first_token_ms"]["max"], 4 * 200 - 30 - 1)
        self.assertTrue(any("late" in doubt for doubt in account.doubts(found)))

    def test_arrivals_do_not_wait_for_answers(self):
        requests = [request(ONE_AT_A_TIME, due=0.01 * i) for i in range(12)]
        found = self.measure(requests, seconds_offered=0.12)
        # One after the other the last would go out after 44 steps, 1.2 s late.
        self.assertLess(found["send_lag_ms"]["max"], 600)
        self.assertGreaterEqual(found["end_to_end_ms"]["max"], 48 * STEP * 1e3 - 110)
        self.assertEqual(found["answers"], 12)

    def test_failures_are_counted_by_kind_and_are_no_answers(self):
        kinds = {BROKEN: "status 500", GARBAGE: "not HTTP", CUT: "connection ended early", NO_USAGE: "without usage"}
        for kind, words in kinds.items():
            with self.subTest(words):
                found = self.measure([request(kind), request(PLAIN)], clients=1)
                self.assertEqual((found["answers"], len(found["errors"])), (1, 1))
                self.assertIn(words, next(iter(found["errors"])))
                self.assertEqual(found["tokens"], 4)

    def test_an_answer_that_is_too_short_is_said(self):
        found = self.measure([request(SHORT), request(PLAIN)], clients=1)
        self.assertEqual((found["tokens"], found["tokens_missing"]), (7, 1))
        self.assertTrue(any("fewer" in doubt for doubt in account.doubts(found)))

    def test_bytes_one_by_one(self):
        found = self.measure([request(TORN, tokens=1)], clients=1)
        self.assertEqual((found["answers"], found["tokens"], found["errors"]), (1, 1, {}))

    def test_refusals_are_no_errors_and_not_good(self):
        found = self.measure([request(BUSY), request(PLAIN), request(BUSY)], clients=1)
        self.assertEqual((found["answers"], found["refused"], found["retry_after_s"], found["errors"]), (1, 2, 7, {}))
        self.assertEqual(found["good"], 1)
        self.assertIsNotNone(found["refused_after_ms"]["p50"])

    def test_goodput_needs_both_limits(self):
        for limits, good in (((5000, 5000), 3), ((STEP * 500, 5000), 0), ((5000, STEP * 500), 0)):
            found = self.measure([request(PLAIN, due=0.0) for _ in range(3)], seconds_offered=2.0, first_ms=limits[0],
                                 between_ms=limits[1])
            self.assertEqual((found["good"], found["goodput_per_second"]), (good, good / 2.0))

    def test_connections_are_used_again_only_if_wanted(self):
        self.measure([request(PLAIN, tokens=1) for _ in range(5)], clients=1)
        self.assertEqual(self.fake.connections, 5)
        self.measure([request(PLAIN, tokens=1) for _ in range(5)], clients=1, keep_alive=True)
        self.assertEqual((self.fake.connections, self.fake.requests), (6, 10))

    def test_a_kept_connection_that_is_gone_is_made_anew_once(self):
        found = self.measure([request(ENDS_IDLE, tokens=1) for _ in range(3)], clients=1, keep_alive=True)
        self.assertEqual((found["answers"], found["errors"], self.fake.connections), (3, {}, 3))

    def test_hanging_up_and_wrong_requests_are_no_errors_but_what_they_are(self):
        found = self.measure([request(PLAIN, tokens=50, hang_up_after=2),
                              arrivals.Request(b'{"prompt": [', 0, 0, status_expected=400), request(PLAIN)], clients=1)
        self.assertEqual((found["hung_up"], found["answers"], found["errors"]), (1, 1, {}))
        self.assertLess(found["seconds"], 50 * STEP)
        found = self.measure([request(PLAIN, tokens=1, status_expected=400)], clients=1)  # was taken, should not have been
        self.assertEqual(found["answers"], 0)
        self.assertIn("status 200", next(iter(found["errors"])))

    def test_a_hanging_server_is_a_timeout_and_a_dead_one_no_connection(self):
        found = self.measure([request(PLAIN, tokens=100)], clients=1, timeout=0.2)
        self.assertEqual(found["errors"], {"timeout": 1})
        with socket.socket() as nobody:  # bound, not listening
            nobody.bind(("127.0.0.1", 0))
            found = load.measure(loops.Target(nobody.getsockname()[1]), [request(PLAIN)], clients=1)
        self.assertIn("no connection", next(iter(found["errors"])))

    def test_a_long_prompt_among_streams(self):
        found = self.measure([request(PLAIN, tokens=60) for _ in range(2)], clients=2,
                             extra=(0.0, request(PLAIN, tokens=5, counts=False)))
        self.assertEqual((found["requests"], found["answers"]), (2, 2))
        self.assertTrue(found["long_prompt"]["streams_outlasted_it"])
        self.assertGreaterEqual(found["long_prompt"]["first_token_ms"], STEP * 1e3)
        for when in ("before_ms", "during_ms"):
            self.assertAlmostEqual(found["long_prompt"][when]["p50"], STEP * 1e3, delta=STEP * 500)

    def test_gaps_before_and_while_a_long_prompt_is_read(self):
        def answered(*times):
            made = Answer(request(PLAIN), times[0])
            made.sent, made.text_times, made.ended = times[0], list(times[1:]), times[-1]
            return made
        # The second stream begins at 3, the long prompt comes at 10 and has its first token at 20.
        streams = [answered(0, 1, 2, 5, 9, 12, 19, 21, 30), answered(0, 3, 6, 9.5, 25)]
        found = account.long_prompt(streams, answered(10, 20))
        self.assertEqual(found["first_token_ms"], 10_000)
        self.assertEqual(found["before_ms"]["max"], 4000)     # 5 to 9; not 2 to 5, when the second had not begun
        self.assertEqual(found["before_ms"]["p50"], 3500)     # of 3, 3.5 and 4
        self.assertEqual(found["during_ms"]["max"], 15_500)   # 9.5 to 25: around all of it
        self.assertEqual(found["during_ms"]["p50"], 5000)     # of 3, 7, 2 and 15.5; 21 to 30 is later
        self.assertTrue(found["streams_outlasted_it"])
        self.assertFalse(account.long_prompt(streams, answered(10, 40))["streams_outlasted_it"])

    def test_the_program_says_what_is_wrong(self):
        for options, words in ((("--gen", "many"), b"no distribution"), (("--clients", "0"), b"at least 1"),
                               (("--rate", "3", "--long", "5"), b"closed loop")):
            done = subprocess.run([sys.executable, ROOT / "bench/serve/load.py", "--port", "1", *options],
                                  capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)
        done = subprocess.run([sys.executable, ROOT / "bench/serve/load.py", "--port", str(self.fake.port), "--requests", "2",
                               "--clients", "1", "--lowest", "0", "--vocabulary", "1", "--gen", "2", "--json"],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["tokens"], 4)


if __name__ == "__main__":
    harness.main()
