#include "store/database/database_address.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "text/utf8.h"

namespace croft {
namespace {

constexpr std::string_view schemes[] = {"postgres://", "postgresql://"};

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view(".-_%/,:[]").contains(c);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The value of `password=` among a URL's parameters.
std::string_view parameter_password(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = parameters.substr(0, parameters.find('&'));
    if (one.starts_with("password=")) return one.substr(one.find('=') + 1);
    parameters.remove_prefix(std::min(one.size() + 1, parameters.size()));
  }
  return {};
}

Result<DatabaseAddress> parse_url(std::string_view text, std::string_view scheme) {
  constexpr std::string_view form =
      "Write postgres://USER@HOST/NAME, or postgres:///NAME?host=FOLDER.";
  const std::string_view rest = text.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const std::string_view after = rest.substr(authority.size());
  const std::string_view path = after.substr(0, after.find('?'));
  const std::string_view parameters =
      path.size() < after.size() ? after.substr(path.size() + 1) : std::string_view{};
  if (std::ranges::count(authority, '@') > 1 || path.contains('@'))
    return fail(ErrorCode::InvalidArgument, "the database URL has an '@' too many",
                "In a user's name or a password, write '@' as %40 and '/' as %2F.", "database");
  const std::size_t at = authority.find('@');
  const std::string_view who = at == std::string_view::npos ? "" : authority.substr(0, at);
  std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  // Never the port: of a URL with a raw '?' or '/' in its password, the "port" may be the password.
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  const std::string_view user = who.substr(0, who.find(':'));
  const std::string_view word = user.size() < who.size() ? who.substr(user.size() + 1) : "";
  if (!std::ranges::all_of(host, is_plain) || !std::ranges::all_of(path, is_plain))
    return fail(ErrorCode::InvalidArgument,
                "the database URL has characters in its host or name that must be written as %XX",
                std::string(form), "database");
  DatabaseAddress address{.kind = DatabaseKind::Postgres,
                          .location = std::string(text),
                          .shown = "postgres://",
                          .password = {}};
  if (!user.empty() && std::ranges::all_of(user, is_plain))
    address.shown += std::string(user) + "@";
  address.shown += std::string(host) + std::string(path);
  address.password = decode_percent(word.empty() ? parameter_password(parameters) : word);
  return address;
}

}  // namespace

Result<DatabaseAddress> parse_database_address(std::string_view text) {
  if (text.empty())
    return fail(ErrorCode::InvalidArgument, "the database is empty",
                "Give a path, or postgres://USER@HOST/NAME.", "database");
  if (text.contains('\0') || !utf8::is_valid(text))
    return fail(ErrorCode::InvalidArgument, "the database's text is not UTF-8", {}, "database");
  for (const std::string_view scheme : schemes)
    if (text.starts_with(scheme)) return parse_url(text, scheme);
  if (text.contains("://"))
    return fail(ErrorCode::Unsupported, "this kind of database URL is not known",
                "Give a path for SQLite, or postgres://USER@HOST/NAME.", "database");
  if (text.contains("password=") || text.contains("dbname="))
    return fail(ErrorCode::InvalidArgument,
                "the database looks like a connection string of key=value pairs",
                "Write it as a URL: postgres://USER@HOST/NAME.", "database");
  return DatabaseAddress{.kind = DatabaseKind::Sqlite,
                         .location = std::string(text),
                         .shown = std::string(text),
                         .password = {}};
}

}  // namespace croft
