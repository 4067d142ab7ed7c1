// Goal: no GGUF file that the reader, the configuration and the weight loader accept makes the
// forward pass crash or touch memory outside its buffers. Method: all steps of Model::load but the
// tokenizer, then two tokens through the model. Every third size takes all matrices that can be
// packed as packed, which no input could reach: its digests would have to fit. Sizes need no cap:
// every matrix lies in the input.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/cpu.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/packed_file.h"

namespace {

using namespace croft;

ThreadPool& pool() {
  static ThreadPool one(1);
  return one;
}

void decode(const ModelConfig& config, ModelWeights weights, const std::vector<TokenId>& tokens,
            Isa isa) {
  const Decoder decoder(config, std::move(weights));
  auto kv = KvPool::create(config, {.positions = tokens.size()});
  if (!kv) return;
  KvTable table(*kv);
  CHECK(table.reserve(tokens.size()));
  DecoderSession session(decoder, *kv, isa, pool());
  Batch batch;
  batch.tokens = tokens;
  batch.sequences = {{.kv = &table, .count = tokens.size()}};
  batch.output_rows = {tokens.size() - 1};
  session.forward(batch);
  Buffer logits;
  logits.resize(1, config.vocabulary_size);
  session.logits(0, logits.view());
}

void encode(const ModelConfig& config, ModelWeights weights, std::vector<TokenId> tokens, Isa isa) {
  const Encoder encoder(config, std::move(weights));
  EncoderSession session(encoder, isa, pool());
  tokens.resize(std::min<std::size_t>(tokens.size(), config.context_length));
  const std::vector<std::vector<TokenId>> inputs = {std::move(tokens)};
  CHECK(session.embed(inputs).front().size() == config.hidden_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = GgufFile::parse(bytes);
  if (!file) return 0;
  const auto config = config_from_gguf(*file);
  if (!config) {
    CHECK(!config.error().message.empty());
    CHECK(config.error().code != ErrorCode::Internal);
    return 0;
  }
  TensorSource source = TensorSource::from(*file);
  if (const auto form = read_packed_form(*file, bytes); !form)
    CHECK(!form.error().message.empty() && form.error().code != ErrorCode::Internal);
  if (size % 3 == 0)
    for (const GgufTensor& tensor : file->tensors)
      if (tensor.shape.size() == 2 && can_pack(tensor.type, tensor.rows(), tensor.cols()))
        source.mark_packed(tensor.name);
  auto weights = load_weights(*config, gguf_names(config->architecture), source, {});
  if (!weights) {
    CHECK(weights.error().code != ErrorCode::Internal);
    return 0;
  }
  const TokenId second = config->vocabulary_size > 1 ? 1 : 0;
  const Isa isa = size % 2 == 0 ? best_isa() : Isa::Portable;
  if (config->is_encoder())
    encode(*config, *std::move(weights), {0, second}, isa);
  else
    decode(*config, *std::move(weights), {0, second}, isa);
  return 0;
}
