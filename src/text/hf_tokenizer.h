#pragma once
/// tokenizer.json as text: what tokenizer_from_folder does once the files are read.

#include <string_view>

#include "text/tokenizer.h"

namespace croft {

/// The documents of a Hugging Face folder; empty where the file is absent.
struct HfDocuments {
  std::string_view tokenizer;
  std::string_view tokenizer_config = {};
  std::string_view special_tokens_map = {};
  std::string_view config = {};
  std::string_view generation_config = {};
};

/// Errors: Corrupt (no JSON, or a section that contradicts itself); Unsupported (a step or model
/// named).
Result<std::unique_ptr<Tokenizer>> tokenizer_from_json(const HfDocuments& documents);

}  // namespace croft
