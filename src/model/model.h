#pragma once
/// A model ready to run: configuration, tokenizer, weights. Read from a GGUF file or a Hugging Face
/// folder.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/config.h"
#include "text/tokenizer.h"

namespace croft {

class Decoder;  // model/decoder.h: forward pass of text generators
class Encoder;  // model/encoder.h: forward pass of embedding models

/// What `croft show` prints and /v1/models publishes; everything is known without touching the
/// weights.
struct ModelInfo {
  std::string name;          ///< general.name, or the file's stem
  std::string architecture;  ///< as the file says: "llama", "Qwen3ForCausalLM"
  std::string format;        ///< "GGUF v3" or "safetensors"
  std::string licence;       ///< general.license, empty where the file has none
  std::uint64_t file_bytes = 0;
  std::uint64_t parameters_count = 0;
  std::uint64_t tensors_count = 0;
  /// Tensor types and how many tensors have each, most frequent first: {{"Q4_1", 210}, {"F32",
  /// 61}}.
  std::vector<std::pair<std::string, std::size_t>> tensor_types;
  std::string quantization;  ///< the type most weight bytes have: "Q4_1"
  /// Layout version of a packed file (packed_file.h), 0 for a file as converters make it.
  std::uint64_t packed_layout = 0;
};

struct LoadOptions {
  /// Bring the weights into the kernels' layout. Off: products read the file's layout in place,
  /// with activations in 32-bit floats: slow and exact, for comparisons.
  /// A packed file (packed_file.h) is used as it lies there in both cases.
  bool pack = true;
  std::size_t threads = 0;  ///< for packing and digests; 0: one per available CPU
  /// Called now and then while weights are packed, with the bytes done and the bytes there are.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_packing = nullptr;
};

/// Immutable after load; safe to use from many threads at once.
class Model {
 public:
  /// Maps the weights and validates every shape. `path`: a GGUF file or a Hugging Face folder.
  /// Errors: NotFound; Corrupt (field or tensor named); Unsupported (architecture named, with those
  /// supported; a packed file of another layout); TooLarge (no memory to pack).
  static Result<std::shared_ptr<const Model>> load(const std::filesystem::path& path,
                                                   const LoadOptions& options = {});

  ~Model();

  [[nodiscard]] const ModelInfo& info() const;
  [[nodiscard]] const ModelConfig& config() const;
  [[nodiscard]] const Tokenizer& tokenizer() const;
  /// The model's own Jinja template; empty where the file has none.
  [[nodiscard]] const std::string& chat_template() const;
  /// Exactly one of these is non-null.
  [[nodiscard]] const Decoder* decoder() const;
  [[nodiscard]] const Encoder* encoder() const;

 private:
  struct Parts;
  explicit Model(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// What can be said of a file without building the model: also works for a vocabulary-only GGUF and
/// for an unsupported architecture (`problem` then holds the sentence that load would fail with).
struct ModelSummary {
  ModelInfo info;
  ModelConfig config;  ///< meaningful where `problem` is empty
  std::string chat_template;
  std::vector<std::pair<std::string, std::string>>
      metadata;  ///< scalar keys as text, arrays as "[n x type]"
  struct Tensor {
    std::string name;
    std::string type;
    std::vector<std::uint64_t> shape;
  };
  std::vector<Tensor> tensors;
  std::string problem;
};
Result<ModelSummary> summarize_model(const std::filesystem::path& path);

}  // namespace croft
