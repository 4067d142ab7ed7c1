"""What the fake cloud answers: a deterministic text or tool calls, from what was asked in any dialect.

The answer repeats the last user message, or the tool's result after it, so that what a router hides or puts back shows up in it. A
tool is called when the request forces it, or when that user message has the tool's name in it; its arguments are an example of its schema with
the user's text in every free string. Tokens are counted by `pieces`: six letters or one sign, with the space before.
"""
import dataclasses
import json
import re

ECHO = "You said: "
PIECE = re.compile(r"\s*\w{1,6}|\s*[^\w\s]|\s+")
DEPTH_MAX = 32


class Refused(Exception):
    """A request that the fake turns down, as the real one would."""

    def __init__(self, status, message, *, kind="", param=None, headers=None):
        super().__init__(message)
        self.status, self.message, self.kind, self.param, self.headers = status, message, kind, param, headers or {}


@dataclasses.dataclass(frozen=True)
class Tool:
    name: str
    schema: dict


@dataclasses.dataclass
class Asked:
    """A checked request, the same for every dialect."""
    model: str
    texts: list               # all that counts as prompt
    last_said: str            # by the user, or by a tool
    stream: bool
    tools: list = dataclasses.field(default_factory=list)
    choice: str = "auto"      # auto, none, any, or a tool's name
    parallel: bool = True
    tokens_max: int | None = None
    stops: list = dataclasses.field(default_factory=list)
    schema: dict | None = None  # the answer is JSON of this schema
    tell_usage: bool = True
    after_tool: bool = False    # the last message is a tool's result


@dataclasses.dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: dict


@dataclasses.dataclass
class Answer:
    pieces: list
    calls: list
    finish: str               # stop, stop_sequence, length, tool, filter
    prompt_tokens: int
    stop_matched: str | None = None

    @property
    def text(self):
        return "".join(self.pieces)

    @property
    def completion_tokens(self):
        return len(self.pieces) + sum(call_tokens(call) for call in self.calls)


def pieces(text):
    return PIECE.findall(text)


def call_tokens(call):
    return len(pieces(call.name)) + len(pieces(json.dumps(call.arguments)))


def example_of(schema, text, depth=0):
    """A value that fits a JSON schema, as far as type, enum, const, properties, required, items and anyOf go."""
    if not isinstance(schema, dict) or depth > DEPTH_MAX:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return example_of(schema[key][0], text, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {name: example_of(inner, text, depth + 1) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema.get("items", {}), text, depth + 1)]
    return {"string": text, "integer": int(schema.get("minimum", 1)), "number": schema.get("minimum", 0.5),
            "boolean": True}.get(kind)


def example_or_refusal(schema, text):
    try:
        return example_of(schema, text)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        raise Refused(400, "Invalid schema: it is no JSON schema.") from None


def chosen_tools(asked):
    if not asked.tools or asked.choice == "none":
        return []
    if asked.choice not in ("auto", "any"):
        return [tool for tool in asked.tools if tool.name == asked.choice]
    named = [tool for tool in asked.tools if not asked.after_tool and re.search(rf"\b{re.escape(tool.name)}\b", asked.last_said)]
    if not named and asked.choice == "any":
        named = asked.tools[:1]
    return named if asked.parallel else named[:1]


def cut(text, asked):
    """(pieces, finish, matched stop string) of a text under the request's stop strings and its limit."""
    found = [(text.find(stop), stop) for stop in asked.stops if stop and stop in text]
    matched = None
    if found:
        at, matched = min(found)
        text = text[:at]
    parts = pieces(text)
    if asked.tokens_max is not None and len(parts) > asked.tokens_max:
        return parts[:asked.tokens_max], "length", None
    return parts, "stop_sequence" if matched else "stop", matched


def answer_to(asked, scripted, call_id):
    """`scripted`: the text to say instead of the echo, or None; `call_id`: gives the id of the next tool call."""
    prompt_tokens = sum(len(pieces(text)) for text in asked.texts)
    tools = chosen_tools(asked)
    if tools:
        calls = [Call(call_id(), tool.name, example_or_refusal(tool.schema, asked.last_said) or {}) for tool in tools]
        return Answer([], calls, "tool", prompt_tokens)
    text = ECHO + asked.last_said if scripted is None else scripted
    if asked.schema is not None and scripted is None:
        text = json.dumps(example_or_refusal(asked.schema, asked.last_said))
    parts, finish, matched = cut(text, asked)
    return Answer(parts, [], finish, prompt_tokens, matched)
