// Goal: a routed request ends once, with the right answer, whatever order local and cloud events,
// errors and leaving clients come in. Method: the application without sockets towards the client, a
// fake engine on its own thread, and a real HTTP server of the test as the upstream; the sanitizers
// run this too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "io/test_server.h"
#include "router/policy/test_config.h"
#include "server/application.h"
#include "server/testing/fake_engine.h"
#include "server/testing/recording_writer.h"

namespace croft {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RecordingWriter;

std::string http(int status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr std::string_view whole_answer =
    R"({"id":"c1","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"from the cloud"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}})";

constexpr std::string_view stream_answer =
    "data: "
    "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up\","
    "\"choices\":[{\"index\":0,\"delta\":{"
    "\"role\":\"assistant\",\"content\":\"from \"},\"finish_reason\":null}]}\n\n"
    "data: "
    "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up\","
    "\"choices\":[{\"index\":0,\"delta\":{"
    "\"content\":\"the cloud\"},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n";

class RoutedCallTest : public ::testing::Test {
 protected:
  RoutedCallTest()
      : upstream_([this](const std::string& request) {
          ++asked_;
          if (request.find("POST /slow/") != std::string::npos)
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
          if (request.find("POST /cut/") != std::string::npos)  // more is announced than comes
            return "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nContent-Length: "
                   "100000\r\n\r\n" +
                   std::string(stream_answer).substr(0, stream_answer.find("data: [DONE]"));
          if (fail_) return http(500, "application/json", R"({"error":{"message":"broken"}})");
          return streams_ ? http(200, "text/event-stream", std::string(stream_answer))
                          : http(200, "application/json", std::string(whole_answer));
        }) {
    const std::string yaml = R"(upstreams:
  one: {dialect: openai, url: ")" +
                             upstream_.url("/v1") + R"(", retries: 0}
  lazy: {dialect: openai, url: ")" +
                             upstream_.url("/slow") + R"(", retries: 0}
  broken: {dialect: openai, url: ")" +
                             upstream_.url("/cut") + R"(", retries: 0}
models:
  big: {upstream: one, free: true}
  late: {upstream: lazy, price_in: 1, price_out: 2}
  half: {upstream: broken, price_in: 1, price_out: 2}
routes:
  auto: {local: ["local:fake"], cloud: [big], rules: [{name: here, when: {keywords_any: [stay]}, use: local}]}
  up: {cloud: [big]}
  slow: {cloud: [late]}
  cut: {cloud: [half]}
)";
    RouterSurroundings around;
    around.is_model = [](const std::string& name) { return name == "fake"; };
    ParsedRouter parsed = parse_test(yaml, around);
    EXPECT_TRUE(parsed.config) << all_problems(parsed);
    RouterInputs inputs;
    inputs.config = parsed.config;
    inputs.read_key = [](const UpstreamConfig&) { return std::string(); };
    inputs.served = {"fake"};
    routing_ = std::make_shared<RoutingServices>();
    auto state = make_router_state(inputs, nullptr);
    EXPECT_TRUE(state) << state.error().to_string();
    routing_->set_state(*state);
    application_ = std::make_unique<Application>(Application::Options{
        .access = {.host = "127.0.0.1"}, .model_name = "fake", .routing = routing_});
    application_->set_engine(std::make_shared<FakeEngine>());
  }
  ~RoutedCallTest() override {
    application_->release_engine();
    // What was posted holds its call, and the call its writer: a connection would have run it.
    for (const auto& writer : writers_) writer->run_posted();
  }

  std::shared_ptr<RecordingWriter> begin(const std::string& model, const std::string& text,
                                         const std::string& more = "") {
    streams_ = more.find("\"stream\":true") != std::string::npos;
    HttpRequest request;
    request.method = "POST";
    request.path = "/v1/chat/completions";
    request.headers = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
    request.body = R"({"model":")" + model + R"(","messages":[{"role":"user","content":")" + text +
                   "\"}]" + more + "}";
    auto writer = writers_.emplace_back(std::make_shared<RecordingWriter>());
    if (auto refusal = application_->admit(request))
      writer->send(*std::move(refusal));
    else
      application_->handle(std::move(request), writer);
    return writer;
  }
  std::shared_ptr<RecordingWriter> ask(const std::string& model, const std::string& text,
                                       const std::string& more = "") {
    auto writer = begin(model, text, more);
    EXPECT_TRUE(writer->run_until_ended());
    EXPECT_EQ(writer->answers_count, 1);
    return writer;
  }

  std::vector<std::shared_ptr<RecordingWriter>> writers_;
  std::atomic<int> asked_{0};
  std::atomic<bool> fail_{false};
  std::atomic<bool> streams_{false};
  TestServer upstream_;
  std::shared_ptr<RoutingServices> routing_;
  std::unique_ptr<Application> application_;
};

TEST_F(RoutedCallTest, ALocalRuleAnswersHere) {
  const auto writer = ask("auto", "please stay", R"(,"route_trace":true)");
  EXPECT_EQ(writer->answer.status, 200) << writer->answer.body;
  EXPECT_THAT(writer->answer.body, HasSubstr("hello"));
  EXPECT_THAT(writer->answer.body, HasSubstr(R"("rule":"here")"));
  EXPECT_EQ(asked_, 0);
}

TEST_F(RoutedCallTest, TheCloudAnswersWholeAndStreamed) {
  const auto whole = ask("up", "a question");
  EXPECT_THAT(whole->answer.body, HasSubstr("from the cloud"));
  const auto stream = ask("up", "a question", R"(,"stream":true)");
  EXPECT_TRUE(stream->streaming);
  EXPECT_THAT(stream->answer.body, HasSubstr("the cloud"));
  EXPECT_THAT(stream->answer.body, HasSubstr("[DONE]"));
}

TEST_F(RoutedCallTest, ACascadeWithoutEvidenceEscalates) {
  const auto writer = ask("auto", "a question", R"(,"route_trace":true)");
  EXPECT_THAT(writer->answer.body, HasSubstr("from the cloud"));
  EXPECT_THAT(writer->answer.body, HasSubstr("insufficient evidence"));
}

TEST_F(RoutedCallTest, WhatIsSensitiveStays) {
  const auto writer = ask("auto", "my card 4111 1111 1111 1111");
  EXPECT_THAT(writer->answer.body, HasSubstr("hello"));
  EXPECT_EQ(ask("up", "my card 4111 1111 1111 1111")->answer.status, 403);
  EXPECT_EQ(asked_, 0);
}

TEST_F(RoutedCallTest, AFailingCloudIsAnErrorOfTheUpstream) {
  fail_ = true;
  EXPECT_EQ(ask("auto", "a question")->answer.status, 502);
  EXPECT_EQ(ask("up", "a question", R"(,"stream":true)")->answer.status, 502);
}

TEST_F(RoutedCallTest, AClientWhoLeavesEndsTheAsking) {
  const auto writer = begin("slow", "a question");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  writer->run_posted();
  writer->cancel().request_stop();
  for (int i = 0; i < 100 && routing_->transfers().running() != 0; ++i) {
    writer->run_posted();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  writer->run_posted();
  EXPECT_EQ(routing_->transfers().running(), 0u);
  EXPECT_EQ(writer->answers_count, 0);
}

TEST_F(RoutedCallTest, WhatWasAskedInVainHasACostThatNobodyKnows) {
  const auto writer = begin("slow", "a question");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  writer->run_posted();
  writer->cancel().request_stop();
  for (int i = 0; i < 100 && !writer->record().trace; ++i) {
    writer->run_posted();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(writer->record().trace);
  const RouteTrace& trace = *writer->record().trace;
  ASSERT_EQ(trace.attempts.size(), 1u);
  EXPECT_EQ(trace.attempts[0].model, "late");
  EXPECT_EQ(trace.attempts[0].error, ErrorCode::Cancelled);
  EXPECT_EQ(std::get<CostGap>(cost_of(trace)), CostGap::Unknown) << "never 0: it may be charged";
}

TEST_F(RoutedCallTest, AStreamThatBreaksOffIsEstimated) {
  const auto writer = ask("cut", "a question of some length", R"(,"stream":true)");
  EXPECT_THAT(writer->answer.body, HasSubstr("from "));
  EXPECT_THAT(writer->answer.body, HasSubstr("broke off"));
  EXPECT_TRUE(writer->record().failed);
  writer->run_posted();
  ASSERT_TRUE(writer->record().trace);
  const AttemptTrace& attempt = writer->record().trace->attempts.at(0);
  EXPECT_TRUE(attempt.estimated);
  EXPECT_GE(attempt.prompt_tokens.value_or(0), 25u / 4);
  EXPECT_GE(attempt.completion_tokens.value_or(0), 2u);
}

TEST_F(RoutedCallTest, WhatFailedFromItsHeadOnCostsNothing) {
  fail_ = true;
  const auto writer = ask("up", "a question");
  writer->run_posted();
  ASSERT_TRUE(writer->record().trace);
  EXPECT_EQ(std::get<double>(cost_of(*writer->record().trace)), 0.0);
}

TEST_F(RoutedCallTest, WhatARuleRefusesSaysWhichAndWhy) {
  const auto writer = ask("up", "my card 4111 1111 1111 1111");
  writer->run_posted();
  EXPECT_EQ(writer->answer.status, 403);
  ASSERT_TRUE(writer->record().trace);
  EXPECT_EQ(writer->record().trace->route, "up");
  EXPECT_FALSE(writer->record().trace->reason.empty());
  EXPECT_FALSE(writer->record().trace->gates.empty());
}

TEST_F(RoutedCallTest, ClosingWhileAsking) {
  const auto writer = begin("slow", "a question");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  writer->run_posted();
  application_->release_engine();
  writer->run_posted();
  EXPECT_EQ(writer->answer.status, 503) << writer->answer.body;
}

TEST_F(RoutedCallTest, ManyAtOnceWhileTheStateChanges) {
  std::vector<std::shared_ptr<RecordingWriter>> writers;
  for (int i = 0; i < 40; ++i) {
    writers.push_back(begin(i % 2 == 0 ? "up" : "auto", i % 3 == 0 ? "stay" : "a question"));
    routing_->set_state(routing_->state());
  }
  for (const auto& writer : writers) {
    ASSERT_TRUE(writer->run_until_ended());
    EXPECT_EQ(writer->answers_count, 1);
    EXPECT_EQ(writer->answer.status, 200) << writer->answer.body;
  }
}

}  // namespace
}  // namespace croft
