#include "router/confidence/answer_span.h"

namespace croft {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<ByteRange> last_line(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t last = text.find_last_not_of(blank);
  if (last == std::string_view::npos) return std::nullopt;
  const std::size_t line_end = text.find_last_of('\n', last);
  const std::size_t line = line_end == std::string_view::npos ? 0 : line_end + 1;
  return ByteRange{text.find_first_not_of(blank, line), last + 1};
}

std::optional<ByteRange> last_number(std::string_view text) {
  const std::size_t last = text.find_last_of("0123456789");
  if (last == std::string_view::npos) return std::nullopt;
  std::size_t begin = last;
  // A separator belongs to the number only between two digits: not the full stop of a sentence.
  const auto continues = [&](std::size_t at) {
    return is_digit(text[at]) ||
           ((text[at] == '.' || text[at] == ',') && at > 0 && is_digit(text[at - 1]));
  };
  while (begin > 0 && continues(begin - 1)) --begin;
  if (begin > 0 && (text[begin - 1] == '-' || text[begin - 1] == '+')) --begin;
  return ByteRange{begin, last + 1};
}

}  // namespace

std::optional<ByteRange> find_answer_span(std::string_view text, AnswerSpan span) {
  return span == AnswerSpan::LastLine ? last_line(text) : last_number(text);
}

}  // namespace croft
