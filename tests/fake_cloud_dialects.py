"""How the fake cloud writes: whole answers, streams frame by frame, and errors, in three dialects.

A writer belongs to one answer. `frames` yields `Frame`s: the bytes of one event and how many tokens of the answer it holds.
"""
import dataclasses
import datetime
import json

import fake_cloud_checks
from fake_cloud_text import call_tokens, pieces

NANOSECONDS_PER_TOKEN = 1_000_000


@dataclasses.dataclass(frozen=True)
class Frame:
    data: bytes
    tokens: int = 0


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sse(value, event=None):
    return (b"event: %b\n" % event.encode() if event else b"") + b"data: " + compact(value) + b"\n\n"


def stamp(unix_seconds):
    return datetime.datetime.fromtimestamp(unix_seconds, datetime.timezone.utc).isoformat().replace("+00:00", "Z")


class OpenAi:
    name, path, streams = "openai", "/v1/chat/completions", "text/event-stream; charset=utf-8"
    check = staticmethod(fake_cloud_checks.check_openai)
    finishes = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tool": "tool_calls", "filter": "content_filter"}
    kinds = {400: "invalid_request_error", 401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error",
             429: "requests"}
    codes = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}

    def __init__(self, number, created, asked, with_usage=True):
        self.id, self.created, self.asked, self.with_usage = f"chatcmpl-fake{number:06d}", created, asked, with_usage

    @classmethod
    def error(cls, status, message, kind="", param=None):
        return {"error": {"message": message, "type": cls.kinds.get(status, "server_error"), "param": param,
                          "code": kind or cls.codes.get(status)}}

    def base(self, kind):
        return {"id": self.id, "object": kind, "created": self.created, "model": self.asked.model, "service_tier": "default",
                "system_fingerprint": "fp_fake"}

    def usage(self, answer):
        prompt, completion = answer.prompt_tokens, answer.completion_tokens
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
                "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}

    @staticmethod
    def call(call):
        return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}

    def whole(self, answer):
        message = {"role": "assistant", "content": None if answer.calls else answer.text, "refusal": None}
        if answer.calls:
            message["tool_calls"] = [self.call(call) for call in answer.calls]
        found = self.base("chat.completion")
        found["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": self.finishes[answer.finish]}]
        if self.with_usage:
            found["usage"] = self.usage(answer)
        return found

    def chunk(self, delta, tokens=0, finish=None):
        found = self.base("chat.completion.chunk")
        found["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        if self.asked.tell_usage and self.with_usage:
            found["usage"] = None
        return Frame(sse(found), tokens)

    def piece(self, text):
        return self.chunk({"content": text}, 1)

    def frames(self, answer):
        yield self.chunk({"role": "assistant", "content": None if answer.calls else "", "refusal": None})
        for text in answer.pieces:
            yield self.piece(text)
        for index, call in enumerate(answer.calls):
            first = self.call(call) | {"index": index}
            arguments, first["function"]["arguments"] = first["function"]["arguments"], ""
            yield self.chunk({"tool_calls": [first]}, len(pieces(call.name)))
            for text in pieces(arguments):
                yield self.chunk({"tool_calls": [{"index": index, "function": {"arguments": text}}]}, 1)
        yield self.chunk({}, finish=self.finishes[answer.finish])
        if self.asked.tell_usage and self.with_usage:
            yield Frame(sse(self.base("chat.completion.chunk") | {"choices": [], "usage": self.usage(answer)}))
        yield Frame(b"data: [DONE]\n\n")

    def broken_off(self):
        return Frame(sse({"error": {"message": "The server had an error while processing your request.", "type": "server_error",
                                    "param": None, "code": None}}))


class Anthropic:
    name, path, streams = "anthropic", "/v1/messages", "text/event-stream; charset=utf-8"
    check = staticmethod(fake_cloud_checks.check_anthropic)
    finishes = {"stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "tool": "tool_use", "filter": "refusal"}
    kinds = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
             413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error", 503: "overloaded_error"}

    def __init__(self, number, created, asked, with_usage=True):
        self.id, self.asked, self.with_usage = f"msg_fake{number:06d}", asked, with_usage

    @classmethod
    def error(cls, status, message, kind="", param=None):
        return {"type": "error", "error": {"type": cls.kinds.get(status, "api_error"), "message": message}}

    def usage(self, answer, completion):
        return {"input_tokens": answer.prompt_tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "output_tokens": completion}

    @staticmethod
    def use(call, arguments):
        return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}

    def message(self, answer, content, finish, completion):
        found = {"id": self.id, "type": "message", "role": "assistant", "model": self.asked.model, "content": content,
                 "stop_reason": finish and self.finishes[finish], "stop_sequence": answer.stop_matched if finish else None}
        return found | ({"usage": self.usage(answer, completion)} if self.with_usage else {})

    def whole(self, answer):
        content = [self.use(call, call.arguments) for call in answer.calls]
        if answer.pieces:
            content.insert(0, {"type": "text", "text": answer.text})
        return self.message(answer, content, answer.finish, answer.completion_tokens)

    @staticmethod
    def event(kind, tokens=0, **fields):
        return Frame(sse({"type": kind, **fields}, kind), tokens)

    def piece(self, text, index=0):
        return self.event("content_block_delta", 1, index=index, delta={"type": "text_delta", "text": text})

    def frames(self, answer):
        yield self.event("message_start", message=self.message(answer, [], None, 1))
        yield self.event("ping")
        if answer.pieces:
            yield self.event("content_block_start", index=0, content_block={"type": "text", "text": ""})
            for text in answer.pieces:
                yield self.piece(text)
            yield self.event("content_block_stop", index=0)
        for index, call in enumerate(answer.calls, start=bool(answer.pieces)):
            yield self.event("content_block_start", len(pieces(call.name)), index=index, content_block=self.use(call, {}))
            for text in pieces(json.dumps(call.arguments)):
                yield self.event("content_block_delta", 1, index=index, delta={"type": "input_json_delta", "partial_json": text})
            yield self.event("content_block_stop", index=index)
        end = {"delta": {"stop_reason": self.finishes[answer.finish], "stop_sequence": answer.stop_matched}}
        if self.with_usage:
            end["usage"] = {"output_tokens": answer.completion_tokens}
        yield self.event("message_delta", **end)
        yield self.event("message_stop")

    def broken_off(self):
        return self.event("error", error={"type": "overloaded_error", "message": "Overloaded"})


class Ollama:
    name, path, streams = "ollama", "/api/chat", "application/x-ndjson"
    check = staticmethod(fake_cloud_checks.check_ollama)

    def __init__(self, number, created, asked, with_usage=True):
        self.created, self.asked, self.with_usage = created, asked, with_usage

    @classmethod
    def error(cls, status, message, kind="", param=None):
        return {"error": message}

    def line(self, message, done=False):
        return {"model": self.asked.model, "created_at": stamp(self.created), "message": message, "done": done}

    @staticmethod
    def calls(answer):
        return [{"function": {"name": call.name, "arguments": call.arguments}} for call in answer.calls]

    def totals(self, answer):
        prompt, completion = answer.prompt_tokens, answer.completion_tokens
        found = {"done_reason": "length" if answer.finish == "length" else "stop",
                 "total_duration": (prompt + completion) * NANOSECONDS_PER_TOKEN, "load_duration": 0,
                 "prompt_eval_duration": prompt * NANOSECONDS_PER_TOKEN, "eval_duration": completion * NANOSECONDS_PER_TOKEN}
        return found | ({"prompt_eval_count": prompt, "eval_count": completion} if self.with_usage else {})

    def whole(self, answer):
        message = {"role": "assistant", "content": answer.text} | ({"tool_calls": self.calls(answer)} if answer.calls else {})
        return self.line(message, done=True) | self.totals(answer)

    def piece(self, text):
        return Frame(compact(self.line({"role": "assistant", "content": text})) + b"\n", 1)

    def frames(self, answer):
        for text in answer.pieces:
            yield self.piece(text)
        if answer.calls:
            yield Frame(compact(self.line({"role": "assistant", "content": "", "tool_calls": self.calls(answer)})) + b"\n",
                        sum(call_tokens(call) for call in answer.calls))
        yield Frame(compact(self.line({"role": "assistant", "content": ""}, done=True) | self.totals(answer)) + b"\n")

    def broken_off(self):
        return Frame(compact({"error": "an error was encountered while running the model"}) + b"\n")


DIALECTS = {dialect.path: dialect for dialect in (OpenAi, Anthropic, Ollama)}
