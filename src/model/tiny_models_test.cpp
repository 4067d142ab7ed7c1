// Goal: every architecture gives the reference's numbers, from GGUF and from a Hugging Face folder.
// Method: the tiny golden models (random weights, F32) with an F32 cache: log-probabilities of the
// last position within 1e-3, the ten best tokens of every position, and 32 greedy tokens;
// embeddings within 1e-3.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/json.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/model.h"
#include "model/model_files.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-3;

fs::path tiny_folder() {
  return fs::path(CROFT_SHARED_DIR) / "golden" / "tiny";
}

template <typename T>
std::vector<T> numbers(const json::value& list) {
  std::vector<T> out;
  for (const json::value& n : list.as_array()) out.push_back(n.to_number<T>());
  return out;
}

class TinyModel : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    const auto& [name, form] = GetParam();
    const fs::path folder = tiny_folder() / name;
    if (!fs::exists(folder / "expected.json"))
      GTEST_SKIP() << "no golden models at " << tiny_folder();
    const auto text = read_text_file(folder / "expected.json", limits::json_file_bytes_max);
    ASSERT_TRUE(text.has_value());
    expected_ = parse_json(*text, "expected.json").value();
    auto model = Model::load(form == "gguf" ? folder / "model.gguf" : folder);
    ASSERT_TRUE(model.has_value()) << model.error().to_string();
    model_ = *model;
  }

  json::value expected_;
  std::shared_ptr<const Model> model_;
  ThreadPool pool_{2};
};

/// Feeds tokens in chunks and returns the logits of every position.
std::vector<std::vector<float>> all_logits(DecoderSession& session, const KvTable& kv,
                                           const Decoder& decoder, const std::vector<TokenId>& ids,
                                           std::size_t chunk) {
  std::vector<std::vector<float>> out;
  for (std::size_t done = 0; done < ids.size(); done += chunk) {
    Batch batch;
    const std::size_t count = std::min(chunk, ids.size() - done);
    batch.tokens.assign(ids.begin() + static_cast<std::ptrdiff_t>(done),
                        ids.begin() + static_cast<std::ptrdiff_t>(done + count));
    batch.sequences = {{.kv = &kv,
                        .count = count,
                        .position = done,
                        .rope_long = decoder.needs_long_rope(ids.size())}};
    batch.output_rows.resize(count);
    std::iota(batch.output_rows.begin(), batch.output_rows.end(), 0);
    session.forward(batch);
    Buffer logits;
    logits.resize(count, decoder.config().vocabulary_size);
    session.logits(0, logits.view());
    for (std::size_t r = 0; r < count; ++r)
      out.emplace_back(logits.row(r).begin(), logits.row(r).end());
  }
  return out;
}

void expect_same_distribution(std::vector<float> got, std::vector<float> want) {
  ASSERT_EQ(got.size(), want.size());
  log_softmax(got, got);
  log_softmax(want, want);
  double worst = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(got[i] - want[i])));
  EXPECT_LE(worst, kTolerance);
}

void expect_same_top10(const std::vector<std::vector<float>>& logits, const json::value& prompt) {
  const json::array& top = prompt.at("top10").as_array();
  const auto gaps = numbers<double>(prompt.at("top10_min_gap"));
  ASSERT_EQ(top.size(), logits.size());
  for (std::size_t p = 0; p < top.size(); ++p) {
    if (gaps[p] < 0.005) continue;  // a near-tie may swap
    std::vector<TokenId> order(logits[p].size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::partial_sort(order, order.begin() + 10, std::ranges::greater{},
                              [&](TokenId id) { return logits[p][static_cast<std::size_t>(id)]; });
    order.resize(10);
    EXPECT_EQ(order, numbers<TokenId>(top[p])) << "position " << p;
  }
}

std::vector<TokenId> greedy(DecoderSession& session, const KvTable& kv, const Decoder& decoder,
                            std::vector<TokenId> ids, std::size_t count) {
  std::vector<float> last = all_logits(session, kv, decoder, ids, 64).back();
  const std::size_t prompt_size = ids.size();
  Buffer logits;
  logits.resize(1, decoder.config().vocabulary_size);
  while (true) {
    ids.push_back(static_cast<TokenId>(std::ranges::max_element(last) - last.begin()));
    if (ids.size() == prompt_size + count) break;
    Batch batch;
    batch.tokens = {ids.back()};
    batch.sequences = {{.kv = &kv,
                        .count = 1,
                        .position = ids.size() - 1,
                        .rope_long = decoder.needs_long_rope(ids.size())}};
    batch.output_rows = {0};
    session.forward(batch);
    session.logits(0, logits.view());
    last.assign(logits.row(0).begin(), logits.row(0).end());
  }
  ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(prompt_size));
  return ids;
}

TEST_P(TinyModel, EqualsReference) {
  if (model_->encoder() != nullptr) {
    EncoderSession session(*model_->encoder(), best_isa(), pool_);
    for (const json::value& sequence : expected_.at("sequences").as_array()) {
      const std::vector<std::vector<TokenId>> input = {numbers<TokenId>(sequence.at("ids"))};
      const std::vector<float> got = session.embed(input)[0];
      const auto want = numbers<double>(sequence.at("embedding"));
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(static_cast<double>(got[i]), want[i], kTolerance) << i;
    }
    return;
  }
  const Decoder& decoder = *model_->decoder();
  for (const json::value& prompt : expected_.at("prompts").as_array()) {
    SCOPED_TRACE(std::string(prompt.at("name").as_string()));
    const auto ids = numbers<TokenId>(prompt.at("ids"));
    auto pool = KvPool::create(model_->config(), {TensorType::F32, 512});
    ASSERT_TRUE(pool.has_value());
    KvTable kv(*pool);
    ASSERT_TRUE(kv.reserve(512));
    DecoderSession session(decoder, *pool, best_isa(), pool_);
    // Chunks of 48 cut the long prompts inside the window, so that masks are tested across chunks.
    const auto logits = all_logits(session, kv, decoder, ids, 48);
    expect_same_distribution(logits.back(), numbers<float>(prompt.at("last_logits")));
    expect_same_top10(logits, prompt);
    if (prompt.at("greedy_min_margin").to_number<double>() > 0.005) {
      EXPECT_EQ(greedy(session, kv, decoder, ids, 32), numbers<TokenId>(prompt.at("greedy")));
    }
  }
}

std::string test_name(const testing::TestParamInfo<TinyModel::ParamType>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, TinyModel,
                         testing::Combine(testing::Values("llama-a", "mistral-a", "qwen2-a",
                                                          "qwen3-a", "gemma2-a", "gemma3-a",
                                                          "phi3-a", "granite-a", "smollm3-a",
                                                          "olmo2-a", "bert-a", "nomic-bert-a"),
                                          testing::Values("gguf", "folder")),
                         test_name);

}  // namespace
}  // namespace croft
