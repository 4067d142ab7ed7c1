#include "model/weights.h"

#include <string>

namespace croft {
namespace {

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

/// Takes tensors by name, with the shape each must have.
class Loader {
 public:
  Loader(TensorSource& source, const WeightOptions& options, bool layer_norms)
      : source_(source), options_(options), layer_norms_(layer_norms) {}

  [[nodiscard]] bool has(const std::string& stem) const {
    return !stem.empty() && source_.contains(stem + ".weight");
  }

  Result<PackedMatrix> matrix(const std::string& name, std::size_t rows, std::size_t cols) {
    const TensorRef* tensor = source_.take(name);
    if (tensor == nullptr) return missing(name);
    if (tensor->shape.size() != 2 || tensor->shape[0] != rows || tensor->shape[1] != cols)
      return wrong_shape(name, *tensor, {rows, cols});
    return tensor->matrix(rows, cols);
  }

  Result<std::vector<float>> vector(const std::string& name, std::size_t size) {
    const TensorRef* tensor = source_.take(name);
    if (tensor == nullptr) return missing(name);
    if (tensor->shape.size() != 1 || tensor->shape[0] != size)
      return wrong_shape(name, *tensor, {size});
    std::vector<float> values(size);
    dequantize_row(tensor->matrix(1, size), 0, values);
    return values;
  }

  Result<std::vector<float>> optional_vector(const std::string& name, std::size_t size) {
    if (!source_.contains(name)) return std::vector<float>{};
    return vector(name, size);
  }

  Result<Linear> linear(const std::string& stem, std::size_t rows, std::size_t cols) {
    Linear out;
    out.matrix = TRY(matrix(stem + ".weight", rows, cols));
    out.bias = TRY(optional_vector(stem + ".bias", rows));
    return out;
  }

  /// Empty where the family has no such norm (stem empty).
  Result<Norm> norm(const std::string& stem, std::size_t size) {
    Norm out;
    if (stem.empty()) return out;
    out.weight = TRY(vector(stem + ".weight", size));
    if (options_.norms_plus_one)
      for (float& w : out.weight) w += 1.0f;
    // Only layer norms have a bias; beside an RMS norm the tensor stays unused and is refused as
    // such.
    if (layer_norms_) out.bias = TRY(optional_vector(stem + ".bias", size));
    return out;
  }

  static std::unexpected<Error> missing(const std::string& name) {
    return fail(ErrorCode::Corrupt, "the tensor " + name + " is missing",
                "The file is incomplete or made by an unknown converter.", name);
  }

 private:
  static std::unexpected<Error> wrong_shape(const std::string& name, const TensorRef& tensor,
                                            const std::vector<std::uint64_t>& wanted) {
    return fail(ErrorCode::Corrupt,
                "the tensor " + name + " is " + shape_text(tensor.shape) +
                    " where the configuration asks for " + shape_text(wanted),
                "The file's metadata and its weights do not belong together.", name);
  }

  TensorSource& source_;
  const WeightOptions& options_;
  bool layer_norms_;
};

Linear rows_of(const Linear& fused, std::size_t first, std::size_t count) {
  Linear part;
  part.matrix = fused.matrix.row_range(first, count);
  if (!fused.bias.empty()) {
    const auto begin = fused.bias.begin() + static_cast<std::ptrdiff_t>(first);
    part.bias.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  }
  return part;
}

Result<void> load_attention(const ModelConfig& c, const std::string& prefix,
                            const LayerTensorNames& n, Loader& loader, LayerWeights& layer) {
  const std::size_t hidden = c.hidden_size;
  const std::size_t q = c.q_size();
  const std::size_t kv = c.kv_size();
  if (!n.qkv.empty() && loader.has(prefix + n.qkv)) {
    const Linear fused = TRY(loader.linear(prefix + n.qkv, q + 2 * kv, hidden));
    layer.q = rows_of(fused, 0, q);
    layer.k = rows_of(fused, q, kv);
    layer.v = rows_of(fused, q + kv, kv);
  } else {
    if (n.q.empty()) return Loader::missing(prefix + n.qkv + ".weight");
    layer.q = TRY(loader.linear(prefix + n.q, q, hidden));
    layer.k = TRY(loader.linear(prefix + n.k, kv, hidden));
    layer.v = TRY(loader.linear(prefix + n.v, kv, hidden));
  }
  layer.o = TRY(loader.linear(prefix + n.o, hidden, q));
  const bool per_head =
      c.architecture == Architecture::Qwen3 || c.architecture == Architecture::Gemma3;
  if (per_head || c.architecture == Architecture::Olmo2) {
    layer.q_norm = TRY(loader.norm(prefix + n.q_norm, per_head ? c.head_size : q));
    layer.k_norm = TRY(loader.norm(prefix + n.k_norm, per_head ? c.head_size : kv));
  }
  return {};
}

Result<void> load_ffn(const ModelConfig& c, const std::string& prefix, const LayerTensorNames& n,
                      Loader& loader, LayerWeights& layer) {
  const std::size_t hidden = c.hidden_size;
  const std::size_t ffn = c.ffn_size;
  if (c.architecture == Architecture::Phi3) {
    const Linear fused = TRY(loader.linear(prefix + n.gate_up, 2 * ffn, hidden));
    layer.gate = rows_of(fused, 0, ffn);
    layer.up = rows_of(fused, ffn, ffn);
  } else {
    if (c.architecture != Architecture::Bert)
      layer.gate = TRY(loader.linear(prefix + n.gate, ffn, hidden));
    layer.up = TRY(loader.linear(prefix + n.up, ffn, hidden));
  }
  layer.down = TRY(loader.linear(prefix + n.down, hidden, ffn));
  return {};
}

Result<LayerWeights> load_layer(const ModelConfig& c, const std::string& prefix,
                                const LayerTensorNames& n, Loader& loader) {
  LayerWeights layer;
  const auto named = [&](const std::string& stem) { return stem.empty() ? stem : prefix + stem; };
  const bool post_norms = c.architecture == Architecture::Gemma2 ||
                          c.architecture == Architecture::Gemma3 ||
                          c.architecture == Architecture::Olmo2 || c.is_encoder();
  const bool pre_norms = c.architecture != Architecture::Olmo2 && !c.is_encoder();
  if (pre_norms) {
    layer.attention_norm = TRY(loader.norm(named(n.attention_norm), c.hidden_size));
    layer.ffn_norm = TRY(loader.norm(named(n.ffn_norm), c.hidden_size));
  }
  if (post_norms) {
    layer.attention_post_norm = TRY(loader.norm(named(n.attention_post_norm), c.hidden_size));
    layer.ffn_post_norm = TRY(loader.norm(named(n.ffn_post_norm), c.hidden_size));
  }
  TRY(load_attention(c, prefix, n, loader, layer));
  TRY(load_ffn(c, prefix, n, loader, layer));
  return layer;
}

Result<void> load_encoder_tables(const ModelConfig& c, const TensorNames& names,
                                 TensorSource& source, Loader& loader, ModelWeights& weights) {
  weights.embedding_norm = TRY(loader.norm(names.embedding_norm, c.hidden_size));
  if (c.architecture == Architecture::Bert)
    weights.positions =
        TRY(loader.matrix(names.positions + ".weight", c.context_length, c.hidden_size));
  const TensorRef* types = source.take(names.token_types + ".weight");
  if (types == nullptr) return {};
  // Every input is one sentence: token type 0 everywhere, so only the table's first row matters. A
  // table of one type may be stored as a plain row.
  const std::uint64_t cols = types->shape.empty() ? 0 : types->shape.back();
  if (cols != c.hidden_size || types->shape.size() > 2)
    return fail(ErrorCode::Corrupt, "the tensor " + names.token_types + ".weight is " +
                                        shape_text(types->shape) + ", not rows of " +
                                        std::to_string(c.hidden_size));
  const std::uint64_t rows = types->shape.size() == 2 ? types->shape[0] : 1;
  weights.token_type.resize(c.hidden_size);
  dequantize_row(types->matrix(rows, cols), 0, weights.token_type);
  return {};
}

}  // namespace

Result<ModelWeights> load_weights(const ModelConfig& c, const TensorNames& names,
                                  TensorSource& source, const WeightOptions& options) {
  Loader loader(source, options, c.is_encoder());
  ModelWeights weights;
  weights.embedding =
      TRY(loader.matrix(names.embedding + ".weight", c.vocabulary_size, c.hidden_size));
  if (c.is_encoder()) {
    TRY(load_encoder_tables(c, names, source, loader, weights));
  } else {
    weights.final_norm = TRY(loader.norm(names.final_norm, c.hidden_size));
    const std::string output = names.output + ".weight";
    if (options.tied) {
      static_cast<void>(source.take(output));  // some folders store the tied matrix a second time
      weights.output = weights.embedding;
    } else if (source.contains(output)) {
      weights.output = TRY(loader.matrix(output, c.vocabulary_size, c.hidden_size));
    } else {
      weights.output = weights.embedding;
    }
  }
  weights.layers.reserve(c.layer_count);
  for (std::size_t i = 0; i < c.layer_count; ++i) {
    const std::string prefix = names.layer_prefix + std::to_string(i) + ".";
    weights.layers.push_back(TRY(load_layer(c, prefix, names.layer, loader)));
  }
  for (const std::string& name : source.unused()) {
    if (is_ignorable_tensor(name)) continue;
    return fail(ErrorCode::Unsupported,
                "the tensor " + name + " has no place in the architecture " +
                    std::string(architecture_name(c.architecture)) + " as Croft knows it",
                "Running without it would give wrong answers; please report the model.", name);
  }
  return weights;
}

}  // namespace croft
