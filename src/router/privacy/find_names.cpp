#include "router/privacy/find_names.h"

#include <algorithm>

#include "router/privacy/context.h"
#include "router/privacy/names/name_model_file.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kAddressMore = 3;  // bytes that an address has beside a postcode

/// What may stand inside an address without being anything of its own.
bool is_part_of_address(const Finding& finding) {
  using enum EntityType;
  return finding.type == ZipCode || finding.type == UsBankNumber ||
         ((finding.type == DateTime || finding.type == PhoneNumber) && finding.score < kShaped);
}

/// Addresses keep their numbers. Both lists are in order.
void drop_inside_addresses(std::vector<Finding>& findings, const std::vector<NameSpan>& spans) {
  auto span = spans.begin();
  std::erase_if(findings, [&](const Finding& finding) {
    while (span != spans.end() && span->end <= finding.start) ++span;
    return span != spans.end() && span->type == EntityType::StreetAddress &&
           span->start <= finding.start && finding.end <= span->end &&
           span->end - span->start > kAddressMore + finding.end - finding.start &&
           is_part_of_address(finding);
  });
}

bool is_edge(char c) {
  return !is(c, kWord) && c != '.' && c != ')';
}

/// Whether a number of one to three digits stands alone: no part of "978-0" or "3.14".
bool is_lone_number(std::string_view text, const NameSpan& span) {
  const auto joins = [](char c) {
    return c == '.' || c == '-' || c == '/' || c == ':' || c == ',';
  };
  if (span.end - span.start > 3 || text[span.start] == '0') return false;
  if (span.start >= 2 && joins(text[span.start - 1]) && is(text[span.start - 2], kDigit))
    return false;
  return span.end + 1 >= text.size() || !joins(text[span.end]) || !is(text[span.end + 1], kDigit);
}

/// Part of what a program calls something: "max" in max_tokens, additionalProperties. Firms are
/// written like that, too: eBay.
bool is_identifier(std::string_view text, const NameSpan& span) {
  const std::string_view name = text.substr(span.start, span.end - span.start);
  const bool has_capital = std::ranges::any_of(name, [](char c) { return is(c, kUpper); });
  if ((span.start > 0 && text[span.start - 1] == '_') ||
      (span.end < text.size() && text[span.end] == '_'))
    return !has_capital;
  return has_capital && is(name[0], kLower) && span.type != EntityType::Organization &&
         std::ranges::all_of(name, [](char c) { return is(c, kWord); });
}

/// What no name looks like: a part of an identifier, one letter, digits alone, or words that say
/// what a number is ("BSN", "partita IVA"). No letter is two: "ü".
bool is_plausible(std::string_view text, const NameSpan& span) {
  if (span.type == EntityType::Age) return is_lone_number(text, span);
  if (is_identifier(text, span)) return false;
  const std::string_view name = text.substr(span.start, span.end - span.start);
  std::size_t letters = 0;
  bool is_context = true;
  for (std::size_t at = 0; at < name.size();) {
    if (!is(name[at], kLetter)) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    for (; at < name.size() && is(name[at], kLetter); ++at)
      letters += (static_cast<unsigned char>(name[at]) & 0xC0) != 0x80;
    is_context = is_context && context_of(name.substr(begin, at - begin)) != 0;
  }
  return letters >= 2 && !is_context;
}

/// Whether it is a part of a name in a program: "max_tokens" is nobody, "Max_Muster" may be.
bool is_in_identifier(std::string_view text, const NameSpan& span) {
  const auto belongs = [](char c) { return (c >= 'a' && c <= 'z') || is(c, kDigit) || c == '_'; };
  std::size_t begin = span.start;
  std::size_t end = span.end;
  while (begin > 0 && belongs(text[begin - 1])) --begin;
  while (end < text.size() && belongs(text[end])) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  return std::ranges::all_of(word, belongs) && word.contains('_') &&
         (begin == 0 || !is(text[begin - 1], kWord)) &&
         (end == text.size() || !is(text[end], kWord));
}

/// Whether it begins or ends in the midst of a word: "555-0100id_abc" holds no address.
bool cuts_word(std::string_view text, const NameSpan& span) {
  const auto within = [&](std::size_t at) {
    return at > 0 && at < text.size() && is(text[at - 1], kWord) && is(text[at], kWord);
  };
  return within(span.start) || within(span.end);
}

/// Adds the stretch, without signs at its borders.
void add_stretch(std::string_view text, NameSpan span, std::vector<Finding>& findings) {
  while (span.start < span.end && is_edge(text[span.start])) ++span.start;
  while (span.end > span.start && is_edge(text[span.end - 1])) --span.end;
  if (span.start < span.end && is_plausible(text, span) && !is_in_identifier(text, span) &&
      !cuts_word(text, span))
    findings.push_back({span.type, span.start, span.end, span.score});
}

/// What rules found is not what the tagger takes it for: names keep what lies beside it. Both lists
/// are in order; findings may overlap each other.
void add_around(std::string_view text, const std::vector<NameSpan>& spans,
                std::vector<Finding>& findings) {
  const std::size_t rules_count = findings.size();
  std::size_t rule = 0;
  std::size_t taken = 0;  // up to where the findings so far reach
  for (const NameSpan& span : spans) {
    std::size_t start = std::max(span.start, std::min(taken, span.end));
    for (; rule < rules_count && findings[rule].start < span.end; ++rule) {
      const std::size_t begin = findings[rule].start;
      if (begin > start) add_stretch(text, {span.type, start, begin, span.score}, findings);
      taken = std::max(taken, findings[rule].end);
      start = std::max(start, std::min(taken, span.end));
    }
    add_stretch(text, {span.type, start, span.end, span.score}, findings);
  }
}

}  // namespace

bool find_names(std::string_view folded, const Clock::time_point* deadline, FindScratch& scratch) {
  const NameModel& model = scratch.model != nullptr ? *scratch.model : default_name_model();
  scratch.spans.clear();
  for (std::size_t at = 0; at < folded.size();) {
    if (deadline != nullptr && Clock::now() > *deadline) return false;
    at = model.find(folded, at, scratch.names, scratch.spans);
  }
  if (scratch.spans.empty()) return true;
  std::ranges::sort(scratch.findings, {}, &Finding::start);
  drop_inside_addresses(scratch.findings, scratch.spans);
  add_around(folded, scratch.spans, scratch.findings);
  return true;
}

}  // namespace croft::privacy
