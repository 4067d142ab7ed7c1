#include "router/privacy/second_look.h"

#include <algorithm>
#include <string>

#include "router/privacy/characters.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kNameBytesMin = 2;
constexpr std::size_t kNameBytesMax = 80;
constexpr std::size_t kNameWordsMax = 6;
constexpr std::size_t kNamesMax = 500;  // more than an answer of this length can hold

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether it holds two letters, of any script.
bool has_letters(std::string_view text) {
  std::size_t letters = 0;
  for (std::size_t at = 0; at < text.size() && letters < 2;) {
    const utf8::Step step = utf8::decode(text, at);
    const bool is_ascii_other = step.value < 0x80 && !is(static_cast<char>(step.value), kLetter);
    letters += step.valid && !is_ascii_other && unicode::is_word(step.value);
    at += step.length;
  }
  return letters == 2;
}

std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t begin = at;
    while (at < name.size() && !is_space(name[at])) ++at;
    if (at > begin) words.push_back(name.substr(begin, at - begin));
    while (at < name.size() && is_space(name[at])) ++at;
  }
  return words;
}

bool can_be_name(std::string_view text) {
  return text.size() >= kNameBytesMin && text.size() <= kNameBytesMax && utf8::is_valid(text) &&
         has_letters(text) && !is_program_word(text) && words_of(text).size() <= kNameWordsMax;
}

/// The end of what fits: the best border behind a quarter of it, so that a heading does not become
/// a piece of its own.
std::size_t piece_end(std::string_view text, std::size_t start) {
  if (text.size() - start <= piece_bytes_max) return text.size();
  const std::string_view fits = text.substr(start, piece_bytes_max);
  std::size_t line = 0, paragraph = 0, sentence = 0, space = 0;
  for (std::size_t at = piece_bytes_max / 4; at < fits.size(); ++at) {
    if (!is_space(fits[at])) continue;
    const char before = fits[at - 1];
    space = at;
    if (before == '.' || before == '!' || before == '?') sentence = at;
    if (fits[at] != '\n') continue;
    line = at;
    if (before == '\n' || fits.substr(0, at).ends_with("\n\r")) paragraph = at;
  }
  for (const std::size_t border : {paragraph, line, sentence, space})
    if (border != 0) return start + border;
  // The start of a character; bytes that are no UTF-8 may have none nearby.
  std::size_t end = fits.size();
  while (end > fits.size() - 4 && (static_cast<unsigned char>(text[start + end]) & 0xC0) == 0x80)
    --end;
  return start + end;
}

/// Letters of scripts that are written without spaces, or whose endings join the name.
bool is_spaceless(char32_t value) {
  return (value >= 0x0E00 && value < 0x0F00) ||  // Thai, Lao
         (value >= 0x1000 && value < 0x10A0) ||  // Burmese
         (value >= 0x1780 && value < 0x1800) ||  // Khmer
         (value >= 0x2E80 && value < 0xFB00) ||  // Han, Kana, Hangul
         value >= 0x20000;
}

/// Whether `at` lies within a word.
bool cuts_word(std::string_view text, std::size_t at) {
  if (at == 0 || at >= text.size()) return false;
  std::size_t before = at - 1;
  while (before > 0 && at - before < 4 && (static_cast<unsigned char>(text[before]) & 0xC0) == 0x80)
    --before;
  const char32_t left = utf8::decode(text, before).value;
  const char32_t right = utf8::decode(text, at).value;
  return unicode::is_word(left) && unicode::is_word(right) && !is_spaceless(left) &&
         !is_spaceless(right);
}

/// Looks for names in one piece.
class Placer {
 public:
  Placer(std::string_view text, TextPiece piece, std::span<const Finding> findings)
      : text_(text), piece_(piece), is_taken_(piece.end - piece.start, false) {
    for (const Finding& finding : findings) take(finding.start, finding.end);
  }

  /// False where it stands nowhere.
  bool place(std::span<const std::string_view> words, bool any_case) {
    bool stands = false;
    for (std::size_t at = piece_.start; at < piece_.end;) {
      const std::size_t end = match_end(words, at, any_case);
      if (end == at || cuts_word(text_, at) || cuts_word(text_, end)) {
        ++at;
        continue;
      }
      add_free(at, end);
      stands = true;
      at = end;
    }
    return stands;
  }

  std::vector<Finding> finish() {
    std::ranges::sort(found_, {}, &Finding::start);
    return std::move(found_);
  }

 private:
  void take(std::size_t start, std::size_t end) {
    start = std::max(start, piece_.start);
    end = std::min(end, piece_.end);
    for (std::size_t at = start; at < end; ++at) is_taken_[at - piece_.start] = true;
  }

  /// `at` where the words do not stand there.
  [[nodiscard]] std::size_t match_end(std::span<const std::string_view> words, std::size_t at,
                                      bool any_case) const {
    std::size_t end = at;
    for (const std::string_view word : words) {
      if (end != at) {
        const std::size_t gap = end;
        std::size_t breaks = 0;
        while (end < piece_.end && is_space(text_[end])) breaks += text_[end++] == '\n';
        if (end == gap || breaks > 1) return at;
      }
      if (word.size() > piece_.end - end) return at;
      for (const char c : word) {
        const char here = text_[end++];
        if (here != c && !(any_case && lower(here) == lower(c))) return at;
      }
    }
    return end;
  }

  /// Adds the stretches that no finding covers.
  void add_free(std::size_t start, std::size_t end) {
    for (std::size_t at = start; at < end;) {
      if (is_taken_[at - piece_.start]) {
        ++at;
        continue;
      }
      std::size_t run_end = at;
      while (run_end < end && !is_taken_[run_end - piece_.start]) ++run_end;
      add_run(at, run_end, at == start && run_end == end);
      at = run_end;
    }
  }

  void add_run(std::size_t start, std::size_t end, bool is_whole) {
    const std::size_t next = end;
    if (!is_whole) {  // no signs at the borders of what is left
      while (start < end && !is(text_[start], kWord)) ++start;
      while (end > start && !is(text_[end - 1], kWord)) --end;
      if (!can_be_name(text_.substr(start, end - start)) || cuts_word(text_, start) ||
          cuts_word(text_, end))
        return;
    }
    found_.push_back({EntityType::Person, start, end, second_look_score});
    take(start, next);
  }

  std::string_view text_;
  TextPiece piece_;
  std::vector<bool> is_taken_;
  std::vector<Finding> found_;
};

/// Without "- ", "* ", "2. ", "2) " in front, and without quotes or stars around.
std::string_view bare_line(std::string_view line) {
  line = trimmed(line);
  for (const std::string_view mark : {"- ", "* ", "\u2022 "})
    if (line.starts_with(mark)) line.remove_prefix(mark.size());
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (digits > 0 && digits <= 3 && digits + 1 < line.size() &&
      (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ')
    line.remove_prefix(digits + 2);
  line = trimmed(line);
  while (line.ends_with(',') || line.ends_with(';')) line.remove_suffix(1);
  for (const std::string_view quote : {"**", "\"", "'", "`"})
    if (line.size() > 2 * quote.size() && line.starts_with(quote) && line.ends_with(quote))
      line = line.substr(quote.size(), line.size() - 2 * quote.size());
  return trimmed(line);
}

std::string question(std::string_view piece) {
  std::string text =
      "List the names of the persons in the text: first names, last names or both, exactly as they "
      "are written there, one a line and nothing else. Places, firms and job titles are no "
      "persons. "
      "If the text names no person, answer NONE.\n\nText:\n";
  return text += piece;
}

json::object message(std::string_view role, std::string_view content) {
  return {{"role", role}, {"content", content}};
}

}  // namespace

std::vector<TextPiece> cut_into_pieces(std::string_view text) {
  std::vector<TextPiece> pieces;
  for (std::size_t start = 0; start < text.size();) {
    if (is_space(text[start])) {
      ++start;
      continue;
    }
    const std::size_t end = piece_end(text, start);
    const std::string_view piece = trimmed(text.substr(start, end - start));
    if (has_letters(piece)) pieces.push_back({start, start + piece.size()});
    start = end;
  }
  return pieces;
}

json::array second_look_messages(std::string_view piece) {
  return {
      message("user", question("Dear Ms Halloran, Tunde Bakare of Acme Ltd in Leeds called; he "
                               "and ilse vogt will be late.")),
      message("assistant", "Halloran\nTunde Bakare\nilse vogt"),
      message("user", question("Where is my order? It should have come from Berlin on Monday.")),
      message("assistant", "NONE"),
      message("user", question(utf8::repair(piece, utf8::Invalid::MaximalSubpart)))};
}

std::size_t second_look_tokens_max(std::string_view piece) {
  return 32 + piece.size() / 4;
}

std::vector<std::string_view> names_in_answer(std::string_view answer) {
  std::vector<std::string_view> names;
  while (!answer.empty() && names.size() < kNamesMax) {
    const std::string_view line = answer.substr(0, answer.find('\n'));
    answer.remove_prefix(std::min(answer.size(), line.size() + 1));
    const std::string_view name = bare_line(line);
    if (can_be_name(name) && !is_word(name, "none") &&
        std::ranges::find(names, name) == names.end())
      names.push_back(name);
  }
  return names;
}

std::vector<Finding> place_names(std::string_view text, TextPiece piece,
                                 std::span<const std::string_view> names,
                                 std::span<const Finding> findings) {
  Placer placer(text, piece, findings);
  // The longest first: of "Anna" and "Anna Berg" the second says more.
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end(), [](std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  for (const std::string_view name : sorted) {
    const std::vector<std::string_view> words = words_of(name);
    if (!placer.place(words, false) && words.size() > 1) placer.place(words, true);
  }
  return placer.finish();
}

}  // namespace croft::privacy
