#!/usr/bin/env python3
"""Goal: programs written for OpenAI work unchanged. Method: the real `openai` package talks to a real `croft serve`
with the default model; figures (log-probabilities, usage, seeds) are checked against each other and against HTTP's own view.
"""
import math
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

try:
    import openai
except ImportError:
    print("skipped: the openai package is not installed (./check puts it into build/venv)")
    sys.exit(harness.EXIT_SKIPPED)

CONTEXT = 512
QUESTION = [{"role": "user", "content": "Name the capital of Italy."}]


def client_of(server, key="unused"):
    return openai.OpenAI(base_url=server.base_url + "/v1", api_key=key, max_retries=0, timeout=120)


class OpenAiCase(harness.ServerCase):
    flags = ("--context", str(CONTEXT), "--parallel", "4")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = client_of(cls.server)
        cls.name = cls.client.models.list().data[0].id

    def chat(self, **fields):
        return self.client.chat.completions.create(**{"model": self.name, "messages": QUESTION, "temperature": 0,
                                                      "max_completion_tokens": 24, **fields})

    def complete(self, **fields):
        return self.client.completions.create(**{"model": self.name, "temperature": 0, "max_tokens": 12, **fields})


class ChatTest(OpenAiCase):
    def test_answer_has_every_field(self):
        answer = self.chat()
        choice = answer.choices[0]
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(choice.message.role, "assistant")
        self.assertIn("Rome", choice.message.content)
        self.assertEqual(choice.finish_reason, "stop")
        self.assertIsNone(choice.logprobs)
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertGreater(answer.usage.prompt_tokens, 10)

    def test_stream_gives_the_same_text(self):
        whole = self.chat().choices[0].message.content
        chunks = list(self.chat(stream=True))
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), whole)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual([chunk.choices[0].finish_reason for chunk in chunks], [None] * (len(chunks) - 1) + ["stop"])
        self.assertEqual(len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}), 1)
        self.assertTrue(all(chunk.usage is None for chunk in chunks))

    def test_usage_in_a_stream_only_when_asked_for(self):
        chunks = list(self.chat(stream=True, stream_options={"include_usage": True}))
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage, self.chat().usage)
        self.assertTrue(all(chunk.usage is None for chunk in chunks[:-1]))

    def test_logprobs_and_alternatives(self):
        choice = self.chat(logprobs=True, top_logprobs=5).choices[0]
        text = b""
        for entry in choice.logprobs.content:
            self.assertEqual(len(entry.top_logprobs), 5)
            values = [other.logprob for other in entry.top_logprobs]
            self.assertEqual(values, sorted(values, reverse=True))
            self.assertEqual(entry.top_logprobs[0].token, entry.token, "greedy takes the best token")
            self.assertLessEqual(sum(map(math.exp, values)), 1.0001)
            text += bytes(entry.bytes)
        self.assertTrue(text.decode().startswith(choice.message.content))

    def test_logprobs_of_a_stream_equal_those_of_the_whole(self):
        whole = self.chat(logprobs=True, top_logprobs=2).choices[0].logprobs.content
        streamed = [entry for chunk in self.chat(stream=True, logprobs=True, top_logprobs=2)
                    if chunk.choices and chunk.choices[0].logprobs for entry in chunk.choices[0].logprobs.content]
        self.assertEqual([entry.token for entry in streamed], [entry.token for entry in whole])
        for one, other in zip(streamed, whole):
            self.assertAlmostEqual(one.logprob, other.logprob, delta=1e-4)

    def test_several_choices(self):
        answer = self.chat(n=2, temperature=1.0, seed=7, max_completion_tokens=12)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1])
        seen = {choice.index for chunk in self.chat(n=2, stream=True, max_completion_tokens=4) for choice in chunk.choices}
        self.assertEqual(seen, {0, 1})

    def test_seed_decides_the_text(self):
        ask = [{"role": "user", "content": "Write a line about the sea."}]
        texts = [self.chat(messages=ask, temperature=1.0, seed=seed).choices[0].message.content for seed in (11, 11, 12, 13)]
        self.assertEqual(texts[0], texts[1])
        self.assertGreater(len(set(texts)), 1)

    def test_stop_string_is_left_out(self):
        whole = self.chat(messages=[{"role": "user", "content": "Count from 1 to 9, separated by commas."}])
        text = whole.choices[0].message.content
        stop = text[4:6]
        for answer in (self.chat(messages=[{"role": "user", "content": "Count from 1 to 9, separated by commas."}], stop=stop),
                       self.chat(messages=[{"role": "user", "content": "Count from 1 to 9, separated by commas."}],
                                 stop=["never said", stop])):
            self.assertEqual(answer.choices[0].message.content, text[:text.index(stop)])
            self.assertEqual(answer.choices[0].finish_reason, "stop")

    def test_length_ends_an_answer(self):
        answer = self.chat(max_completion_tokens=2)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.usage.completion_tokens, 2)

    def test_logit_bias_forbids_a_token(self):
        token = self.chat(logprobs=True).choices[0].logprobs.content[0].token
        ids = self.server.post("/tokenize", {"content": token, "add_special": False})["tokens"]
        self.assertEqual(len(ids), 1)
        first = self.chat(logprobs=True, logit_bias={str(ids[0]): -100}).choices[0].logprobs.content[0]
        self.assertNotEqual(first.token, token)

    def test_content_parts_and_developer_role(self):
        parts = [{"role": "developer", "content": [{"type": "text", "text": "Answer briefly."}]},
                 {"role": "user", "content": [{"type": "text", "text": "Name the capital "}, {"type": "text", "text": "of France."}]}]
        same = [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": "Name the capital of France."}]
        self.assertEqual(self.chat(messages=parts).choices[0].message.content, self.chat(messages=same).choices[0].message.content)


class CompletionTest(OpenAiCase):
    def test_echo_with_logprobs_scores_the_prompt(self):
        prompt = "The capital of France is"
        answer = self.complete(prompt=prompt, echo=True, logprobs=2, max_tokens=3).choices[0]
        self.assertTrue(answer.text.startswith(prompt))
        logprobs = answer.logprobs
        self.assertEqual("".join(logprobs.tokens), answer.text)
        self.assertIsNone(logprobs.token_logprobs[0])
        self.assertTrue(all(value <= 0 for value in logprobs.token_logprobs[1:]))
        self.assertEqual(len(logprobs.top_logprobs), len(logprobs.tokens))
        self.assertEqual(logprobs.text_offset[0], 0)
        self.assertEqual(logprobs.text_offset, sorted(logprobs.text_offset))

    def test_scoring_alone(self):
        answer = self.complete(prompt="One two three four", echo=True, logprobs=0, max_tokens=0)
        self.assertEqual(answer.choices[0].text, "One two three four")
        self.assertEqual(answer.usage.completion_tokens, 0)

    def test_prompt_as_token_ids_and_as_a_list(self):
        text = "The capital of France is"
        ids = self.server.post("/tokenize", {"content": text, "add_special": True})["tokens"]
        self.assertEqual(self.complete(prompt=ids).choices[0].text, self.complete(prompt=text).choices[0].text)
        answer = self.complete(prompt=[text, "Two plus two is"], max_tokens=4)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1])
        self.assertEqual(answer.choices[0].text, self.complete(prompt=text, max_tokens=4).choices[0].text)

    def test_stream(self):
        whole = self.complete(prompt="Once upon a time").choices[0].text
        chunks = list(self.complete(prompt="Once upon a time", stream=True))
        self.assertEqual("".join(chunk.choices[0].text for chunk in chunks if chunk.choices), whole)
        self.assertEqual(chunks[0].object, "text_completion")

    def test_unicode_is_never_cut(self):
        answer = self.complete(prompt="Emoji: 🎉🎊🎈 and 日本語:", stream=True, max_tokens=40, temperature=1.0, seed=3)
        text = "".join(chunk.choices[0].text for chunk in answer if chunk.choices)
        text.encode("utf-8")  # lone surrogates would raise


class ErrorTest(OpenAiCase):
    def assert_refused(self, param, **fields):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(**fields)
        self.assertEqual(caught.exception.type, "invalid_request_error")
        self.assertEqual(caught.exception.param, param)
        return caught.exception

    def test_bad_fields_are_named(self):
        for param, value in (("temperature", 9), ("temperature", -1), ("top_p", 2), ("n", 0), ("n", 1000), ("presence_penalty", 3),
                             ("frequency_penalty", -3), ("max_completion_tokens", -1), ("stop", ["x"] * 5), ("seed", "seven"),
                             ("top_logprobs", 21), ("logit_bias", {"1": 1000}), ("messages", []), ("messages", "hello")):
            with self.subTest(param=param, value=value):
                fields = {"logprobs": True} if param == "top_logprobs" else {}
                self.assert_refused(param, **fields, **{param: value})

    def test_known_but_unsupported_fields_are_refused(self):
        self.assert_refused("audio", extra_body={"audio": {"voice": "alloy", "format": "wav"}})
        self.assert_refused("response_format", response_format={"type": "json_schema", "json_schema": {
            "name": "x", "strict": True, "schema": {"type": "object"}}})

    def test_unknown_fields_are_listed(self):
        answer = self.chat(extra_body={"no_such_field": 1})
        self.assertTrue(any("no_such_field" in str(warning) for warning in answer.model_extra["warnings"]), answer.model_extra)

    def test_too_long_a_prompt(self):
        words = "word " * (CONTEXT + 100)
        error = self.assert_refused("messages", messages=[{"role": "user", "content": words}])
        self.assertEqual(error.code, "context_length_exceeded")
        self.assertIn(str(CONTEXT), error.message)
        numbers = [int(number) for number in re.findall(r"\d+", error.message)]
        self.assertTrue(any(number > CONTEXT for number in numbers), error.message)

    def test_unknown_model(self):
        # One server serves one model: `model` in a request is recorded, and any name reaches it.
        self.assertEqual(self.chat(model="gpt-4o").model, self.name)
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.models.retrieve("no-such-model")
        self.assertEqual(caught.exception.code, "model_not_found")

    def test_models(self):
        model = self.client.models.retrieve(self.name)
        self.assertEqual((model.id, model.object), (self.name, "model"))


class ConcurrencyTest(OpenAiCase):
    # A hundred of these clients take seconds to come into being: no burst, but more than the server can answer by then.
    flags = (*OpenAiCase.flags, "--queue-wait", "0")

    def test_leaving_frees_the_slot(self):
        stream = self.chat(messages=[{"role": "user", "content": "Tell a very long story."}], stream=True,
                           max_completion_tokens=400, extra_body={"ignore_eos": True})
        for count, _ in enumerate(stream):
            if count == 3:
                break
        self.assertEqual(self.server.metric("croft_requests_running"), 1)
        before = time.monotonic()
        stream.close()
        self.server.wait_for_metric("croft_requests_running", 0, seconds_max=2)
        self.assertLess(time.monotonic() - before, 2)

    def test_a_hundred_streams_at_once(self):
        texts, failures = {}, []

        def ask(number):
            try:
                chunks = list(client_of(self.server).chat.completions.create(
                    model=self.name, messages=QUESTION, temperature=0, max_completion_tokens=6, stream=True))
                self.assertIsNotNone(chunks[-1].choices[0].finish_reason)
                texts[number] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            except Exception as error:  # noqa: BLE001: reported below, from the main thread
                failures.append(repr(error))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(set(texts.values()), {self.chat(max_completion_tokens=6).choices[0].message.content},
                         "a batch gives what a single request gives")


class EmbeddingTest(harness.ServerCase):
    model = harness.EMBEDDING_MODEL

    def test_float_and_base64_agree(self):
        client = client_of(self.server)
        name = client.models.list().data[0].id
        texts = ["A man is playing a guitar.", "", "日本語"]
        default = client.embeddings.create(model=name, input=texts)  # the client asks for base64
        plain = client.embeddings.create(model=name, input=texts, encoding_format="float")
        self.assertEqual([item.index for item in plain.data], [0, 1, 2])
        for one, other in zip(default.data, plain.data):
            self.assertEqual(len(one.embedding), 384)
            self.assertAlmostEqual(sum(x * x for x in other.embedding), 1.0, places=4)
            self.assertLess(max(abs(x - y) for x, y in zip(one.embedding, other.embedding)), 1e-6)
        self.assertEqual(plain.usage.prompt_tokens, plain.usage.total_tokens)

    def test_token_ids(self):
        client = client_of(self.server)
        name = client.models.list().data[0].id
        text = "A man is playing a guitar."
        ids = self.server.post("/tokenize", {"content": text, "add_special": True})["tokens"]
        vectors = [client.embeddings.create(model=name, input=given).data[0].embedding for given in (text, ids, [ids])]
        self.assertEqual(vectors[1], vectors[2])
        self.assertLess(max(abs(x - y) for x, y in zip(vectors[0], vectors[1])), 1e-6)

    def test_refusals(self):
        client = client_of(self.server)
        name = client.models.list().data[0].id
        for param, fields in (("dimensions", {"dimensions": 7}), ("input", {"input": []}), ("encoding_format", {"encoding_format": "hex"})):
            with self.subTest(param=param), self.assertRaises(openai.BadRequestError) as caught:
                client.embeddings.create(**{"model": name, "input": "x", **fields})
            self.assertEqual(caught.exception.param, param)
        with self.assertRaises(openai.BadRequestError):
            client.chat.completions.create(model=name, messages=QUESTION)


if __name__ == "__main__":
    harness.main()
