#include "router/confidence/accept_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <vector>

#include "base/json.h"
#include "router/confidence/answer_span.h"

namespace croft {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"exact", "contains", "number", "json"};

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || byte >= 0x80;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Lower case, one space for each run of white space, without punctuation at both ends.
std::string normal(std::string_view text) {
  const auto first = std::ranges::find_if(text, is_word);
  auto last = text.end();
  while (last != first && !is_word(*(last - 1))) --last;
  std::string out;
  for (auto at = first; at != last; ++at) {
    const bool space = *at == ' ' || *at == '\t' || *at == '\n' || *at == '\r';
    if (!space)
      out += lower(*at);
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

std::optional<double> last_number(std::string_view text) {
  const auto span = find_answer_span(text, AnswerSpan::LastNumber);
  if (!span) return std::nullopt;
  std::string digits;
  for (const char c : text.substr(span->begin, span->end - span->begin))
    if (c != ',' && c != '\'' && c != '+') digits += c;
  double value = 0.0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<json::value> one_json(std::string_view text) {
  const std::size_t begin = text.find_first_of("{[");
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find_last_of(text[begin] == '{' ? '}' : ']');
  if (end == std::string_view::npos || end < begin) return std::nullopt;
  Result<json::value> value = parse_json(text.substr(begin, end - begin + 1), "answer");
  if (!value) return std::nullopt;
  return *std::move(value);
}

std::map<std::string, std::size_t, std::less<>> words_of(std::string_view text,
                                                         std::size_t& count) {
  std::map<std::string, std::size_t, std::less<>> words;
  std::string word;
  const auto end_word = [&] {
    if (word.empty()) return;
    ++words[word];
    ++count;
    word.clear();
  };
  for (const char c : text) {
    if (is_word(c))
      word += lower(c);
    else
      end_word();
  }
  end_word();
  return words;
}

}  // namespace

std::string_view accept_rule_text(AcceptRule rule) {
  return kNames[static_cast<std::size_t>(rule)];
}

std::optional<AcceptRule> find_accept_rule(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<AcceptRule>(found - kNames.begin());
}

bool accepts(AcceptRule rule, std::string_view answer, std::string_view expected) {
  switch (rule) {
    case AcceptRule::Exact:
      return normal(answer) == normal(expected);
    case AcceptRule::Contains: {
      const std::string wanted = normal(expected);
      return !wanted.empty() && normal(answer).find(wanted) != std::string::npos;
    }
    case AcceptRule::Number: {
      const auto given = last_number(answer);
      return given && given == last_number(expected);
    }
    case AcceptRule::Json: {
      const auto given = one_json(answer);
      const auto wanted = one_json(expected);
      return given && wanted && *given == *wanted;
    }
  }
  return false;
}

double word_f1(std::string_view a, std::string_view b) {
  std::size_t count_a = 0;
  std::size_t count_b = 0;
  const auto words_a = words_of(a, count_a);
  const auto words_b = words_of(b, count_b);
  if (count_a == 0 && count_b == 0) return 1.0;
  std::size_t common = 0;
  for (const auto& [word, times] : words_a)
    if (const auto found = words_b.find(word); found != words_b.end())
      common += std::min(times, found->second);
  return 2.0 * static_cast<double>(common) / static_cast<double>(count_a + count_b);
}

}  // namespace croft
