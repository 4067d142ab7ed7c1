#include "router/privacy/custom/custom_rules.h"

#include <re2/re2.h>

#include <algorithm>

#include "io/quote_foreign.h"
#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kRegexBytesMax = 4096;
constexpr std::int64_t kMemoryMax = 2 << 20;  // of a pattern, states that are met included
constexpr std::size_t kContextBefore = 80;
constexpr std::size_t kContextAfter = 32;
constexpr float kContextAdds = 0.35f;
constexpr std::size_t kMatchesBetweenLooks = 256;

std::string lowered(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = lower(c);
  return small;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

struct CustomRules::Pattern {
  CustomPattern rule;
  re2::RE2 regex;
  Pattern(CustomPattern given, const re2::RE2::Options& options)
      : rule(std::move(given)), regex(rule.regex, options) {}

  /// Whether one of its words stands whole in the stretch around [start, end).
  [[nodiscard]] bool is_told(std::string_view text, std::size_t start, std::size_t end) const {
    if (rule.context.empty()) return false;
    const std::size_t from = start - std::min(start, kContextBefore);
    const std::size_t to = std::min(text.size(), end + kContextAfter);
    const std::string around = lowered(text.substr(from, to - from));
    return std::ranges::any_of(rule.context, [&](const std::string& word) {
      for (std::size_t at = around.find(word); at != std::string::npos;
           at = around.find(word, at + 1)) {
        const bool begins =
            at == 0 ? from == 0 || !is(text[from - 1], kWord) : !is(around[at - 1], kWord);
        const std::size_t after = at + word.size();
        const bool ends = after == around.size() ? to == text.size() || !is(text[to], kWord)
                                                 : !is(around[after], kWord);
        if (begins && ends) return true;
      }
      return false;
    });
  }
};

CustomRules::CustomRules() = default;
CustomRules::~CustomRules() = default;
CustomRules::CustomRules(CustomRules&&) noexcept = default;
CustomRules& CustomRules::operator=(CustomRules&&) noexcept = default;

Result<void> CustomRules::add_pattern(CustomPattern pattern) {
  const auto wrong = [](const std::string& what, const std::string& hint) {
    return fail(ErrorCode::InvalidArgument, what, hint);
  };
  if (pattern.regex.empty() || pattern.regex.size() > kRegexBytesMax)
    return wrong("is empty or longer than " + std::to_string(kRegexBytesMax) + " bytes",
                 "Several short patterns may share a name");
  if (patterns_.size() == patterns_max)
    return wrong("is one more than " + std::to_string(patterns_max) + " patterns",
                 "Put words into a list of `words`, which may be long");
  for (std::string& word : pattern.context) word = lowered(word);
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kMemoryMax);
  options.set_never_capture(true);
  auto made = std::make_unique<Pattern>(std::move(pattern), options);
  if (!made->regex.ok())
    return wrong("is no regular expression that Croft takes: " + quote_foreign(made->regex.error()),
                 "Patterns are RE2's: no look-ahead, look-behind or back-reference");
  if (re2::RE2::FullMatch("", made->regex))
    return wrong("matches the empty text, and so at every place",
                 "Let it ask for at least one character");
  patterns_.push_back(std::move(made));
  return {};
}

void CustomRules::set_words(WordLists words) {
  words_ = std::move(words);
}

void CustomRules::set_allowed(const std::vector<std::string>& allowed) {
  allowed_.clear();
  for (const std::string& each : allowed) allowed_.push_back(lowered(each));
  std::ranges::sort(allowed_);
}

bool CustomRules::empty() const {
  return patterns_.empty() && words_.entries_count() == 0 && allowed_.empty();
}

bool CustomRules::find_pattern(const Pattern& pattern, std::string_view text,
                               const Clock::time_point* deadline,
                               std::vector<Finding>& findings) const {
  std::size_t at = 0;
  for (std::size_t matches = 0; at < text.size(); ++matches) {
    if (matches % kMatchesBetweenLooks == 0 && deadline != nullptr && Clock::now() > *deadline)
      return false;
    re2::StringPiece match;
    if (!pattern.regex.Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, &match, 1)) break;
    const auto start = static_cast<std::size_t>(match.data() - text.data());
    const std::size_t end = start + match.size();
    if (match.empty()) {  // "\b" and the like
      at = start + 1;
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
      continue;
    }
    at = end;
    const bool told = pattern.is_told(text, start, end);
    const float score = std::min(1.0f, pattern.rule.score + (told ? kContextAdds : 0.0f));
    if (score > 0.0f) findings.push_back({pattern.rule.type, start, end, score});
  }
  return true;
}

bool CustomRules::apply(std::string_view text, const Clock::time_point* deadline,
                        std::vector<Finding>& findings) const {
  for (const auto& pattern : patterns_)
    if (!find_pattern(*pattern, text, deadline, findings)) return false;
  if (!words_.find(text, deadline, findings)) return false;
  if (allowed_.empty()) return true;
  const std::size_t longest = std::ranges::max(allowed_, {}, &std::string::size).size();
  std::erase_if(findings, [&](const Finding& finding) {
    return finding.end - finding.start <= longest &&
           std::ranges::binary_search(
               allowed_, lowered(text.substr(finding.start, finding.end - finding.start)));
  });
  return true;
}

}  // namespace croft::privacy
