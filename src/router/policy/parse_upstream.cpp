#include <algorithm>
#include <array>
#include <cctype>

#include "router/policy/config_keys.h"
#include "router/policy/parse_parts.h"
#include "router/policy/table_reader.h"

namespace croft {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// A configuration is copied, printed, sent to colleagues and committed: no place for a key.
std::string_view refused_key(std::string_view name) {
  constexpr std::array<std::string_view, 8> secret = {
      "key", "api_key", "apikey", "token", "secret", "password", "auth", "authorization"};
  if (std::ranges::find(secret, lower(name)) == secret.end()) return {};
  return "A configuration is copied and shown around: no key stands in it. Put the key into an "
         "environment variable and name that with key_env, or into a file with key_file";
}

bool carries_key(std::string_view header) {
  constexpr std::array<std::string_view, 7> names = {
      "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key",
      "cookie",        "x-auth-token"};
  return std::ranges::find(names, lower(header)) != names.end();
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2
  return !name.empty() && std::ranges::all_of(name, [&](unsigned char c) {
    return std::isalnum(c) != 0 || others.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

struct Url {
  bool https = false;
  std::string host;  ///< lower case, brackets of an IPv6 address kept
};

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value >= 1 && value <= 65535;
}

bool is_host(std::string_view host) {
  if (host.starts_with('['))
    return host.size() > 4 && host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") ==
               std::string_view::npos;
  return !host.empty() && std::ranges::all_of(host, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
}

/// Says what is wrong, or fills `out`. The text is not repeated: it may hold a password.
std::string read_url(std::string_view text, Url& out) {
  if (has_control(text) || text.find(' ') != std::string_view::npos)
    return "has a space or control character in it";
  const std::size_t colon = text.find("://");
  const std::string scheme = lower(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos || (scheme != "https" && scheme != "http"))
    return "must begin with https:// or http://";
  out.https = scheme == "https";
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) return "must have neither ? nor #";
  const std::string_view authority = rest.substr(0, std::min(rest.find('/'), rest.size()));
  if (authority.find('@') != std::string_view::npos)
    return "has a user name or password in it, which does not belong into a configuration";
  const std::size_t bracket = authority.find(']');
  const std::size_t port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = lower(authority.substr(0, std::min(port, authority.size())));
  if (!is_host(out.host)) return "has no host name";
  if (port != std::string_view::npos && !is_port(authority.substr(port + 1)))
    return "has no port from 1 to 65535 after the colon";
  return {};
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

void read_headers(const ConfigNode& table, UpstreamConfig& out, Problems& problems) {
  for (const ConfigNode& header : table.items) {
    if (header.kind != NodeKind::Text)
      problems.error(header, "must be a string");
    else if (!is_header_name(header.name))
      problems.error(header, "is no name of a header");
    else if (carries_key(header.name))
      problems.error(header, "carries a key, which does not belong into a configuration",
                     "Use key_env or key_file");
    else if (has_control(header.text))
      problems.error(header, "has a control character in its value");
    else
      out.headers.emplace_back(header.name, header.text);
  }
}

void read_key(TableReader& reader, UpstreamConfig& out, Problems& problems) {
  const ConfigNode* env = reader.given("key_env");
  const ConfigNode* file = reader.given("key_file");
  out.key_env = reader.text("key_env");
  out.key_file = reader.path("key_file");
  if (env != nullptr && file != nullptr)
    problems.error(*file, "and key_env are both given", "Keep one of them");
  if (env == nullptr) return;
  const bool is_name = std::isdigit(static_cast<unsigned char>(out.key_env.front())) == 0 &&
                       std::ranges::all_of(out.key_env, [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '_';
                       });
  // The value is not shown: it may be the key itself, put here by mistake.
  if (!is_name)
    problems.error(*env, "is no name of an environment variable",
                   "It must be the variable's name, such as OPENAI_API_KEY, never the key itself");
}

void read_times(TableReader& reader, UpstreamConfig& out, Problems& problems) {
  using std::chrono::milliseconds;
  out.connect = milliseconds(reader.integer("connect_ms"));
  out.first_token = milliseconds(reader.integer("first_token_ms"));
  out.between_tokens = milliseconds(reader.integer("between_tokens_ms"));
  out.total = milliseconds(reader.integer("total_ms"));
  out.hedge = milliseconds(reader.integer("hedge_ms"));
  for (const auto& [key, time] :
       {std::pair("first_token_ms", out.first_token), std::pair("connect_ms", out.connect),
        std::pair("between_tokens_ms", out.between_tokens), std::pair("hedge_ms", out.hedge)})
    if (const ConfigNode* node = reader.given(key); node != nullptr && time > out.total)
      problems.warning(*node, "is longer than total_ms, which ends the answer before");
  out.retries = static_cast<std::size_t>(reader.integer("retries"));
  out.concurrency_max = static_cast<std::size_t>(reader.integer("concurrency_max"));
  out.breaker_failures = static_cast<std::size_t>(reader.integer("breaker_failures"));
  out.breaker_cool_down = std::chrono::seconds(reader.integer("breaker_cool_down_s"));
}

}  // namespace

UpstreamConfig parse_upstream(const ConfigNode& node, Problems& problems) {
  UpstreamConfig out;
  out.name = node.name;
  out.place = node.place();
  TableReader reader(node, upstream_keys(), problems, refused_key);
  check_name(node, problems);
  if (node.name == "local")
    problems.error(node, "has a name that means models of this machine", "Choose another name");
  reader.require("dialect");
  out.dialect = static_cast<UpstreamDialect>(reader.choice("dialect", 0));
  out.url = reader.text("url");
  out.insecure_http = reader.flag("insecure_http");
  if (reader.require("url")) {
    Url url;
    const ConfigNode& given = *reader.given("url");
    if (const std::string wrong = read_url(out.url, url); !wrong.empty())
      problems.error(given, wrong, "Write it as https://api.example.com/v1");
    else if (!url.https && !is_loopback(url.host) && !out.insecure_http)
      problems.error(given, "is plain http to another machine: prompts and keys could be read",
                     "Use https, or say insecure_http = true");
    while (out.url.ends_with('/')) out.url.pop_back();
  }
  read_key(reader, out, problems);
  out.ca_file = reader.path("ca_file");
  out.proxy = reader.text("proxy");
  if (const ConfigNode* proxy = reader.given("proxy"); proxy != nullptr) {
    Url url;
    if (const std::string wrong = read_url(out.proxy, url); !wrong.empty())
      problems.error(*proxy, wrong,
                     "Write it as http://proxy.example.com:3128; a proxy that asks for a password "
                     "gets it from the environment variable HTTPS_PROXY");
  }
  if (const ConfigNode* headers = reader.given("headers"); headers != nullptr)
    read_headers(*headers, out, problems);
  read_times(reader, out, problems);
  reader.check_all_read();
  return out;
}

}  // namespace croft
