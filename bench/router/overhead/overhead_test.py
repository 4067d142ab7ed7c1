#!/usr/bin/env python3
"""Goal: overhead.py and overhead_bench say what happened: delays are what they were set to, no failure passes for an answer, and
differences and their intervals are right.
Method: known figures in; the mock, the load and the relay against each other, and against the fake cloud's faults. Needs the
target overhead_bench; a busy machine is allowed for by bounds on one side only."""
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "tests")]
import added  # noqa: E402
import chart  # noqa: E402
import processes  # noqa: E402
from fake_cloud import FakeCloud  # noqa: E402

BENCH = ROOT / "build/release/bench/router/overhead/overhead_bench"
BARS = added.Bars(baseline_ms=2, others_share=0.25)


def row(number, way, p99_ms, others=0.0, **more):
    return {"round": number, "scenario": "whole", "level": 1, "way": way, "answers": 100, "errors": 0, "delay_ms": 10.0,
            "latency_p50_us": 10_000.0, "latency_p99_us": p99_ms * 1e3, "others_cpu_share": others, "way_rss_mib": 1.0} | more


class Figures(unittest.TestCase):
    def test_intervals_of_a_median(self):
        self.assertEqual(added.median_interval([3, 1, 2]), (2, 1, 3, 0.75))
        self.assertEqual(added.median_interval(range(6)), (2.5, 0, 5, 1 - 2 / 64))
        median, low, high, confidence = added.median_interval(range(9))
        self.assertEqual((median, low, high), (4, 1, 7))
        self.assertAlmostEqual(confidence, 1 - 2 * (1 + 9) / 512)

    def test_differences_are_taken_within_rounds(self):
        rows = [row(number, way, base + more) for number, base in enumerate((10.1, 11.0, 10.4)) for way, more in (("direct", 0), ("gateway", 0.5))]
        entry, = added.added(rows, BARS)
        self.assertEqual(entry["added_ms"]["latency p99"], {"median": 0.5, "low": 0.5, "high": 0.5, "confidence": 0.75})
        self.assertEqual((entry["dropped"], entry["rounds"]), ("", 3))

    def test_what_does_not_count_is_said(self):
        slow = [row(number, way, 13) for number in range(3) for way in ("direct", "gateway")]
        self.assertIn("3.00 ms above", added.added(slow, BARS)[0]["dropped"])
        busy = [row(number, way, 10.1, others=0.3 * (number > 0 and way == "gateway")) for number in range(3) for way in ("direct", "gateway")]
        entry, = added.added(busy, BARS)
        self.assertEqual((entry["rounds"], entry["rounds_measured"], entry["dropped"]), (1, 3, "1 quiet rounds, 3 needed"))
        unknown = [cell | {"way_rss_mib": None} if cell["way"] == "gateway" else cell for cell in busy]
        self.assertEqual(added.added(unknown, BARS)[0]["dropped"], "")
        self.assertIn("dropped", added.tables(slow + [row(0, "direct", 1, scenario="throughput", requests_per_second=5.0,
                                                         way_cpu_us_per_request=None, client_cpu_share=0.1)], BARS))

    def test_charts_are_xml(self):
        import xml.etree.ElementTree
        points = [(1, "gateway", 0.2, -0.1, 0.4, False), (4, "relay", 0.0, 0.0, 0.0, True)]
        for text in (chart.intervals("a < b", [("p99", points)]), chart.curve("MiB", [(10, 5.0), (20, 5.5)], "requests")):
            xml.etree.ElementTree.fromstring(text)


@unittest.skipUnless(BENCH.exists(), "overhead_bench is not built")
class Bench(unittest.TestCase):
    def start(self, *arguments):
        return self.enterContext(processes.Service(BENCH, *arguments))

    def load(self, url, *arguments):
        done = subprocess.run([BENCH, "load", "--url", url, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertTrue(done.stdout, done.stderr)
        return json.loads(done.stdout)

    def test_delays_are_kept_on_both_ways(self):
        mock = self.start("mock", "--delay-us", 20_000)
        relay = self.start("relay", "--upstream", mock.port)
        for url in (mock.url, relay.url):
            found = self.load(url, "--requests", 40, "--concurrency", 4, "--warm-up", 4)
            self.assertEqual((found["answers"], found["errors"]), (40, {}))
            self.assertGreaterEqual(found["latency_us"]["p50"], 20_000)
            self.assertLessEqual(found["requests_per_second"], 4 / 0.020)

    def test_pieces_of_streams_come_by_the_timetable(self):
        mock = self.start("mock")
        relay = self.start("relay", "--upstream", mock.port)
        processes.tell_mock(mock, delay_us=5000, chunks=10, gap_us=10_000)
        for url in (mock.url, relay.url):
            found = self.load(url, "--requests", 6, "--stream", 1, "--chunks", 10, "--warm-up", 1)
            self.assertEqual((found["answers"], found["gap_us"]["count"], found["piece_us"]["count"]), (6, 54, 60))
            self.assertGreaterEqual(found["latency_us"]["p50"], 95_000)
            self.assertGreater(found["piece_us"]["p50"], 0)
            self.assertLess(abs(found["gap_us"]["mean"] - 10_000), 2000)
        self.assertEqual(self.load(mock.url, "--requests", 3, "--stream", 1, "--chunks", 11, "--warm-up", 0)["errors"], {"pieces missing": 3})

    def test_long_prompts_and_the_number_of_requests(self):
        mock = self.start("mock")
        found = self.load(mock.url, "--requests", 20, "--prompt-chars", 3_000_000, "--warm-up", 0, "--concurrency", 3)
        self.assertEqual((found["answers"], found["errors"]), (20, {}))
        connection = http.client.HTTPConnection("127.0.0.1", mock.port)
        connection.request("GET", "/mock")
        self.assertEqual(json.loads(connection.getresponse().read())["served"], 20)
        connection.request("GET", "/nowhere")
        self.assertEqual(connection.getresponse().status, 404)
        connection.close()

    def test_prompts_never_repeat(self):
        with FakeCloud(answer="mock answer") as cloud:
            for seed in (1, 2):
                found = self.load(cloud.base_url + "/v1", "--key", "sk-fake", "--requests", 50, "--warm-up", 0, "--seed", seed)
                self.assertEqual((found["answers"], found["errors"]), (50, {}))
            prompts = [exchange.json["messages"][0]["content"] for exchange in cloud.exchanges]
            self.assertEqual(({len(prompt) for prompt in prompts}, len({prompt[:16] for prompt in prompts}),
                              len({prompt[16:] for prompt in prompts})), ({1000}, 100, 100))

    def test_no_failure_passes_for_an_answer(self):
        faults = {"500": "status 500", "429": "status 429", "html": "status 502", "reset-after-0": "closed", "close-after-2": "closed",
                  "garbage": "closed", "truncated-body": "closed", "hang": "timeout", "wrong-shape": "not the mock's answer"}
        with FakeCloud(answer="mock answer") as cloud:
            for fault, kind in faults.items():
                with self.subTest(fault):
                    found = self.load(cloud.base_url + "/v1", "--key", "sk-fake", "--model", "fault-" + fault, "--requests", 3, "--warm-up", 0,
                                      "--timeout-ms", 300)
                    self.assertEqual((found["answers"], sum(found["errors"].values())), (0, 3))
                    self.assertTrue(all(name.startswith(kind) for name in found["errors"]), found["errors"])
            cloud.control(answer="t=00000000000000000001 t=00000000000000000002 ")
            for fault, kind in {"no-done": "stream without [DONE]", "error-after-3": "error in the stream", "bad-chunk": "no HTTP",
                                "close-after-2": "closed in mid answer"}.items():
                with self.subTest(fault):
                    found = self.load(cloud.base_url + "/v1", "--key", "sk-fake", "--model", "fault-" + fault, "--requests", 2, "--warm-up", 0,
                                      "--stream", 1)
                    self.assertEqual((found["answers"], found["errors"]), (0, {kind: 2}))
            # Marks that are cut into several pieces count once each.
            found = self.load(cloud.base_url + "/v1", "--key", "sk-fake", "--requests", 2, "--stream", 1, "--chunks", 2, "--warm-up", 0)
            self.assertEqual((found["answers"], found["piece_us"]["count"]), (2, 4))
        self.assertEqual(self.load("http://127.0.0.1:1/v1", "--requests", 2, "--warm-up", 0)["errors"], {"no connection": 2})

    def test_a_connection_closed_while_idle_is_made_again(self):
        body = b'{"choices": "mock answer"}'
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)

        def answer_once(listener):
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    while not peer.recv(1 << 16).endswith(b'"max_tokens":64}'):
                        pass
                    peer.sendall(answer)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=answer_once, args=[listener], daemon=True)
            thread.start()
            found = self.load(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", "--requests", 4, "--warm-up", 0)
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        self.assertEqual((found["answers"], found["errors"], found["reconnects"]), (4, {}, 3))

    def test_wrong_options_are_named(self):
        for arguments, word in ((["load", "--url", "ftp://a"], "http://"), (["load", "--requests", "many"], "requests"), (["mock", "--colour", "1"], "colour"),
                                (["relay", "--port"], "value"), (["dance"], "usage")):
            done = subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=10)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(word, done.stderr)

    def test_the_whole_run(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(HERE / "overhead.py"), "--relay", "--mock-port", "0", "--out", folder]
            small = ["--rounds", "1", "--seconds", "0.2", "--levels", "1,2", "--chunks", "3", "--gap-ms", "1", "--delay-ms", "1"]
            done = subprocess.run([*command, *small], capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            again = subprocess.run([*command, "--from", folder + "/overhead.csv"], capture_output=True, text=True, timeout=20)
            self.assertEqual(again.stdout, done.stdout)
            done = subprocess.run([*command, "--requests", "20000", "--batch", "1000", "--chunks", "3", "--json"], capture_output=True, text=True, timeout=120)
            self.assertIn(json.loads(done.stdout)["memory"], ("flat", "growing", "undecided"), done.stderr)
            self.assertEqual(len(pathlib.Path(folder, "memory.csv").read_text().splitlines()), 21)
            done = subprocess.run([*command, "--gateway-url", "http://127.0.0.1:1/v1"], capture_output=True, text=True, timeout=20)
            self.assertEqual((done.returncode, "no answer through gateway" in done.stderr), (1, True))


if __name__ == "__main__":
    unittest.main(verbosity=2)
