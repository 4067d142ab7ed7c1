#include <charconv>

#include "base/json.h"
#include "base/limits.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

Result<std::string> input_text(const Settings& settings) {
  const auto& arguments = settings.arguments();
  if (arguments.empty() || arguments.front() == "-") return read_stdin(limits::json_file_bytes_max);
  return arguments.front();
}

std::string pieces_text(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids)
    text += std::to_string(id) + "\t" + escape_controls(tokenizer.piece(id)) + "\n";
  return text;
}

std::string ids_text(const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text + "\n";
}

json::object tokens_json(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                         bool with_pieces) {
  json::object document{{"tokens", json::array(ids.begin(), ids.end())}};
  if (with_pieces) {
    json::array pieces;
    for (const TokenId id : ids) pieces.emplace_back(valid_utf8(tokenizer.piece(id)));
    document["pieces"] = std::move(pieces);
  }
  return document;
}

Result<TokenId> parse_id(std::string_view word) {
  TokenId id = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (problem != std::errc{} || end != word.data() + word.size())
    return fail(ErrorCode::InvalidArgument, "'" + std::string(word) + "' is no token id",
                "Token ids are whole numbers, separated by spaces or commas");
  return id;
}

Result<std::vector<TokenId>> parse_ids(std::string_view text, std::size_t vocabulary_size) {
  constexpr std::string_view kSeparators = ", \t\r\n[]";
  std::vector<TokenId> ids;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return ids;
    text.remove_prefix(begin);
    const std::size_t length = std::min(text.find_first_of(kSeparators), text.size());
    const TokenId id = TRY(parse_id(text.substr(0, length)));
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary_size)
      return fail(ErrorCode::InvalidArgument, "token id " + std::to_string(id) +
                                                  " is outside the vocabulary of " +
                                                  std::to_string(vocabulary_size) + " tokens");
    ids.push_back(id);
    text.remove_prefix(length);
  }
}

}  // namespace

Result<int> tokenize_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.text("model")));
  const std::unique_ptr<Tokenizer> tokenizer = TRY(open_tokenizer(path));
  const std::string text = TRY(input_text(settings));
  const std::vector<TokenId> ids =
      tokenizer->encode(text, {.add_special = !settings.flag("no-special"),
                               .parse_special = settings.flag("parse-special"),
                               .untrusted = {}});
  const bool with_pieces = settings.flag("pieces");
  if (settings.flag("json"))
    TRY(print_line(json::serialize(tokens_json(*tokenizer, ids, with_pieces))));
  else
    TRY(print(with_pieces ? pieces_text(*tokenizer, ids) : ids_text(ids)));
  return 0;
}

Result<int> detokenize_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.text("model")));
  const std::unique_ptr<Tokenizer> tokenizer = TRY(open_tokenizer(path));
  std::string written;
  for (const std::string& word : settings.arguments()) written += word + " ";
  if (settings.arguments().empty()) written = TRY(read_stdin(limits::json_file_bytes_max));
  const std::vector<TokenId> ids = TRY(parse_ids(written, tokenizer->size()));
  const std::string text = tokenizer->decode(ids, settings.flag("special"));
  if (settings.flag("json"))
    TRY(print_line(json::serialize(json::object{{"content", valid_utf8(text)}})));
  else
    TRY(print(for_stdout(text)));
  return 0;
}

}  // namespace croft::cli
