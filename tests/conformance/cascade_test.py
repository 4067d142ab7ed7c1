#!/usr/bin/env python3
"""Goal: a cascade keeps what its calibration promises: it serves the local answer where that is good enough, escalates where it is
not, sends nothing that it would have to withdraw, and stops trusting a calibration that is not its own or no longer holds.
Method: a real local model judged by a calibration made from rows with a known rule (answers whose mean log-probability is above a
line are good), a fake cloud behind it.
"""
import contextlib
import json
import pathlib
import random
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness
from fake_cloud import FakeCloud
from route_test import Routed, model, openai_text, route, upstream

SURE = "Repeat exactly, and write nothing else: one two three four five six seven eight nine ten"
UNSURE = "Invent a strange name for a new colour and a story about it."
LINES = {"end": -0.35, "early": -0.6}  # of the mean log-probability


def labelled(meta, decide="end"):
    """Rows of a world in which the mean log-probability says it all, but for a few in a hundred."""
    chance = random.Random(5)
    rows = [json.dumps({"meta": meta})]
    for number in range(1200):
        mean = -chance.random() * 1.2
        good = (mean > LINES[decide]) != (chance.random() < 0.01)
        features = {"logprob_mean": mean}
        points = {"end": features} if decide == "end" else {"early": features, "end": {"logprob_mean": mean}}
        rows.append(json.dumps({"id": f"r{number}", "acceptable": good, "features": points}))
    return "\n".join(rows) + "\n"


class Stopping(Routed):
    close = Routed.stop


class CascadeCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require_model(harness.DEFAULT_MODEL)
        cls.stack = contextlib.ExitStack()
        cls.folder = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="croft-test-")))
        question = cls.folder / "question.jsonl"
        question.write_text(json.dumps({"prompt": "Hi", "expected": "x"}) + "\n")
        made = harness.run("route", "label", "--model", harness.DEFAULT_MODEL, "--max-tokens", "4", "--early-tokens", "6", question)
        assert made.returncode == 0, made.stderr
        cls.meta = json.loads(made.stdout.splitlines()[0])["meta"]
        cls.end = cls.calibrate("end.json", cls.meta)
        cls.early = cls.calibrate("early.json", cls.meta, "early")
        cls.foreign = cls.calibrate("foreign.json", {**cls.meta, "model_digest": "0" * 64})
        cls.cloud = cls.stack.enter_context(FakeCloud())
        local = {"local": [harness.DEFAULT_MODEL], "cloud": ["big"]}
        toml = upstream("cloud", cls.cloud, "openai") + model("big", "cloud", "any/good")
        toml += route("croft/end", "cascade", calibration=str(cls.end), **local)
        toml += route("croft/early", "cascade", calibration=str(cls.early), commit="prefix", **local)
        toml += route("croft/foreign", "cascade", calibration=str(cls.foreign), **local)
        toml += route("croft/eager", "cascade", calibration=str(cls.end), speculative=True, **local)
        toml += route("croft/shadow", "cascade", calibration=str(cls.end), shadow=1, **local)
        toml += route("croft/sampled", "cascade", calibration=str(cls.end), samples=3, **local)
        cls.toml = toml
        cls.routed = Routed(toml)
        cls.stack.callback(cls.routed.stop)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    @classmethod
    def calibrate(cls, name, meta, decide="end"):
        rows = cls.folder / (name + "l")
        rows.write_text(labelled(meta, decide))
        made = harness.run("route", "calibrate", "--max-worse", "5%", "--confidence", "95%", "--decide-at", decide,
                           "--out", cls.folder / name, rows)
        assert made.returncode == 0, made.stderr.decode()
        return cls.folder / name

    def setUp(self):
        self.cloud.reset()

    def ask(self, name, content, **fields):
        return self.routed.chat(name, content, temperature=0, max_tokens=40, route_trace=True, **fields)

    def test_a_sure_answer_stays_and_an_unsure_one_goes(self):
        for name in ("croft/end", "croft/early"):
            with self.subTest(route=name):
                _, headers, answer = self.ask(name, SURE)
                self.assertEqual(headers["x-croft-model"], harness.DEFAULT_MODEL, answer["route_trace"])
                judged = answer["route_trace"]["confidence"][-1]
                self.assertGreaterEqual(judged["probability"], judged["threshold"])
                self.assertEqual(self.cloud.exchanges, [])
                _, headers, answer = self.ask(name, UNSURE)
                self.assertEqual(headers["x-croft-model"], "big", answer["route_trace"])
                self.assertEqual(headers["x-croft-escalated"], "true")
                judged = answer["route_trace"]["confidence"][-1]
                self.assertLess(judged["probability"], judged["threshold"])
                self.assertGreater(answer["route_trace"]["thrown_away_tokens"], 0)
                self.cloud.reset()

    def test_the_early_decision_saves_the_rest_of_the_local_answer(self):
        _, _, answer = self.ask("croft/early", UNSURE)
        self.assertEqual(answer["route_trace"]["confidence"][-1]["token"], self.meta["early_tokens"])
        self.assertLessEqual(answer["route_trace"]["thrown_away_tokens"], self.meta["early_tokens"] + 8)

    def test_no_token_is_sent_that_is_withdrawn(self):
        for name in ("croft/end", "croft/early", "croft/eager"):
            for content in (SURE, UNSURE):
                with self.subTest(route=name, content=content):
                    _, _, whole = self.ask(name, content)
                    _, headers, events = self.routed.stream(name, content, temperature=0, max_tokens=40)
                    self.assertEqual(openai_text(events), whole["choices"][0]["message"]["content"])
                    self.assertEqual(headers["x-croft-model"], whole["model"])
                    self.assertEqual(len({event["id"] for event in events if event != "[DONE]"}), 1)

    def test_a_prefix_is_streamed_before_the_end(self):
        started = time.monotonic()
        import http.client
        connection = http.client.HTTPConnection(self.routed.server.address, timeout=60)
        body = {"model": "croft/early", "stream": True, "temperature": 0, "max_tokens": 300, "ignore_eos": True,
                "messages": [{"role": "user", "content": SURE}]}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read(40)
        first = time.monotonic() - started
        response.read()
        self.assertLess(first, (time.monotonic() - started) / 2)
        connection.close()

    def test_a_calibration_of_another_model_is_not_trusted(self):
        _, headers, answer = self.ask("croft/foreign", SURE)
        self.assertEqual(headers["x-croft-model"], "big")
        self.assertIn("insufficient evidence", answer["route_trace"]["reason"])

    def test_a_sensitive_question_is_answered_locally_however_unsure(self):
        _, headers, _ = self.ask("croft/end", UNSURE + " My card is 4111 1111 1111 1111.")
        self.assertEqual(headers["x-croft-model"], harness.DEFAULT_MODEL)
        self.assertEqual(self.cloud.received(), b"")

    def test_samples_are_asked_only_where_they_matter(self):
        _, headers, _ = self.ask("croft/sampled", SURE)
        self.assertEqual(headers["x-croft-model"], harness.DEFAULT_MODEL)

    def test_a_cloud_that_fails_is_an_error_and_not_a_bad_answer(self):
        self.cloud.control(fault="500")
        try:
            status, _, answer = self.ask("croft/end", UNSURE)
            self.assertEqual(status, 502, answer)
        finally:
            self.cloud.control(fault=None)

    def test_z_shadow_answers_that_contradict_end_the_trust(self):
        self.cloud.control(answer="something entirely different")
        try:
            for _ in range(120):
                _, headers, answer = self.ask("croft/shadow", SURE)
                if headers["x-croft-model"] == "big":
                    break
            self.assertEqual(headers["x-croft-model"], "big", "the alarm must have been raised")
            self.assertIn("no longer holds", answer["route_trace"]["reason"])
            self.assertIn("no longer holds", self.routed.server.log())
        finally:
            self.cloud.control(answer=None)
        self.restarts_keep_the_alarm()

    def restarts_keep_the_alarm(self):
        self.assertEqual(self.routed.stop(), 0)
        watches = list(self.folder.glob("end.json.croft-shadow-*.drift"))
        self.assertEqual(len(watches), 1, "one watch has changed")
        kept = watches[0].read_text()
        for text, says in ((kept, "no longer holds"), (kept[:-20], "not valid JSON"), (kept.replace("shadow", "other"), "another route")):
            with self.subTest(says=says):
                watches[0].write_text(text)
                with contextlib.closing(Stopping(self.toml)) as routed:
                    _, headers, answer = routed.chat("croft/shadow", SURE, temperature=0, max_tokens=40, route_trace=True)
                    self.assertEqual(headers["x-croft-model"], "big", answer["route_trace"])
                    self.assertIn(says, answer["route_trace"]["reason"])
                    self.assertIn(says, routed.server.log())
                    _, headers, _ = routed.chat("croft/end", SURE, temperature=0, max_tokens=40)
                    self.assertEqual(headers["x-croft-model"], harness.DEFAULT_MODEL, "the others are not concerned")
                self.assertEqual(watches[0].read_text(), text, "what cannot be read is left for a person to see")
        watches[0].unlink()
        with contextlib.closing(Stopping(self.toml)) as routed:
            _, headers, _ = routed.chat("croft/shadow", SURE, temperature=0, max_tokens=40)
            self.assertEqual(headers["x-croft-model"], harness.DEFAULT_MODEL, "deleted: the watch begins anew")

    def test_prefix_needs_a_calibration_that_decides_early(self):
        toml = (upstream("cloud", self.cloud, "openai") + model("big", "cloud", "any/good")
                + route("r", "cascade", local=[harness.DEFAULT_MODEL], cloud=["big"], calibration=str(self.end), commit="prefix"))
        file = self.folder / "wrong.toml"
        file.write_text(toml)
        done = harness.run("serve", "--config", file, "--model", harness.DEFAULT_MODEL, "--port", "0", TEST_CLOUD_KEY="sk-fake")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("decide-at early", done.stderr.decode())


if __name__ == "__main__":
    harness.main()
