"""Goal: many people on one small machine disturb each other only as far as promised, and faults of one are nobody else's.
Method: a real server with the default model; clients that share a beginning, ask too much, read slowly, hang up, or come
while the server is stopped."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness  # noqa: E402

BEGINNING = list(range(2000, 2640))  # 640 tokens: ten pages


def completion(prompt, tokens, **more):
    return {"model": "any", "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, **more}


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


class Together(harness.ServerCase):
    flags = ("--context", "2048")

    def ask(self, prompt, tokens, **more):
        start = time.monotonic()
        answer = self.server.post("/v1/completions", completion(prompt, tokens, **more))
        return answer, time.monotonic() - start

    def test_a_known_beginning_is_counted_and_saves_time(self):
        cold, cold_seconds = self.ask(BEGINNING + [5000, 5001], 1)
        self.assertEqual(cold["usage"]["prompt_tokens_details"]["cached_tokens"], 0)
        warm, warm_seconds = self.ask(BEGINNING + [6000, 6001], 1)
        self.assertEqual(warm["usage"]["prompt_tokens_details"]["cached_tokens"], 640)
        self.assertLess(warm_seconds, cold_seconds)
        again, _ = self.ask(BEGINNING + [5000, 5001], 1)
        self.assertEqual(again["choices"][0]["text"], cold["choices"][0]["text"])

    def test_everybody_is_answered_as_if_alone(self):
        prompts = [[3000 + 17 * i + j for j in range(20 + 9 * i)] for i in range(12)]
        alone = [self.ask(prompt, 24)[0]["choices"][0]["text"] for prompt in prompts]
        with concurrent.futures.ThreadPoolExecutor(12) as people:
            together = list(people.map(lambda prompt: self.ask(prompt, 24)[0]["choices"][0]["text"], prompts))
        self.assertEqual(together, alone)

    def test_what_repeats_its_prompt_is_guessed(self):
        before = self.server.metric("croft_guessed_tokens_held")
        self.ask("one two three four five six seven eight nine ten\n" * 12, 60)
        self.assertGreater(self.server.metric("croft_guessed_tokens_held"), before)

    def test_flex_is_a_tier_and_another_is_refused(self):
        body = {"model": "any", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
        self.server.post("/v1/chat/completions", {**body, "service_tier": "flex"})
        status, _, data = self.server.request("POST", "/v1/chat/completions", {**body, "service_tier": "gold"})
        self.assertEqual((status, json.loads(data)["error"]["param"]), (400, "service_tier"))

    def test_a_slow_reader_and_one_who_hangs_up_hold_up_nobody(self):
        request = json.dumps(completion("Tell me a story.", 400, stream=True)).encode()
        head = (f"POST /v1/completions HTTP/1.1\r\nHost: {self.server.address}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(request)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.server.port)) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            slow.sendall(head + request)
            slow.recv(1)
            with socket.create_connection(("127.0.0.1", self.server.port)) as gone:
                gone.sendall(head + request)
                gone.recv(1)
            with socket.create_connection(("127.0.0.1", self.server.port)) as half:
                half.sendall((head + request)[: len(head) + 10])
                answer, seconds = self.ask("Hello", 8)
                self.assertLess(seconds, 20)
                self.assertEqual(answer["usage"]["completion_tokens"], 8)
        self.server.wait_for_metric("croft_requests_running", 0, 60)

    def test_top_shows_what_happens(self):
        watch = [harness.BINARY, "top", self.server.base_url, "--count", "1", "--interval", "1", "--no-color"]
        with concurrent.futures.ThreadPoolExecutor(1) as people:
            answer = people.submit(self.ask, [7000 + i for i in range(60)], 300)
            shown = json.loads(subprocess.run([*watch, "--json"], capture_output=True, check=True, timeout=60).stdout)
            answer.result(60)
        self.assertGreater(shown["answer_tokens_per_second"], 0)
        self.assertIn("smollm2", shown["model"].lower())
        text = subprocess.run(watch, capture_output=True, check=True, timeout=60).stdout.decode()
        self.assertRegex(text, r"(?m)^requests +0 running, 0 waiting")
        self.assertNotIn("\x1b", text)

    def test_stopped_for_a_while_it_goes_on(self):
        with concurrent.futures.ThreadPoolExecutor(4) as people:
            answers = [people.submit(self.ask, [4000 + i] * 30, 100) for i in range(4)]
            time.sleep(0.1)
            os.kill(self.server.process.pid, signal.SIGSTOP)
            time.sleep(2)
            os.kill(self.server.process.pid, signal.SIGCONT)
            for answer in answers:
                self.assertEqual(answer.result(60)[0]["usage"]["completion_tokens"], 100)


class Alone(unittest.TestCase):
    def test_memory_is_what_show_says_and_is_given_back(self):
        harness.require_model(harness.DEFAULT_MODEL)
        shown = subprocess.run([harness.BINARY, "show", harness.DEFAULT_MODEL, "--json", "--context", "2048", "--parallel",
                                "8"], capture_output=True, check=True, timeout=60)
        plan = json.loads(shown.stdout)["config"]["memory"]
        self.assertTrue(plan["fits"])
        server = harness.Server(harness.DEFAULT_MODEL, "--context", "2048", "--parallel", "8", "--prefix-cache", "0")
        try:
            idle_before = resident_bytes(server.process.pid)
            with concurrent.futures.ThreadPoolExecutor(8) as people:
                list(people.map(lambda i: server.post("/v1/completions", completion([3000 + i] * 1000, 4)), range(8)))
            busy = resident_bytes(server.process.pid)
            self.assertLess(busy, plan["most_bytes"] * 1.15)
            self.assertGreater(busy, plan["weights_bytes"])
            time.sleep(3)  # the engine keeps what was freed for two seconds
            self.assertLess(resident_bytes(server.process.pid), idle_before + 60 * 2**20)
        finally:
            self.assertEqual(server.stop(), 0)

    def test_keys_do_not_share_beginnings(self):
        harness.require_model(harness.DEFAULT_MODEL)
        with tempfile.TemporaryDirectory() as folder:
            key_file = pathlib.Path(folder) / "keys"
            keys = []
            for _ in range(2):  # each first start on a public address with a new file makes a key
                made = pathlib.Path(folder) / f"keys{len(keys)}"
                server = harness.Server(harness.DEFAULT_MODEL, "--host", "0.0.0.0", "--key-file", str(made))
                server.stop()
                keys.append((re.search(r"API key, shown this once: (\S+)", server.log()).group(1), made.read_text()))
            key_file.write_text("".join(text for _, text in keys))
            key_file.chmod(0o600)
            server = harness.Server(harness.DEFAULT_MODEL, "--require-key", "--key-file", str(key_file))
            try:
                def cached(key):
                    status, _, data = server.request("POST", "/v1/completions", completion(BEGINNING, 1),
                                                     {"Authorization": f"Bearer {key}"})
                    self.assertEqual(status, 200, data)
                    return json.loads(data)["usage"]["prompt_tokens_details"]["cached_tokens"]

                self.assertEqual([cached(keys[0][0]), cached(keys[0][0]), cached(keys[1][0]), cached(keys[1][0])],
                                 [0, 576, 0, 576])

                def seconds(key, prompt):
                    start = time.monotonic()
                    server.request("POST", "/v1/completions", completion(prompt, 1), {"Authorization": f"Bearer {key}"})
                    return time.monotonic() - start

                # Nor does the time of an answer tell what others asked (S10): a stranger's is a cold one's.
                cold, known, strangers = [], [], []
                for i in range(7):
                    prompt = [9000 + 31 * i + j for j in range(640)]
                    cold.append(seconds(keys[0][0], prompt))
                    known.append(seconds(keys[0][0], prompt))
                    strangers.append(seconds(keys[1][0], prompt))
                self.assertLess(statistics.median(known), 0.6 * statistics.median(cold))
                self.assertGreater(statistics.median(strangers), 0.6 * statistics.median(cold))
            finally:
                self.assertEqual(server.stop(), 0)

    def test_terminated_under_load_it_finishes_what_it_began(self):
        server = harness.Server(harness.DEFAULT_MODEL, "--context", "1024", "--parallel", "8")
        with concurrent.futures.ThreadPoolExecutor(8) as people:
            answers = [people.submit(server.post, "/v1/completions", completion([3000 + i] * 20, 60)) for i in range(8)]
            server.wait_for_metric("croft_requests_running", 8)
            self.assertEqual(server.stop(), 0)
            for answer in answers:
                self.assertEqual(answer.result(60)["usage"]["completion_tokens"], 60)


if __name__ == "__main__":
    harness.main()
