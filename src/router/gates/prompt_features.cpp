#include "router/gates/prompt_features.h"

#include <algorithm>
#include <array>

#include "router/gates/prompt_language.h"
#include "router/gates/prompt_words.h"
#include "text/utf8.h"

namespace croft {
namespace {

constexpr std::size_t head_bytes = 3072;
constexpr std::size_t tail_bytes = 1024;
/// Language is clear long before; what a prompt quotes comes later.
constexpr std::size_t language_bytes = 768;

struct Counts {
  std::size_t characters = 0;
  std::size_t words = 0;
  std::size_t letters = 0;  ///< ASCII letters and spaces
};

constexpr std::uint8_t is_space(unsigned char c) {
  return static_cast<std::uint8_t>(c == ' ' || (c >= '\t' && c <= '\r'));
}

/// Sums of single bytes, 128 at a time: what a vector register adds without a carry.
Counts count_bytes(std::string_view text) {
  constexpr std::size_t block = 128;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  Counts counts;
  std::uint8_t space_before = 1;
  for (std::size_t begin = 0; begin < text.size(); begin += block) {
    const std::size_t size = std::min(block, text.size() - begin);
    std::array<std::uint8_t, block + 1> spaces;
    spaces[0] = space_before;
    std::uint8_t starts = 0;
    std::uint8_t letters = 0;
    std::uint8_t words = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const unsigned char c = bytes[begin + i];
      const auto folded = static_cast<unsigned char>(c | 0x20u);
      spaces[i + 1] = is_space(c);
      starts = static_cast<std::uint8_t>(starts + ((c & 0xC0u) != 0x80u));
      letters = static_cast<std::uint8_t>(letters + (c == ' ' || (folded >= 'a' && folded <= 'z')));
    }
    for (std::size_t i = 0; i < size; ++i)
      words = static_cast<std::uint8_t>(words + (spaces[i] & (spaces[i + 1] ^ 1u)));
    space_before = spaces[size];
    counts.characters += starts;
    counts.letters += letters;
    counts.words += words;
  }
  return counts;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_operand_end(char c) {
  return is_digit(c) || is_letter(c) || c == ')' || c == ']';
}
constexpr bool is_operand_begin(char c) {
  return is_digit(c) || is_letter(c) || c == '(';
}

enum class Class : std::uint8_t { Plain, Letter, Digit, Beyond, Sign };

constexpr std::array<Class, 256> classes = [] {
  std::array<Class, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const char byte = static_cast<char>(c);
    table[c] = c >= 0x80                        ? Class::Beyond
               : is_letter(byte) || byte == '_' ? Class::Letter
               : is_digit(byte)                 ? Class::Digit
                                                : Class::Plain;
  }
  for (const char sign : std::string_view("=+*^/-?:.;{}()<>`&|!#\n"))
    table[static_cast<unsigned char>(sign)] = Class::Sign;
  return table;
}();

/// One walk through a part of the text.
class Walk {
 public:
  explicit Walk(PromptFeatures& features) : features_(features) {}

  void read(std::string_view part);
  void finish(LanguageEvidence& evidence);

 private:
  void end_word();
  void sign(std::string_view part, std::size_t i);
  void equals(std::string_view part, std::size_t i);
  void operation(std::string_view part, std::size_t i, bool needs_spaces);
  void url(std::string_view part, std::size_t i);
  [[nodiscard]] static char before(std::string_view part, std::size_t i, bool over_spaces);
  [[nodiscard]] static char after(std::string_view part, std::size_t i, bool over_spaces);

  PromptFeatures& features_;
  LanguageEvidence evidence_;
  std::size_t begin_ = 0;  ///< bytes read before this part
  std::size_t at_ = 0;     ///< bytes read

  std::uint64_t key_ = 0;
  std::size_t word_bytes_ = 0;
  std::uint16_t previous_ = 0;         ///< kinds of the last word
  std::uint16_t before_previous_ = 0;  ///< and of the one before
  std::size_t code_points_ = 0;
  std::size_t code_words_ = 0;
  std::size_t maths_words_ = 0;
  bool in_url_ = false;
  std::size_t equations_ = 0;
  std::size_t operations_ = 0;
};

void Walk::end_word() {
  if (word_bytes_ == 0) return;
  // word_key marks words of more than 8 bytes.
  const std::uint64_t key =
      word_bytes_ > 8 ? (key_ & 0x00FFFFFFFFFFFFFFu) | (std::uint64_t{0xFF} << 56) : key_;
  const KnownWord& word = find_word(key);
  if (at_ < language_bytes) evidence_.add_word(word);
  const std::uint16_t kinds = word.kinds;
  if ((kinds & word_kind::code) != 0) ++code_words_;
  if ((kinds & word_kind::mathematics) != 0) ++maths_words_;
  const bool asked =
      (previous_ & word_kind::asks_for) != 0 ||
      ((previous_ & word_kind::article) != 0 && (before_previous_ & word_kind::asks_for) != 0);
  if ((kinds & word_kind::json) != 0 && asked) features_.wants_json = true;
  if ((kinds & word_kind::table) != 0 && asked) features_.wants_table = true;
  if ((kinds & word_kind::format) != 0) {
    if ((previous_ & word_kind::json) != 0) features_.wants_json = true;
    if ((previous_ & word_kind::table) != 0) features_.wants_table = true;
  }
  before_previous_ = previous_;
  previous_ = kinds;
  key_ = 0;
  word_bytes_ = 0;
}

char Walk::before(std::string_view part, std::size_t i, bool over_spaces) {
  while (i > 0 && over_spaces && part[i - 1] == ' ') --i;
  return i > 0 ? part[i - 1] : '\n';
}

char Walk::after(std::string_view part, std::size_t i, bool over_spaces) {
  ++i;
  while (i < part.size() && over_spaces && part[i] == ' ') ++i;
  return i < part.size() ? part[i] : '\n';
}

void Walk::equals(std::string_view part, std::size_t i) {
  const char left = before(part, i, false);
  const char right = after(part, i, false);
  if (left == '=' || left == '!' || left == '<' || left == '>' || left == ':' || right == '>') {
    ++code_points_;
    return;
  }
  if (right == '=') return;  // counted at the second
  if (is_operand_end(before(part, i, true)) &&
      (is_operand_begin(after(part, i, true)) || after(part, i, true) == '?' ||
       after(part, i, true) == '-'))
    ++equations_;
}

void Walk::operation(std::string_view part, std::size_t i, bool needs_spaces) {
  // 2024-05-01 and 24/7 are no sums; 12 - 5 and 3*4 are.
  if (needs_spaces && (before(part, i, false) != ' ' || after(part, i, false) != ' ')) return;
  const char left = before(part, i, true);
  const char right = after(part, i, true);
  if (is_operand_end(left) && is_operand_begin(right) && (is_digit(left) || is_digit(right)))
    ++operations_;
}

void Walk::url(std::string_view part, std::size_t i) {
  const std::string_view read = part.substr(0, i);
  if (part[i] == '.') {
    const std::size_t begin = i >= 3 ? i - 3 : i;
    const bool at_begin = begin == 0 || !(is_letter(part[begin - 1]) || part[begin - 1] == '.');
    if (read.ends_with("www") && at_begin && is_letter(after(part, i, false)))
      ++features_.urls_count;
  } else if (part.substr(i).starts_with("://") &&
             (read.ends_with("http") || read.ends_with("https"))) {
    ++features_.urls_count;
    in_url_ = true;
  }
}

void Walk::sign(std::string_view part, std::size_t i) {
  const char next = after(part, i, false);
  switch (part[i]) {
    case '=':
      equals(part, i);
      break;
    case '+':
    case '*':
    case '^':
      operation(part, i, false);
      break;
    case '/':
      if (before(part, i, false) == '<' && is_letter(next)) ++code_points_;  // </tag>
      operation(part, i, true);
      break;
    case '-':
      if (next == '>') ++code_points_;
      operation(part, i, true);
      break;
    case '?':
      if (!is_letter(next) && !is_digit(next) && next != '?') ++features_.questions_count;
      break;
    case ':':
      if (next == ':' && is_letter(before(part, i, false))) ++code_points_;
      if (next == '\n' && before(part, i, false) == ')') ++code_points_;  // def f():
      url(part, i);
      break;
    case '.':
      url(part, i);
      break;
    case ';':
    case '{':
      if (next == '\n' || next == '\r') ++code_points_;
      break;
    case '}':
      if (before(part, i, true) == '\n' || before(part, i, true) == ';') ++code_points_;
      break;
    case '(':
      if (next == ')' && (is_letter(before(part, i, false)) || before(part, i, false) == '_'))
        ++code_points_;
      break;
    case '&':
    case '|':
      if (next == part[i]) ++code_points_;
      break;
    case '#':
      if (part.substr(i).starts_with("#include") || part.substr(i).starts_with("#!/"))
        code_points_ += 2;
      break;
    case '`':
      if (part.substr(i).starts_with("```")) code_points_ += 3;
      break;
    default:
      break;
  }
}

void Walk::read(std::string_view part) {
  for (std::size_t i = 0; i < part.size();) {
    at_ = begin_ + i;
    const char c = part[i];
    switch (classes[static_cast<unsigned char>(c)]) {
      case Class::Letter:
        if (word_bytes_ < 8) {
          const auto lower = static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
          key_ |= std::uint64_t{lower} << (8 * word_bytes_);
        }
        ++word_bytes_;
        if (at_ < language_bytes) evidence_.add_ascii_letters(1);
        ++i;
        break;
      case Class::Beyond: {
        const utf8::Step step = utf8::decode(part, i);
        // À to Þ in lower case; other capitals beyond ASCII begin too few function words to matter.
        const bool capital = step.value >= 0xC0 && step.value <= 0xDE && step.value != 0xD7;
        const char32_t letter = capital ? step.value + 32 : step.value;
        if (step.valid && at_ < language_bytes) evidence_.add_letter(letter);
        if (letter == U'？' || letter == U'؟') ++features_.questions_count;
        if (letter == U'×' || letter == U'÷' || letter == U'√' || letter == U'∑' || letter == U'∫')
          ++operations_;
        const bool is_punctuation = (letter >= 0x2000 && letter < 0x2070) ||
                                    (letter >= 0xA0 && letter < 0xC0) || letter == U'、';
        if (is_punctuation) {
          end_word();
        } else {
          for (std::size_t k = 0; k < step.length; ++k, ++word_bytes_) {
            const auto byte = static_cast<unsigned char>(part[i + k]);
            const unsigned lower = capital && k == 1 ? byte + 32u : byte;
            if (word_bytes_ < 8) key_ |= std::uint64_t{lower} << (8 * word_bytes_);
          }
        }
        i += step.length;
        break;
      }
      case Class::Digit:
        end_word();
        ++features_.digits_count;
        ++i;
        break;
      case Class::Sign:
        end_word();
        sign(part, i);
        ++i;
        // What an address holds is no question and no equation.
        for (; in_url_ && i < part.size(); ++i)
          if (is_space(static_cast<unsigned char>(part[i]))) in_url_ = false;
        in_url_ = false;
        break;
      case Class::Plain:
        end_word();
        ++i;
        break;
    }
  }
  end_word();
  if (part.contains("SELECT ") && part.contains(" FROM ")) code_points_ += 3;
  begin_ += part.size();
}

void Walk::finish(LanguageEvidence& evidence) {
  evidence = evidence_;
  // One keyword is a word of English, one arrow an ornament.
  features_.has_code = code_points_ >= 3 || (code_points_ >= 1 && code_words_ >= 2) ||
                       (code_points_ >= 2 && code_words_ >= 1);
  features_.has_math = (equations_ != 0 && (features_.digits_count != 0 || operations_ != 0)) ||
                       operations_ != 0 || (maths_words_ != 0 && features_.digits_count != 0);
  // `x = 1;` in code is no equation.
  if (features_.has_code && operations_ == 0 && maths_words_ == 0) features_.has_math = false;
}

}  // namespace

PromptFeatures read_prompt(std::string_view text) {
  const Counts counts = count_bytes(text);
  PromptFeatures features;
  features.bytes = text.size();
  features.characters = counts.characters;
  features.words = counts.words;
  features.tokens_estimated = (counts.letters + 1) / 2 + (text.size() - counts.letters);
  Walk walk(features);
  if (text.size() <= head_bytes + tail_bytes) {
    walk.read(text);
  } else {
    walk.read(text.substr(0, head_bytes));
    walk.read(text.substr(text.size() - tail_bytes));
  }
  LanguageEvidence evidence;
  walk.finish(evidence);
  features.language = evidence.language();
  return features;
}

}  // namespace croft
