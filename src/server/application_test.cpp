// Goal: every route answers what its clients expect, and errors name what is wrong. Method:
// requests go into the application without sockets; the engine is a fake with known answers; events
// are parsed back from the stream.
#include "server/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "server/testing/fake_engine.h"
#include "server/testing/recording_writer.h"

namespace croft {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using testing::RecordingWriter;

class ApplicationTest : public ::testing::Test {
 protected:
  ApplicationTest() { use({}); }
  ~ApplicationTest() override { application_->release_engine(); }

  void use(FakeEngine::Options options) {
    application_ = std::make_unique<Application>(Application::Options{
        .access = {.host = "127.0.0.1"}, .model_name = "fake", .log_prompts = false});
    auto engine = std::make_shared<FakeEngine>(std::move(options));
    engine_ = engine.get();
    application_->set_engine(std::move(engine));
  }

  static HttpRequest request(std::string method, std::string path, std::string body = {}) {
    HttpRequest made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.headers = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
    made.body = std::move(body);
    return made;
  }

  std::shared_ptr<RecordingWriter> ask(HttpRequest asked) {
    auto writer = std::make_shared<RecordingWriter>();
    if (std::optional<HttpResponse> refusal = application_->admit(asked))
      writer->send(*std::move(refusal));
    else
      application_->handle(std::move(asked), writer);
    EXPECT_TRUE(writer->run_until_ended());
    EXPECT_EQ(writer->answers_count, 1);
    return writer;
  }
  std::shared_ptr<RecordingWriter> post(std::string path, std::string body) {
    return ask(request("POST", std::move(path), std::move(body)));
  }
  json::value post_ok(std::string path, std::string body) {
    const auto writer = post(std::move(path), std::move(body));
    EXPECT_EQ(writer->answer.status, 200) << writer->answer.body;
    return parse_json(writer->answer.body, "answer").value();
  }
  json::value post_error(int status, std::string path, std::string body) {
    const auto writer = post(std::move(path), std::move(body));
    EXPECT_EQ(writer->answer.status, status) << writer->answer.body;
    return parse_json(writer->answer.body, "answer").value().at("error");
  }

  std::unique_ptr<Application> application_;
  FakeEngine* engine_ = nullptr;
};

const std::string kChat = "/v1/chat/completions";
const std::string kCompletions = "/v1/completions";
const std::string kUser = R"("messages": [{"role": "user", "content": "hi"}])";

/// The JSON of every event; requires exact framing and a last [DONE].
std::vector<json::value> events_of(const std::string& stream) {
  std::vector<json::value> events;
  std::string_view rest = stream;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\n\n");
    EXPECT_NE(end, std::string_view::npos);
    const std::string_view event = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    EXPECT_TRUE(event.starts_with("data: ")) << event;
    if (event == "data: [DONE]") {
      EXPECT_TRUE(rest.empty());
      return events;
    }
    events.push_back(parse_json(event.substr(6), "event").value());
  }
  ADD_FAILURE() << "no [DONE] in " << stream;
  return events;
}

const json::value& choice_of(const json::value& answer, std::size_t index = 0) {
  return answer.at("choices").at(index);
}

TEST_F(ApplicationTest, ChatAnswersInOneObject) {
  const json::value answer = post_ok(kChat, R"({"model": "any", )" + kUser + "}");
  EXPECT_EQ(answer.at("object"), "chat.completion");
  EXPECT_EQ(answer.at("model"), "fake");
  EXPECT_EQ(answer.at("system_fingerprint"), "fp_fake");
  EXPECT_EQ(choice_of(answer).at("message").at("role"), "assistant");
  EXPECT_EQ(choice_of(answer).at("message").at("content"), "hello");
  EXPECT_EQ(choice_of(answer).at("finish_reason"), "stop");
  EXPECT_TRUE(choice_of(answer).at("logprobs").is_null());
  // "<s>user:hi\n" is nine tokens.
  EXPECT_EQ(
      answer.at("usage"),
      parse_json(
          R"({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 0}})",
          "")
          .value());
  EXPECT_EQ(answer.as_object().if_contains("warnings"), nullptr);
}

TEST_F(ApplicationTest, ChatStreamsAsClientsExpect) {
  const auto writer =
      post(kChat, R"({"stream": true, "stream_options": {"include_usage": true}, )" + kUser + "}");
  EXPECT_EQ(writer->answer.content_type, "text/event-stream");
  const std::vector<json::value> events = events_of(writer->answer.body);
  ASSERT_EQ(events.size(), 1u + 5 + 1 + 1);  // role, five bytes, finish, usage
  EXPECT_EQ(choice_of(events.front()).at("delta").at("role"), "assistant");
  std::string text;
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    EXPECT_EQ(events[i].at("id"), events.front().at("id"));
    EXPECT_EQ(events[i].at("created"), events.front().at("created"));
    EXPECT_EQ(events[i].at("object"), "chat.completion.chunk");
    EXPECT_TRUE(events[i].at("usage").is_null());
    const json::object& delta = choice_of(events[i]).at("delta").as_object();
    if (const json::value* piece = find(delta, "content")) text += piece->get_string();
    const bool last_content = i + 2 == events.size();
    EXPECT_EQ(choice_of(events[i]).at("finish_reason").is_null(), !last_content);
    EXPECT_EQ(delta.empty(), last_content);
  }
  EXPECT_EQ(text, "hello");
  EXPECT_TRUE(events.back().at("choices").as_array().empty());
  EXPECT_EQ(events.back().at("usage").at("completion_tokens"), 5);
}

TEST_F(ApplicationTest, WithoutIncludeUsageThereIsNone) {
  const auto writer = post(kChat, R"({"stream": true, )" + kUser + "}");
  EXPECT_EQ(writer->answer.body.find("usage"), std::string::npos);
}

TEST_F(ApplicationTest, ChoicesAreToldApartByIndexAndSeed) {
  const auto writer = post(kChat, R"({"stream": true, "n": 3, "seed": 40, )" + kUser + "}");
  std::vector<std::string> texts(3);
  for (const json::value& event : events_of(writer->answer.body))
    if (const json::value* piece = find(choice_of(event).at("delta"), "content"))
      texts[choice_of(event).at("index").to_number<std::size_t>()] += piece->get_string();
  EXPECT_THAT(texts, ::testing::Each("hello"));
  EXPECT_EQ(engine_->last_request().sampling.seed, 42u);
}

TEST_F(ApplicationTest, ChatLogprobs) {
  const json::value answer =
      post_ok(kChat, R"({"logprobs": true, "top_logprobs": 2, )" + kUser + "}");
  const json::array& content = choice_of(answer).at("logprobs").at("content").as_array();
  ASSERT_EQ(content.size(), 5u);
  EXPECT_EQ(content[0].at("token"), "h");
  EXPECT_EQ(content[0].at("bytes"), json::array{104});
  EXPECT_EQ(content[0].at("logprob"), -0.25);
  EXPECT_EQ(content[0].at("top_logprobs").as_array().size(), 2u);
}

TEST_F(ApplicationTest, CompletionEchoScoresThePrompt) {
  const json::value answer =
      post_ok(kCompletions,
              R"({"prompt": [97, 98, 99], "echo": true, "logprobs": 1, "max_tokens": 0,
          "return_tokens_as_token_ids": true})");
  EXPECT_EQ(choice_of(answer).at("text"), "abc");
  EXPECT_EQ(choice_of(answer).at("finish_reason"), "length");
  const json::value& logprobs = choice_of(answer).at("logprobs");
  EXPECT_EQ(logprobs.at("tokens"), (json::array{"token_id:97", "token_id:98", "token_id:99"}));
  EXPECT_EQ(logprobs.at("token_logprobs"), (json::array{nullptr, -0.25, -0.25}));
  EXPECT_TRUE(logprobs.at("top_logprobs").at(0).is_null());
  EXPECT_EQ(logprobs.at("top_logprobs").at(1), (json::object{{"token_id:98", -0.25}}));
  EXPECT_EQ(logprobs.at("text_offset"), (json::array{0, 1, 2}));
}

TEST_F(ApplicationTest, CompletionLogprobsHaveAsManyKeysAsAskedFor) {
  const json::value answer = post_ok(
      kCompletions, R"({"prompt": "x", "logprobs": 20, "return_tokens_as_token_ids": true})");
  for (const json::value& top : choice_of(answer).at("logprobs").at("top_logprobs").as_array())
    EXPECT_EQ(top.as_object().size(), 20u);
}

TEST_F(ApplicationTest, CompletionPromptsInAllShapes) {
  for (const char* prompt : {R"("ab")", R"(["ab"])", "[97, 98]", "[[97, 98]]"})
    EXPECT_EQ(
        choice_of(post_ok(kCompletions, std::string(R"({"echo": true, "prompt": )") + prompt + "}"))
            .at("text"),
        "abhello")
        << prompt;
  const json::value two = post_ok(kCompletions, R"({"prompt": ["a", "b"], "n": 2, "echo": true})");
  ASSERT_EQ(two.at("choices").as_array().size(), 4u);
  EXPECT_EQ(choice_of(two, 1).at("text"), "ahello");
  EXPECT_EQ(choice_of(two, 2).at("text"), "bhello");
  EXPECT_EQ(choice_of(two, 3).at("index"), 3);
  EXPECT_EQ(two.at("usage").at("prompt_tokens"), 4);  // <s>a and <s>b, once each
  for (const char* bad :
       {"[]", "[[]]", "[null]", "[1, \"a\"]", "[-1]", "[258]", "[1.5]", "5", "{}"})
    EXPECT_EQ(post_error(400, kCompletions, std::string(R"({"prompt": )") + bad + "}").at("param"),
              "prompt")
        << bad;
}

TEST_F(ApplicationTest, StreamedCompletionEchoesFirst) {
  const auto writer = post(kCompletions, R"({"prompt": "ab", "echo": true, "stream": true})");
  const std::vector<json::value> events = events_of(writer->answer.body);
  EXPECT_EQ(choice_of(events.front()).at("text"), "ab");
  EXPECT_EQ(events.front().at("object"), "text_completion");
}

TEST_F(ApplicationTest, FieldsReachTheEngine) {
  post_ok(kCompletions, R"({"prompt": "x", "max_tokens": 3, "temperature": 0.5, "top_p": 0,
      "top_k": -1, "min_p": 0.25, "repetition_penalty": 1.5, "presence_penalty": -1,
      "frequency_penalty": 2, "seed": 18446744073709551615, "stop": ["a", "b"],
      "logit_bias": {"7": -100}, "ignore_eos": true, "skip_special_tokens": false})");
  const GenerationRequest asked = engine_->last_request();
  EXPECT_EQ(asked.tokens_max, 3u);
  EXPECT_EQ(asked.sampling.temperature, 0.5f);
  EXPECT_GT(asked.sampling.top_p, 0.0f);
  EXPECT_LT(asked.sampling.top_p, 1e-5f);
  EXPECT_EQ(asked.sampling.top_k, 0);
  EXPECT_EQ(asked.sampling.min_p, 0.25f);
  EXPECT_EQ(asked.sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(asked.sampling.presence_penalty, -1.0f);
  EXPECT_EQ(asked.sampling.frequency_penalty, 2.0f);
  EXPECT_EQ(asked.sampling.seed, UINT64_MAX);
  EXPECT_EQ(asked.stop, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(asked.sampling.logit_bias.size(), 1u);
  EXPECT_EQ(asked.sampling.logit_bias.front(), std::pair(7, -100.0f));
  EXPECT_TRUE(asked.ignore_end_tokens);
  EXPECT_TRUE(asked.special_tokens_in_text);
}

TEST_F(ApplicationTest, BadFieldsAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"temperature", "9"},
      {"temperature", "\"hot\""},
      {"top_p", "-0.1"},
      {"n", "0"},
      {"n", "1.5"},
      {"stop", "[\"a\",\"b\",\"c\",\"d\",\"e\"]"},
      {"max_tokens", "-1"},
      {"logit_bias", "{\"1\": 101}"},
      {"logit_bias", "{\"x\": 1}"},
      {"logit_bias", "{\"258\": 1}"},
      {"logit_bias", "{\"1\": null}"},
      {"stream_options", "{\"include_usage\": true}"},
      {"top_logprobs", "3"},
      {"logprobs", "5"},
      {"tools", "[{\"type\": \"function\"}]"},
      {"tool_choice", "\"required\""},
      {"response_format", "{\"type\": \"json_object\"}"},
      {"store", "true"},
      {"reasoning_effort", "\"high\""},
      {"reasoning_effort", "\"extreme\""},
      {"modalities", "[\"audio\"]"}};
  for (const auto& [name, value] : cases) {
    const json::value error =
        post_error(400, kChat, "{\"" + std::string(name) + "\": " + value + ", " + kUser + "}");
    EXPECT_EQ(error.at("param"), name) << value;
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    EXPECT_FALSE(error.at("message").as_string().empty());
  }
}

TEST_F(ApplicationTest, UnknownFieldsAreListed) {
  const json::value answer = post_ok(kChat, R"({"no_such_field": 1, )" + kUser + "}");
  EXPECT_THAT(std::string(answer.at("warnings").at(0).as_string()), HasSubstr("no_such_field"));
  const auto stream = post(kChat, R"({"stream": true, "no_such_field": 1, )" + kUser + "}");
  const std::vector<json::value> events = events_of(stream->answer.body);
  EXPECT_NE(find(events[0], "warnings"), nullptr);
  EXPECT_EQ(find(events[1], "warnings"), nullptr);
}

TEST_F(ApplicationTest, MessagesAreChecked) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "messages"},
      {"[1]", "messages[0]"},
      {R"([{"content": "x"}])", "messages[0].role"},
      {R"([{"role": "boss", "content": "x"}])", "messages[0].role"},
      {R"([{"role": "user"}])", "messages[0].content"},
      {R"([{"role": "user", "content": 5}])", "messages[0].content"},
      {R"([{"role": "user", "content": []}])", "messages[0].content"},
      {R"([{"role": "user", "content": "x"}, {"role": "user", "content": [{"type": "image_url"}]}])",
       "messages[1].content[0]"},
      {R"([{"role": "user", "content": [{"type": "text"}]}])", "messages[0].content[0].text"},
      {R"([{"role": "user", "content": "x", "name": 5}])", "messages[0].name"},
      {R"([{"role": "user", "content": "x", "tool_calls": []}])", "messages[0].tool_calls"},
      {R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}])",
       "messages[0].tool_calls[0].function.arguments"},
  };
  for (const auto& [messages, param] : cases)
    EXPECT_EQ(post_error(400, kChat, std::string(R"({"messages": )") + messages + "}").at("param"),
              param);
}

TEST_F(ApplicationTest, MessagesTakeOneShape) {
  const json::value answer = post_ok("/apply-template", R"({"messages": [
      {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
      {"role": "assistant", "content": null, "tool_calls": [
          {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}}]},
      {"role": "tool", "tool_call_id": "1", "content": "42"}]})");
  EXPECT_EQ(answer.at("prompt"), "system:ab\nassistant:\ntool:42\n");
}

TEST_F(ApplicationTest, J3_ATemplatesComplaintIsABadRequest) {
  const json::value error =
      post_error(400, kChat, R"({"messages": [{"role": "user", "content": "raise"}]})");
  EXPECT_THAT(std::string(error.at("message").as_string()), HasSubstr("line 7"));
}

TEST_F(ApplicationTest, J6_UserTextNeverBecomesAControlToken) {
  post_ok(kChat, R"({"messages": [{"role": "user", "content": "</s>"}]})");
  const std::vector<TokenId> prompt = engine_->last_request().prompt;
  EXPECT_EQ(std::ranges::count(prompt, testing::ByteTokenizer::end_id), 0);
  for (const char* key : {"bos_token", "eos_token", "messages", "tools"})
    EXPECT_EQ(post_error(400, kChat,
                         std::string(R"({"chat_template_kwargs": {")") + key + R"(": "</s>"}, )" +
                             kUser + "}")
                  .at("param"),
              json::value("chat_template_kwargs." + std::string(key)));
}

TEST_F(ApplicationTest, ThinkingSwitchNeedsATemplateThatReadsIt) {
  use({.chat_template = "{% if enable_thinking %}"});
  post_ok(kChat, R"({"reasoning_effort": "none", )" + kUser + "}");
  post_ok(kChat, R"({"reasoning_effort": "high", )" + kUser + "}");
}

TEST_F(ApplicationTest, ContextOverflowNamesBothNumbers) {
  const std::string text(300, 'x');
  const json::value error =
      post_error(400, kChat, R"({"messages": [{"role": "user", "content": ")" + text + R"("}]})");
  EXPECT_EQ(error.at("code"), "context_length_exceeded");
  EXPECT_THAT(std::string(error.at("message").as_string()),
              ::testing::AllOf(HasSubstr("307"), HasSubstr("256")));
}

TEST_F(ApplicationTest, AFullQueueSaysWhenToComeBack) {
  use({.queue_max = 0});
  const auto writer = post(kChat, "{" + kUser + "}");
  EXPECT_EQ(writer->answer.status, 429);
  ASSERT_FALSE(writer->answer.headers.empty());
  EXPECT_EQ(writer->answer.headers.front().name, "Retry-After");
}

TEST_F(ApplicationTest, AnErrorInMidStreamIsTheLastEvent) {
  use({.fail_after_text = "he"});
  const auto streamed = post(kChat, R"({"stream": true, )" + kUser + "}");
  EXPECT_TRUE(streamed->closed);
  EXPECT_THAT(streamed->answer.body, HasSubstr("data: {\"error\":"));
  EXPECT_EQ(streamed->answer.body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(post(kChat, "{" + kUser + "}")->answer.status, 500);
}

TEST_F(ApplicationTest, Embeddings) {
  const json::value floats = post_ok("/v1/embeddings", R"({"input": ["a", "bc"], "model": "any"})");
  ASSERT_EQ(floats.at("data").as_array().size(), 2u);
  EXPECT_EQ(floats.at("data").at(1).at("embedding"), (json::array{0.5, -0.5, 0.5, 0.5}));
  EXPECT_EQ(floats.at("usage").at("prompt_tokens"), 5);  // <s>a and <s>bc
  const json::value packed = post_ok(
      "/v1/embeddings", R"({"input": [1, 2], "encoding_format": "base64", "dimensions": 4})");
  // 0.5f is 00 00 00 3f, -0.5f is 00 00 00 bf.
  EXPECT_EQ(packed.at("data").at(0).at("embedding"), "AAAAPwAAAL8AAAA/AAAAPw==");
  const std::pair<const char*, const char*> bad[] = {
      {R"({"input": []})", "input"},
      {R"({"input": [[]]})", "input"},
      {R"({"input": [{}]})", "input"},
      {R"({"input": "a", "dimensions": 2})", "dimensions"},
      {R"({"input": "a", "encoding_format": "int8"})", "encoding_format"}};
  for (const auto& [body, param] : bad)
    EXPECT_EQ(post_error(400, "/v1/embeddings", body).at("param"), param) << body;
}

TEST_F(ApplicationTest, TokenizeAndBack) {
  EXPECT_EQ(post_ok("/tokenize", R"({"content": "a</s>"})").at("tokens"), (json::array{97, 257}));
  EXPECT_EQ(
      post_ok("/tokenize", R"({"content": "a</s>", "add_special": true, "parse_special": false})")
          .at("tokens"),
      (json::array{256, 97, 60, 47, 115, 62}));
  EXPECT_EQ(post_ok("/tokenize", R"({"content": "ä", "with_pieces": true})").at("tokens").at(0),
            (json::object{{"id", 195}, {"piece", json::array{195}}}));
  EXPECT_EQ(post_ok("/detokenize", R"({"tokens": [97, 195]})").at("content"), "a\xEF\xBF\xBD");
  EXPECT_EQ(post_error(400, "/detokenize", R"({"tokens": [999]})").at("param"), "tokens");
}

TEST_F(ApplicationTest, ModelsAreListed) {
  const auto get = [&](std::string path) {
    return parse_json(ask(request("GET", std::move(path)))->answer.body, "answer").value();
  };
  const json::value model = get("/v1/models").at("data").at(0);
  EXPECT_EQ(model.at("id"), "fake");
  EXPECT_EQ(model.at("context_length"), 256);
  EXPECT_EQ(model.at("quantization"), "Q4_1");
  EXPECT_EQ(get("/v1/models/fake"), model);
  EXPECT_EQ(get("/v1/models/f%61ke"), model);
  EXPECT_EQ(get("/v1/models/other").at("error").at("code"), "model_not_found");
}

TEST_F(ApplicationTest, RoutesAndMethods) {
  EXPECT_EQ(ask(request("GET", "/livez"))->answer.status, 200);
  EXPECT_EQ(ask(request("HEAD", "/health"))->answer.status, 200);
  const auto wrong = ask(request("GET", kChat));
  EXPECT_EQ(wrong->answer.status, 405);
  EXPECT_EQ(wrong->answer.headers.front().value, "POST, OPTIONS");
  const auto unknown = ask(request("POST", "/chat/completions", "{}"));
  EXPECT_EQ(unknown->answer.status, 404);
  EXPECT_THAT(unknown->answer.body, HasSubstr("/v1/chat/completions"));
  EXPECT_EQ(ask(request("OPTIONS", kChat))->answer.status, 204);
  HttpRequest form = request("POST", kChat, "{}");
  form.headers[1].value = "text/plain";
  EXPECT_EQ(ask(form)->answer.status, 400);
  EXPECT_EQ(post(kChat, "{")->answer.status, 400);
  EXPECT_EQ(post(kChat, "[]")->answer.status, 400);
  EXPECT_EQ(post(kChat, std::string(5000, '['))->answer.status, 400);
}

TEST_F(ApplicationTest, PreflightsOfAllowedOriginsOnly) {
  HttpRequest preflight = request("OPTIONS", kChat);
  preflight.headers.push_back({"Origin", "https://app.example"});
  preflight.headers.push_back({"Access-Control-Request-Method", "POST"});
  preflight.headers.push_back({"Access-Control-Request-Headers", "authorization"});
  EXPECT_EQ(ask(preflight)->answer.status, 403);
  Application open({.access = {.host = "127.0.0.1", .allowed_origins = {"https://app.example"}},
                    .model_name = "fake"});
  const std::optional<HttpResponse> answer = open.admit(preflight);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  ASSERT_FALSE(preflight.response_headers.empty());
  EXPECT_EQ(preflight.response_headers.front().value, "https://app.example");
}

TEST_F(ApplicationTest, LoadingAndDrainingAnswer503) {
  Application loading({.access = {.host = "127.0.0.1"}, .model_name = "fake"});
  HttpRequest chat = request("POST", kChat, "{" + kUser + "}");
  EXPECT_EQ(loading.admit(chat)->status, 503);
  auto writer = std::make_shared<RecordingWriter>();
  loading.handle(request("GET", "/readyz"), writer);
  ASSERT_TRUE(writer->run_until_ended());
  EXPECT_EQ(writer->answer.status, 503);
  EXPECT_EQ(writer->answer.headers.front().name, "Retry-After");

  EXPECT_EQ(ask(request("GET", "/readyz"))->answer.status, 200);
  application_->drain();
  EXPECT_EQ(ask(request("GET", "/readyz"))->answer.status, 503);
  EXPECT_EQ(ask(request("GET", "/livez"))->answer.status, 200);
  EXPECT_EQ(ask(request("POST", kChat, "{}"))->answer.status, 503);
}

TEST_F(ApplicationTest, A3_NothingOfARequestIsLoggedOrCounted) {
  // Every place of a request that a person could fill: bodies good and bad, keys of objects, paths,
  // the origin.
  const std::string secret = "secret-4711";
  init_log(LogLevel::Debug, false);
  ::testing::internal::CaptureStderr();
  const auto finish = [&](HttpRequest asked) {
    HttpRequest head = asked;
    application_->admit(head);
    const auto writer = ask(std::move(asked));
    application_->completed({.method = head.method,
                             .route = head.route,
                             .id = "req_1",
                             .status = writer->answer.status});
  };
  for (const std::string& body :
       {R"({"messages": [{"role": "user", "content": ")" + secret + R"("}]})",
        R"({"messages": [{"role": ")" + secret + R"(", "content": "x"}]})",
        R"({"user": ")" + secret + R"(", ")" + secret + R"(": 1, )" + kUser + "}",
        R"({"temperature": ")" + secret + R"(", )" + kUser + "}", "{" + secret})
    finish(request("POST", kChat, body));
  finish(request("GET", "/v1/models/" + secret));
  finish(request("GET", "/" + secret));
  HttpRequest foreign = request("GET", "/v1/models");
  foreign.headers.push_back({"Origin", "http://" + secret});
  finish(std::move(foreign));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(logged, HasSubstr("POST /v1/chat/completions 200"));
  EXPECT_EQ(logged.find(secret), std::string::npos) << logged;
  EXPECT_EQ(ask(request("GET", "/metrics"))->answer.body.find(secret), std::string::npos);
}

TEST_F(ApplicationTest, MetricsCountWhatHappened) {
  post_ok(kChat, "{" + kUser + "}");
  application_->completed({.method = "POST", .route = kChat, .id = "x", .status = 200});
  const std::string text = ask(request("GET", "/metrics"))->answer.body;
  for (const char* line :
       {"croft_prompt_tokens_total{model=\"fake\"} 9",
        "croft_generation_tokens_total{model=\"fake\"} 5",
        "croft_time_to_first_token_seconds_count{model=\"fake\",route=\"/v1/chat/completions\"} 1",
        "croft_inter_token_latency_seconds_count{model=\"fake\",route=\"/v1/chat/completions\"} 4",
        "croft_requests_total{model=\"fake\",route=\"/v1/chat/completions\",status=\"200\"} 1",
        "croft_kv_cache_usage_ratio{model=\"fake\"} 0.25"})
    EXPECT_THAT(text, HasSubstr(line));
}

}  // namespace
}  // namespace croft
