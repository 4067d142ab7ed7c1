#pragma once
/// The seam between the API and the engine: what the routes need of a loaded model, so that they
/// can be tested against a fake. Thin on purpose; the real one (engine_adapter.cpp) only forwards.

#include <memory>
#include <string>

#include "base/json.h"
#include "engine/chat.h"
#include "engine/engine.h"
#include "engine/request.h"
#include "model/model.h"

namespace croft {

/// What is published of a model; all of it can be read from the file's header, without loading it.
struct ModelCard {
  ModelInfo info;
  ModelConfig config;
  std::size_t context = 0;  ///< positions per sequence
  bool has_chat_template = false;
};

/// Safe from any thread, as the Engine is.
class TextEngine {
 public:
  virtual ~TextEngine() = default;

  [[nodiscard]] virtual const ModelInfo& info() const = 0;
  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual const Tokenizer& tokenizer() const = 0;
  [[nodiscard]] virtual std::size_t context() const = 0;               ///< positions per sequence
  [[nodiscard]] virtual const std::string& chat_template() const = 0;  ///< source; empty: none
  /// Changes whenever the same seed may give another text: version, weights, instruction set, cache
  /// type.
  [[nodiscard]] virtual const std::string& fingerprint() const = 0;

  /// As ChatFormatter. Errors: Unsupported where the model has no template.
  virtual Result<MarkedText> render(json::object context) const = 0;
  virtual Result<ChatPrompt> format(json::object context) const = 0;

  virtual Result<void> generate(GenerationRequest request, GenerationSink sink) = 0;
  virtual Result<void> embed(EmbeddingRequest request, EmbeddingSink sink) = 0;
  [[nodiscard]] virtual EngineStats stats() const = 0;
  virtual void drain() = 0;
};

std::unique_ptr<TextEngine> adapt_engine(std::unique_ptr<Engine> engine);
[[nodiscard]] ModelCard card_of(const TextEngine& engine);

}  // namespace croft
