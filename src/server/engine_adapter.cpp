#include <optional>
#include <span>
#include <utility>

#include "io/digest.h"
#include "server/text_engine.h"
#include "server/version.h"

namespace croft {
namespace {

std::string make_fingerprint(const Engine& engine) {
  const ModelInfo& info = engine.model().info();
  std::string parts(kVersion);
  for (const std::string& part :
       {info.name, info.architecture, info.quantization, std::to_string(info.file_bytes),
        std::to_string(static_cast<int>(engine.isa())),
        std::to_string(static_cast<int>(engine.options().kv_type))})
    parts += '|' + part;
  // 64 bits name a configuration; nobody attacks a fingerprint.
  return "fp_" + digest_text(xxh3_64(std::as_bytes(std::span(parts))));
}

class EngineAdapter final : public TextEngine {
 public:
  explicit EngineAdapter(std::unique_ptr<Engine> engine)
      : engine_(std::move(engine)),
        formatter_(ChatFormatter::create(engine_->shared_model())),
        fingerprint_(make_fingerprint(*engine_)) {}

  const ModelInfo& info() const override { return engine_->model().info(); }
  const ModelConfig& config() const override { return engine_->model().config(); }
  const Tokenizer& tokenizer() const override { return engine_->model().tokenizer(); }
  std::size_t context() const override { return engine_->options().context; }
  const std::string& chat_template() const override { return engine_->model().chat_template(); }
  const std::string& fingerprint() const override { return fingerprint_; }

  Result<MarkedText> render(json::object context) const override {
    if (!formatter_) return std::unexpected(formatter_.error());
    return formatter_->render(std::move(context));
  }
  Result<ChatPrompt> format(json::object context) const override {
    if (!formatter_) return std::unexpected(formatter_.error());
    return formatter_->format(std::move(context), engine_->options().context);
  }
  Result<void> generate(GenerationRequest request, GenerationSink sink) override {
    return engine_->generate(std::move(request), std::move(sink));
  }
  Result<void> embed(EmbeddingRequest request, EmbeddingSink sink) override {
    return engine_->embed(std::move(request), std::move(sink));
  }
  EngineStats stats() const override { return engine_->stats(); }
  void drain() override { engine_->drain(); }

 private:
  std::unique_ptr<Engine> engine_;
  /// A model without a (valid) template still completes and embeds; chat routes answer with this
  /// error.
  Result<ChatFormatter> formatter_;
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<TextEngine> adapt_engine(std::unique_ptr<Engine> engine) {
  return std::make_unique<EngineAdapter>(std::move(engine));
}

ModelCard card_of(const TextEngine& engine) {
  return {.info = engine.info(),
          .config = engine.config(),
          .context = engine.context(),
          .has_chat_template = !engine.chat_template().empty()};
}

}  // namespace croft
