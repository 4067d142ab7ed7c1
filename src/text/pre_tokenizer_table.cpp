// The named pre-tokenizers of GGUF files. Every name is one the llama.cpp converter writes; every
// pattern is the one its model publishes in tokenizer.json (docs/formats/tokenizers.md lists the
// sources).

#include <algorithm>
#include <array>

#include "text/pre_tokenizer.h"

namespace croft {

namespace {

constexpr std::string_view gpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// Contractions in either case, in ASCII only: (?i:) would also take U+017F for an s.
#define CROFT_CONTRACTIONS R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))"
#define CROFT_PUNCTUATION_AND_SPACE R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"

constexpr std::string_view llama3_pattern =
    CROFT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)" CROFT_PUNCTUATION_AND_SPACE;
constexpr std::string_view qwen2_pattern =
    CROFT_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)" CROFT_PUNCTUATION_AND_SPACE;
constexpr std::string_view tekken_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view gpt4o_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)" CROFT_CONTRACTIONS
    R"(?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)" CROFT_CONTRACTIONS
    R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view deepseek3_pattern =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view han_pattern = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
constexpr std::string_view cjk_kana_pattern = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
/// DeepSeek LLM lists the letters that have case, but for a few: \p{L} without those of one case
/// only.
constexpr std::string_view deepseek_letters_pattern = R"(\s?[\p{Lu}\p{Ll}\p{Lt}]+)";
constexpr std::string_view deepseek_symbols_pattern =
    "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+";

struct Entry {
  std::string_view name;
  std::array<std::string_view, 5> patterns;  ///< unused ones are empty
  PreTokenizerTraits traits = {};
};

constexpr PreTokenizerTraits llama3_traits{.ignore_merges = true, .adds_bos = true};
constexpr Entry entries[] = {
    {"default", {R"([\p{P}\$\+<=>\^~\|]+)", gpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
    {"gpt-2", {gpt2}},
    {"phi-2", {gpt2}},
    {"mpt", {gpt2}},
    {"olmo", {gpt2}},
    {"jais", {gpt2}},
    {"trillion", {gpt2}},
    {"granite-docling", {gpt2}},
    {"roberta-bpe", {gpt2}},
    {"smollm", {R"(\p{N})", gpt2}},
    {"starcoder", {R"(\p{N})", gpt2}},
    {"refact", {R"(\p{N})", gpt2}},
    {"command-r", {R"(\p{N})", gpt2}},
    {"codeshell", {R"(\p{N})", gpt2}},
    {"exaone", {R"(\p{N})", gpt2}},
    {"llama-bpe", {llama3_pattern}, llama3_traits},
    {"llama3", {llama3_pattern}, llama3_traits},
    {"llama-v3", {llama3_pattern}, llama3_traits},
    {"falcon3", {llama3_pattern}, llama3_traits},
    {"lfm2", {llama3_pattern}, llama3_traits},
    {"dbrx", {llama3_pattern}},
    {"smaug-bpe", {llama3_pattern}},
    {"glm4", {llama3_pattern}},
    {"qwen2", {qwen2_pattern}},
    {"stablelm2", {qwen2_pattern}},
    {"deepseek-r1-qwen", {qwen2_pattern}},
    {"hunyuan", {qwen2_pattern}},
    {"megrez", {qwen2_pattern}},
    {"tekken", {tekken_pattern}, llama3_traits},
    {"gpt-4o", {gpt4o_pattern}},
    {"llama4", {gpt4o_pattern}},
    {"falcon", {R"([\p{P}\$\+<=>\^~\|`]+)", gpt2, "[0-9][0-9][0-9]"}},
    {"deepseek-llm",
     {"[\r\n]", deepseek_letters_pattern, deepseek_symbols_pattern, han_pattern, R"(\p{N}+)"}},
    {"deepseek-coder", {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", han_pattern, R"(\p{N})"}},
    {"deepseek-v3", {R"(\p{N}{1,3})", cjk_kana_pattern, deepseek3_pattern}},
};

const Entry* find_entry(std::string_view name) {
  const auto* found = std::ranges::find(entries, name, &Entry::name);
  return found == std::end(entries) ? nullptr : found;
}

}  // namespace

const std::string_view gpt2_pattern = gpt2;

Result<PreTokenizer> pre_tokenizer_named(std::string_view name) {
  const Entry* entry = find_entry(name);
  if (entry == nullptr) {
    std::string known;
    for (const Entry& each : entries) {
      known.append(known.empty() ? "" : ", ").append(each.name);
    }
    return fail(ErrorCode::Unsupported,
                "The pre-tokenizer '" + std::string(name.substr(0, 100)) + "' is not known",
                "Supported are " + known, "tokenizer.ggml.pre");
  }
  PreTokenizer steps;
  for (const std::string_view pattern : entry->patterns) {
    if (pattern.empty()) break;
    Regex regex = TRY(Regex::compile(pattern));
    steps.push_back(make_split(std::move(regex), SplitBehavior::Isolated, false));
  }
  return steps;
}

PreTokenizerTraits pre_tokenizer_traits(std::string_view name) {
  const Entry* entry = find_entry(name);
  return entry == nullptr ? PreTokenizerTraits{} : entry->traits;
}

}  // namespace croft
