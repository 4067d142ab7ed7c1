// Goal: with several models each request reaches the one it names, waits for it without holding up
// others, and is counted under its name. Method: requests go into the application without sockets;
// the models are fakes that answer with different words, and a gate holds their loads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <semaphore>

#include "server/application.h"
#include "server/testing/fake_engine.h"
#include "server/testing/recording_writer.h"

namespace croft {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RecordingWriter;

const std::string kChat = "/v1/chat/completions";
const std::string kUser = R"("messages": [{"role": "user", "content": "hi"}])";

class ApplicationModelsTest : public ::testing::Test {
 protected:
  ApplicationModelsTest() {
    std::vector<ModelSource> models = {{.name = "first"}, {.name = "second"}, {.name = "broken"}};
    models[0].load = [] { return engine("one"); };
    models[1].load = [this] {
      gate_.acquire();
      return engine("two");
    };
    models[2].load = []() -> Result<std::unique_ptr<TextEngine>> {
      return fail(ErrorCode::Corrupt, "it is no model");
    };
    application_.emplace(
        Application::Options{.access = {.host = "127.0.0.1"}, .models = std::move(models)});
    application_->start({});
    while (get("/readyz")->answer.status != 200) std::this_thread::yield();
  }
  ~ApplicationModelsTest() override {
    gate_.release();
    application_->drain();
    application_->release_engine();
  }

  static std::unique_ptr<TextEngine> engine(std::string answer) {
    return std::make_unique<FakeEngine>(FakeEngine::Options{.answer = std::move(answer)});
  }
  std::shared_ptr<RecordingWriter> begin(std::string method, std::string path, std::string body) {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
    request.body = std::move(body);
    auto writer = std::make_shared<RecordingWriter>();
    if (std::optional<HttpResponse> refusal = application_->admit(request))
      writer->send(*std::move(refusal));
    else
      application_->handle(std::move(request), writer);
    return writer;
  }
  std::shared_ptr<RecordingWriter> get(std::string path) {
    auto writer = begin("GET", std::move(path), {});
    EXPECT_TRUE(writer->run_until_ended());
    return writer;
  }
  std::shared_ptr<RecordingWriter> post(std::string path, std::string body) {
    auto writer = begin("POST", std::move(path), std::move(body));
    EXPECT_TRUE(writer->run_until_ended());
    EXPECT_EQ(writer->answers_count, 1);
    return writer;
  }
  static json::value body_of(const std::shared_ptr<RecordingWriter>& writer) {
    return parse_json(writer->answer.body, "answer").value();
  }
  json::value status_of(const std::string& model) {
    return body_of(get("/v1/models/" + model)).at("status");
  }

  std::counting_semaphore<> gate_{0};
  std::optional<Application> application_;
};

TEST_F(ApplicationModelsTest, EachRequestReachesTheModelItNames) {
  gate_.release();
  for (const char* model :
       {R"("model": "first", )", R"("model": "", )", R"("model": null, )", ""}) {
    const json::value answer = body_of(post(kChat, "{" + std::string(model) + kUser + "}"));
    EXPECT_EQ(answer.at("model"), "first");
    EXPECT_EQ(answer.at("choices").at(0).at("message").at("content"), "one");
  }
  const json::value second = body_of(post(kChat, R"({"model": "second", )" + kUser + "}"));
  EXPECT_EQ(second.at("model"), "second");
  EXPECT_EQ(second.at("choices").at(0).at("message").at("content"), "two");
  for (const char* route : {"/tokenize", "/v1/embeddings"})
    EXPECT_EQ(post(route, R"({"model": "second", "content": "a", "input": "a"})")->answer.status,
              200);
}

TEST_F(ApplicationModelsTest, UnknownNamesAreNotFoundAndThoseServedAreNamed) {
  for (const char* path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize",
                           "/detokenize", "/apply-template", "/models/load", "/models/unload"}) {
    const auto writer = post(path, R"({"model": "third"})");
    EXPECT_EQ(writer->answer.status, 404) << path;
    EXPECT_EQ(body_of(writer).at("error").at("code"), "model_not_found");
    EXPECT_THAT(writer->answer.body, HasSubstr("first, second, broken"));
  }
  EXPECT_EQ(body_of(post(kChat, R"({"model": 5, )" + kUser + "}")).at("error").at("param"),
            "model");
}

TEST_F(ApplicationModelsTest, WaitingHoldsUpNobodyElse) {
  const auto waiting = begin("POST", kChat, R"({"model": "second", )" + kUser + "}");
  EXPECT_EQ(post(kChat, "{" + kUser + "}")->answer.status, 200);
  while (status_of("second").at("value") != "loading") std::this_thread::yield();
  EXPECT_THAT(get("/metrics")->answer.body, HasSubstr("croft_model_waiting{model=\"second\"} 1"));
  waiting->run_posted();
  EXPECT_FALSE(waiting->ended);
  gate_.release();
  EXPECT_TRUE(waiting->run_until_ended());
  EXPECT_EQ(body_of(waiting).at("choices").at(0).at("message").at("content"), "two");
  EXPECT_EQ(waiting->record().model, "second");
}

TEST_F(ApplicationModelsTest, ABadBodyIsRefusedAfterTheWaitToo) {
  const auto waiting =
      begin("POST", kChat, R"({"model": "second", "temperature": 9, )" + kUser + "}");
  gate_.release();
  EXPECT_TRUE(waiting->run_until_ended());
  EXPECT_EQ(waiting->answer.status, 400);
  EXPECT_EQ(body_of(waiting).at("error").at("param"), "temperature");
}

TEST_F(ApplicationModelsTest, WhoeverLeavesIsNotWaitedFor) {
  const auto waiting = begin("POST", kChat, R"({"model": "second", )" + kUser + "}");
  waiting->cancel().request_stop();
  EXPECT_TRUE(waiting->run_until_ended());
  EXPECT_EQ(waiting->answer.status, 503);
}

TEST_F(ApplicationModelsTest, AFailedLoadNamesItsReason) {
  const auto writer = post(kChat, R"({"model": "broken", )" + kUser + "}");
  EXPECT_EQ(writer->answer.status, 503);
  EXPECT_THAT(writer->answer.body, HasSubstr("it is no model"));
  ASSERT_FALSE(writer->answer.headers.empty());
  EXPECT_EQ(writer->answer.headers.front().name, "Retry-After");
  EXPECT_EQ(status_of("broken"), (json::object{{"value", "unloaded"}, {"failed", true}}));
  EXPECT_EQ(get("/readyz")->answer.status, 200) << "only the main and the pinned ones count";
  EXPECT_THAT(get("/metrics")->answer.body,
              HasSubstr(R"(croft_model_loads_total{model="broken",outcome="failed"} 1)"));
}

TEST_F(ApplicationModelsTest, LoadingAndUnloadingByHand) {
  gate_.release();
  EXPECT_EQ(status_of("second").at("value"), "unloaded");
  EXPECT_EQ(body_of(post("/models/load", R"({"model": "second"})")).at("success"), true);
  EXPECT_EQ(status_of("second").at("value"), "loaded");
  EXPECT_THAT(get("/metrics")->answer.body,
              HasSubstr("croft_requests_running{model=\"second\"} 0"));
  EXPECT_EQ(body_of(post("/models/unload", R"({"model": "second"})")).at("success"), true);
  EXPECT_EQ(status_of("second").at("value"), "unloaded");
  EXPECT_THAT(get("/metrics")->answer.body,
              Not(HasSubstr("croft_requests_running{model=\"second\"}")));
  EXPECT_EQ(post("/models/unload", R"({"model": "first"})")->answer.status, 400);
  EXPECT_EQ(post("/models/load", "{}")->answer.status, 400);
  EXPECT_THAT(body_of(get("/models")).at("data").as_array(), ::testing::SizeIs(3));
}

TEST_F(ApplicationModelsTest, SeriesAndLogLinesBearTheModelsName) {
  gate_.release();
  post(kChat, R"({"model": "second", )" + kUser + "}");
  ::testing::internal::CaptureStderr();
  application_->completed(
      {.method = "POST", .route = kChat, .id = "x", .status = 200, .model = "second"});
  application_->completed({.method = "GET", .route = "unmatched", .id = "y", .status = 404});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("model=second"));
  const std::string text = get("/metrics")->answer.body;
  for (const char* line :
       {R"(croft_generation_tokens_total{model="second"} 3)",
        R"(croft_generation_tokens_total{model="first"} 0)",
        R"(croft_requests_total{model="second",route="/v1/chat/completions",status="200"} 1)",
        R"(croft_requests_total{model="first",route="unmatched",status="404"} 1)",
        R"(croft_model_loaded{model="broken"} 0)"})
    EXPECT_THAT(text, HasSubstr(line));
}

}  // namespace
}  // namespace croft
