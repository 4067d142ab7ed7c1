#include "model/model.h"

#include "model/decoder.h"
#include "model/encoder.h"
#include "model/model_files.h"
#include "model/packed_file.h"
#include "model/weight_packing.h"

namespace croft {

struct Model::Parts {
  // The mappings and the packed memory come first: the weights view into them.
  std::optional<GgufModelFile> gguf;
  std::optional<FolderModelFile> folder;
  PackedWeights packed;
  ModelInfo info;
  ModelConfig config;
  std::unique_ptr<Tokenizer> tokenizer;
  std::string chat_template;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<Encoder> encoder;
};

namespace {

/// The matrix may have more rows than the tokenizer has tokens (padding), never fewer: ids index
/// it.
Result<void> check_vocabulary(const ModelConfig& config, const Tokenizer& tokenizer) {
  if (tokenizer.size() <= config.vocabulary_size) return {};
  return fail(ErrorCode::Corrupt,
              "the tokenizer has " + std::to_string(tokenizer.size()) +
                  " tokens but the embedding matrix only " +
                  std::to_string(config.vocabulary_size) + " rows",
              "Tokenizer and weights do not belong together.", "tokenizer.ggml.tokens");
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::load(const std::filesystem::path& path,
                                                 const LoadOptions& load_options) {
  auto parts = std::make_unique<Parts>();
  TensorNames names;
  TensorSource source;
  WeightOptions options;
  ThreadPool pool(load_options.threads);
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) {
    parts->folder = TRY(open_folder_model(path));
    const FolderModelFile& model = *parts->folder;
    parts->info = describe(model);
    parts->config = TRY(folder_config(model));
    parts->tokenizer = TRY(tokenizer_from_folder(model.folder));
    parts->chat_template = TRY(chat_template_of(model.folder));
    source = TensorSource::from(model.tensors);
    names = hugging_face_names(parts->config.architecture, source);
    const Architecture a = parts->config.architecture;
    options.norms_plus_one = a == Architecture::Gemma2 || a == Architecture::Gemma3;
    options.tied = ties_embeddings(model.config);
  } else {
    parts->gguf = TRY(open_gguf_model(path));
    const GgufModelFile& model = *parts->gguf;
    const std::optional<PackedForm> form = TRY(read_packed_form(model.file, model.mapping.bytes()));
    if (form) TRY(check_packed_tensors(model.file, *form, pool));
    parts->info = describe(path, model);
    parts->config = TRY(config_from_gguf(model.file));
    parts->tokenizer = TRY(tokenizer_from_gguf(model.file));
    parts->chat_template = TRY(chat_template_of(model.file));
    source = TensorSource::from(model.file);
    if (form)
      for (const std::string_view name : form->tensors) source.mark_packed(name);
    names = gguf_names(parts->config.architecture);
  }
  TRY(check_vocabulary(parts->config, *parts->tokenizer));
  ModelWeights weights = TRY(load_weights(parts->config, names, source, options));
  if (load_options.pack)
    parts->packed = TRY(pack_weights(weights, pool, true, load_options.on_packing));
  if (parts->config.is_encoder())
    parts->encoder = std::make_unique<Encoder>(parts->config, std::move(weights));
  else
    parts->decoder = std::make_unique<Decoder>(parts->config, std::move(weights));
  return std::shared_ptr<const Model>(new Model(std::move(parts)));
}

Model::Model(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Model::~Model() = default;

const ModelInfo& Model::info() const {
  return parts_->info;
}
const ModelConfig& Model::config() const {
  return parts_->config;
}
const Tokenizer& Model::tokenizer() const {
  return *parts_->tokenizer;
}
const std::string& Model::chat_template() const {
  return parts_->chat_template;
}
const Decoder* Model::decoder() const {
  return parts_->decoder.get();
}
const Encoder* Model::encoder() const {
  return parts_->encoder.get();
}

}  // namespace croft
