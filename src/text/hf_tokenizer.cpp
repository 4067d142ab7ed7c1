// Builds a tokenizer from the documents of a Hugging Face folder.

#include "text/hf_tokenizer.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/limits.h"
#include "io/mapped_file.h"
#include "text/end_markers.h"
#include "text/hf_parts.h"
#include "text/score_bpe.h"
#include "text/utf8.h"

namespace croft {
namespace hf {

std::unexpected<Error> unsupported(std::string_view section, std::string_view what) {
  std::string message = "tokenizer.json's ";
  message.append(section).append(" '");
  message += utf8::repair(what.substr(0, 100), utf8::Invalid::MaximalSubpart);
  message += "' is not supported";
  return fail(ErrorCode::Unsupported, std::move(message),
              "Use the model's GGUF file, or a tokenizer of a supported kind",
              std::string(section));
}

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::Corrupt, std::string("In tokenizer.json ").append(what),
              "Download the file again");
}

std::string_view type_of(const json::value& section) {
  return find_string(section, "type").value_or("");
}

Result<Regex> read_pattern(const json::value& section) {
  const json::value* pattern = find(section, "pattern");
  if (pattern == nullptr) return corrupt("a step has no pattern");
  if (const auto text = find_string(*pattern, "String")) return Regex::compile(Regex::quote(*text));
  if (const auto regex = find_string(*pattern, "Regex")) return Regex::compile(*regex);
  return corrupt("a pattern is neither String nor Regex");
}

}  // namespace hf

namespace {

Result<json::value> parse_document(std::string_view text, std::string_view name) {
  if (text.empty()) return json::value();
  auto parsed = parse_json(text, name);
  if (!parsed) parsed.error().code = ErrorCode::Corrupt;
  return parsed;
}

/// The small documents beside tokenizer.json, parsed; null values where absent.
struct Settings {
  json::value tokenizer_config;
  json::value special_tokens_map;
  json::value config;
  json::value generation_config;
};

Result<Settings> parse_settings(const HfDocuments& documents) {
  Settings settings;
  settings.tokenizer_config =
      TRY(parse_document(documents.tokenizer_config, "tokenizer_config.json"));
  settings.special_tokens_map =
      TRY(parse_document(documents.special_tokens_map, "special_tokens_map.json"));
  settings.config = TRY(parse_document(documents.config, "config.json"));
  settings.generation_config =
      TRY(parse_document(documents.generation_config, "generation_config.json"));
  return settings;
}

/// "bos_token": "<s>" or {"content": "<s>", ...}.
std::optional<std::string_view> token_text(const json::value& document, std::string_view key) {
  if (const auto text = find_string(document, key)) return text;
  const json::value* token = find(document, key);
  return token == nullptr ? std::nullopt : find_string(*token, "content");
}

/// Appends the ids of `key`, one integer or a list of them.
Result<void> append_ids(const json::value& document, std::string_view name, std::string_view key,
                        const Vocabulary& vocabulary, std::vector<TokenId>& out) {
  const json::value* value = find(document, key);
  if (value == nullptr) return {};
  json::array one;
  one.push_back(*value);
  for (const json::value& id : value->is_array() ? value->get_array() : one) {
    if (!id.is_int64() || !vocabulary.holds(id.get_int64())) {
      std::string message(name);
      message.append(" gives ").append(key).append(" a value outside the vocabulary of ");
      message.append(std::to_string(vocabulary.size())).append(" tokens");
      return fail(ErrorCode::Corrupt, std::move(message), "Download the files again",
                  std::string(key));
    }
    out.push_back(static_cast<TokenId>(id.get_int64()));
  }
  return {};
}

/// BOS or EOS: by text in the tokenizer's own files, else by id in config.json.
Result<std::optional<TokenId>> find_end(const Settings& settings, std::string_view key,
                                        const Vocabulary& vocabulary) {
  auto text = token_text(settings.tokenizer_config, key);
  if (!text) text = token_text(settings.special_tokens_map, key);
  if (text) {
    if (const auto id = vocabulary.find(*text)) return id;
  }
  const std::string id_key = std::string(key).append("_id");
  std::vector<TokenId> ids;
  TRY(append_ids(settings.config, "config.json", id_key, vocabulary, ids));
  if (ids.empty()) return std::nullopt;
  return ids.front();
}

/// An explicit add_bos_token or add_eos_token wins over the template.
void obey_flag(const json::value& config, std::string_view key, std::optional<TokenId> token,
               std::vector<TokenId>& around) {
  const auto wanted = find_bool(config, key);
  if (!wanted || !token) return;
  const bool there = std::ranges::find(around, *token) != around.end();
  if (*wanted && !there) around.push_back(*token);
  if (!*wanted && there) std::erase(around, *token);
}

Result<void> read_ends(const json::value& document, const Settings& settings,
                       PipelineParts& parts) {
  const Vocabulary& vocabulary = *parts.vocabulary;
  hf::Template around = TRY(hf::read_post_processor(find(document, "post_processor"), vocabulary));
  parts.prefix = std::move(around.prefix);
  parts.suffix = std::move(around.suffix);
  parts.bos = TRY(find_end(settings, "bos_token", vocabulary));
  parts.eos = TRY(find_end(settings, "eos_token", vocabulary));
  std::vector<TokenId> named;
  if (parts.eos) named.push_back(*parts.eos);
  TRY(append_ids(settings.config, "config.json", "eos_token_id", vocabulary, named));
  TRY(append_ids(settings.generation_config, "generation_config.json", "eos_token_id", vocabulary,
                 named));
  parts.end_tokens = find_end_tokens(vocabulary, std::move(named));
  obey_flag(settings.tokenizer_config, "add_bos_token", parts.bos, parts.prefix);
  obey_flag(settings.tokenizer_config, "add_eos_token", parts.eos, parts.suffix);
  // BERT files name neither; its [CLS] and [SEP] do the same work.
  if (!parts.bos && !parts.prefix.empty()) parts.bos = parts.prefix.front();
  if (!parts.eos && !parts.suffix.empty()) parts.eos = parts.suffix.back();
  return {};
}

/// A file that may be absent: empty then.
Result<std::string> read_optional(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  if (!file && file.error().code == ErrorCode::NotFound) return std::string();
  if (!file) return std::unexpected(file.error());
  const auto bytes = file->bytes();
  if (bytes.size() > limits::json_file_bytes_max) {
    return fail(ErrorCode::TooLarge,
                path.filename().string() + " has " + std::to_string(bytes.size()) + " bytes",
                "At most " + std::to_string(limits::json_file_bytes_max) + " are read");
  }
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> tokenizer_from_json(const HfDocuments& documents) {
  const json::value document = TRY(parse_document(documents.tokenizer, "tokenizer.json"));
  const Settings settings = TRY(parse_settings(documents));
  const hf::DecoderSection decoder = TRY(hf::read_decoder(find(document, "decoder")));
  PipelineParts parts;
  parts.vocabulary = TRY(hf::read_vocabulary(document, decoder));
  parts.normalizer = TRY(hf::read_normalizer(find(document, "normalizer")));
  hf::PreTokenizerSection pre = TRY(hf::read_pre_tokenizer(find(document, "pre_tokenizer")));
  parts.pre_tokenizer = std::move(pre.steps);
  parts.model = TRY(hf::read_model(document, *parts.vocabulary, pre.byte_level));
  const bool words = hf::model_type(*find(document, "model")) == "BPE" && !pre.byte_level &&
                     parts.vocabulary->find("\u2581") &&
                     !has_pieces_across_words(*parts.vocabulary);
  if (words) parts.pre_tokenizer.push_back(make_word_split());
  TRY(hf::read_added_tokens(document, parts));
  TRY(read_ends(document, settings, parts));
  parts.strips_leading_space = decoder.strips_leading_space;
  return make_pipeline(std::move(parts));
}

Result<std::unique_ptr<Tokenizer>> tokenizer_from_folder(const std::filesystem::path& folder) {
  const std::string tokenizer = TRY(read_optional(folder / "tokenizer.json"));
  if (tokenizer.empty()) {
    return fail(ErrorCode::NotFound, "There is no tokenizer.json in " + folder.string(),
                "Download the folder again, or use the model's GGUF file");
  }
  const std::string tokenizer_config = TRY(read_optional(folder / "tokenizer_config.json"));
  const std::string special_tokens_map = TRY(read_optional(folder / "special_tokens_map.json"));
  const std::string config = TRY(read_optional(folder / "config.json"));
  const std::string generation_config = TRY(read_optional(folder / "generation_config.json"));
  return tokenizer_from_json({.tokenizer = tokenizer,
                              .tokenizer_config = tokenizer_config,
                              .special_tokens_map = special_tokens_map,
                              .config = config,
                              .generation_config = generation_config});
}

}  // namespace croft
