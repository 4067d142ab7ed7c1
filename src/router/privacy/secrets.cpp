#include <algorithm>
#include <array>

#include "router/privacy/context.h"
#include "router/privacy/scan.h"
#include "router/privacy/token.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::size_t kValueMax = 512;
constexpr std::size_t kTokenMin = 16;

enum class Kind : std::uint8_t { None, Password, Key, Token, Secret };

struct Name {
  std::string_view word;
  Kind kind;
};

constexpr Name kNames[] = {
    {"password", Kind::Password},
    {"passwd", Kind::Password},
    {"pwd", Kind::Password},
    {"passphrase", Kind::Password},
    {"passcode", Kind::Password},
    {"passwort", Kind::Password},
    {"kennwort", Kind::Password},
    {"contraseña", Kind::Password},
    {"senha", Kind::Password},
    {"wachtwoord", Kind::Password},
    {"hasło", Kind::Password},
    {"pass", Kind::Password},
    {"key", Kind::Key},
    {"apikey", Kind::Key},
    {"accesskey", Kind::Key},
    {"secretkey", Kind::Key},
    {"accountkey", Kind::Key},
    {"sharedaccesskey", Kind::Key},
    {"token", Kind::Token},
    {"secret", Kind::Secret},
    {"clientsecret", Kind::Secret},
    {"credential", Kind::Secret},
    {"credentials", Kind::Secret},
};

consteval std::array<bool, 256> first_letters() {
  std::array<bool, 256> first{};
  for (const Name& name : kNames) {
    first[static_cast<unsigned char>(name.word[0])] = true;
    first[static_cast<unsigned char>(upper(name.word[0]))] = true;
  }
  return first;
}
constexpr std::array<bool, 256> kFirstLetters = first_letters();

Kind kind_of(std::string_view word) {
  if (!kFirstLetters[static_cast<unsigned char>(word[0])]) return Kind::None;
  const auto found =
      std::ranges::find_if(kNames, [&](const Name& name) { return is_word(word, name.word); });
  return found == std::end(kNames) ? Kind::None : found->kind;
}

EntityType type_of(Kind kind) {
  switch (kind) {
    case Kind::Password:
      return EntityType::Password;
    case Kind::Key:
      return ApiKey;
    case Kind::Token:
      return AccessToken;
    default:
      return EntityType::Secret;
  }
}

struct Value {
  std::size_t start = 0;
  std::size_t end = 0;
  bool quoted = false;
  bool told = false;  ///< "is" instead of a sign: prose
};

bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

/// What stands behind `=`, `:`, `=>`, `:=` or "is"; empty where none of them does.
Value value_after(const Scan& scan, std::size_t at) {
  const auto skip = [&](auto wanted, std::size_t most) {
    for (; most > 0 && at < scan.text.size() && wanted(scan.text[at]); --most) ++at;
  };
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  Value value;
  skip([](char c) { return is_quote(c) || c == '\\'; }, 2);
  skip(is_space, 8);
  const std::size_t sign = at;
  skip([](char c) { return c == '=' || c == ':' || c == '>'; }, 3);
  if (at == sign) {
    for (const std::string_view is_word : {"is ", "was ", "ist ", "lautet ", "es ", "est "})
      if (scan.text.substr(at, is_word.size()) == is_word) {
        at += is_word.size();
        value.told = true;
        break;
      }
    if (!value.told) return {};
  }
  skip([&](char c) { return is_space(c); }, 8);
  skip([](char c) { return c == '\\'; }, 1);
  char quote = '\0';
  if (at < scan.text.size() && is_quote(scan.text[at])) quote = scan.text[at++];
  value.quoted = quote != '\0';
  value.start = at;
  for (; at < scan.text.size() && at - value.start < kValueMax; ++at) {
    const char c = scan.text[at];
    if (c == '\n' || c == '\r' || (quote != '\0' ? c == quote : is_space(c) || is_quote(c))) break;
    if (quote == '\0' && (c == ',' || c == ';' || c == '&' || c == '<' || c == '>')) break;
  }
  // Quotes of JSON inside JSON.
  while (value.quoted && at > value.start && scan.text[at - 1] == '\\') --at;
  const std::string_view closing = value.told ? ".!?)]}" : ")]}";
  while (!value.quoted && at > value.start &&
         closing.find(scan.text[at - 1]) != std::string_view::npos)
    --at;
  while (at > value.start && at < scan.text.size() &&
         (static_cast<unsigned char>(scan.text[at]) & 0xC0) == 0x80)
    --at;
  value.end = at;
  return value;
}

/// "${PASSWORD}", "<password>", "********", "os.environ[...]": a place for one, not one itself.
bool is_placeholder(std::string_view text) {
  if (std::string_view("$<{%*[(").find(text.front()) != std::string_view::npos) return true;
  if (text.find_first_of("([{") != std::string_view::npos) return true;
  return std::ranges::all_of(text, [&](char c) { return lower(c) == lower(text.front()); });
}

bool is_password(std::string_view text, const Value& value) {
  if (text.size() < 6 || is_placeholder(text)) return false;
  bool has_letter = false;
  bool has_digit = false;
  bool has_other = false;
  for (const char c : text) {
    has_letter = has_letter || is(c, kLetter);
    has_digit = has_digit || is(c, kDigit);
    has_other = has_other || (!is(c, kWord) && c != '_' && c != '.' && c != '-' && c != ' ');
  }
  if (value.told) return (has_letter && has_digit) || (has_other && (has_letter || has_digit));
  if (value.quoted) return text.find(' ') == std::string_view::npos;
  return has_digit || has_other;
}

bool is_token(std::string_view text) {
  if (text.size() < 12 || is_placeholder(text)) return false;
  return std::ranges::all_of(text, [](char c) { return is(c, kToken) || c == '.' || c == '~'; }) &&
         looks_random(text);
}

}  // namespace

void read_assignment(Scan& scan, const Word& word) {
  if (word.size() < 3 || word.size() > 16) return;
  const Kind kind = kind_of(scan.text.substr(word.start, word.size()));
  if (kind == Kind::None) return;
  const Value value = value_after(scan, word.end);
  if (value.end == value.start) return;
  const std::string_view text = scan.text.substr(value.start, value.end - value.start);
  if (kind == Kind::Password ? is_password(text, value) : is_token(text))
    scan.add(type_of(kind), value.start, value.end, kTold);
}

void read_random_token(Scan& scan, const Word& word) {
  if (word.start < scan.tokens_done || word.size() < 8) return;
  if ((word.classes & kLetter) == 0 || (word.classes & kHigh) != 0) return;
  std::size_t start = word.start;
  while (start > scan.tokens_done && word.start - start < 64 && is(scan.text[start - 1], kToken) &&
         scan.text[start - 1] != '=')
    --start;
  std::size_t end = word.end;
  while (end - word.start < kValueMax && is(scan.at(end), kToken)) ++end;
  scan.tokens_done = end;
  if (end - start < kTokenMin || end - start >= kValueMax) return;
  if (!looks_random(scan.text.substr(start, end - start))) return;
  if ((context_near(scan.text, start, end, {48, 0}) & kCredential) != 0)
    scan.add(EntityType::Secret, start, end, kShaped);
}

}  // namespace croft::privacy
