"""What the fake cloud accepts: bodies in OpenAI's, Anthropic's and Ollama's dialect become one `Asked`, or are refused.

As strict as the real ones where a gateway goes wrong: fields that do not exist, tool results without a call, calls without a
result, limits that are missing. Ollama ignores unknown fields, and so does this.
"""
import json

from fake_cloud_text import Asked, Refused, Tool

OPENAI_FIELDS = set("""messages model audio frequency_penalty function_call functions logit_bias logprobs
    max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key
    reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice
    tools top_logprobs top_p user verbosity web_search_options""".split())
ANTHROPIC_FIELDS = set("""model messages max_tokens container context_management mcp_servers metadata output_config service_tier
    stop_sequences stream system temperature thinking tool_choice tools top_k top_p""".split())
NOT_FAKED = {"openai": {"n": 1, "logprobs": False, "functions": None, "audio": None}, "anthropic": {"thinking": None}}


def need(condition, message, param=None, status=400):
    if not condition:
        raise Refused(status, message, param=param)


def refuse_what_is_not_faked(dialect, body):
    for name, neutral in NOT_FAKED[dialect].items():
        need(body.get(name, neutral) in (neutral, None), f"the fake cloud does not do {name}", name)


def number_in(body, name, low, high):
    value = body.get(name)
    need(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high),
         f"Invalid '{name}': expected a number from {low} to {high}.", name)
    return value


def positive(body, name, required=False):
    value = body.get(name)
    need(value is not None or not required, f"{name}: Field required", name)
    need(value is None or (type(value) is int and value >= 1), f"Invalid '{name}': expected an integer of at least 1.", name)
    return value


def flag(body, name, default):
    value = body.get(name, default)
    need(isinstance(value, bool), f"Invalid type for '{name}': expected a boolean.", name)
    return value


def text_of(content, where, kinds=("text",)):
    """The text of a string or of a list of parts; parts of other kinds than `text` count as their JSON."""
    if isinstance(content, str):
        return content
    need(isinstance(content, list) and content, f"Invalid type for '{where}': expected a string or a list of parts.", where)
    found = []
    for part in content:
        need(isinstance(part, dict) and part.get("type") in kinds, f"Invalid value: '{where}' has a part of unknown type.", where)
        if part["type"] == "text":
            need(isinstance(part.get("text"), str), f"Missing required parameter: '{where}.text'.", where)
        found.append(part["text"] if part["type"] == "text" else json.dumps(part))
    return "".join(found)


def messages_of(body, roles):
    messages = body.get("messages")
    need(isinstance(messages, list) and messages, "Invalid 'messages': expected a list with at least one message.", "messages")
    for index, message in enumerate(messages):
        need(isinstance(message, dict) and message.get("role") in roles,
             f"Invalid value: 'messages[{index}].role' is none of {', '.join(roles)}.", f"messages[{index}].role")
    return messages


def model_of(body):
    need(isinstance(body.get("model"), str) and body["model"], "you must provide a model parameter", "model")
    return body["model"]


def stops_of(body, name, single):
    value = body.get(name)
    value = [value] if single and isinstance(value, str) else value or []
    need(isinstance(value, list) and len(value) <= 4 and all(isinstance(stop, str) and stop for stop in value),
         f"Invalid '{name}': expected up to four strings.", name)
    return value


def function_tools(body):
    """OpenAI's and Ollama's form."""
    tools = body.get("tools") or []
    need(isinstance(tools, list), "Invalid type for 'tools': expected a list.", "tools")
    found = []
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        need(isinstance(function, dict) and isinstance(function.get("name"), str),
             f"Missing required parameter: 'tools[{index}].function.name'.", f"tools[{index}]")
        found.append(Tool(function["name"], function.get("parameters") or {}))
    return found


def tools_text(body):
    return [json.dumps(body["tools"])] if body.get("tools") else []


def known_choice(choice, tools):
    need(choice in ("auto", "none", "any") or choice in {tool.name for tool in tools},
         f"Tool choice '{choice}' not found in 'tools' parameter.", "tool_choice")
    need(choice in ("auto", "none") or tools, "'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    return choice


def openai_choice(body, tools):
    choice = body.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        need(choice.get("type") == "function" and isinstance(choice.get("function"), dict), "Invalid 'tool_choice'.", "tool_choice")
        choice = choice["function"].get("name")
    need(isinstance(choice, str), "Invalid 'tool_choice'.", "tool_choice")
    return known_choice("any" if choice == "required" else choice, tools)


def calls_of(message, where):
    calls = message.get("tool_calls") or []
    need(isinstance(calls, list), f"Invalid type for '{where}.tool_calls': expected a list.", where)
    return calls


def openai_texts(messages):
    """All that counts as prompt; refuses tool results without a call and calls without a result."""
    texts, waiting = [], set()
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if message["role"] == "tool":
            need(isinstance(message.get("tool_call_id"), str) and message["tool_call_id"] in waiting, f"Invalid parameter: {where} with role 'tool' must be a response to a "
                 "preceding message with 'tool_calls'.", where)
            waiting.remove(message["tool_call_id"])
        else:
            need(not waiting, f"An assistant message with 'tool_calls' must be followed by tool messages for {sorted(waiting)}.", where)
        calls = calls_of(message, where)
        for call in calls:
            function = call.get("function") if isinstance(call, dict) else None
            need(isinstance(function, dict) and isinstance(call.get("id"), str) and call.get("type") == "function"
                 and isinstance(function.get("name"), str) and isinstance(function.get("arguments"), str),
                 f"Invalid '{where}.tool_calls': id, type, function.name and function.arguments (a string) are needed.", where)
            waiting.add(call["id"])
            texts += [function["name"], function["arguments"]]
        if not (calls and message.get("content") is None):
            texts.append(text_of(message.get("content"), f"{where}.content", ("text", "image_url", "input_audio", "file", "refusal")))
    need(not waiting, f"An assistant message with 'tool_calls' must be followed by tool messages for {sorted(waiting)}.", "messages")
    return texts


def openai_schema(body):
    form = body.get("response_format") or {"type": "text"}
    need(isinstance(form, dict) and form.get("type") in ("text", "json_object", "json_schema"), "Invalid 'response_format'.",
         "response_format")
    if form["type"] == "json_schema":
        inner = form.get("json_schema")
        need(isinstance(inner, dict) and isinstance(inner.get("name"), str) and isinstance(inner.get("schema"), dict),
             "Missing required parameter: 'response_format.json_schema' needs name and schema.", "response_format")
        return inner["schema"]
    return {"type": "object", "properties": {"answer": {"type": "string"}}} if form["type"] == "json_object" else None


def result_text(block):
    content = block.get("content", "")
    return content if isinstance(content, str) else text_of(content, "tool_result.content", ("text", "image", "document"))


def last_said(messages):
    """(text that is answered, whether it is a tool's result). Of the last message, or of the user's last one."""
    last = messages[-1]
    if last["role"] == "tool":
        return text_of(last.get("content", ""), "messages.content"), True
    blocks = last["content"] if isinstance(last.get("content"), list) else []
    if results := [block for block in blocks if block.get("type") == "tool_result"]:
        return "".join(result_text(block) for block in results), True
    for message in reversed(messages):
        if message["role"] == "user":
            content = message.get("content") or ""
            return content if isinstance(content, str) else "".join(part["text"] for part in content if part["type"] == "text"), False
    return "", False


def check_openai(headers, body):
    for name in body:
        need(name in OPENAI_FIELDS, f"Unrecognized request argument supplied: {name}", name)
    model = model_of(body)
    messages = messages_of(body, ("developer", "system", "user", "assistant", "tool"))
    refuse_what_is_not_faked("openai", body)
    number_in(body, "temperature", 0, 2)
    number_in(body, "top_p", 0, 1)
    stream = flag(body, "stream", False)
    options = body.get("stream_options")
    need(options is None or stream, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    need(options is None or isinstance(options, dict), "Invalid type for 'stream_options'.", "stream_options")
    limits = [positive(body, name) for name in ("max_tokens", "max_completion_tokens")]
    need(None in limits, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", "max_tokens")
    tools = function_tools(body)
    texts = openai_texts(messages)
    said, after_tool = last_said(messages)
    return Asked(model, texts + tools_text(body), said, stream,
                 tools, openai_choice(body, tools), flag(body, "parallel_tool_calls", True), limits[0] or limits[1],
                 stops_of(body, "stop", single=True), openai_schema(body),
                 not stream or bool((options or {}).get("include_usage")), after_tool)


def anthropic_texts(messages):
    texts, waiting = [], set()
    need(messages[0]["role"] == "user", "messages: first message must use the \"user\" role", "messages")
    for index, message in enumerate(messages):
        where = f"messages.{index}.content"
        text = text_of(message.get("content"), where, ("text", "image", "document", "tool_use", "tool_result", "thinking",
                                                       "redacted_thinking"))
        need(text, f"{where}: must not be empty", where)
        texts.append(text)
        blocks = message["content"] if isinstance(message["content"], list) else []
        results = {str(block.get("tool_use_id")) for block in blocks if block["type"] == "tool_result"}
        need(results <= waiting if message["role"] == "user" else not results,
             f"{where}: unexpected `tool_use_id` found in `tool_result` blocks: {sorted(results - waiting)}", where)
        need(waiting <= results, f"{where}: `tool_use` ids were found without `tool_result` blocks immediately after: {sorted(waiting)}",
             where)
        uses = [block for block in blocks if block["type"] == "tool_use"]
        need(not uses or message["role"] == "assistant", f"{where}: `tool_use` blocks can only be in `assistant` messages", where)
        need(all(isinstance(use.get("id"), str) and isinstance(use.get("name"), str) and isinstance(use.get("input"), dict)
                 for use in uses), f"{where}: tool_use needs id, name and input (an object)", where)
        waiting = {use["id"] for use in uses}
    need(not waiting, f"messages: `tool_use` ids were found without `tool_result` blocks immediately after: {sorted(waiting)}",
         "messages")
    return texts


def anthropic_tools(body):
    tools = body.get("tools") or []
    need(isinstance(tools, list) and all(isinstance(tool, dict) and isinstance(tool.get("name"), str)
                                         and isinstance(tool.get("input_schema"), dict) for tool in tools),
         "tools: each needs name and input_schema", "tools")
    return [Tool(tool["name"], tool["input_schema"]) for tool in tools]


def check_anthropic(headers, body):
    need("anthropic-version" in headers, "anthropic-version: header is required")
    for name in body:
        need(name in ANTHROPIC_FIELDS, f"{name}: Extra inputs are not permitted", name)
    model = model_of(body)
    limit = positive(body, "max_tokens", required=True)
    messages = messages_of(body, ("user", "assistant"))
    refuse_what_is_not_faked("anthropic", body)
    number_in(body, "temperature", 0, 1)
    tools = anthropic_tools(body)
    choice = body.get("tool_choice") or {"type": "auto"}
    need(isinstance(choice, dict) and choice.get("type") in ("auto", "any", "tool", "none") and isinstance(choice.get("name", ""), str),
         "tool_choice: invalid", "tool_choice")
    texts = [text_of(body["system"], "system") if body.get("system") else "", *anthropic_texts(messages)]
    said, after_tool = last_said(messages)
    return Asked(model, texts + tools_text(body),
                 said, flag(body, "stream", False), tools,
                 known_choice(choice.get("name") if choice["type"] == "tool" else choice["type"], tools),
                 not choice.get("disable_parallel_tool_use", False), limit, stops_of(body, "stop_sequences", single=False),
                 after_tool=after_tool)


def check_ollama(headers, body):
    model = model_of(body)
    messages = messages_of(body, ("system", "user", "assistant", "tool"))
    texts = []
    for index, message in enumerate(messages):
        need(isinstance(message.get("content", ""), str), f"messages[{index}].content: Go value of type string expected")
        texts.append(message.get("content", ""))
        for call in calls_of(message, f"messages[{index}]"):
            function = call.get("function") if isinstance(call, dict) else None
            need(isinstance(function, dict) and isinstance(function.get("name"), str) and isinstance(function.get("arguments"), dict),
                 f"messages[{index}].tool_calls: function.name and function.arguments (an object) are needed")
            texts += [function["name"], json.dumps(function["arguments"])]
    options = body.get("options") or {}
    need(isinstance(options, dict), "options: an object is expected")
    limit = options.get("num_predict")
    need(limit is None or type(limit) is int, "option \"num_predict\" must be of type integer")
    form = body.get("format") or None
    need(form is None or form == "json" or isinstance(form, dict), "invalid format: expected \"json\" or a JSON schema")
    tools = function_tools(body)
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}} if form == "json" else form
    said, after_tool = last_said(messages)
    return Asked(model, texts + tools_text(body), said,
                 flag(body, "stream", True), tools, tokens_max=limit if limit and limit > 0 else None,
                 stops=stops_of(options, "stop", single=True), schema=schema, after_tool=after_tool)
