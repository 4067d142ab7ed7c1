#!/usr/bin/env python3
"""Goal: programs written for Anthropic's API work unchanged. Method: the real `anthropic` package talks to a real `croft serve` with the
default model; the same question over OpenAI's dialect must give the same words and counts.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

try:
    import anthropic
except ImportError:
    print("skipped: the anthropic package is not installed (./check puts it into build/venv)")
    sys.exit(harness.EXIT_SKIPPED)

GREEDY = {"temperature": 0}  # the package no longer has it as a parameter
QUESTION = [{"role": "user", "content": "Name the capital of Italy."}]


class AnthropicCase(harness.ServerCase):
    flags = ("--context", "512")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = anthropic.Anthropic(base_url=cls.server.base_url, api_key="unused", max_retries=0, timeout=120)

    def ask(self, **fields):
        return self.client.messages.create(**{"model": harness.DEFAULT_MODEL, "max_tokens": 24, "messages": QUESTION, "extra_body": GREEDY,
                                              **fields})

    def test_a_message_says_what_openai_s_dialect_says(self):
        message = self.ask()
        other = self.server.post("/v1/chat/completions", {"messages": QUESTION, "max_tokens": 24, "temperature": 0})
        self.assertEqual(message.content[0].text, other["choices"][0]["message"]["content"])
        self.assertEqual(message.usage.input_tokens, other["usage"]["prompt_tokens"])
        self.assertEqual(message.usage.output_tokens, other["usage"]["completion_tokens"])
        self.assertEqual(message.role, "assistant")
        self.assertIn(message.stop_reason, ("end_turn", "max_tokens"))

    def test_a_stream_adds_up_to_the_message(self):
        whole = self.ask()
        with self.client.messages.stream(model=harness.DEFAULT_MODEL, max_tokens=24, messages=QUESTION, extra_body=GREEDY) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(text, whole.content[0].text)
        self.assertEqual(final.content[0].text, text)
        self.assertEqual(final.stop_reason, whole.stop_reason)
        self.assertEqual(final.usage.output_tokens, whole.usage.output_tokens)

    def test_system_and_stop_sequences_are_honoured(self):
        both = self.ask(system="Answer in one word.", messages=[{"role": "user", "content": [{"type": "text", "text": "Say: a b c"}]}])
        other = self.server.post("/v1/chat/completions", {
            "messages": [{"role": "system", "content": "Answer in one word."}, {"role": "user", "content": "Say: a b c"}],
            "max_tokens": 24, "temperature": 0})
        self.assertEqual(both.content[0].text, other["choices"][0]["message"]["content"])
        cut = self.ask(stop_sequences=["Rome"])
        self.assertNotIn("Rome", "".join(block.text for block in cut.content))

    def test_errors_are_of_the_package_s_kinds(self):
        with self.assertRaises(anthropic.BadRequestError) as caught:
            self.ask(max_tokens=0)
        self.assertIn("max_tokens", str(caught.exception))
        with self.assertRaises(anthropic.BadRequestError):
            self.ask(messages=[{"role": "user", "content": "word " * 2000}])
        with self.assertRaises(anthropic.BadRequestError):
            self.ask(tools=[{"name": "x", "description": "y", "input_schema": {"type": "object"}}])


if __name__ == "__main__":
    harness.main()
