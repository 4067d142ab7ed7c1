// Goal: a saved beginning gives the answers that computing it gives, to every tenant; a file that
// is damaged, hostile or another model's is refused with a sentence. Method: tiny golden models;
// every kind of damage by hand, and random bytes.
#include "engine/prefix_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <future>
#include <random>

#include "engine/engine.h"
#include "io/digest.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::shared_ptr<const Model> tiny(const char* name) {
  const fs::path path = fs::path(CROFT_SHARED_DIR) / "golden" / "tiny" / name / "model.gguf";
  if (!fs::exists(path)) return nullptr;
  auto model = Model::load(path);
  EXPECT_TRUE(model.has_value());
  return *model;
}

std::vector<TokenId> beginning(std::size_t size) {
  std::vector<TokenId> tokens(size);
  for (std::size_t i = 0; i < size; ++i) tokens[i] = static_cast<TokenId>(i * 29 % 500);
  return tokens;
}

class PrefixFileTest : public testing::Test {
 protected:
  void SetUp() override {
    model_ = tiny("llama-a");
    if (model_ == nullptr) GTEST_SKIP() << "no golden models";
    path_ = fs::path(testing::TempDir()) / ("prefix-" + std::to_string(getpid()));
  }
  void TearDown() override { fs::remove(path_); }

  Result<std::size_t> save(std::size_t tokens, TensorType type = TensorType::F16) {
    ThreadPool pool(2);
    return save_prefix(*model_, beginning(tokens), type, path_, *chosen_isa(), pool);
  }
  std::vector<std::byte> bytes() {
    std::ifstream in(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::vector<std::byte> out(text.size());
    std::memcpy(out.data(), text.data(), text.size());
    return out;
  }
  Error refused(std::span<const std::byte> file, TensorType type = TensorType::F16) {
    const auto view = parse_prefix(file, model_->config(), type);
    EXPECT_FALSE(view.has_value());
    return view ? Error{} : view.error();
  }
  Result<std::unique_ptr<Engine>> engine(const std::shared_ptr<const Model>& model,
                                         EngineOptions options = {}) {
    options.context = 512;
    options.threads = 2;
    options.prefixes = {path_};
    return Engine::create(model, options);
  }

  std::shared_ptr<const Model> model_;
  fs::path path_;
};

struct Answer {
  std::vector<TokenId> tokens;
  std::size_t cached = 0;
  bool operator==(const Answer&) const = default;
};

Answer ask(Engine& engine, std::vector<TokenId> prompt, std::string tenant) {
  std::promise<Answer> promise;
  GenerationRequest r;
  r.prompt = std::move(prompt);
  r.tokens_max = 12;
  r.ignore_end_tokens = true;
  r.tenant = std::move(tenant);
  r.sampling.temperature = 0.0f;
  auto answer = std::make_shared<Answer>();
  EXPECT_TRUE(engine
                  .generate(std::move(r),
                            [&promise, answer](GenerationEvent event) {
                              if (auto* delta = std::get_if<TextDelta>(&event))
                                answer->tokens.insert(answer->tokens.end(), delta->tokens.begin(),
                                                      delta->tokens.end());
                              if (auto* done = std::get_if<GenerationDone>(&event)) {
                                answer->cached = done->usage.cached_tokens;
                                promise.set_value(*answer);
                              }
                            })
                  .has_value());
  return promise.get_future().get();
}

TEST_F(PrefixFileTest, AnswersAreTheSameForEveryTenantAndFromTheFirstRequestOn) {
  ASSERT_EQ(save(200).value(), 192u) << "whole pages";
  std::vector<TokenId> prompt = beginning(250);
  auto plain = Engine::create(model_, {.context = 512, .threads = 2});
  const Answer computed = ask(**plain, prompt, "a");
  EXPECT_EQ(computed.cached, 0u);
  const auto with = engine(model_);
  ASSERT_TRUE(with.has_value()) << with.error().to_string();
  for (const char* tenant : {"a", "b"}) {
    const Answer answer = ask(**with, prompt, tenant);
    EXPECT_EQ(answer.tokens, computed.tokens);
    EXPECT_EQ(answer.cached, 192u);
  }
  // What follows the beginning stays its tenant's.
  prompt = beginning(300);
  EXPECT_EQ(ask(**with, prompt, "a").cached, 192u);
  EXPECT_EQ(ask(**with, prompt, "a").cached, 256u);
  EXPECT_EQ(ask(**with, prompt, "b").cached, 192u);
}

TEST_F(PrefixFileTest, StaysWhileOtherPagesComeAndGo) {
  ASSERT_TRUE(save(128).has_value());
  const auto with = engine(model_, {.parallel = 1, .prefix_bytes = 0});
  ASSERT_TRUE(with.has_value());
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<TokenId> other(400, static_cast<TokenId>(i));
    EXPECT_EQ(ask(**with, other, "a").cached, 0u);
    EXPECT_EQ(ask(**with, beginning(140), "a").cached, 128u);
  }
}

TEST_F(PrefixFileTest, EveryCacheTypeHasItsOwn) {
  ASSERT_TRUE(save(64, TensorType::F32).has_value());
  EXPECT_TRUE(parse_prefix(bytes(), model_->config(), TensorType::F32).has_value());
  const Error error = refused(bytes());
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message, HasSubstr("kv_form"));
}

TEST_F(PrefixFileTest, WhatIsNothingIsNotSaved) {
  const auto saved = save(63);
  ASSERT_FALSE(saved.has_value());
  EXPECT_EQ(saved.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(saved.error().message, HasSubstr("63"));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(PrefixFileTest, AnotherModelsIsRefused) {
  ASSERT_TRUE(save(64).has_value());
  const auto other = tiny("qwen3-a");
  const auto shapes = engine(other);
  ASSERT_FALSE(shapes.has_value());
  EXPECT_EQ(shapes.error().code, ErrorCode::Unsupported) << shapes.error().to_string();
}

/// The file with the digest of what it holds now.
std::vector<std::byte> signed_again(std::vector<std::byte> file) {
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data() + 12, 4);
  const std::size_t body = (16 + header_bytes + 63) / 64 * 64;
  std::string text(reinterpret_cast<const char*>(file.data()) + 16, header_bytes);
  const std::size_t at = text.find("\"digest\":\"") + 10;
  text.replace(at, 16, digest_text(xxh3_64(std::span(file).subspan(body))));
  std::memcpy(file.data() + 16, text.data(), text.size());
  return file;
}

TEST_F(PrefixFileTest, KeysThatTheModelDoesNotMakeAreRefused) {
  ASSERT_TRUE(save(64).has_value());
  std::vector<std::byte> file = bytes();
  // A small key somewhere: within all bounds, and wrong.
  file[file.size() - model_->config().layer_count * 100] ^= std::byte{1};
  std::ofstream(path_, std::ios::binary)
      .write(reinterpret_cast<const char*>(signed_again(file).data()),
             static_cast<std::streamsize>(file.size()));
  const auto forged = engine(model_);
  ASSERT_FALSE(forged.has_value());
  EXPECT_EQ(forged.error().code, ErrorCode::Unsupported);
  EXPECT_THAT(forged.error().message, HasSubstr(path_.string()));
}

TEST_F(PrefixFileTest, DamageIsRefusedWithWhatAndWhere) {
  ASSERT_TRUE(save(128).has_value());
  const std::vector<std::byte> good = bytes();
  ASSERT_TRUE(parse_prefix(good, model_->config(), TensorType::F16).has_value());
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{20}, good.size() - 1})
    EXPECT_EQ(refused(std::span(good).first(size)).code, ErrorCode::Corrupt) << size;
  std::vector<std::byte> longer = good;
  longer.push_back(std::byte{0});
  EXPECT_THAT(refused(longer).message, HasSubstr("bytes"));
  std::vector<std::byte> flipped = good;
  flipped.back() ^= std::byte{4};
  EXPECT_THAT(refused(flipped).message, HasSubstr("not those that were written"));
  std::vector<std::byte> version = good;
  version[8] = std::byte{9};
  EXPECT_EQ(refused(version).code, ErrorCode::Unsupported);

  // With a digest that fits: bounds are checked, not trusted.
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, good.data() + 12, 4);
  const std::size_t ids = (16 + header_bytes + 63) / 64 * 64;
  std::vector<std::byte> id = good;
  const TokenId huge = 1 << 30;
  std::memcpy(id.data() + ids, &huge, sizeof huge);
  EXPECT_THAT(refused(signed_again(id)).message, HasSubstr("1073741824"));
  std::vector<std::byte> key = good;
  std::fill_n(key.begin() + static_cast<std::ptrdiff_t>(ids + 128 * 4), 4096, std::byte{0x7f});
  EXPECT_THAT(refused(signed_again(key)).message, HasSubstr("out of bounds"));
}

TEST_F(PrefixFileTest, RandomDamageIsNeverACrash) {
  ASSERT_TRUE(save(64).has_value());
  const std::vector<std::byte> good = bytes();
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> file = good;
    for (std::uint64_t n = 1 + random() % 3; n > 0; --n)
      file[random() % std::min<std::size_t>(file.size(), 400)] = static_cast<std::byte>(random());
    if (random() % 4 == 0) file.resize(random() % file.size());
    const auto view = parse_prefix(file, model_->config(), TensorType::F16);
    if (!view) {
      EXPECT_FALSE(view.error().message.empty());
    }
  }
}

}  // namespace
}  // namespace croft
