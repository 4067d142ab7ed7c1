#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/generate.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "engine/embedding_text.h"

namespace croft::cli {
namespace {

constexpr std::size_t kBatch = 64;  // texts per request: memory stays small for a long list

Result<std::vector<std::string>> input_texts(const Settings& settings) {
  if (!settings.arguments().empty()) return settings.arguments();
  std::istringstream lines(TRY(read_stdin(limits::json_file_bytes_max)));
  std::vector<std::string> texts;
  for (std::string line; std::getline(lines, line);) texts.push_back(line);
  if (texts.empty())
    return fail(ErrorCode::InvalidArgument, "there is no text to embed",
                "Give texts as arguments, or one a line on standard input");
  return texts;
}

std::string vector_text(const std::vector<float>& vector) {
  std::string text;
  for (const float value : vector) text += fmt::format("{}{}", text.empty() ? "" : " ", value);
  return text + "\n";
}

}  // namespace

Result<int> embed_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.text("model")));
  const std::vector<std::string> texts = TRY(input_texts(settings));
  const std::unique_ptr<Engine> engine = TRY(open_engine(settings, path, {}));
  Interrupts interrupts;
  const std::stop_token cancel = interrupts.begin();
  json::array documents;
  std::size_t tokens_count = 0;
  for (std::size_t begin = 0; begin < texts.size(); begin += kBatch) {
    EmbeddingRequest request{.inputs = {}, .cancel = cancel};
    for (std::size_t i = begin; i < std::min(begin + kBatch, texts.size()); ++i) {
      EmbeddingTokens encoded =
          encode_for_embedding(engine->model().tokenizer(), engine->model().config(), texts[i]);
      if (encoded.tokens_before_cut > encoded.tokens.size())
        log_warning("text " + std::to_string(i + 1) + " was cut from " +
                    std::to_string(encoded.tokens_before_cut) + " to " +
                    std::to_string(encoded.tokens.size()) +
                    " tokens, the length that the model's own configuration sets");
      request.inputs.push_back(std::move(encoded.tokens));
      if (request.inputs.back().empty())
        return fail(ErrorCode::InvalidArgument,
                    "text " + std::to_string(i + 1) + " is empty: this model makes no token of it",
                    "Leave empty lines out");
      tokens_count += request.inputs.back().size();
    }
    const auto vectors = TRY(embed_and_wait(*engine, std::move(request)));
    for (const std::vector<float>& vector : vectors) {
      if (settings.flag("json"))
        documents.emplace_back(json::array(vector.begin(), vector.end()));
      else
        TRY(print(vector_text(vector)));
    }
  }
  if (settings.flag("json"))
    TRY(print_line(json::serialize(json::object{{"model", settings.text("model")},
                                                {"embeddings", std::move(documents)},
                                                {"prompt_tokens", tokens_count}})));
  return 0;
}

}  // namespace croft::cli
