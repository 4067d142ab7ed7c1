#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "base/limits.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "engine/chat.h"
#include "engine/prefix_file.h"

namespace croft::cli {
namespace {

Result<std::string> prompt_text(const Settings& settings) {
  const bool has_text = settings.has_value("system"), has_file = settings.has_value("file");
  if (has_text == has_file)
    return fail(ErrorCode::InvalidArgument,
                has_text ? "--system and --file are both given" : "there is no system prompt",
                "Give --system TEXT or --file FILE");
  if (has_text) return settings.text("system");
  return read_file_or_stdin(settings.text("file"), limits::request_body_bytes_max);
}

Result<std::vector<TokenId>> conversation_tokens(const ChatFormatter& formatter,
                                                 const std::string& system,
                                                 std::string_view question) {
  json::object context;
  context["messages"] = json::array{json::object{{"role", "system"}, {"content", system}},
                                    json::object{{"role", "user"}, {"content", question}}};
  ChatPrompt prompt = TRY(formatter.format(std::move(context)));
  return std::move(prompt.tokens);
}

/// What conversations with this system prompt have in common, whatever the template makes of it.
Result<std::vector<TokenId>> common_beginning(const std::shared_ptr<const Model>& model,
                                              const std::string& system) {
  const ChatFormatter formatter = TRY(ChatFormatter::create(model));
  std::vector<TokenId> one = TRY(conversation_tokens(formatter, system, "Hello"));
  const std::vector<TokenId> other = TRY(conversation_tokens(formatter, system, "9 zebras"));
  one.erase(std::ranges::mismatch(one, other).in1, one.end());
  return one;
}

}  // namespace

Result<int> prefix_save_verb(const Settings& settings) {
  const std::string text = TRY(prompt_text(settings));
  const auto path = TRY(model_path(settings, settings.text("model")));
  const std::shared_ptr<const Model> model =
      TRY(Model::load(path, {.threads = settings.size("threads")}));
  const std::vector<TokenId> tokens =
      settings.flag("raw")
          ? model->tokenizer().encode(text, {.add_special = true, .parse_special = true})
          : TRY(common_beginning(model, text));
  const std::filesystem::path output(settings.text("output"));
  const Isa isa = TRY(chosen_isa());
  ThreadPool pool(settings.size("threads"));
  const std::size_t saved =
      TRY(save_prefix(*model, tokens, kv_type(settings.text("kv-type")), output, isa, pool));
  std::error_code ignored;
  const auto bytes = static_cast<std::uint64_t>(std::filesystem::file_size(output, ignored));
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(json::object{{"file", output.string()},
                                                {"tokens", saved},
                                                {"tokens_given", tokens.size()},
                                                {"bytes", bytes}})));
    return 0;
  }
  TRY(print_line("saved " + std::to_string(saved) + " of " + std::to_string(tokens.size()) +
                 " tokens (whole pages) in " + output.string() + ", " +
                 std::to_string(bytes / limits::KiB) + " KiB"));
  return 0;
}

}  // namespace croft::cli
