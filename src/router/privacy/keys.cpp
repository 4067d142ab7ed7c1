#include <algorithm>
#include <array>

#include "router/privacy/context.h"
#include "router/privacy/scan.h"
#include "router/privacy/token.h"

namespace croft::privacy {
namespace {

using enum EntityType;

constexpr std::size_t kTokenMax = 4096;

enum class Letters : std::uint8_t {
  UpperDigits,  ///< A-Z 0-9
  Hex,
  AlphaDigits,  ///< A-Z a-z 0-9
  Url,          ///< those and - _
  Dotted,       ///< those and .
};

struct KnownKey {
  std::string_view prefix;
  Letters letters;
  std::uint16_t min;  ///< characters after the prefix
  std::uint16_t max;
  EntityType type;
};

// As the issuers document them, for secret scanners. Publishable halves (pk_live_) are no secrets.
constexpr KnownKey kKeys[] = {
    {"AKIA", Letters::UpperDigits, 16, 16, ApiKey},  // Amazon: long-lived, temporary, roles
    {"ASIA", Letters::UpperDigits, 16, 16, ApiKey},
    {"AROA", Letters::UpperDigits, 16, 16, ApiKey},
    {"AIDA", Letters::UpperDigits, 16, 16, ApiKey},
    {"AIza", Letters::Url, 35, 35, ApiKey},  // Google
    {"GOCSPX-", Letters::Url, 24, 40, Secret},
    {"ya29.", Letters::Dotted, 20, 2048, AccessToken},
    {"ghp_", Letters::AlphaDigits, 36, 255, AccessToken},  // GitHub
    {"gho_", Letters::AlphaDigits, 36, 255, AccessToken},
    {"ghu_", Letters::AlphaDigits, 36, 255, AccessToken},
    {"ghs_", Letters::AlphaDigits, 36, 255, AccessToken},
    {"ghr_", Letters::AlphaDigits, 36, 255, AccessToken},
    {"github_pat_", Letters::Url, 36, 255, AccessToken},
    {"glpat-", Letters::Dotted, 20, 255, AccessToken},  // GitLab
    {"xoxa-", Letters::Url, 10, 255, AccessToken},      // Slack
    {"xoxb-", Letters::Url, 10, 255, AccessToken},
    {"xoxe-", Letters::Url, 10, 255, AccessToken},
    {"xoxp-", Letters::Url, 10, 255, AccessToken},
    {"xoxr-", Letters::Url, 10, 255, AccessToken},
    {"xoxs-", Letters::Url, 10, 255, AccessToken},
    {"xapp-", Letters::Url, 10, 255, AccessToken},
    {"sk_live_", Letters::AlphaDigits, 16, 255, ApiKey},  // Stripe
    {"sk_test_", Letters::AlphaDigits, 16, 255, ApiKey},
    {"rk_live_", Letters::AlphaDigits, 16, 255, ApiKey},
    {"rk_test_", Letters::AlphaDigits, 16, 255, ApiKey},
    {"whsec_", Letters::AlphaDigits, 16, 255, Secret},
    {"sk-ant-", Letters::Url, 20, 255, ApiKey},          // Anthropic
    {"sk-proj-", Letters::Url, 20, 255, ApiKey},         // OpenAI
    {"sk-", Letters::Url, 20, 255, ApiKey},              // OpenAI and all that copy its form
    {"gsk_", Letters::AlphaDigits, 40, 255, ApiKey},     // Groq
    {"hf_", Letters::AlphaDigits, 30, 64, AccessToken},  // Hugging Face
    {"r8_", Letters::AlphaDigits, 30, 64, AccessToken},  // Replicate
    {"npm_", Letters::AlphaDigits, 36, 36, AccessToken},
    {"pypi-", Letters::Url, 50, 2048, AccessToken},
    {"dckr_pat_", Letters::Url, 20, 64, AccessToken},  // Docker
    {"dop_v1_", Letters::Hex, 64, 64, AccessToken},    // DigitalOcean
    {"shpat_", Letters::Hex, 32, 32, AccessToken},     // Shopify
    {"shpss_", Letters::Hex, 32, 32, Secret},
    {"dapi", Letters::Hex, 32, 32, AccessToken},         // Databricks
    {"SG.", Letters::Dotted, 60, 80, ApiKey},            // SendGrid
    {"key-", Letters::Hex, 32, 32, ApiKey},              // Mailgun
    {"SK", Letters::Hex, 32, 32, ApiKey},                // Twilio
    {"hvs.", Letters::Url, 24, 255, AccessToken},        // HashiCorp Vault
    {"lin_api_", Letters::AlphaDigits, 32, 64, ApiKey},  // Linear
    {"ATATT3", Letters::Dotted, 40, 255, AccessToken},   // Atlassian
    {"sq0csp-", Letters::Url, 22, 64, Secret},           // Square
    {"sq0atp-", Letters::Url, 22, 64, AccessToken},
    {"xkeysib-", Letters::Url, 40, 128, ApiKey},  // Brevo
    {"PMAK-", Letters::Url, 40, 80, ApiKey},      // Postman
};

bool is_of(char c, Letters letters) {
  switch (letters) {
    case Letters::UpperDigits:
      return is(c, kUpper | kDigit);
    case Letters::Hex:
      return is(c, kHex);
    case Letters::AlphaDigits:
      return is(c, kUpper | kLower | kDigit);
    case Letters::Url:
      return is(c, kUpper | kLower | kDigit) || c == '-' || c == '_';
    case Letters::Dotted:
      return is(c, kUpper | kLower | kDigit) || c == '-' || c == '_' || c == '.';
  }
  return false;
}

/// Where each first letter's keys begin in kByLetter; most words of prose find an empty row.
struct Index {
  std::array<std::uint8_t, 257> begin{};
  std::array<std::uint8_t, std::size(kKeys)> keys{};
};

consteval Index index_keys() {
  Index index;
  std::size_t at = 0;
  for (std::size_t letter = 0; letter < 256; ++letter) {
    index.begin[letter] = static_cast<std::uint8_t>(at);
    for (std::size_t i = 0; i < std::size(kKeys); ++i)
      if (static_cast<unsigned char>(kKeys[i].prefix[0]) == letter)
        index.keys[at++] = static_cast<std::uint8_t>(i);
  }
  index.begin[256] = static_cast<std::uint8_t>(at);
  return index;
}
constexpr Index kIndex = index_keys();

/// Without the full stop or dash that ends a sentence.
std::size_t stretch_end(const Scan& scan, std::size_t start, Letters letters, std::size_t most) {
  std::size_t end = start;
  while (end - start < most && is_of(scan.at(end), letters)) ++end;
  while (end > start && !is(scan.text[end - 1], kWord) && scan.text[end - 1] != '_') --end;
  return end;
}

bool read_by_table(Scan& scan, std::size_t start) {
  const auto letter = static_cast<unsigned char>(scan.text[start]);
  for (std::size_t i = kIndex.begin[letter]; i < kIndex.begin[letter + 1u]; ++i) {
    const KnownKey& key = kKeys[kIndex.keys[i]];
    if (scan.text.substr(start, key.prefix.size()) != key.prefix) continue;
    const std::size_t body = start + key.prefix.size();
    const std::size_t end = stretch_end(scan, body, key.letters, key.max + std::size_t{1});
    const std::size_t size = end - body;
    if (size < key.min) continue;
    scan.keys_done = std::max(scan.keys_done, end);  // or a row of prefixes would be read again
    if (size > key.max || is(scan.at(end), kWord)) continue;
    const std::string_view text = scan.text.substr(body, size);
    // "sk-learn-contrib-and-friends" has the form and no secret.
    if (!std::ranges::any_of(text, [](char c) { return is(c, kDigit); })) continue;
    if (key.prefix == "sk-" && !looks_random(text) && entropy_bits(text) < 3.5) continue;
    scan.add(key.type, start, end, kCertain);
    return true;
  }
  return false;
}

/// Three parts of base64url with dots between, the first two JSON: they begin with {" (eyJ).
void read_web_token(Scan& scan, std::size_t start) {
  if (scan.text.substr(start, 3) != "eyJ") return;
  const std::size_t end = stretch_end(scan, start, Letters::Dotted, kTokenMax);
  scan.keys_done = std::max(end, start + 3);
  const std::string_view text = scan.text.substr(start, end - start);
  const auto dots = std::ranges::count(text, '.');
  const std::size_t first_dot = text.find('.');
  // Five parts: encrypted; two: unsigned.
  if (dots >= 1 && dots <= 4 && first_dot >= 10 && text.size() >= 24)
    scan.add(AccessToken, start, end, kCertain);
}

/// "Bearer TOKEN" and "Authorization: Basic BASE64".
void read_authorization(Scan& scan, const Word& word) {
  const std::string_view name = scan.text.substr(word.start, word.size());
  const bool is_bearer = is_word(name, "bearer");
  const bool is_basic = is_word(name, "basic");
  if ((!is_bearer && !is_basic) || scan.at(word.end) != ' ') return;
  const std::size_t start = word.end + 1;
  std::size_t end = start;
  while (end - start < kTokenMax &&
         (is(scan.at(end), kToken) || scan.at(end) == '.' || scan.at(end) == '~'))
    ++end;
  while (end > start && scan.text[end - 1] == '.') --end;
  const std::string_view token = scan.text.substr(start, end - start);
  const auto has = [&](std::uint8_t kind) {
    return std::ranges::any_of(token, [&](char c) { return is(c, kind); });
  };
  const bool told = (context_near(scan.text, word.start, word.start, {24, 0}) & kCredential) != 0;
  const bool fits = is_bearer ? token.size() >= 16 && has(kDigit)
                              : token.size() >= 8 && told && has(kUpper) && has(kLower | kDigit);
  if (fits) scan.add(AccessToken, start, end, kCertain);
}

}  // namespace

void read_known_key(Scan& scan, const Word& word) {
  if (word.start < scan.keys_done || read_by_table(scan, word.start)) return;
  const char first = scan.text[word.start];
  if (first == 'e') read_web_token(scan, word.start);
  if (first == 'B' || first == 'b') read_authorization(scan, word);
}

void read_private_key(Scan& scan, std::size_t start) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kEnd = "-----END ";
  if (start < scan.keys_done || scan.text.substr(start, kBegin.size()) != kBegin) return;
  // "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK".
  const std::string_view label = scan.text.substr(start + kBegin.size(), 48);
  const std::string_view name = label.substr(0, label.find("-----"));
  if (name.find("PRIVATE KEY") == std::string_view::npos) return;
  const std::size_t body = start + kBegin.size() + name.size();
  std::size_t end = scan.no_more_pem_ends ? std::string_view::npos : scan.text.find(kEnd, body);
  if (end == std::string_view::npos) {
    // Cut off: what comes is the key, as far as it looks like one.
    scan.no_more_pem_ends = true;
    end = body;
    while (end < scan.text.size() &&
           (is(scan.text[end], kToken) || scan.text[end] == '\n' || scan.text[end] == '\r'))
      ++end;
  } else {
    end += kEnd.size() + name.size();
    end = std::min(end, scan.text.size());
    while (end < scan.text.size() && scan.text[end] == '-') ++end;
    // A label of other letters may end inside a character.
    while (end < scan.text.size() && (static_cast<unsigned char>(scan.text[end]) & 0xC0) == 0x80)
      ++end;
  }
  scan.add(PrivateKey, start, end, kCertain);
  scan.keys_done = end;
}

}  // namespace croft::privacy
