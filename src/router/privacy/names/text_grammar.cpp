#include "router/privacy/names/text_grammar.h"

#include <algorithm>
#include <charconv>

#include "io/quote_foreign.h"
#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

constexpr std::string_view kSpecial = "{}()|<>#\\";
constexpr std::size_t kHeldOutEvery = 5;
constexpr std::size_t kDepthMax = 40;
constexpr std::size_t kPartsMax = 20'000;  // of one text, at most

std::string recased(std::string text, bool to_upper) {
  for (char& c : text) c = to_upper ? upper(c) : lower(c);
  return text;
}

std::string first_letter(std::string_view text) {
  std::size_t bytes = std::min<std::size_t>(1, text.size());
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) ++bytes;
  return std::string(text.substr(0, bytes));
}

}  // namespace

std::uint64_t TextRandom::next() {
  state_ += 0x9E3779B97F4A7C15ull;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

bool TextRandom::chance(double probability) {
  return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
}

class TextGrammar::Parser {
 public:
  Parser(std::string_view name, NameListFiles& lists) : name_(name), lists_(lists) {}

  Result<TextGrammar> read(std::string_view rules) {
    while (!rules.empty()) {
      std::string_view line = rules.substr(0, rules.find('\n'));
      rules.remove_prefix(std::min(rules.size(), line.size() + 1));
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line.starts_with("# ") || line == "#") continue;
      if (line.starts_with("= "))
        TRY(begin_rule(line.substr(2)));
      else
        TRY(add_alternative(line));
    }
    for (Rule& rule : grammar_.rules_) {
      if (rule.alternatives.empty())
        return wrong(rule.line, "the rule " + rule.name + " has no alternative");
      for (std::size_t i = 0; i < rule.alternatives.size(); ++i)
        TRY(resolve(rule.alternatives[i], rule.lines[i]));
    }
    const auto start = std::ranges::find(grammar_.rules_, "text", &Rule::name);
    if (start == grammar_.rules_.end()) return wrong(line_, "there is no rule \"text\"");
    grammar_.start_ = static_cast<std::size_t>(start - grammar_.rules_.begin());
    state_.assign(grammar_.rules_.size(), 0);
    counts_.assign(grammar_.rules_.size(), 0);
    for (std::size_t i = 0; i < grammar_.rules_.size(); ++i) TRY(check_depth(i, 0));
    return std::move(grammar_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(std::size_t line, const std::string& what) const {
    return fail(ErrorCode::InvalidArgument,
                std::string(name_) + ", line " + std::to_string(line) + ": " + what,
                "docs/privacy.md says how templates are written");
  }

  Result<void> begin_rule(std::string_view name) {
    if (name.empty() || name.find_first_of(" {}()<>|^~!+") != std::string_view::npos)
      return wrong(line_, "a rule's name is one word, not " + quote_foreign(name));
    if (std::ranges::find(grammar_.rules_, name, &Rule::name) != grammar_.rules_.end())
      return wrong(line_, "the rule " + quote_foreign(name) + " is there already");
    Rule rule;
    rule.name = name;
    rule.line = line_;
    rule.is_text = name.starts_with("text.");
    if (std::ranges::any_of(name, [](char c) { return is(c, kUpper); })) {
      rule.type = find_entity_type(name.substr(0, name.find('.')));
      if (!rule.type)
        return wrong(line_, quote_foreign(name) +
                                " is in capitals, but is no type of entity (`croft redact --types "
                                "?` lists them)");
    }
    grammar_.rules_.push_back(std::move(rule));
    return {};
  }

  Result<void> add_alternative(std::string_view line) {
    if (grammar_.rules_.empty())
      return wrong(line_, "this stands before the first rule, which begins with \"= \"");
    std::size_t weight = 1;
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), weight);
    const auto digits = static_cast<std::size_t>(end - line.data());
    if (problem == std::errc{} && line.substr(digits).starts_with("* ") && weight > 0 &&
        weight <= 1000)
      line.remove_prefix(digits + 2);
    else
      weight = 1;
    rest_ = line;
    Rule& rule = grammar_.rules_.back();
    std::vector<Part> parts = TRY(read_parts(0));
    if (!rest_.empty()) return wrong(line_, "a \"" + first_letter(rest_) + "\" too many");
    rule.alternatives.push_back(std::move(parts));
    rule.lines.push_back(line_);
    rule.weights.push_back(weight);
    return {};
  }

  /// Up to the end, or a | or ) that belongs to the choice around it.
  Result<std::vector<Part>> read_parts(std::size_t depth) {
    std::vector<Part> parts;
    const auto text = [&]() -> std::string& {
      if (parts.empty() || parts.back().kind != PartKind::Text)
        parts.push_back({.kind = PartKind::Text, .text = {}, .choices = {}});
      return parts.back().text;
    };
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      const char c = rest_[0];
      if (kSpecial.find(c) == std::string_view::npos) {
        const std::size_t plain = std::min(rest_.find_first_of(kSpecial), rest_.size());
        text() += rest_.substr(0, plain);
        rest_.remove_prefix(plain);
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '\\') {
        if (rest_.empty()) return wrong(line_, "a backslash at the end");
        text() += rest_[0] == 'n' ? '\n' : rest_[0];
        rest_.remove_prefix(1);
      } else if (c == '#') {
        parts.push_back({.kind = PartKind::Digit, .text = {}, .choices = {}});
      } else if (c == '{' || c == '<') {
        parts.push_back(TRY(read_reference(c == '{' ? '}' : '>')));
      } else if (c == '(') {
        parts.push_back(TRY(read_choice(depth)));
      } else {
        return wrong(line_, std::string("a \"") + c + "\" without its beginning");
      }
    }
    if (depth == 0 && !rest_.empty())
      return wrong(line_, "a \"" + first_letter(rest_) + "\" outside of parentheses");
    return parts;
  }

  Result<Part> read_reference(char close) {
    const std::size_t end = rest_.find(close);
    if (end == std::string_view::npos || end == 0)
      return wrong(line_, std::string("a name and \"") + close + "\" is missing");
    std::string_view name = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    Part part{.kind = close == '}' ? PartKind::Rule : PartKind::List, .text = {}, .choices = {}};
    switch (name.back()) {
      case '^':
        part.casing = Casing::Upper;
        break;
      case '~':
        part.casing = Casing::Lower;
        break;
      case '!':
        part.casing = Casing::First;
        break;
      case '+':
        part.casing = Casing::Title;
        break;
      default:
        break;
    }
    if (part.casing != Casing::Same) name.remove_suffix(1);
    part.text = name;
    return part;
  }

  Result<Part> read_choice(std::size_t depth) {
    if (depth >= kDepthMax) return wrong(line_, "too many parentheses inside each other");
    Part part{.kind = PartKind::Choice, .text = {}, .choices = {}};
    while (true) {
      part.choices.push_back(TRY(read_parts(depth + 1)));
      if (rest_.empty()) return wrong(line_, "a \")\" is missing");
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == ')') return part;
    }
  }

  Result<void> resolve(std::vector<Part>& parts, std::size_t line) {
    for (Part& part : parts) {
      if (part.kind == PartKind::Choice)
        for (std::vector<Part>& choice : part.choices) TRY(resolve(choice, line));
      if (part.kind == PartKind::Rule) {
        const auto rule = std::ranges::find(grammar_.rules_, part.text, &Rule::name);
        if (rule == grammar_.rules_.end())
          return wrong(line, "there is no rule " + quote_foreign(part.text));
        part.index = static_cast<std::size_t>(rule - grammar_.rules_.begin());
      }
      if (part.kind == PartKind::List) part.index = TRY(list_index(part.text, line));
    }
    return {};
  }

  Result<std::size_t> list_index(const std::string& name, std::size_t line) {
    const auto known = list_indices_.find(name);
    if (known != list_indices_.end()) return known->second;
    const auto list = lists_.find(name);
    if (list == lists_.end() || list->second.empty())
      return wrong(line, "there is no list " + quote_foreign(name) + ", or it is empty");
    const std::size_t index = grammar_.lists_.size();
    grammar_.lists_.push_back(list->second);
    list_indices_.emplace(name, index);
    return index;
  }

  /// No rule may lead to itself, nor too deep, nor make texts without end.
  Result<void> check_depth(std::size_t rule, std::size_t depth) {
    if (state_[rule] == 2) return {};
    if (state_[rule] == 1 || depth > kDepthMax)
      return wrong(grammar_.rules_[rule].line,
                   "the rule " + grammar_.rules_[rule].name + " leads to itself, or too deep");
    state_[rule] = 1;
    for (const std::vector<Part>& parts : grammar_.rules_[rule].alternatives) {
      const std::size_t count = TRY(parts_most(parts, depth));
      if (count > kPartsMax)
        return wrong(grammar_.rules_[rule].line, "the rule " + grammar_.rules_[rule].name +
                                                     " makes texts that are far too long");
      counts_[rule] = std::max(counts_[rule], count);
    }
    state_[rule] = 2;
    return {};
  }
  /// How many parts the longest text of these has.
  Result<std::size_t> parts_most(const std::vector<Part>& parts, std::size_t depth) {
    std::size_t sum = 0;
    for (const Part& part : parts) {
      std::size_t most = 0;
      if (part.kind == PartKind::Rule) {
        TRY(check_depth(part.index, depth + 1));
        most = counts_[part.index];
      }
      for (const std::vector<Part>& choice : part.choices)
        most = std::max(most, TRY(parts_most(choice, depth)));
      sum += 1 + most;
    }
    return sum;
  }

  std::string_view name_;
  NameListFiles& lists_;
  TextGrammar grammar_;
  std::map<std::string, std::size_t, std::less<>> list_indices_;
  std::string_view rest_;
  std::size_t line_ = 0;
  std::vector<int> state_;
  std::vector<std::size_t> counts_;  ///< parts of the longest text of each rule
};

Result<TextGrammar> TextGrammar::parse(std::string_view rules, std::string_view name,
                                       NameListFiles lists) {
  return Parser(name, lists).read(rules);
}

MarkedText TextGrammar::make(TextRandom& random, TextShare share) const {
  MarkedText out;
  write(rules_[start_], random, share, false, out);
  return out;
}

void TextGrammar::write(const Rule& rule, TextRandom& random, TextShare share, bool is_marked,
                        MarkedText& out) const {
  const bool has_parts =
      rule.is_text && share != TextShare::All && rule.alternatives.size() >= kHeldOutEvery;
  const auto is_drawn = [&](std::size_t i) {
    return !has_parts || (i % kHeldOutEvery == 0) == (share == TextShare::HeldOut);
  };
  std::size_t sum = 0;
  for (std::size_t i = 0; i < rule.alternatives.size(); ++i)
    if (is_drawn(i)) sum += rule.weights[i];
  std::size_t left = random.below(sum);
  std::size_t chosen = 0;
  for (; !is_drawn(chosen) || left >= rule.weights[chosen]; ++chosen)
    if (is_drawn(chosen)) left -= rule.weights[chosen];
  const std::size_t start = out.text.size();
  const bool marks = rule.type && !is_marked;
  write(rule.alternatives[chosen], random, share, is_marked || marks, out);
  if (marks && out.text.size() > start) out.marks.push_back({*rule.type, start, out.text.size()});
}

void TextGrammar::write(const std::vector<Part>& parts, TextRandom& random, TextShare share,
                        bool is_marked, MarkedText& out) const {
  for (const Part& part : parts) {
    const std::size_t start = out.text.size();
    switch (part.kind) {
      case PartKind::Text:
        out.text += part.text;
        break;
      case PartKind::Digit:
        out.text += static_cast<char>('0' + random.below(10));
        break;
      case PartKind::Choice:
        write(part.choices[random.below(part.choices.size())], random, share, is_marked, out);
        break;
      case PartKind::Rule:
        write(rules_[part.index], random, share, is_marked, out);
        break;
      case PartKind::List:
        out.text += lists_[part.index][random.below(lists_[part.index].size())];
        break;
    }
    if (part.casing == Casing::Same) continue;
    std::string written = out.text.substr(start);
    out.text.resize(start);
    if (part.casing == Casing::First)
      written = first_letter(written);
    else if (part.casing == Casing::Title)
      written[0] = upper(written[0]);  // of an empty one: the 0 at its end stays one
    else
      written = recased(written, part.casing == Casing::Upper);
    out.text += written;
    for (MarkedText::Mark& mark : out.marks) mark.end = std::min(mark.end, out.text.size());
    std::erase_if(out.marks, [](const MarkedText::Mark& mark) { return mark.start >= mark.end; });
  }
}

std::size_t TextGrammar::templates_count() const {
  std::size_t count = 0;
  for (const Rule& rule : rules_)
    if (rule.is_text) count += rule.alternatives.size();
  return count;
}

void TextGrammar::collect(const std::vector<Part>& parts, std::vector<std::string>& words) const {
  for (const Part& part : parts) {
    if (part.kind == PartKind::Text) words.push_back(part.text);
    for (const std::vector<Part>& choice : part.choices) collect(choice, words);
  }
}

std::vector<std::string> TextGrammar::words() const {
  std::vector<std::string> words;
  for (const Rule& rule : rules_)
    for (const std::vector<Part>& parts : rule.alternatives) collect(parts, words);
  return words;
}

}  // namespace croft::privacy
