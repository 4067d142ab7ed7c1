#pragma once
/// For tests of src/model only: small quantized models, made on the spot, with the vocabulary of
/// tests/data/stories260K.gguf. Their answers mean nothing, but every number is finite.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "io/gguf_writer.h"
#include "kernels/packed_layout.h"
#include "model/decoder.h"
#include "model/model.h"
#include "model/model_files.h"

namespace croft {

/// One weight matrix per role in one layer; Phi-3 has QKV and gate/up fused.
struct TestModelOptions {
  std::vector<TensorType> types;  ///< taken in turn, matrix after matrix
  bool phi3 = false;
  bool tied = false;
  std::uint32_t kv_heads = 8;  ///< of 8; with 1 a fused QKV holds parts of 8 rows, too few to pack
  std::uint32_t head_size = 32;
  std::uint32_t ffn = 512;
};

/// Random blocks whose 16-bit factors are all 2^-8.
inline std::vector<std::byte> random_weights(TensorType type, std::uint64_t rows,
                                             std::uint64_t cols, std::mt19937& random) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(rows * *row_bytes(type, cols)));
  const PackedFormat* format = packed_format(type);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random());
  const std::size_t block = traits(type).block_bytes;
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    if (format == nullptr) {  // floats of 2^-8 and -2^-8 with 16 or 32 bits
      bytes[at + block - 1] = (bytes[at + block - 1] & std::byte{0x80}) |
                              (type == TensorType::F16 ? std::byte{0x1c} : std::byte{0x3b});
      continue;
    }
    const std::size_t halves = at + (format->halves_last ? 4 * format->words : 0);
    for (std::size_t h = 0; h < format->halves; ++h) {
      bytes[halves + 2 * h] = std::byte{0};
      bytes[halves + 2 * h + 1] = std::byte{0x1c};
    }
  }
  return bytes;
}

class TestModelWriter {
 public:
  explicit TestModelWriter(const TestModelOptions& options) : options_(options) {}

  void write(const std::filesystem::path& path) {
    const std::uint64_t hidden = 256;
    const std::uint64_t q = 8ULL * options_.head_size;
    const std::uint64_t kv = std::uint64_t{options_.kv_heads} * options_.head_size;
    metadata();
    matrix("token_embd", 517, hidden);  // more rows than tokens, and no multiple of 16
    if (!options_.tied) matrix("output", 517, hidden);
    vector("output_norm", hidden);
    vector("blk.0.attn_norm", hidden);
    vector("blk.0.ffn_norm", hidden);
    if (options_.phi3) {
      matrix("blk.0.attn_qkv", q + 2 * kv, hidden);
      matrix("blk.0.ffn_up", 2ULL * options_.ffn, hidden);
    } else {
      matrix("blk.0.attn_q", q, hidden);
      matrix("blk.0.attn_k", kv, hidden);
      matrix("blk.0.attn_v", kv, hidden);
      matrix("blk.0.ffn_gate", options_.ffn, hidden);
      matrix("blk.0.ffn_up", options_.ffn, hidden);
    }
    matrix("blk.0.attn_output", hidden, q);
    matrix("blk.0.ffn_down", hidden, options_.ffn);
    const auto written = writer_.write(path);
    ASSERT_TRUE(written) << written.error().to_string();
  }

 private:
  void metadata() {
    const std::string family = options_.phi3 ? "phi3." : "llama.";
    ASSERT_TRUE(writer_.add_string("general.architecture", options_.phi3 ? "phi3" : "llama"));
    const std::pair<std::string_view, std::uint32_t> counts[] = {
        {"context_length", 512},
        {"embedding_length", 256},
        {"block_count", 1},
        {"feed_forward_length", options_.ffn},
        {"rope.dimension_count", options_.head_size},
        {"attention.head_count", 8},
        {"attention.head_count_kv", options_.kv_heads},
        {"attention.key_length", options_.head_size},
        {"attention.value_length", options_.head_size}};
    for (const auto& [key, count] : counts)
      ASSERT_TRUE(writer_.add_scalar<std::uint32_t>(family + std::string(key), count));
    ASSERT_TRUE(writer_.add_scalar<float>(family + "attention.layer_norm_rms_epsilon", 1e-5F));
    auto words =
        open_gguf_model(std::filesystem::path(CROFT_SOURCE_DIR) / "tests/data/stories260K.gguf");
    ASSERT_TRUE(words) << words.error().to_string();
    for (const auto& [key, value] : words->file.metadata)
      if (key.starts_with("tokenizer.")) {
        ASSERT_TRUE(writer_.add(key, value));
      }
  }

  void tensor(const std::string& name, TensorType type, const std::vector<std::uint64_t>& shape) {
    const std::uint64_t rows = shape.size() == 2 ? shape[0] : 1;
    const auto& bytes = bytes_[name] = random_weights(type, rows, shape.back(), random_);
    ASSERT_TRUE(writer_.add_tensor(
        {name + ".weight", type, shape,
         [&bytes]() -> Result<std::span<const std::byte>> { return std::span(bytes); }}));
  }
  void vector(const std::string& name, std::uint64_t size) {
    tensor(name, TensorType::F32, {size});
  }
  void matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    tensor(name, options_.types[matrices_++ % options_.types.size()], {rows, cols});
  }

  TestModelOptions options_;
  GgufWriter writer_;
  std::map<std::string, std::vector<std::byte>> bytes_;
  std::mt19937 random_{7};
  std::size_t matrices_ = 0;
};

/// Logits of every position of a fixed prompt, one after another.
inline std::vector<float> prompt_logits(const Model& model) {
  ThreadPool pool(2);
  auto kv = KvPool::create(model.config(), {.positions = 16});
  KvTable table(*kv);
  CHECK(table.reserve(16));
  DecoderSession session(*model.decoder(), *kv, best_isa(), pool);
  Batch batch;
  batch.tokens = {1, 300, 7, 511, 42, 42, 9};
  batch.sequences = {{.kv = &table, .count = batch.tokens.size()}};
  batch.output_rows.resize(batch.tokens.size());
  std::iota(batch.output_rows.begin(), batch.output_rows.end(), 0);
  session.forward(batch);
  Buffer logits;
  logits.resize(batch.tokens.size(), model.config().vocabulary_size);
  session.logits(0, logits.view());
  std::vector<float> all;
  for (std::size_t r = 0; r < batch.tokens.size(); ++r)
    all.insert(all.end(), logits.row(r).begin(), logits.row(r).end());
  return all;
}

}  // namespace croft
