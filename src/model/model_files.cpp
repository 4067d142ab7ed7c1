#include "model/model_files.h"

#include <fstream>
#include <sstream>

namespace croft {
namespace {

namespace fs = std::filesystem;

Result<json::value> read_json(const fs::path& path) {
  const std::string text = TRY(read_text_file(path, limits::json_file_bytes_max));
  return parse_json(text, path.filename().string());
}

/// Absent files are normal; broken ones are not.
Result<std::optional<json::value>> read_optional_json(const fs::path& path) {
  std::error_code ec;
  if (!fs::exists(path, ec)) return std::nullopt;
  return TRY(read_json(path));
}

Result<void> read_pooling(const fs::path& folder, ModelConfig& config) {
  const std::optional<json::value> pooling =
      TRY(read_optional_json(folder / "1_Pooling" / "config.json"));
  if (!pooling) return {};
  const auto on = [&](std::string_view key) { return find_bool(*pooling, key).value_or(false); };
  if (on("pooling_mode_cls_token")) {
    config.pooling = Pooling::Cls;
  } else if (on("pooling_mode_lasttoken")) {
    config.pooling = Pooling::Last;
  } else if (on("pooling_mode_max_tokens") || on("pooling_mode_mean_sqrt_len_tokens") ||
             on("pooling_mode_weightedmean_tokens") || !on("pooling_mode_mean_tokens")) {
    return fail(ErrorCode::Unsupported,
                "1_Pooling/config.json asks for a pooling that is not supported",
                "Supported: mean, first (CLS) and last token.", "pooling_mode");
  }
  return {};
}

}  // namespace

Result<std::string> read_text_file(const fs::path& path, std::size_t bytes_max) {
  std::error_code ec;
  const auto size = fs::file_size(path, ec);
  if (ec) {
    return fail(ErrorCode::NotFound, "cannot read " + path.string() + ": " + ec.message(),
                "Check the path.");
  }
  if (size > bytes_max)
    return fail(ErrorCode::TooLarge, path.string() + " has " + std::to_string(size) +
                                         " bytes, more than the limit of " +
                                         std::to_string(bytes_max));
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.good() && !in.eof()) return fail(ErrorCode::Io, "cannot read " + path.string());
  return std::move(text).str();
}

Result<GgufModelFile> open_gguf_model(const fs::path& path) {
  GgufModelFile model;
  model.mapping = TRY(MappedFile::open(path));
  model.file = TRY(GgufFile::parse(model.mapping.bytes()));
  return model;
}

Result<FolderModelFile> open_folder_model(const fs::path& folder) {
  std::error_code ec;
  if (!fs::exists(folder / "config.json", ec)) {
    return fail(
        ErrorCode::NotFound, folder.string() + " holds no config.json",
        "Give a GGUF file or a Hugging Face folder (config.json, tokenizer.json, *.safetensors).");
  }
  FolderModelFile model;
  model.folder = folder;
  model.config = TRY(read_json(folder / "config.json"));
  model.tensors = TRY(SafetensorsFolder::open(folder));
  return model;
}

Result<ModelConfig> folder_config(const FolderModelFile& model) {
  ModelConfig config = TRY(config_from_json(model.config));
  if (!config.is_encoder()) return config;
  TRY(read_pooling(model.folder, config));
  const auto sentence = TRY(read_optional_json(model.folder / "sentence_bert_config.json"));
  if (sentence) {
    const std::int64_t most = find_int(*sentence, "max_seq_length").value_or(0);
    if (most > 0 && most <= config.context_length)
      config.embedding_tokens_max = static_cast<std::uint32_t>(most);
  }
  return config;
}

Result<std::string> chat_template_of(const GgufFile& file) {
  return std::string(TRY(file.string("tokenizer.chat_template")).value_or(std::string_view{}));
}

Result<std::string> chat_template_of(const fs::path& folder) {
  std::error_code ec;
  if (fs::exists(folder / "chat_template.jinja", ec))
    return read_text_file(folder / "chat_template.jinja", limits::template_source_bytes_max);
  std::optional<json::value> settings = TRY(read_optional_json(folder / "chat_template.json"));
  if (!settings || find(*settings, "chat_template") == nullptr)
    settings = TRY(read_optional_json(folder / "tokenizer_config.json"));
  if (!settings) return std::string{};
  const json::value* entry = find(*settings, "chat_template");
  if (entry == nullptr) return std::string{};
  if (entry->is_string()) return std::string(entry->get_string());
  if (const json::array* named = entry->if_array()) {
    for (const json::value& one : *named)
      if (find_string(one, "name") == "default")
        return std::string(find_string(one, "template").value_or(""));
  }
  return fail(ErrorCode::Corrupt, "chat_template in " + folder.string() +
                                      " is neither text nor a list with a \"default\" entry");
}

}  // namespace croft
