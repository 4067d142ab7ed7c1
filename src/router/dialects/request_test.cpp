// Goal: a request of each client dialect becomes the right request of each upstream dialect, what
// an upstream cannot express is refused by name, and wrong requests are refused with the field's
// path. Method: whole bodies against golden JSON for each pair; tables for the refusals.
#include <gtest/gtest.h>

#include "router/dialects/read_request.h"
#include "router/dialects/write_request.h"

namespace croft::dialects {
namespace {

json::value parse(std::string_view text) {
  Result<json::value> value = parse_json(text, "test");
  EXPECT_TRUE(value) << text << (value ? "" : value.error().message);
  return value.value_or(nullptr);
}

Result<ChatCall> read_any(Dialect client, std::string_view text) {
  return client == Dialect::OpenAi ? read_openai_chat(parse(text))
                                   : read_anthropic_messages(parse(text));
}

Result<WrittenRequest> write_any(Dialect upstream, const ChatCall& call) {
  switch (upstream) {
    case Dialect::OpenAi:
      return write_openai(call, {.model = "up", .thoughts_field = "reasoning_content"});
    case Dialect::Anthropic:
      return write_anthropic(call, {.model = "up", .tokens_max = 8192});
    case Dialect::Ollama:
      return write_ollama(call, {.model = "up", .context_tokens = 4096});
  }
  return fail(ErrorCode::Internal, "no dialect");
}

void expect_body(Dialect client, std::string_view request, Dialect upstream,
                 std::string_view golden, std::size_t warnings_count = 0) {
  const Result<ChatCall> call = read_any(client, request);
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_TRUE(call->warnings.empty()) << call->warnings.front();
  const Result<WrittenRequest> written = write_any(upstream, *call);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(json::value(written->body), parse(golden)) << json::serialize(written->body);
  EXPECT_EQ(written->warnings.size(), warnings_count)
      << (written->warnings.empty() ? "" : written->warnings.front());
}

constexpr std::string_view openai_request = R"({
  "model": "croft/auto", "stream": true, "max_tokens": 100, "temperature": 0.5, "top_p": 0.9,
  "stop": ["END"], "user": "u-1", "tool_choice": "auto",
  "messages": [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [
      {"type": "text", "text": "What is this, and the weather there?"},
      {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}},
      {"id": "call_b", "type": "function", "function": {"name": "time", "arguments": ""}}]},
    {"role": "tool", "tool_call_id": "call_a", "content": "rain"},
    {"role": "tool", "tool_call_id": "call_b", "content": "noon"},
    {"role": "user", "content": "Thanks. And now?"}],
  "tools": [{"type": "function", "function": {"name": "weather", "description": "Looks out.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "time"}}],
  "response_format": {"type": "json_schema", "json_schema": {"name": "reply",
    "schema": {"type": "object"}}}
})";

TEST(Requests, OpenAiToOpenAi) {
  expect_body(Dialect::OpenAi, openai_request, Dialect::OpenAi, R"({
  "model": "up", "stream": true, "stream_options": {"include_usage": true},
  "max_completion_tokens": 100, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "user": "u-1",
  "tool_choice": "auto",
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [
      {"type": "text", "text": "What is this, and the weather there?"},
      {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}},
      {"id": "call_b", "type": "function", "function": {"name": "time", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "call_a", "content": "rain"},
    {"role": "tool", "tool_call_id": "call_b", "content": "noon"},
    {"role": "user", "content": "Thanks. And now?"}],
  "tools": [{"type": "function", "function": {"name": "weather", "description": "Looks out.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "time"}}],
  "response_format": {"type": "json_schema", "json_schema": {"name": "reply",
    "schema": {"type": "object"}}}
})");
}

TEST(Requests, OpenAiToAnthropic) {
  expect_body(Dialect::OpenAi, openai_request, Dialect::Anthropic, R"({
  "model": "up", "stream": true, "max_tokens": 100, "temperature": 0.5, "top_p": 0.9,
  "stop_sequences": ["END"], "metadata": {"user_id": "u-1"}, "tool_choice": {"type": "auto"},
  "system": [{"type": "text", "text": "Be brief."}],
  "messages": [
    {"role": "user", "content": [
      {"type": "text", "text": "What is this, and the weather there?"},
      {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]},
    {"role": "assistant", "content": [
      {"type": "tool_use", "id": "call_a", "name": "weather", "input": {"city": "Paris"}},
      {"type": "tool_use", "id": "call_b", "name": "time", "input": {}}]},
    {"role": "user", "content": [
      {"type": "tool_result", "tool_use_id": "call_a", "content": [{"type": "text", "text": "rain"}]},
      {"type": "tool_result", "tool_use_id": "call_b", "content": [{"type": "text", "text": "noon"}]},
      {"type": "text", "text": "Thanks. And now?"}]}],
  "tools": [{"name": "weather", "description": "Looks out.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
    {"name": "time", "input_schema": {"type": "object", "properties": {}}}],
  "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}
})");
}

TEST(Requests, OpenAiToOllama) {
  expect_body(Dialect::OpenAi, openai_request, Dialect::Ollama, R"({
  "model": "up", "stream": true, "truncate": false, "shift": false,
  "options": {"num_ctx": 4096, "num_predict": 100, "temperature": 0.5, "top_p": 0.9, "stop": ["END"]},
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is this, and the weather there?", "images": ["aGk="]},
    {"role": "assistant", "content": "", "tool_calls": [
      {"id": "call_a", "function": {"name": "weather", "arguments": {"city": "Paris"}}},
      {"id": "call_b", "function": {"name": "time", "arguments": {}}}]},
    {"role": "tool", "content": "rain", "tool_name": "weather", "tool_call_id": "call_a"},
    {"role": "tool", "content": "noon", "tool_name": "time", "tool_call_id": "call_b"},
    {"role": "user", "content": "Thanks. And now?"}],
  "tools": [{"type": "function", "function": {"name": "weather", "description": "Looks out.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "time", "description": "",
    "parameters": {"type": "object", "properties": {}}}}],
  "format": {"type": "object"}
})",
              1);
}

constexpr std::string_view anthropic_request = R"({
  "model": "croft/auto", "max_tokens": 4096, "stop_sequences": ["END"],
  "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
             {"type": "text", "text": "Be kind."}],
  "metadata": {"user_id": "u-1"},
  "thinking": {"type": "enabled", "budget_tokens": 2048},
  "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
  "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
  "messages": [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": [
      {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
      {"type": "text", "text": "I look."},
      {"type": "tool_use", "id": "toolu_a", "name": "weather", "input": {"city": "Paris"}}]},
    {"role": "user", "content": [
      {"type": "tool_result", "tool_use_id": "toolu_a", "is_error": true, "content": "no window"},
      {"type": "text", "text": "Try again."}]}]
})";

TEST(Requests, AnthropicToAnthropic) {
  expect_body(Dialect::Anthropic, anthropic_request, Dialect::Anthropic, R"({
  "model": "up", "max_tokens": 4096, "stop_sequences": ["END"],
  "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
             {"type": "text", "text": "Be kind."}],
  "metadata": {"user_id": "u-1"},
  "thinking": {"type": "enabled", "budget_tokens": 2048},
  "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
  "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
  "messages": [
    {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
    {"role": "assistant", "content": [
      {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
      {"type": "text", "text": "I look."},
      {"type": "tool_use", "id": "toolu_a", "name": "weather", "input": {"city": "Paris"}}]},
    {"role": "user", "content": [
      {"type": "tool_result", "tool_use_id": "toolu_a", "is_error": true,
       "content": [{"type": "text", "text": "no window"}]},
      {"type": "text", "text": "Try again."}]}]
})");
}

TEST(Requests, AnthropicToOpenAi) {
  expect_body(Dialect::Anthropic, anthropic_request, Dialect::OpenAi, R"({
  "model": "up", "max_completion_tokens": 4096, "stop": ["END"], "user": "u-1",
  "reasoning_effort": "low", "tool_choice": "required", "parallel_tool_calls": false,
  "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
  "messages": [
    {"role": "system", "content": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]},
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [
      {"id": "toolu_a", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}}]},
    {"role": "tool", "tool_call_id": "toolu_a", "content": "Error: no window"},
    {"role": "user", "content": "Try again."}]
})",
              3);
}

TEST(Requests, AnthropicToOllama) {
  const std::string_view request = R"({
  "model": "croft/auto", "max_tokens": 100, "system": "Be brief.", "top_k": 20,
  "thinking": {"type": "adaptive"}, "tool_choice": {"type": "none"},
  "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
  "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                                      {"type": "text", "text": "Ho"}]}]
})";
  expect_body(Dialect::Anthropic, request, Dialect::Ollama, R"({
  "model": "up", "stream": false, "truncate": false, "shift": false, "think": true,
  "options": {"num_ctx": 4096, "num_predict": 100, "top_k": 20},
  "messages": [{"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi", "images": ["aGk="]},
    {"role": "assistant", "content": "Ho", "thinking": "hm"}]
})",
              1);
}

TEST(Requests, PutsInWhatAnUpstreamNeeds) {
  const ChatCall call = *read_openai_chat(parse(R"({"messages":[{"role":"user","content":"a"},
    {"role":"user","content":"b"},{"role":"assistant","content":""},{"role":"assistant","content":"c",
    "tool_calls":[{"id":"functions.f:0","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"functions.f:0","content":""}]})"));
  const Result<WrittenRequest> refused = write_anthropic(call, {.model = "up", .tokens_max = 64});
  ASSERT_FALSE(refused) << "an empty message says nothing";
  EXPECT_EQ(refused.error().field, "messages[2].content");
  ChatCall good = call;
  good.messages.erase(good.messages.begin() + 2);
  const json::object body = write_anthropic(good, {.model = "up", .tokens_max = 64})->body;
  EXPECT_EQ(json::value(body), parse(R"({"model":"up","max_tokens":64,"messages":[
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
    {"role":"assistant","content":[{"type":"text","text":"c"},
      {"type":"tool_use","id":"functions_2ef_3a0","name":"f","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"functions_2ef_3a0"}]}]})"))
      << json::serialize(body);
  EXPECT_EQ(write_anthropic(good, {.model = "up"}).error().field, "max_tokens");
  EXPECT_EQ(write_ollama(good, {.model = "up"}).error().code, ErrorCode::InvalidArgument);
  const json::object older =
      write_openai(*read_openai_chat(
                       parse(R"({"messages":[{"role":"user","content":"a"}],"max_tokens":5})")),
                   {.model = "up", .tokens_field = TokensField::MaxTokens})
          ->body;
  EXPECT_EQ(older.at("max_tokens"), 5);
  EXPECT_FALSE(older.contains("max_completion_tokens"));
}

struct NotExpressible {
  std::string_view member;  ///< added to a plain OpenAI request
  bool openai;
  bool anthropic;
  bool ollama;
};

/// For each member and upstream: carried over, or refused by its name.
TEST(Requests, RefusesByNameWhatAnUpstreamCannotExpress) {
  const std::vector<NotExpressible> table = {
      {R"("seed": 5)", true, false, true},
      {R"("presence_penalty": 1)", true, false, true},
      {R"("frequency_penalty": 1)", true, false, true},
      {R"("logit_bias": {"5": 1})", true, false, false},
      {R"("logprobs": true)", true, false, true},
      {R"("top_k": 5)", false, true, true},
      {R"("min_p": 0.1)", false, false, false},
      {R"("n": 2)", false, false, false},
      {R"("temperature": 1.5)", true, false, true},
      {R"("response_format": {"type": "json_object"})", true, false, true},
      {R"("reasoning_effort": "minimal")", true, false, false},
      {R"("reasoning_effort": "max")", true, true, false},
      {R"("prediction": {"type": "content", "content": "x"})", true, false, false},
      {R"("service_tier": "flex")", true, false, false},
      {R"("max_tokens": 9000)", true, false, false},
      {R"("stop": " ")", true, false, true},
  };
  for (const NotExpressible& one : table) {
    const std::string text =
        R"({"messages": [{"role": "user", "content": "a"}], )" + std::string(one.member) + "}";
    const Result<ChatCall> call = read_openai_chat(parse(text));
    ASSERT_TRUE(call) << text;
    const std::string name(one.member.substr(1, one.member.find('"', 1) - 1));
    const auto check = [&](Dialect upstream, bool expressible) {
      const Result<WrittenRequest> written = write_any(upstream, *call);
      EXPECT_EQ(written.has_value(), expressible) << name << " " << dialect_text(upstream);
      EXPECT_EQ(written ? name : written.error().field, name);
    };
    check(Dialect::OpenAi, one.openai);
    check(Dialect::Anthropic, one.anthropic);
    check(Dialect::Ollama, one.ollama);
  }
  const ChatCall extras = *read_openai_chat(
      parse(R"({"messages":[{"role":"user","content":"a"}],"min_p":0.1,"top_k":5})"));
  const Result<WrittenRequest> kin = write_openai(extras, {.model = "up", .engine_extras = true});
  ASSERT_TRUE(kin);
  EXPECT_EQ(kin->body.at("min_p"), 0.1);
  EXPECT_EQ(kin->body.at("top_k"), 5);
}

struct Wrong {
  std::string_view text;
  std::string_view field;
};

TEST(Requests, NamesWhatIsWrongInOpenAiRequests) {
  const std::vector<Wrong> table = {
      {R"([])", "body"},
      {R"({})", "messages"},
      {R"({"messages": []})", "messages"},
      {R"({"messages": "a"})", "messages"},
      {R"({"messages": [5]})", "messages[0]"},
      {R"({"messages": [{"content": "a"}]})", "messages[0].role"},
      {R"({"messages": [{"role": "boss", "content": "a"}]})", "messages[0].role"},
      {R"({"messages": [{"role": "function", "content": "a"}]})", "messages[0].role"},
      {R"({"messages": [{"role": "user"}]})", "messages[0].content"},
      {R"({"messages": [{"role": "user", "content": []}]})", "messages[0].content"},
      {R"({"messages": [{"role": "user", "content": [{"text": "a"}]}]})",
       "messages[0].content[0].type"},
      {R"({"messages": [{"role": "user", "content": [{"type": "text"}]}]})",
       "messages[0].content[0].text"},
      {R"({"messages": [{"role": "user", "content": [{"type": "file"}]}]})",
       "messages[0].content[0].type"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]})",
       "messages[0].content[0].image_url.url"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]})",
       "messages[0].content[0].image_url.url"},
      {R"({"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://a"}}]}]})",
       "messages[0].content[0].type"},
      {R"({"messages": [{"role": "tool", "content": "a"}]})", "messages[0].tool_call_id"},
      {R"({"messages": [{"role": "user", "content": "a", "tool_calls": []}]})",
       "messages[0].tool_calls"},
      {R"({"messages": [{"role": "assistant"}]})", "messages[0].content"},
      {R"({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}]})",
       "messages[0].tool_calls[0].id"},
      {R"({"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": 5}}]}]})",
       "messages[0].tool_calls[0].function.arguments"},
      {R"({"messages": [{"role": "user", "content": "a"}], "temperature": 3})", "temperature"},
      {R"({"messages": [{"role": "user", "content": "a"}], "temperature": "1"})", "temperature"},
      {R"({"messages": [{"role": "user", "content": "a"}], "max_tokens": 0})", "max_tokens"},
      {R"({"messages": [{"role": "user", "content": "a"}], "max_tokens": 1.5})", "max_tokens"},
      {R"({"messages": [{"role": "user", "content": "a"}], "max_tokens": 1, "max_completion_tokens": 2})",
       "max_tokens"},
      {R"({"messages": [{"role": "user", "content": "a"}], "stream": "yes"})", "stream"},
      {R"({"messages": [{"role": "user", "content": "a"}], "stream_options": {}})",
       "stream_options"},
      {R"({"messages": [{"role": "user", "content": "a"}], "stop": ["a", 5]})", "stop[1]"},
      {R"({"messages": [{"role": "user", "content": "a"}], "stop": ["a","b","c","d","e"]})",
       "stop"},
      {R"({"messages": [{"role": "user", "content": "a"}], "top_logprobs": 2})", "top_logprobs"},
      {R"({"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "custom"}]})",
       "tools[0].type"},
      {R"({"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function", "function": {}}]})",
       "tools[0].function.name"},
      {R"({"messages": [{"role": "user", "content": "a"}], "tool_choice": "maybe"})",
       "tool_choice"},
      {R"({"messages": [{"role": "user", "content": "a"}], "tool_choice": {"type": "allowed_tools"}})",
       "tool_choice.type"},
      {R"({"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "xml"}})",
       "response_format.type"},
      {R"({"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": {"name": "a"}}})",
       "response_format.json_schema.schema"},
      {R"({"messages": [{"role": "user", "content": "a"}], "functions": []})", "functions"},
      {R"({"messages": [{"role": "user", "content": "a"}], "modalities": ["audio"]})",
       "modalities[0]"},
      {R"({"messages": [{"role": "user", "content": "a"}], "reasoning_effort": "much"})",
       "reasoning_effort"},
  };
  for (const Wrong& one : table) {
    const Result<ChatCall> call = read_openai_chat(parse(one.text));
    ASSERT_FALSE(call) << one.text;
    EXPECT_EQ(call.error().field, one.field) << call.error().message;
    EXPECT_NE(call.error().message.find(one.field), std::string::npos) << call.error().message;
  }
}

TEST(Requests, NamesWhatIsWrongInAnthropicRequests) {
  const auto with = [](std::string_view rest) {
    return R"({"max_tokens": 2000, "messages": [{"role": "user", "content": "a"}], )" +
           std::string(rest) + "}";
  };
  const auto message = [](std::string_view one) {
    return R"({"max_tokens": 5, "messages": [)" + std::string(one) + "]}";
  };
  const std::vector<std::pair<std::string, std::string_view>> table = {
      {R"({"messages": [{"role": "user", "content": "a"}]})", "max_tokens"},
      {R"({"max_tokens": 5})", "messages"},
      {message(R"({"role": "tool", "content": "a"})"), "messages[0].role"},
      {message(R"({"role": "user"})"), "messages[0].content"},
      {message(R"({"role": "user", "content": []})"), "messages[0].content"},
      {message(R"({"role": "user", "content": [{"type": "document"}]})"),
       "messages[0].content[0].type"},
      {message(R"({"role": "user", "content": [{"type": "tool_use"}]})"),
       "messages[0].content[0].type"},
      {message(R"({"role": "assistant", "content": [{"type": "tool_result"}]})"),
       "messages[0].content[0].type"},
      {message(
           R"({"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": "{}"}]})"),
       "messages[0].content[0].input"},
      {message(R"({"role": "user", "content": [{"type": "tool_result"}]})"),
       "messages[0].content[0].tool_use_id"},
      {message(
           R"({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "tool_result", "tool_use_id": "a"}]})"),
       "messages[0].content[1]"},
      {message(R"({"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]})"),
       "messages[0].content[0].source.type"},
      {message(
           R"({"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "x"}}]})"),
       "messages[0].content[0].cache_control.type"},
      {with(R"("system": 5)"), "system"},
      {with(R"("system": [{"type": "image"}])"), "system[0].type"},
      {with(R"("temperature": 1.5)"), "temperature"},
      {with(R"("tools": [{"type": "bash_20250124", "name": "bash"}])"), "tools[0].type"},
      {with(R"("tools": [{"name": "f"}])"), "tools[0].input_schema"},
      {with(R"("tool_choice": {"type": "required"})"), "tool_choice.type"},
      {with(R"("tool_choice": {"type": "tool"})"), "tool_choice.name"},
      {with(R"("thinking": {"type": "enabled"})"), "thinking.budget_tokens"},
      {with(R"("thinking": {"type": "enabled", "budget_tokens": 2000})"), "thinking.budget_tokens"},
      {with(R"("stop_sequences": "END")"), "stop_sequences"},
      {with(R"("mcp_servers": [])"), "mcp_servers"},
      {with(R"("output_config": {"format": {"type": "json_object"}})"),
       "output_config.format.type"},
  };
  for (const auto& [text, field] : table) {
    const Result<ChatCall> call = read_anthropic_messages(parse(text));
    ASSERT_FALSE(call) << text;
    EXPECT_EQ(call.error().field, field) << call.error().message;
  }
}

TEST(Requests, WarnsOfEachUnknownMember) {
  const ChatCall call = *read_openai_chat(parse(R"({"model": "m", "wish": 1, "messages": [
    {"role": "user", "mood": "good", "content": [{"type": "text", "text": "a", "x": 1}]}]})"));
  const std::vector<std::string> expected = {
      "`messages[0].content[0].x` is not known and was ignored",
      "`messages[0].mood` is not known and was ignored", "`wish` is not known and was ignored"};
  EXPECT_EQ(call.warnings, expected);
  std::string many = R"({"messages": [{"role": "user", "content": "a"}])";
  for (int i = 0; i < 1000; ++i) many += ", \"a" + std::to_string(i) + "\": 1";
  EXPECT_EQ(read_openai_chat(parse(many + "}"))->warnings.size(), 32u);
}

TEST(Requests, SendsTheKeyAsEachDialectWants) {
  const auto value = [](Dialect dialect, std::string_view name) {
    for (const Header& header : request_headers(dialect, "k"))
      if (header.name == name) return header.value;
    return std::string();
  };
  EXPECT_EQ(value(Dialect::OpenAi, "Authorization"), "Bearer k");
  EXPECT_EQ(value(Dialect::Anthropic, "x-api-key"), "k");
  EXPECT_EQ(value(Dialect::Anthropic, "Authorization"), "");
  EXPECT_FALSE(value(Dialect::Anthropic, "anthropic-version").empty());
  EXPECT_EQ(request_headers(Dialect::Ollama, "").size(), 1u);
}

}  // namespace
}  // namespace croft::dialects
