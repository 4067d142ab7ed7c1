// Goal: every upstream's answer becomes the same events however its bytes are cut; what is hostile
// becomes one Failed; and each upstream's stream becomes each client's stream. Method: recorded
// streams cut at every byte, a table of broken ones, and the written streams as golden text.
#include "router/dialects/answer_reader.h"

#include <gtest/gtest.h>

#include "router/dialects/answer_writer.h"
#include "router/dialects/recorded_streams.h"
#include "text/utf8.h"

namespace croft::dialects {
namespace {

using Events = std::vector<AnswerEvent>;

Events read(const ReaderOptions& options, const std::vector<std::string_view>& pieces) {
  AnswerReader reader(options);
  Events events;
  for (const std::string_view piece : pieces) reader.feed(piece, events);
  const bool ended = reader.ended();
  reader.finish(events);
  EXPECT_TRUE(reader.ended());
  const std::size_t count = events.size();
  reader.feed("data: {\"choices\":[]}\n\n{}\n", events);
  EXPECT_EQ(events.size(), count) << "nothing follows the end";
  EXPECT_FALSE(ended && events.empty());
  return events;
}

Events read(Dialect dialect, std::string_view bytes) {
  return read({.dialect = dialect}, {bytes});
}

/// What Anthropic's first event says of the counts that the last one has.
Usage usage_at_start(Usage usage) {
  usage.completion_tokens.reset();
  return usage;
}

Events expected_text(Dialect dialect) {
  Events out;
  Usage usage{.prompt_tokens = 20, .completion_tokens = 5};
  if (dialect == Dialect::OpenAi) {
    out.push_back(Started{"chatcmpl-1", "gpt-4o"});
    usage.cached_tokens = 8;
    usage.reasoning_tokens = 2;
  } else if (dialect == Dialect::Anthropic) {
    usage.cached_tokens = 8;
    usage.cache_write_tokens = 0;
    out.push_back(Started{"msg_1", "claude", usage_at_start(usage)});
  } else {
    out.push_back(Started{"", "qwen"});
  }
  out.push_back(TextDelta{"Grüß", {}});
  out.push_back(TextDelta{" Gott 😀", {}});
  out.push_back(usage);
  out.push_back(
      Finished{FinishCause::Stop, {}, dialect == Dialect::Anthropic ? "end_turn" : "stop"});
  return out;
}

Events expected_tools(Dialect dialect) {
  Events out;
  const bool ollama = dialect == Dialect::Ollama;
  const bool openai = dialect == Dialect::OpenAi;
  out.push_back(openai   ? Started{"chatcmpl-2", "gpt-4o"}
                : ollama ? Started{"", "qwen"}
                         : Started{"msg_2", "claude", {.prompt_tokens = 30}});
  if (!openai) out.push_back(ThinkingDelta{"They ask for the weather."});
  if (!openai && !ollama) out.push_back(ThinkingSignature{"c2ln"});
  out.push_back(TextDelta{"Let me look.", {}});
  out.push_back(ToolCallBegin{0, openai ? "call_a" : ollama ? "call_7_0" : "toolu_a", "weather"});
  if (ollama) {
    out.push_back(ToolCallArguments{0, R"({"city":"Paris"})"});
  } else {
    out.push_back(ToolCallArguments{0, R"({"city":"Pa)"});
    out.push_back(ToolCallArguments{0, R"(ris"})"});
  }
  out.push_back(ToolCallBegin{1, openai ? "call_b" : ollama ? "call_7_1" : "toolu_b", "time"});
  if (ollama || openai) out.push_back(ToolCallArguments{1, "{}"});
  out.push_back(Usage{.prompt_tokens = 30, .completion_tokens = 12});
  out.push_back(Finished{FinishCause::ToolCalls,
                         {},
                         openai   ? "tool_calls"
                         : ollama ? "stop"
                                  : "tool_use"});
  return out;
}

struct Recording {
  Dialect dialect;
  std::string_view bytes;
  Events events;
};

std::vector<Recording> recordings() {
  using enum Dialect;
  return {{OpenAi, recorded::openai_text, expected_text(OpenAi)},
          {OpenAi, recorded::openai_tools, expected_tools(OpenAi)},
          {Anthropic, recorded::anthropic_text, expected_text(Anthropic)},
          {Anthropic, recorded::anthropic_tools, expected_tools(Anthropic)},
          {Ollama, recorded::ollama_text, expected_text(Ollama)},
          {Ollama, recorded::ollama_tools, expected_tools(Ollama)}};
}

TEST(AnswerReader, GivesTheSameEventsAtEverySplit) {
  for (const Recording& one : recordings()) {
    const ReaderOptions options{.dialect = one.dialect, .call_id_prefix = "call_7"};
    ASSERT_EQ(read(options, {one.bytes}), one.events) << one.bytes;
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < one.bytes.size(); ++i) bytes.push_back(one.bytes.substr(i, 1));
    ASSERT_EQ(read(options, bytes), one.events) << "byte by byte";
    for (std::size_t cut = 0; cut <= one.bytes.size(); ++cut)
      ASSERT_EQ(read(options, {one.bytes.substr(0, cut), one.bytes.substr(cut)}), one.events)
          << "cut at " << cut;
  }
}

/// A stream that ends early is Failed with cause Cut unless it said why it ended; and what came
/// before is a beginning of the whole.
TEST(AnswerReader, SaysWhereverAStreamIsCut) {
  for (const Recording& one : recordings()) {
    const ReaderOptions options{.dialect = one.dialect, .call_id_prefix = "call_7"};
    std::size_t cuts_count = 0;
    for (std::size_t end = 0; end < one.bytes.size(); ++end) {
      const Events events = read(options, {one.bytes.substr(0, end)});
      ASSERT_FALSE(events.empty());
      if (const auto* failed = std::get_if<Failed>(&events.back())) {
        ++cuts_count;
        EXPECT_EQ(failed->cause, FailureCause::Cut);
        EXPECT_TRUE(failed->retryable);
        EXPECT_NE(failed->error.message.find("ended in mid-stream"), std::string::npos);
      } else {
        ASSERT_TRUE(std::holds_alternative<Finished>(events.back())) << end;
        EXPECT_GT(end, one.bytes.rfind("finish_reason") == std::string_view::npos
                           ? one.bytes.size() / 2
                           : one.bytes.rfind("finish_reason"));
      }
    }
    EXPECT_GT(cuts_count, one.bytes.size() / 2);
  }
}

struct Broken {
  std::string_view name;
  Dialect dialect;
  std::string bytes;
  FailureCause cause;
  std::string_view words;  ///< in the message
};

std::string chunk(std::string_view delta, std::string_view rest = "") {
  return "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":" + std::string(delta) +
         std::string(rest) + "}]}\n\n";
}

std::string block_start(std::string_view block, int index = 0) {
  return "data: {\"type\":\"content_block_start\",\"index\":" + std::to_string(index) +
         ",\"content_block\":" + std::string(block) + "}\n\n";
}

const std::string message_start =
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"c\"}}\n\n";

std::vector<Broken> broken() {
  using enum Dialect;
  using enum FailureCause;
  const std::string text = chunk(R"({"content":"a"})");
  return {
      {"no JSON", OpenAi, text + "data: {oops\n\n", Protocol, "not valid JSON"},
      {"JSON and more", OpenAi, "data: {} {}\n\n", Protocol, "not valid JSON"},
      {"deep", OpenAi, "data: " + std::string(1000, '[') + "\n\n", Protocol, "not valid JSON"},
      {"no object", OpenAi, "data: 5\n\n", Protocol, "no object"},
      {"done at once", OpenAi, "data: [DONE]\n\n", Protocol, "before it begins"},
      {"two choices", OpenAi, "data: {\"choices\":[{\"index\":0},{\"index\":1}]}\n\n", Protocol,
       "several choices"},
      {"another choice", OpenAi, text + "data: {\"choices\":[{\"index\":1,\"delta\":{}}]}\n\n",
       Protocol, "several choices"},
      {"choices no list", OpenAi, "data: {\"choices\":{}}\n\n", Protocol, "no list"},
      {"text no string", OpenAi, chunk(R"({"content":5})"), Protocol, "no string"},
      {"delta no object", OpenAi, chunk("[]"), Protocol, "no object"},
      {"more after the end", OpenAi, chunk("{}", R"(,"finish_reason":"stop")") + text, Protocol,
       "after its end"},
      {"negative index", OpenAi,
       chunk(R"({"tool_calls":[{"index":-1,"id":"a","function":{"name":"f"}}]})"), Protocol,
       "no count"},
      {"index no number", OpenAi, chunk(R"({"tool_calls":[{"index":"0","id":"a"}]})"), Protocol,
       "no count"},
      {"arguments first", OpenAi,
       chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{"}}]})"), Protocol, "no name"},
      {"mixed calls", OpenAi,
       chunk(
           R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}},{"index":1,"id":"b","function":{"name":"g"}},{"index":0,"function":{"arguments":"{}"}}]})"),
       Protocol, "mixed"},
      {"arguments after text", OpenAi,
       chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]})") + text +
           chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]})"),
       Protocol, "no open tool call"},
      {"old functions", OpenAi, chunk(R"({"function_call":{"name":"f"}})"), Protocol, "not asked"},
      {"error object", OpenAi,
       text + R"(data: {"error":{"message":"The server had an error","type":"server_error"}})"
              "\n\n",
       Server, "The server had an error"},
      {"rate limit in the stream", OpenAi,
       R"(data: {"error":{"message":"slow","type":"tokens","code":"rate_limit_exceeded"}})"
       "\n\n",
       RateLimit, "slow"},
      {"overflow in the stream", OpenAi,
       R"(data: {"error":{"message":"long","code":"context_length_exceeded"}})"
       "\n\n",
       Request, "too long"},
      {"endless line", OpenAi, "data: " + std::string(2000, 'x'), Protocol, "longer than"},
      {"no start", Anthropic, block_start(R"({"type":"text","text":""})"), Protocol,
       "before message_start"},
      {"two starts", Anthropic, message_start + message_start, Protocol, "begins twice"},
      {"block in block", Anthropic,
       message_start + block_start(R"({"type":"text","text":""})") +
           block_start(R"({"type":"text","text":""})", 1),
       Protocol, "within another"},
      {"delta of no block", Anthropic,
       message_start +
           R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})"
           "\n\n",
       Protocol, "no open block"},
      {"delta of another kind", Anthropic,
       message_start + block_start(R"({"type":"text","text":""})") +
           R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}})"
           "\n\n",
       Protocol, "does not fit"},
      {"a block nobody asked for", Anthropic,
       message_start + block_start(R"({"type":"server_tool_use","id":"a","name":"b"})"), Protocol,
       "server_tool_use"},
      {"stop without reason", Anthropic, message_start + "data: {\"type\":\"message_stop\"}\n\n",
       Protocol, "without a stop_reason"},
      {"no type", Anthropic, "data: {}\n\n", Protocol, "no type"},
      {"overloaded", Anthropic,
       message_start +
           "event: error\n"
           R"(data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"
           "\n\n",
       Overload, "Overloaded"},
      {"error line", Ollama,
       "{\"model\":\"q\",\"message\":{\"content\":\"a\"},\"done\":false}\n{\"error\":\"it "
       "broke\"}\n",
       Server, "it broke"},
      {"neither message nor end", Ollama, "{\"model\":\"q\"}\n", Protocol, "neither message"},
      {"a line no object", Ollama, "[]\n", Protocol, "no object"},
      {"arguments no object", Ollama,
       R"({"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}})"
       "\n",
       Protocol, "no object"},
      {"half a line", Ollama, "{\"message\":{\"content\":\"a\"},\"done\":fal", Cut, "mid-stream"},
  };
}

TEST(AnswerReader, TurnsWhatIsHostileIntoOneFailure) {
  for (const Broken& one : broken()) {
    const Events events = read({.dialect = one.dialect, .event_bytes_max = 1500}, {one.bytes});
    ASSERT_FALSE(events.empty()) << one.name;
    const auto* failed = std::get_if<Failed>(&events.back());
    ASSERT_NE(failed, nullptr) << one.name;
    EXPECT_EQ(failed->cause, one.cause) << one.name << ": " << failed->error.message;
    EXPECT_NE(failed->error.message.find(one.words), std::string::npos)
        << one.name << ": " << failed->error.message;
    for (std::size_t i = 0; i + 1 < events.size(); ++i)
      EXPECT_FALSE(std::holds_alternative<Failed>(events[i]) ||
                   std::holds_alternative<Finished>(events[i]))
          << one.name;
  }
}

TEST(AnswerReader, KeepsItsLimits) {
  std::string calls = "{\"tool_calls\":[";
  for (int i = 0; i < 200; ++i)
    calls += (i > 0 ? "," : "") + std::string("{\"index\":") + std::to_string(i) + ",\"id\":\"c" +
             std::to_string(i) + "\",\"function\":{\"name\":\"f\"}}";
  Events events = read(Dialect::OpenAi, chunk(calls + "]}"));
  EXPECT_NE(std::get<Failed>(events.back()).error.message.find("more than 128 tool calls"),
            std::string::npos);
  EXPECT_EQ(events.size(), 130u);

  // An index beyond any list: nothing is sized by it.
  events = read(
      Dialect::OpenAi,
      chunk(
          R"({"tool_calls":[{"index":9000000000000000,"id":"a","function":{"name":"f","arguments":"{}"}}]})") +
          chunk("{}", R"(,"finish_reason":"stop")"));
  EXPECT_EQ(events.at(1), AnswerEvent(ToolCallBegin{0, "a", "f"}));
  EXPECT_EQ(std::get<Finished>(events.back()).cause, FinishCause::ToolCalls);

  AnswerReader endless({.dialect = Dialect::OpenAi, .answer_bytes_max = 10'000});
  events.clear();
  for (int i = 0; i < 100'000 && !endless.ended(); ++i)
    endless.feed(chunk(R"({"content":"0123456789"})"), events);
  EXPECT_EQ(std::get<Failed>(events.back()).cause, FailureCause::Protocol);
  EXPECT_LT(events.size(), 1100u);
}

std::string all_text(const Events& events) {
  std::string out;
  for (const AnswerEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event)) out += text->text;
    if (const auto* text = std::get_if<ToolCallArguments>(&event)) out += text->text;
  }
  return out;
}

TEST(AnswerReader, JoinsCharactersThatDeltasSplit) {
  const std::string end = chunk("{}", R"(,"finish_reason":"stop")");
  EXPECT_EQ(all_text(read(Dialect::OpenAi, chunk(R"({"content":"x\ud83d"})") +
                                               chunk(R"({"content":"\ude00y"})") + end)),
            "x😀y");
  EXPECT_EQ(all_text(read(Dialect::OpenAi, chunk("{\"content\":\"x\xF0\x9F\"}") +
                                               chunk("{\"content\":\"\x98\x80y\"}") + end)),
            "x😀y");
  EXPECT_EQ(all_text(read(Dialect::OpenAi, chunk(R"({"content":"x\ud83d"})") + end)),
            "x\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")
      << "half a character at the end";
  EXPECT_EQ(all_text(read(Dialect::OpenAi, chunk("{\"content\":\"a\xFF"
                                                 "b\"}") +
                                               end)),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(all_text(read(Dialect::OpenAi, chunk(R"({"content":"\\ud83d \\\ud83d\ude00"})") + end)),
            "\\ud83d \\😀")
      << "an escaped backslash begins no escape";
}

TEST(AnswerReader, TakesServersThatGiveNoOrTheSameIndex) {
  const std::string end = chunk("{}", R"(,"finish_reason":"tool_calls")");
  const Events events = read(
      Dialect::OpenAi,
      chunk(
          R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]})") +
          chunk(R"({"tool_calls":[{"id":"c","function":{"name":"h","arguments":"{\"x\""}}]})") +
          chunk(R"({"tool_calls":[{"function":{"arguments":":1}"}}]})") + end);
  const Events expected = {Started{"x", ""},
                           ToolCallBegin{0, "a", "f"},
                           ToolCallArguments{0, "{}"},
                           ToolCallBegin{1, "b", "g"},
                           ToolCallArguments{1, "{}"},
                           ToolCallBegin{2, "c", "h"},
                           ToolCallArguments{2, "{\"x\""},
                           ToolCallArguments{2, ":1}"},
                           Finished{FinishCause::ToolCalls, {}, "tool_calls"}};
  EXPECT_EQ(events, expected) << "and usage that nobody gave is no event";
}

TEST(AnswerReader, ReadsWholeAnswers) {
  const auto whole = [](Dialect dialect, std::string_view body) {
    return read({.dialect = dialect, .delivery = Delivery::Whole},
                {body.substr(0, body.size() / 2), body.substr(body.size() / 2)});
  };
  Events expected = {Started{"i", "m"},
                     ThinkingDelta{"hm"},
                     TextDelta{"Hi", {}},
                     ToolCallBegin{0, "a", "f"},
                     ToolCallArguments{0, R"({"x":1})"},
                     Usage{.prompt_tokens = 3, .completion_tokens = 4},
                     Finished{FinishCause::ToolCalls, {}, "tool_calls"}};
  EXPECT_EQ(
      whole(
          Dialect::OpenAi,
          R"({"id":"i","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"reasoning_content":"hm","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":4}})"),
      expected);
  std::get<Finished>(expected.back()).upstream_word = "tool_use";
  expected.insert(expected.begin() + 2, ThinkingSignature{"s"});
  EXPECT_EQ(
      whole(
          Dialect::Anthropic,
          R"({"id":"i","type":"message","model":"m","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Hi"},{"type":"tool_use","id":"a","name":"f","input":{"x":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":4}})"),
      expected);
  const Events ollama = whole(
      Dialect::Ollama,
      R"({"model":"m","message":{"role":"assistant","content":"Hi"},"done":true,"done_reason":"length","eval_count":4})");
  const Events expected_ollama = {Started{"", "m"}, TextDelta{"Hi", {}},
                                  Usage{.completion_tokens = 4},
                                  Finished{FinishCause::Length, {}, "length"}};
  EXPECT_EQ(ollama, expected_ollama) << "the prompt's count is missing, not 0";
  for (const Dialect dialect : {Dialect::OpenAi, Dialect::Anthropic, Dialect::Ollama}) {
    for (const std::string_view body : {"{}", "[]", "null", "<html>", "{\"choices\":[{}]}",
                                        "{\"content\":[]}", "{\"message\":{\"content\":\"a\"}}"})
      EXPECT_TRUE(std::holds_alternative<Failed>(whole(dialect, body).back())) << body;
    EXPECT_EQ(std::get<Failed>(whole(dialect, "").back()).cause, FailureCause::Cut);
  }
}

TEST(AnswerReader, SaysWhichStopSequenceEndedIt) {
  const Events events = read(
      Dialect::Anthropic,
      message_start +
          R"(data: {"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},"usage":{"output_tokens":2}})"
          "\n\ndata: {\"type\":\"message_stop\"}\n\n");
  EXPECT_EQ(events.back(),
            AnswerEvent(Finished{FinishCause::StopSequence, "END", "stop_sequence"}));
}

// ---- Writers ----

std::string write(Dialect client, const AnswerLook& look, const Events& events) {
  const std::unique_ptr<AnswerWriter> writer = make_answer_writer(client, look);
  std::string out;
  for (const AnswerEvent& event : events) out += writer->write(event);
  return out;
}

/// Events as one writes them for a client, read back by the reader of that dialect. Nothing may be
/// lost on the way but what the dialect has no place for.
TEST(AnswerWriter, WritesEveryUpstreamForEveryClient) {
  for (const Recording& one : recordings()) {
    for (const Dialect client : {Dialect::OpenAi, Dialect::Anthropic}) {
      const AnswerLook look{
          .id = "id-1", .model = "croft/auto", .created = 7, .include_usage = true};
      const std::string bytes = write(client, look, one.events);
      EXPECT_TRUE(utf8::is_valid(bytes));
      const Events back = read(client, bytes);
      Events expected;
      for (const AnswerEvent& event : one.events) {
        const bool lost =
            client == Dialect::OpenAi && std::holds_alternative<ThinkingSignature>(event);
        if (!lost) expected.push_back(event);
      }
      auto& started = std::get<Started>(expected.front());
      const Usage first = started.usage;
      started = {.id = "id-1", .model = "croft/auto"};
      if (client == Dialect::Anthropic) started.usage = first;
      auto& finished = std::get<Finished>(expected.back());
      const bool calls = finished.cause == FinishCause::ToolCalls;
      finished.upstream_word = client == Dialect::OpenAi ? (calls ? "tool_calls" : "stop")
                                                         : (calls ? "tool_use" : "end_turn");
      if (client == Dialect::Anthropic) {
        auto& usage = std::get<Usage>(expected[expected.size() - 2]);
        usage.reasoning_tokens.reset();
      }
      EXPECT_EQ(back, expected) << bytes;
      // The whole body says the same.
      const Result<json::object> whole = write_whole_answer(client, look, one.events);
      ASSERT_TRUE(whole);
      const Events from_whole =
          read({.dialect = client, .delivery = Delivery::Whole}, {json::serialize(*whole)});
      EXPECT_EQ(all_text(from_whole).substr(0, 6), all_text(expected).substr(0, 6));
      EXPECT_EQ(from_whole.back(), expected.back());
      EXPECT_EQ(from_whole.front(), AnswerEvent(Started{"id-1", "croft/auto"}));
      EXPECT_EQ(from_whole[from_whole.size() - 2], expected[expected.size() - 2]);
    }
  }
}

TEST(AnswerWriter, FramesOpenAiAsClientsExpect) {
  const std::string bytes =
      write(Dialect::OpenAi,
            {.id = "c1",
             .model = "m",
             .created = 7,
             .include_usage = true,
             .extra = {{"route_trace", 1}}},
            {Started{"u", "v"}, TextDelta{"Hi", {}}, ToolCallBegin{0, "a", "f"},
             ToolCallArguments{0, "{}"}, Usage{.prompt_tokens = 1, .completion_tokens = 2},
             Finished{FinishCause::ToolCalls, {}, {}}});
  const std::string head =
      R"(data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[)";
  const std::string tail = R"(,"logprobs":null,"finish_reason":null}],"usage":null)";
  EXPECT_EQ(
      bytes,
      head + R"({"index":0,"delta":{"role":"assistant","content":""})" + tail +
          ",\"route_trace\":1}\n\n" +                                         //
          head + R"({"index":0,"delta":{"content":"Hi"})" + tail + "}\n\n" +  //
          head +
          R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]})" +
          tail + "}\n\n" +  //
          head +
          R"({"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]})" +
          tail + "}\n\n" +  //
          head +
          R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}],"usage":null})" +
          "\n\n" +  //
          head + R"(],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})" +
          "\n\ndata: [DONE]\n\n");
  // Not asked: no usage anywhere. Missing: null, not 0.
  const Events plain = {Started{"u", "v"}, Usage{.prompt_tokens = 1}, Finished{}};
  EXPECT_EQ(write(Dialect::OpenAi, {}, plain).find("usage"), std::string::npos);
  const std::string missing =
      write(Dialect::OpenAi, {.include_usage = true}, {Started{"u", "v"}, Finished{}});
  EXPECT_NE(missing.find(R"("choices":[],"usage":null})"), std::string::npos);
  EXPECT_FALSE(
      write_whole_answer(Dialect::OpenAi, {}, Events{Started{}, Finished{}})->contains("usage"));
}

TEST(AnswerWriter, FramesAnthropicAsClientsExpect) {
  const std::string bytes =
      write(Dialect::Anthropic, {.id = "m1", .model = "m"},
            {Started{"u", "v"}, ThinkingDelta{"hm"}, ThinkingSignature{"s"}, RedactedThinking{"zz"},
             TextDelta{"Hi", {}}, ToolCallBegin{0, "a", "f"}, ToolCallArguments{0, "{}"},
             ToolCallBegin{1, "b", "g"},
             Usage{.prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 2},
             Finished{FinishCause::ToolCalls, {}, {}}});
  EXPECT_EQ(bytes, R"(event: message_start
data: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"zz"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Hi"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: content_block_start
data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":4}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":6,"cache_creation_input_tokens":null,"cache_read_input_tokens":4,"output_tokens":2}}

event: message_stop
data: {"type":"message_stop"}

)");
  EXPECT_EQ(make_answer_writer(Dialect::Anthropic, {})->ping(),
            "event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

TEST(AnswerWriter, EndsWithAnErrorInMidStream) {
  Failed failed;
  failed.error = {ErrorCode::Unavailable, "the upstream is overloaded", "Try again later", {}};
  const Events events = {Started{"u", "v"}, TextDelta{"Hi", {}}, failed, TextDelta{"never", {}}};
  EXPECT_TRUE(
      write(Dialect::OpenAi, {}, events)
          .ends_with("data: {\"error\":{\"message\":\"the upstream is overloaded. Try again "
                     "later\",\"type\":\"server_error\",\"param\":null,\"code\":"
                     "\"overloaded\"}}\n\n"));
  EXPECT_TRUE(write(Dialect::Anthropic, {.request_id = "req_1"}, events)
                  .ends_with("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                             "\"overloaded_error\",\"message\":\"the upstream is overloaded. Try "
                             "again later\"},\"request_id\":\"req_1\"}\n\n"));
  EXPECT_EQ(write_whole_answer(Dialect::OpenAi, {}, events).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(write_whole_answer(Dialect::OpenAi, {}, Events{Started{}}).error().code,
            ErrorCode::Internal);
}

TEST(AnswerWriter, CarriesLogprobsAndRefusals) {
  const json::array entries = {json::object{{"token", "Hi"}, {"logprob", -0.5}}};
  const Events events = {Started{"u", "v"}, TextDelta{"Hi", entries}, RefusalDelta{"No."},
                         Finished{FinishCause::ContentFilter, {}, {}}};
  const Events back =
      read(Dialect::OpenAi, write(Dialect::OpenAi, {.id = "u", .model = "v"}, events));
  EXPECT_EQ(back.at(1), events.at(1));
  EXPECT_EQ(back.at(2), events.at(2));
  const json::object whole = *write_whole_answer(Dialect::OpenAi, {}, events);
  EXPECT_EQ(whole.at("choices").at_pointer("/0/logprobs/content/0/token"), "Hi");
  EXPECT_EQ(whole.at("choices").at_pointer("/0/message/refusal"), "No.");
  const json::object anthropic = *write_whole_answer(Dialect::Anthropic, {}, events);
  EXPECT_EQ(anthropic.at("stop_reason"), "refusal");
}

}  // namespace
}  // namespace croft::dialects
