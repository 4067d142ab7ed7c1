"""Goal: several models in one server: each is loaded when it is asked for, gives its memory back, and disturbs nobody.
Method: a real server with the default model, an embedding model and the default model once more by its path; requests while
others load, a stream while its model is to be unloaded, memory as the system counts it."""
import concurrent.futures
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness  # noqa: E402

EMBEDDER = "all-minilm"
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
SECOND = "second"  # the default model's weights under another name


def file_of_default_model():
    shown = harness.run("show", harness.DEFAULT_MODEL, "--json")
    if shown.returncode != 0:
        raise unittest.SkipTest(f"model {harness.DEFAULT_MODEL} is not installed")
    return pathlib.Path(json.loads(shown.stdout)["path"])


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


class SeveralModels(unittest.TestCase):
    """One server a case: what is loaded is what the cases are about."""

    def setUp(self):
        harness.require_model(harness.DEFAULT_MODEL)
        harness.require_model(EMBEDDER)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        second = pathlib.Path(folder.name) / f"{SECOND}.gguf"
        second.symlink_to(file_of_default_model())
        self.second_path = second

    def serve(self, *flags):
        server = harness.Server(harness.DEFAULT_MODEL, "--context", "1024", "--also", EMBEDDER, "--also",
                                str(self.second_path), *flags)
        self.addCleanup(lambda: self.assertEqual(server.stop(), 0, server.log()))
        return server

    @staticmethod
    def chat(server, model, tokens=8, **more):
        return server.post("/v1/chat/completions", {"model": model, "messages": QUESTION, "max_tokens": tokens,
                                                    "temperature": 0, **more})

    @staticmethod
    def states(server):
        listed = json.loads(server.request("GET", "/v1/models")[2])["data"]
        return {model["id"]: model["status"]["value"] for model in listed}

    @staticmethod
    def loaded(server, model):
        return server.metrics()[f'croft_model_loaded{{model="{model}"}}']

    def wait_until_unloaded(self, server, model, seconds_max=30):
        deadline = time.monotonic() + seconds_max
        while self.loaded(server, model) != 0:
            self.assertLess(time.monotonic(), deadline, f"{model} is still loaded: {server.log()}")
            time.sleep(0.05)

    def test_each_answers_for_itself_and_is_loaded_when_asked(self):
        server = self.serve()
        self.assertEqual(self.states(server), {harness.DEFAULT_MODEL: "loaded", EMBEDDER: "unloaded", SECOND: "unloaded"})
        unloaded = json.loads(server.request("GET", f"/v1/models/{SECOND}")[2])
        self.assertEqual((unloaded["context_length"], "chat" in unloaded["capabilities"]), (1024, True))
        main = self.chat(server, harness.DEFAULT_MODEL)
        for name in (None, ""):
            self.assertEqual(self.chat(server, name)["model"], harness.DEFAULT_MODEL)
        second = self.chat(server, SECOND)
        self.assertEqual((second["model"], second["system_fingerprint"], second["choices"]),
                         (SECOND, main["system_fingerprint"], main["choices"]))
        vector = server.post("/v1/embeddings", {"model": EMBEDDER, "input": "one"})["data"][0]["embedding"]
        self.assertAlmostEqual(sum(x * x for x in vector), 1, places=4)
        self.assertEqual(set(self.states(server).values()), {"loaded"})
        text = server.request("GET", "/metrics")[2].decode()
        for name in (harness.DEFAULT_MODEL, EMBEDDER, SECOND):
            self.assertRegex(text, rf'(?m)^croft_model_loads_total{{model="{name}",outcome="loaded"}} 1$')
            self.assertRegex(text, rf'(?m)^croft_engine_steps{{model="{name}"}} ')
        self.assertRegex(server.log(), rf"POST /v1/chat/completions 200 .* model={SECOND} ")
        self.assertRegex(server.log(), rf"POST /v1/embeddings 200 .* model={EMBEDDER} ")

    def test_an_unknown_one_is_not_found_and_the_wrong_kind_says_so(self):
        server = self.serve()
        for path, body in (("/v1/chat/completions", {"messages": QUESTION}), ("/v1/completions", {"prompt": "x"}),
                           ("/v1/embeddings", {"input": "x"}), ("/tokenize", {"content": "x"}), ("/models/load", {}),
                           ("/models/unload", {})):
            status, _, data = server.request("POST", path, {**body, "model": "gpt-4o"})
            error = json.loads(data)["error"]
            self.assertEqual((status, error["code"], error["param"]), (404, "model_not_found", "model"), path)
            for name in (harness.DEFAULT_MODEL, EMBEDDER, SECOND):
                self.assertIn(name, error["message"])
        status, _, data = server.request("POST", "/v1/chat/completions", {"model": 5, "messages": QUESTION})
        self.assertEqual((status, json.loads(data)["error"]["param"]), (400, "model"))
        status, _, data = server.request("POST", "/v1/chat/completions", {"model": EMBEDDER, "messages": QUESTION})
        self.assertEqual(status, 400, data)

    def test_many_share_one_load_while_others_are_served(self):
        server = self.serve()
        with concurrent.futures.ThreadPoolExecutor(12) as people:
            waiting = [people.submit(self.chat, server, SECOND) for _ in range(6)]
            vectors = [people.submit(server.post, "/v1/embeddings", {"model": EMBEDDER, "input": str(i)}) for i in range(3)]
            here = [people.submit(self.chat, server, harness.DEFAULT_MODEL) for _ in range(3)]
            answers = [answer.result(120) for answer in waiting + here]
            for vector in vectors:
                self.assertEqual(len(vector.result(120)["data"][0]["embedding"]), 384)
        self.assertEqual(len({answer["choices"][0]["message"]["content"] for answer in answers}), 1)
        self.assertEqual(server.metrics()[f'croft_model_loads_total{{model="{SECOND}",outcome="loaded"}}'], 1)

    def test_an_idle_one_gives_its_memory_back(self):
        server = self.serve("--keep-alive", "1")
        self.chat(server, harness.DEFAULT_MODEL)
        before = resident_bytes(server.process.pid)
        self.chat(server, SECOND)
        while_loaded = resident_bytes(server.process.pid)
        self.wait_until_unloaded(server, SECOND)
        after = resident_bytes(server.process.pid)
        print(f"resident: {before >> 20} MiB, with {SECOND} {while_loaded >> 20}, after it {after >> 20}", file=sys.stderr)
        self.assertGreater(while_loaded, before + 60 * 2**20)
        self.assertLess(after, while_loaded - (while_loaded - before) * 3 // 4)
        self.assertEqual(server.metrics()[f'croft_model_unloads_total{{model="{SECOND}",reason="keep_alive"}}'], 1)
        self.assertNotIn(f'croft_engine_steps{{model="{SECOND}"}}', server.metrics())
        self.assertEqual(self.chat(server, SECOND)["model"], SECOND)  # and it comes again
        shown = json.loads(harness.run("top", server.base_url, "--count", "1", "--interval", "0.2", "--json").stdout)
        self.assertEqual(shown["model"], harness.DEFAULT_MODEL)
        self.assertEqual(shown["models"][0], harness.DEFAULT_MODEL)
        self.assertLessEqual(shown["kv_usage_ratio"], 1)

    def test_a_stream_outlives_the_wish_to_unload_its_model(self):
        server = self.serve()
        self.chat(server, SECOND, 1)
        body = json.dumps({"model": SECOND, "prompt": "Once upon a time", "max_tokens": 300, "temperature": 0,
                           "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True}}).encode()
        with socket.create_connection(("127.0.0.1", server.port)) as stream, \
                concurrent.futures.ThreadPoolExecutor(2) as people:
            stream.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n"
                           f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            received = stream.recv(65536)
            unloading = people.submit(server.request, "POST", "/models/unload", {"model": SECOND})
            deadline = time.monotonic() + 10
            while self.states(server)[SECOND] == "loaded" and time.monotonic() < deadline:
                time.sleep(0.005)
            self.assertEqual(self.states(server)[SECOND], "unloading")
            later = people.submit(self.chat, server, SECOND, 1)  # waits, and loads it again
            while piece := stream.recv(65536):
                received += piece
            self.assertIn(b'"completion_tokens":300', received)
            self.assertIn(b"data: [DONE]", received)
            status, _, data = unloading.result(60)
            self.assertEqual((status, json.loads(data)["success"]), (200, True), data)
            self.assertEqual(later.result(60)["model"], SECOND)
        self.assertEqual(server.metrics()[f'croft_model_loads_total{{model="{SECOND}",outcome="loaded"}}'], 2)

    def test_loading_and_unloading_by_hand(self):
        server = self.serve("--pin", EMBEDDER)
        self.assertEqual(self.states(server)[EMBEDDER], "loaded")  # /readyz waited for it
        for path, wanted in (("/models/load", 1), ("/models/load", 1), ("/models/unload", 0), ("/models/unload", 0)):
            self.assertTrue(server.post(path, {"model": SECOND})["success"])
            self.assertEqual(self.loaded(server, SECOND), wanted)
        for name in (harness.DEFAULT_MODEL, EMBEDDER):
            status, _, data = server.request("POST", "/models/unload", {"model": name})
            self.assertEqual((status, json.loads(data)["error"]["param"]), (400, "model"))
            self.assertIn("pinned", json.loads(data)["error"]["message"])
        self.assertEqual(server.request("POST", "/models/load", {})[0], 400)

    def test_a_budget_decides_who_may_stay(self):
        plan = json.loads(harness.run("show", harness.DEFAULT_MODEL, "--json", "--context", "1024").stdout)
        need = plan["config"]["memory"]["least_bytes"] >> 20
        # The two, and not the embedding model beside them (it needs more than the half of what is over).
        server = self.serve("--models-memory", str(2 * need + 60))
        self.chat(server, SECOND, 1)
        with concurrent.futures.ThreadPoolExecutor(1) as people:
            long_one = people.submit(self.chat, server, SECOND, 200, ignore_eos=True)
            while server.metrics()[f'croft_requests_running{{model="{SECOND}"}}'] == 0:
                time.sleep(0.01)
            status, headers, data = server.request("POST", "/v1/embeddings", {"model": EMBEDDER, "input": "x"})
            if not long_one.done():
                self.assertEqual(status, 503, data)
                self.assertIn("MiB", json.loads(data)["error"]["message"])
                self.assertGreater(int(headers["retry-after"]), 0)
            self.assertEqual(long_one.result(120)["usage"]["completion_tokens"], 200)
        # The answer leaves a moment before its model is free: 503 until then, as a client would see it.
        deadline = time.monotonic() + 10
        while True:
            status, _, data = server.request("POST", "/v1/embeddings", {"model": EMBEDDER, "input": "x"})
            if status != 503 or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self.assertEqual(status, 200, data)
        self.assertEqual(self.states(server), {harness.DEFAULT_MODEL: "loaded", EMBEDDER: "loaded", SECOND: "unloaded"})

    def test_a_broken_file_is_told_and_not_tried_all_the_time(self):
        broken = self.second_path.parent / "broken.gguf"
        broken.write_bytes(file_of_default_model().read_bytes())
        server = self.serve("--also", str(broken))
        os.truncate(broken, 50 * 2**20)  # after the start has seen a whole file
        for _ in range(3):
            status, headers, data = server.request("POST", "/v1/completions", {"model": "broken", "prompt": "x"})
            self.assertEqual(status, 503, data)
            self.assertIn("broken could not be loaded", json.loads(data)["error"]["message"])
            self.assertIn("retry-after", headers)
        self.assertEqual(server.metrics()['croft_model_loads_total{model="broken",outcome="failed"}'], 1)
        self.assertEqual(self.chat(server, harness.DEFAULT_MODEL)["model"], harness.DEFAULT_MODEL)

    def test_who_leaves_while_it_loads_leaves_nothing(self):
        server = self.serve("--keep-alive", "0")
        body = json.dumps({"model": SECOND, "prompt": "x", "max_tokens": 500, "ignore_eos": True}).encode()
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port)) as gone:
                gone.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: {server.address}\r\n"
                             f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                time.sleep(0.05)
        self.wait_until_unloaded(server, SECOND)
        self.assertEqual(server.metrics()[f'croft_model_waiting{{model="{SECOND}"}}'], 0)

    def test_terminated_it_lets_all_of_them_finish(self):
        server = self.serve("--drain", "60")
        self.chat(server, SECOND, 1)
        with concurrent.futures.ThreadPoolExecutor(2) as people:
            answers = [people.submit(self.chat, server, name, 60, ignore_eos=True) for name in (harness.DEFAULT_MODEL, SECOND)]
            server.wait_for_metric("croft_requests_running", 2)
            server.process.send_signal(signal.SIGTERM)
            for answer in answers:
                self.assertEqual(answer.result(60)["usage"]["completion_tokens"], 60)
        self.assertEqual(server.process.wait(60), 0)

    def test_what_cannot_be_is_told_at_the_start(self):
        def refused(*flags):
            done = harness.run("serve", "--model", harness.DEFAULT_MODEL, "--port", "0", *flags, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            return done.stderr.decode()

        self.assertIn("no-such-model", refused("--also", "no-such-model"))
        self.assertIn("two models would be served as", refused("--also", harness.DEFAULT_MODEL))
        self.assertIn("none of the models served", refused("--also", EMBEDDER, "--pin", "other"))
        self.assertRegex(refused("--also", EMBEDDER, "--models-memory", "20"), r"about \d+ MiB and the budget is 20 MiB")
        self.assertIn("keep-alive", refused("--also", EMBEDDER, "--keep-alive", "-2"))
        text_file = self.second_path.parent / "notes.gguf"
        text_file.write_text("not a model")
        self.assertIn("notes.gguf", refused("--also", str(text_file)))


if __name__ == "__main__":
    harness.main()
