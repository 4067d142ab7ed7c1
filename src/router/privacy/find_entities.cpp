#include "router/privacy/find_entities.h"

#include <time.h>

#include <algorithm>

#include "router/privacy/context.h"
#include "router/privacy/custom/custom_rules.h"
#include "router/privacy/find_names.h"
#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

Word word_at(std::string_view text, std::size_t start) {
  Word word{start, start, 0};
  while (word.end < text.size() && is(text[word.end], kWord))
    word.classes |= class_of(text[word.end++]);
  return word;
}

void read_word(Scan& scan, const Word& word) {
  const char next = scan.at(word.end);
  const bool has_digit = (word.classes & kDigit) != 0;
  const bool has_letter = (word.classes & kLetter) != 0;
  if (has_letter) {
    read_known_key(scan, word);
    if (next == ':' || next == '=' || next == '"' || next == '\'' || next == ' ' || next == '\\')
      read_assignment(scan, word);
    if (next == ':' || next == '.') {
      read_url(scan, word);
      if (next == '.') read_domain(scan, word);
    }
    read_code(scan, word);
    if (has_digit)
      read_postcode(scan, word);
    else
      read_month(scan, word);
  }
  if (has_digit) {
    if (is(scan.text[word.start], kDigit)) read_numbers(scan, word.start);
    if (has_letter) read_crypto_address(scan, word);
    read_random_token(scan, word);
  }
  if (word.size() <= 4 && (next == ':' || next == '-' || next == '.')) read_hex_address(scan, word);
}

/// False where the deadline passed first.
bool scan_text(Scan& scan, const Clock::time_point* deadline) {
  constexpr std::size_t kBetweenLooks = 16 * 1024;
  const std::string_view text = scan.text;
  std::size_t next_look = kBetweenLooks;
  for (std::size_t at = 0; at < text.size();) {
    if (at >= next_look) {
      if (deadline != nullptr && Clock::now() > *deadline) return false;
      next_look = at + kBetweenLooks;
    }
    const char c = text[at];
    if (is(c, kWord)) {
      const Word word = word_at(text, at);
      read_word(scan, word);
      at = word.end;
    } else {
      if (c == '@') read_email(scan, at);
      if (c == ':' && scan.at(at + 1) == ':') read_colons_address(scan, at);
      if (c == '-' && scan.before(at) != '-') read_private_key(scan, at);
      ++at;
    }
  }
  return true;
}

bool find(std::string_view text, const Clock::time_point* deadline, FindScratch& scratch) {
  scratch.findings.clear();
  scratch.folded.assign(text);
  Scan scan{.text = scratch.folded.text(), .findings = scratch.findings};
  if (!scan_text(scan, deadline)) return false;
  if (!scratch.without_names && !find_names(scan.text, deadline, scratch)) return false;
  if (scratch.custom != nullptr && !scratch.custom->apply(scan.text, deadline, scratch.findings))
    return false;
  resolve_overlaps(scratch.findings);
  for (Finding& finding : scratch.findings) {
    finding.end = scratch.folded.original_end(finding.end - 1);
    finding.start = scratch.folded.original_begin(finding.start);
  }
  return true;
}

}  // namespace

Clock::time_point Clock::now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);  // of a thread that runs it cannot fail
  return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

bool is_program_word(std::string_view text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.' || c == '/' || c == ':' || c == '$';
         });
}

std::span<const Finding> find_entities(std::string_view text, FindScratch& scratch) {
  find(text, nullptr, scratch);
  return scratch.findings;
}

std::optional<std::span<const Finding>> find_entities_until(std::string_view text,
                                                            Clock::time_point deadline,
                                                            FindScratch& scratch) {
  if (Clock::now() > deadline || !find(text, &deadline, scratch)) return std::nullopt;
  return scratch.findings;
}

}  // namespace croft::privacy
