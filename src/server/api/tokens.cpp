// /tokenize, /detokenize and /apply-template, in llama-server's shapes.
#include "server/api/fields.h"
#include "server/api/json_error.h"
#include "server/api/messages.h"
#include "server/api/routes.h"
#include "server/api/text_request.h"
#include "server/api/text_shape.h"

namespace croft {
namespace {

json::value piece_json(const Tokenizer& tokenizer, TokenId id) {
  const std::string bytes = tokenizer.bytes(id, true);
  if (is_utf8(bytes)) return json::value(bytes);
  json::array list;
  for (const char c : bytes) list.push_back(static_cast<unsigned char>(c));
  return list;
}

}  // namespace

Result<json::object> tokenize_route(const json::object& body, const TextEngine& engine) {
  const std::vector<std::string> warnings = TRY(check_fields(tokenize_fields(), body));
  const Tokenizer& tokenizer = engine.tokenizer();
  const std::vector<TokenId> ids = tokenizer.encode(
      read_string(body, "content"), {.add_special = read_flag(body, "add_special", false),
                                     .parse_special = read_flag(body, "parse_special", true)});
  const bool with_pieces = read_flag(body, "with_pieces", false);
  json::array tokens;
  tokens.reserve(ids.size());
  for (const TokenId id : ids) {
    if (with_pieces)
      tokens.push_back(json::object{{"id", id}, {"piece", piece_json(tokenizer, id)}});
    else
      tokens.push_back(id);
  }
  json::object answer = {{"tokens", std::move(tokens)}};
  add_warnings(answer, warnings);
  return answer;
}

Result<json::object> detokenize_route(const json::object& body, const TextEngine& engine) {
  const std::vector<std::string> warnings = TRY(check_fields(detokenize_fields(), body));
  const std::vector<TokenId> ids =
      TRY(read_token_ids(body.at("tokens").get_array(), engine, "tokens"));
  json::object answer = {{"content", replace_invalid_utf8(engine.tokenizer().decode(ids, true))}};
  add_warnings(answer, warnings);
  return answer;
}

Result<json::object> apply_template_route(const json::object& body, const TextEngine& engine) {
  std::vector<std::string> warnings = TRY(check_fields(template_fields(), body));
  json::object context = TRY(read_template_context(body, engine.chat_template(), warnings));
  const MarkedText prompt = TRY(engine.render(std::move(context)));
  json::object answer = {{"prompt", replace_invalid_utf8(prompt.text)}};
  add_warnings(answer, warnings);
  return answer;
}

}  // namespace croft
