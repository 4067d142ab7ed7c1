// Goal: a pull from the hub arrives whole and verified or not at all, goes on after a break, and
// goes nowhere it should not (threats.md S4, S5, S7). Method: tests/hub/fake_hub.py misbehaves by
// the repository's name; its log tells what was asked.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/json.h"
#include "io/http_client.h"
#include "store/fake_hub.h"
#include "store/model_library.h"
#include "store/pull.h"
#include "store/test_files.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PullFromHub : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!hub_.runs()) GTEST_SKIP() << "python3 is not here, so there is no server to pull from";
    for (const char* name : {"HF_TOKEN", "HF_ENDPOINT", "http_proxy", "HTTP_PROXY"}) {
      ::unsetenv(name);
    }
  }

  [[nodiscard]] PullOptions options() const {
    PullOptions options;
    options.hub_endpoint = hub_.url();
    options.backoff = std::chrono::milliseconds(5);
    options.attempts_max = 4;
    return options;
  }
  [[nodiscard]] Result<InstalledModel> pull(std::string_view name) const {
    return pull_model(root_, name, options());
  }

  /// What the server was asked: a list of {path, range, authorization, host}.
  [[nodiscard]] json::array log() const {
    std::string body;
    const auto response =
        http_get({.url = hub_.url() + "/log"}, [&](std::span<const std::byte> bytes) {
          body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          return true;
        });
    EXPECT_TRUE(response);
    return parse_json(body, "log").value().as_array();
  }
  [[nodiscard]] std::vector<std::string> ranges() const {
    std::vector<std::string> out;
    for (const json::value& entry : log()) {
      if (const auto range = find_string(entry, "range")) out.emplace_back(*range);
    }
    return out;
  }

  void expect_nothing_installed() const {
    const auto models = list_models(root_);
    ASSERT_TRUE(models);
    EXPECT_TRUE(models->empty());
  }

  FakeHub hub_;
  TestFolder folder_;
  fs::path root_ = folder_ / "models";
};

TEST_F(PullFromHub, WholeModel) {
  PullOptions with_progress = options();
  std::vector<PullProgress> told;
  with_progress.on_progress = [&](const PullProgress& progress) { told.push_back(progress); };
  const auto model = pull_model(root_, "hf:Plain/Model", with_progress);
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->name, "hf:Plain/Model:q4_k_m");
  EXPECT_EQ(model->path, root_ / "hf/plain/model/q4_k_m/model-Q4_K_M.gguf");
  EXPECT_EQ(model->bytes, fs::file_size(model->path));
  EXPECT_THAT(model->source, StartsWith("hf:Plain/Model@0123456789abcdef"));
  EXPECT_EQ(model->licence, "apache-2.0");
  EXPECT_EQ(model->sha256.size(), 64u);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().bytes_done, model->bytes);
  EXPECT_EQ(told.back().bytes_total, model->bytes);

  EXPECT_EQ(resolve_model(root_, "plain/model").value_or("none"), model->path);
  const std::size_t asked = log().size();
  EXPECT_TRUE(pull("hf:plain/model:Q4_K_M"));
  EXPECT_EQ(log().size(), asked) << "an installed model is not asked for again";
  for (const auto& entry : fs::directory_iterator(root_ / ".partial")) {
    EXPECT_EQ(entry.path().extension(), ".lock");
  }
}

TEST_F(PullFromHub, OtherQuantization) {
  const auto model = pull("plain/model:Q8_0");
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->name, "hf:plain/model:q8_0");
  const auto absent = pull("plain/model:q2_k");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::NotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("q4_k_m, q8_0"));
}

TEST_F(PullFromHub, GoesOnAfterACut) {
  for (const std::string_view kind : {"cut", "short"}) {
    const auto model = pull(std::string(kind) + "/model");
    ASSERT_TRUE(model) << kind << ": " << model.error().to_string();
  }
  EXPECT_THAT(ranges(), ::testing::Contains("bytes=150000-"));
}

TEST_F(PullFromHub, BeginsAgainWhereRangesAreIgnored) {
  const auto model = pull("deaf/model");
  ASSERT_TRUE(model) << model.error().to_string();
}

TEST_F(PullFromHub, GoesOnInTheNextPull) {
  std::stop_source source;
  PullOptions stopped = options();
  stopped.stop = source.get_token();
  stopped.on_progress = [&](const PullProgress&) { source.request_stop(); };
  const auto cancelled = pull_model(root_, "slow/model", stopped);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::Cancelled);
  EXPECT_FALSE(fs::exists(root_ / "hf/slow"));
  bool part = false;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / ".partial")) {
    part |= entry.path().extension() == ".part" && entry.file_size() > 0;
  }
  EXPECT_TRUE(part) << "what has arrived is kept";

  std::uint64_t resumed = 0;
  stopped.stop = {};
  stopped.on_progress = [&](const PullProgress& progress) { resumed = progress.bytes_resumed; };
  const auto model = pull_model(root_, "slow/model", stopped);
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_GT(resumed, 0u);
  EXPECT_THAT(ranges(), ::testing::Contains("bytes=" + std::to_string(resumed) + "-"));
}

TEST_F(PullFromHub, DamagedContentIsNotInstalled) {
  const auto model = pull("damaged/model");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(model.error().message, HasSubstr("SHA-256"));
  expect_nothing_installed();
  const auto longer = pull("long/model");
  ASSERT_FALSE(longer);
  expect_nothing_installed();
}

TEST_F(PullFromHub, RefusalsAreExplained) {
  struct Case {
    std::string_view name;
    ErrorCode code;
    std::string_view part;
  };
  for (const Case& c : {Case{"gated/model", ErrorCode::Unauthorized, "HF_TOKEN"},
                        Case{"gated/model", ErrorCode::Unauthorized, "accept its licence"},
                        Case{"plain/absent", ErrorCode::NotFound, "plain/absent"},
                        Case{"broken/model", ErrorCode::Io, "503"},
                        Case{"abroad/model", ErrorCode::Forbidden, "192.0.2.1"},
                        Case{"inward/model", ErrorCode::Forbidden, "169.254.169.254"},
                        Case{"hostile/model", ErrorCode::Corrupt, "outside.gguf"},
                        Case{"split/model", ErrorCode::Unsupported, "split"},
                        Case{"pickled/model", ErrorCode::Unsupported, "pickled"},
                        Case{"nosuchmodel", ErrorCode::NotFound, "croft list"}}) {
    const auto model = pull(c.name);
    ASSERT_FALSE(model) << c.name;
    EXPECT_EQ(model.error().code, c.code) << c.name << ": " << model.error().to_string();
    EXPECT_THAT(model.error().to_string(), HasSubstr(std::string(c.part)));
  }
  expect_nothing_installed();
  EXPECT_FALSE(fs::exists(folder_ / "outside.gguf"));
}

TEST_F(PullFromHub, TokenGoesToTheHubOnly) {
  PullOptions with_token = options();
  with_token.hub_token = "right-token";
  const auto model = pull_model(root_, "gated/model", with_token);
  ASSERT_TRUE(model) << model.error().to_string();
  int with = 0;
  for (const json::value& entry : log()) {
    const bool to_hub = find_string(entry, "host").value_or("").starts_with("127.0.0.1");
    EXPECT_EQ(find_string(entry, "authorization").has_value(), to_hub);
    with += to_hub ? 1 : 0;
  }
  EXPECT_EQ(with, 2);  // the listing, and the file before its redirect

  with_token.hub_endpoint = "http://hub.example";
  EXPECT_EQ(pull_model(root_, "a/b", with_token).error().code, ErrorCode::InvalidArgument);
}

TEST_F(PullFromHub, WaitsWhenAskedTo) {
  const auto start = std::chrono::steady_clock::now();
  const auto model = pull("busy/model");
  ASSERT_TRUE(model) << model.error().to_string();
  // Two 429 with Retry-After: 1 came first.
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(PullFromHub, HuggingFaceFolder) {
  const auto model = pull("folder/My-Model");
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->format, ModelFormat::HuggingFace);
  EXPECT_EQ(model->name, "hf:folder/My-Model:safetensors");
  EXPECT_EQ(model->path, root_ / "hf/folder/my-model/safetensors/My-Model");
  EXPECT_TRUE(fs::exists(model->path / "1_Pooling/config.json"));
  EXPECT_FALSE(fs::exists(model->path / "pytorch_model.bin"));
  EXPECT_FALSE(fs::exists(model->path / "onnx"));
}

TEST_F(PullFromHub, TwoPullsOfOneModelDoNotCollide) {
  std::atomic<bool> under_way = false;
  std::stop_source source;
  Result<InstalledModel> first = fail(ErrorCode::Internal, "not run");
  {
    const std::jthread thread([&] {
      PullOptions slow = options();
      slow.stop = source.get_token();
      slow.on_progress = [&](const PullProgress&) { under_way = true; };
      first = pull_model(root_, "slow/model", slow);
    });
    for (int i = 0; i < 1000 && !under_way; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const auto second = pull("slow/model");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Busy) << second.error().to_string();
    EXPECT_TRUE(pull("plain/model")) << "another model is not held up";
    source.request_stop();
  }
  EXPECT_EQ(first.error().code, ErrorCode::Cancelled);
}

}  // namespace
}  // namespace croft
