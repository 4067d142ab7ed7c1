// tokenizer.json: `pre_tokenizer`.

#include <array>
#include <utility>

#include "text/bert_normalizer.h"
#include "text/hf_parts.h"

namespace croft::hf {
namespace {

constexpr std::array<std::pair<std::string_view, SplitBehavior>, 5> behaviors = {{
    {"Removed", SplitBehavior::Removed},
    {"Isolated", SplitBehavior::Isolated},
    {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
    {"MergedWithNext", SplitBehavior::MergedWithNext},
    {"Contiguous", SplitBehavior::Contiguous},
}};

Result<SplitBehavior> read_behavior(const json::value& section) {
  const std::string_view name = find_string(section, "behavior").value_or("Isolated");
  for (const auto& [each, behavior] : behaviors) {
    if (each == name) return behavior;
  }
  return unsupported("pre_tokenizer", name);
}

Result<void> add_split(std::string_view pattern, SplitBehavior behavior, bool invert,
                       PreTokenizer& steps) {
  Regex regex = TRY(Regex::compile(pattern));
  steps.push_back(make_split(std::move(regex), behavior, invert));
  return {};
}

Result<void> add_split_section(const json::value& section, PreTokenizer& steps) {
  const SplitBehavior behavior = TRY(read_behavior(section));
  Regex regex = TRY(read_pattern(section));
  const bool invert = find_bool(section, "invert").value_or(false);
  steps.push_back(make_split(std::move(regex), behavior, invert));
  return {};
}

Result<void> add_byte_level(const json::value& section, PreTokenizerSection& out) {
  out.byte_level = true;
  if (find_bool(section, "add_prefix_space").value_or(true)) {
    out.steps.push_back(make_prefix_space());
  }
  if (find_bool(section, "use_regex").value_or(true)) {
    return add_split(gpt2_pattern, SplitBehavior::Isolated, false, out.steps);
  }
  return {};
}

Result<void> add_metaspace(const json::value& section, PreTokenizer& steps) {
  // Files before 2024 say add_prefix_space instead of prepend_scheme.
  const bool prefix = find_bool(section, "add_prefix_space").value_or(true);
  const std::string_view scheme =
      find_string(section, "prepend_scheme").value_or(prefix ? "always" : "never");
  PrependScheme prepend = PrependScheme::Never;
  if (scheme == "always") {
    prepend = PrependScheme::Always;
  } else if (scheme == "first") {
    prepend = PrependScheme::First;
  } else if (scheme != "never") {
    return unsupported("pre_tokenizer", scheme);
  }
  const auto replacement = find_string(section, "replacement").value_or("\u2581");
  if (replacement.empty()) return corrupt("the pre_tokenizer's replacement is empty");
  steps.push_back(make_metaspace(std::string(replacement), prepend,
                                 find_bool(section, "split").value_or(true)));
  return {};
}

Result<void> append_bert(PreTokenizer& steps) {
  PreTokenizer bert = TRY(make_bert_pre_tokenizer());
  for (auto& step : bert) steps.push_back(std::move(step));
  return {};
}

Result<void> append_step(const json::value& section, PreTokenizerSection& out) {
  const std::string_view type = type_of(section);
  if (type == "ByteLevel") return add_byte_level(section, out);
  if (type == "Split") return add_split_section(section, out.steps);
  if (type == "Metaspace") return add_metaspace(section, out.steps);
  if (type == "BertPreTokenizer") return append_bert(out.steps);
  if (type == "Digits") {
    const bool single = find_bool(section, "individual_digits").value_or(false);
    return add_split(single ? R"(\p{N})" : R"(\p{N}+)", SplitBehavior::Isolated, false, out.steps);
  }
  if (type == "Punctuation") {
    const SplitBehavior behavior = TRY(read_behavior(section));
    return add_split(R"([!-/:-@\[-`{-~\p{P}])", behavior, false, out.steps);
  }
  if (type == "WhitespaceSplit") {
    return add_split(R"(\s)", SplitBehavior::Removed, false, out.steps);
  }
  if (type == "Whitespace") {
    return add_split(R"(\w+|[^\w\s]+)", SplitBehavior::Removed, true, out.steps);
  }
  return unsupported("pre_tokenizer", type);
}

Result<void> append_steps(const json::value& section, PreTokenizerSection& out) {
  if (type_of(section) != "Sequence") return append_step(section, out);
  const json::value* members = find(section, "pretokenizers");
  if (members == nullptr || !members->is_array()) {
    return corrupt("the pre_tokenizer's Sequence has no list");
  }
  for (const json::value& member : members->get_array()) TRY(append_steps(member, out));
  return {};
}

}  // namespace

Result<PreTokenizerSection> read_pre_tokenizer(const json::value* section) {
  PreTokenizerSection out;
  if (section != nullptr) TRY(append_steps(*section, out));
  return out;
}

}  // namespace croft::hf
