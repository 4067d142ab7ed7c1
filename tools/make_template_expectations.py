#!/usr/bin/env python3
"""Writes tests/data/templates_expected.json: what Python Jinja2 makes of chat templates.

Two parts: `features`, small templates for one feature of the language each (tests/data/template_features.json), with
their whole output or the fact that Python refuses them; `golden`, the hash of each published template's output on
each conversation of `CASES`. Run: tools/make_template_expectations.py [FOLDER_OF_TEMPLATES]
"""
import datetime
import hashlib
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = {"type": "function", "function": {
    "name": "get_weather", "description": "Weather \u00e9 of a <city> & more",
    "parameters": {"type": "object", "required": ["city"],
                   "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "call00001", "type": "function",
     "function": {"name": "get_weather", "arguments": {"city": "Lom\u00e9", "days": 2}}}]}
USER = {"role": "user", "content": "  How is it there?\nTell me. "}
RESULT = {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "21 C"}
CASES = {
    "plain": {"messages": [USER]},
    "system": {"messages": [{"role": "system", "content": "Be brief."}, USER]},
    "turns": {"messages": [USER, {"role": "assistant", "content": "Warm."},
                           {"role": "user", "content": "And then? {{ 1 }}"}]},
    "tools": {"messages": [USER], "tools": [TOOL]},
    "result": {"messages": [USER, CALL, RESULT], "tools": [TOOL]},
    "think": {"messages": [USER, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes."}, USER],
              "enable_thinking": False},
    "unknown role": {"messages": [USER, {"role": "wizard", "content": "Hm."}]},
}
CONTEXT = {
    "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "date_string": "21 Nov 2026",
    "messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "H\u00e9llo <b>w\u00f6rld</b>\n"},
                 {"role": "assistant", "content": None}],
    "tools": [TOOL], "n": 7, "x": -2.5, "s": "  abc D\u00c9F \u00df ", "l": [3, 1, 2], "d": {"b": 1, "a": [1, "two", None]},
    "u": [{"name": "Bob", "age": 30, "city": {"zip": "b"}}, {"name": "al", "age": 5, "city": {"zip": "A"}},
          {"name": "Cy", "age": 30}],
    "empty": [], "t": "a,b,,c", "text": "line one\n\nline  two\r\nthree", "flag": False, "nothing": None,
}


class Generation(jinja2.ext.Extension):
    """transformers' {% generation %}: a block that only marks what the assistant wrote."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, Generation])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime(2026, 11, 21).strftime(form)
    return env


def expect(env, source, context):
    """{"output"} or {"error": what was raised}; `raised`: raise_exception's own message."""
    try:
        return {"output": env.from_string(source).render(**context)}
    except jinja2.exceptions.TemplateError as e:
        return {"error": str(e), "raised": type(e) is jinja2.exceptions.TemplateError}
    except Exception as e:
        return {"error": f"{type(e).__name__}: {e}", "raised": False}


def golden(env, folder):
    out = {}
    common = {k: CONTEXT[k] for k in ("add_generation_prompt", "bos_token", "eos_token", "date_string")}
    for path in sorted(folder.glob("*.jinja")):
        for name, case in CASES.items():
            result = expect(env, path.read_text(encoding="utf-8"), {**common, **case})
            if "output" in result:
                data = result["output"].encode()
                result = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            out[f"{path.name} {name}"] = result
    return out


def main():
    env = environment()
    features = json.loads((ROOT / "tests/data/template_features.json").read_text(encoding="utf-8"))
    rows = [{"template": source, **expect(env, source, CONTEXT)} for source in features]
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "../shared/golden/templates")
    data = {"context": CONTEXT, "cases": CASES, "features": rows, "golden": golden(env, folder)}
    target = ROOT / "tests/data/templates_expected.json"
    target.write_text(json.dumps(data, ensure_ascii=True, indent=0) + "\n", encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(rows)} features, {len(data['golden'])} golden")


if __name__ == "__main__":
    main()
