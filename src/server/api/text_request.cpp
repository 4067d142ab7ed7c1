#include "server/api/text_request.h"

#include "base/limits.h"
#include "engine/prompt_length.h"
#include "server/api/fields.h"
#include "server/api/messages.h"
#include "server/api/sampling_fields.h"

namespace croft {
namespace {

std::unexpected<Error> bad_prompt(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message), {}, "prompt");
}

/// Requires at least one token; an empty string may become none in a model without BOS.
Result<TextPrompt> text_prompt(std::string_view text, bool add_special, const TextEngine& engine) {
  TRY(check_prompt_bytes(text, engine.tokenizer(), engine.context(), "prompt"));
  TextPrompt prompt;
  prompt.text = text;
  // Raw prompts are written by whoever writes the template, so control tokens in them count.
  prompt.tokens =
      engine.tokenizer().encode(text, {.add_special = add_special, .parse_special = true});
  if (prompt.tokens.empty()) return bad_prompt("`prompt` is empty and this model has no BOS token");
  return prompt;
}

Result<TextPrompt> token_prompt(const json::array& ids, const TextEngine& engine, bool special) {
  TextPrompt prompt;
  prompt.tokens = TRY(read_token_ids(ids, engine, "prompt"));
  if (prompt.tokens.empty()) return bad_prompt("`prompt` must not be an empty list");
  prompt.text = engine.tokenizer().decode(prompt.tokens, special);
  return prompt;
}

/// All four shapes: a string, strings, ids, lists of ids.
Result<std::vector<TextPrompt>> read_prompts(const json::value& value, bool add_special,
                                             bool special_in_text, const TextEngine& engine) {
  std::vector<TextPrompt> prompts;
  if (value.is_string()) {
    prompts.push_back(TRY(text_prompt(value.get_string(), add_special, engine)));
    return prompts;
  }
  const json::array& list = value.get_array();
  if (list.empty()) return bad_prompt("`prompt` must not be an empty list");
  if (list.front().is_number()) {
    prompts.push_back(TRY(token_prompt(list, engine, special_in_text)));
    return prompts;
  }
  if (list.size() > text_choices_max)
    return bad_prompt("`prompt` has " + std::to_string(list.size()) + " entries, at most " +
                      std::to_string(text_choices_max) + " are allowed");
  for (const json::value& entry : list) {
    if (entry.is_string())
      prompts.push_back(TRY(text_prompt(entry.get_string(), add_special, engine)));
    else if (entry.is_array())
      prompts.push_back(TRY(token_prompt(entry.get_array(), engine, special_in_text)));
    else
      return bad_prompt("`prompt` must hold strings, token ids, or lists of token ids");
  }
  return prompts;
}

Result<void> check_choices(const TextRequest& request) {
  if (request.prompts.size() * request.choices_per_prompt <= text_choices_max) return {};
  return fail(ErrorCode::InvalidArgument,
              "`n` times the number of prompts is over " + std::to_string(text_choices_max), {},
              "n");
}

/// Refused here with both numbers, before anything is queued.
Result<void> check_context(const TextRequest& request, const TextEngine& engine) {
  for (const TextPrompt& prompt : request.prompts)
    if (prompt.tokens.size() > engine.context())
      return fail(ErrorCode::ContextOverflow,
                  "the prompt has " + std::to_string(prompt.tokens.size()) +
                      " tokens and the context " + std::to_string(engine.context()),
                  "Shorten it, or serve with a larger --context",
                  request.dialect == TextDialect::Chat ? "messages" : "prompt");
  return {};
}

}  // namespace

Result<std::vector<TokenId>> read_token_ids(const json::array& ids, const TextEngine& engine,
                                            const std::string& field) {
  std::vector<TokenId> tokens;
  tokens.reserve(ids.size());
  const std::int64_t vocabulary_size = engine.config().vocabulary_size;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = integer_value(ids[i]);
    if (!id || *id < 0 || *id >= vocabulary_size)
      return fail(
          ErrorCode::InvalidArgument,
          "`" + field + "` holds at position " + std::to_string(i) + " no token id of this model",
          "Ids go from 0 to " + std::to_string(vocabulary_size - 1), field);
    tokens.push_back(static_cast<TokenId>(*id));
  }
  return tokens;
}

Result<TextRequest> read_chat_request(const json::object& body, const TextEngine& engine) {
  TextRequest request;
  request.dialect = TextDialect::Chat;
  request.warnings = TRY(check_fields(chat_fields(), body));
  if (Result<void> read = read_shared_fields(body, engine, request); !read)
    return std::unexpected(read.error());

  GenerationRequest& generation = request.generation;
  generation.logprobs = read_flag(body, "logprobs", false);
  const auto top = read_integer(body, "top_logprobs");
  if (top && *top > 0 && !generation.logprobs)
    return fail(ErrorCode::InvalidArgument, "`top_logprobs` needs `logprobs`",
                "Set logprobs to true", "top_logprobs");
  generation.top_logprobs = static_cast<std::size_t>(top.value_or(0));

  json::object context = TRY(read_template_context(body, engine.chat_template(), request.warnings));
  ChatPrompt prompt = TRY(engine.format(std::move(context)));
  request.prompts.push_back({std::move(prompt.tokens), std::move(prompt.text.text)});
  if (request.prompts.front().tokens.empty())
    return fail(ErrorCode::InvalidArgument, "the template made an empty prompt of `messages`", {},
                "messages");
  if (Result<void> fits = check_context(request, engine); !fits)
    return std::unexpected(fits.error());
  const std::size_t room = engine.context() - request.prompts.front().tokens.size();
  auto asked = read_integer(body, "max_completion_tokens");
  if (!asked) asked = read_integer(body, "max_tokens");
  generation.tokens_max = asked ? static_cast<std::size_t>(*asked) : std::max<std::size_t>(room, 1);
  return request;
}

Result<TextRequest> read_completion_request(const json::object& body, const TextEngine& engine) {
  TextRequest request;
  request.dialect = TextDialect::Completion;
  request.warnings = TRY(check_fields(completion_fields(), body));
  if (Result<void> read = read_shared_fields(body, engine, request); !read)
    return std::unexpected(read.error());

  constexpr std::int64_t tokens_default = 16;  // OpenAI's
  GenerationRequest& generation = request.generation;
  generation.tokens_max =
      static_cast<std::size_t>(read_integer(body, "max_tokens").value_or(tokens_default));
  request.echo = read_flag(body, "echo", false);
  const auto top = read_integer(body, "logprobs");
  generation.logprobs = top.has_value();
  generation.top_logprobs = static_cast<std::size_t>(top.value_or(0));
  generation.prompt_logprobs = request.echo && generation.logprobs;
  request.prompts = TRY(read_prompts(body.at("prompt"), read_flag(body, "add_special_tokens", true),
                                     generation.special_tokens_in_text, engine));
  if (Result<void> fits = check_choices(request); !fits) return std::unexpected(fits.error());
  if (Result<void> fits = check_context(request, engine); !fits)
    return std::unexpected(fits.error());
  return request;
}

}  // namespace croft
