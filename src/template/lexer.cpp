#include "template/lexer.h"

#include <algorithm>
#include <array>

#include "template/failure.h"
#include "template/literal.h"
#include "template/unicode.h"

namespace croft::jinja {
namespace {

/// \r\n and \r become \n; one newline at the end goes.
std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out.push_back(source[i]);
      continue;
    }
    out.push_back('\n');
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

/// Bytes of white space at the end of `text`.
std::size_t trailing_space(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    std::size_t after = begin;
    if (!is_space(next_code_point(text, after)) || after != end) break;
    end = begin;
  }
  return text.size() - end;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize_newlines(source)) {}

  std::vector<Token> run() {
    while (position_ < source_.size()) root();
    push(TokenKind::End, "");
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view rest() const {
    return std::string_view(source_).substr(position_);
  }
  [[nodiscard]] bool at(std::string_view text) const { return rest().starts_with(text); }

  void push(TokenKind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.line = line_;
    token.text = std::move(text);
    tokens_.push_back(std::move(token));
  }

  void advance(std::size_t count) {
    const auto begin = source_.begin() + static_cast<std::ptrdiff_t>(position_);
    line_ += static_cast<std::uint32_t>(
        std::count(begin, begin + static_cast<std::ptrdiff_t>(count), '\n'));
    position_ += count;
    line_starting_ = count > 0 && source_[position_ - 1] == '\n';
  }

  /// Bytes of white space from `from` on.
  [[nodiscard]] std::size_t skip_space(std::size_t from) const {
    std::size_t end = from;
    while (end < source_.size()) {
      std::size_t after = end;
      if (!is_space(next_code_point(source_, after))) break;
      end = after;
    }
    return end;
  }

  /// The text before a tag, as its sign ('-', '+' or none) leaves it.
  void emit_data(std::string_view text, char sign, bool is_variable) {
    std::size_t keep = text.size();
    if (sign == '-') {
      keep -= trailing_space(text);
    } else if (sign != '+' && !is_variable) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      const std::string_view indent = text.substr(line_begin);
      if ((line_begin > 0 || line_starting_) && trailing_space(indent) == indent.size()) {
        keep = line_begin;
      }
    }
    if (keep > 0) push(TokenKind::Data, std::string(text.substr(0, keep)));
  }

  /// Length of a `name` tag ("raw", "endraw") at `from`, counted to before its end mark; 0: not
  /// one.
  [[nodiscard]] std::size_t named_tag(std::size_t from, std::string_view name) const {
    std::size_t end = from + 2;
    if (end < source_.size() && (source_[end] == '-' || source_[end] == '+')) ++end;
    end = skip_space(end);
    if (!std::string_view(source_).substr(end).starts_with(name)) return 0;
    return skip_space(end + name.size()) - from;
  }

  /// Length of a tag's end at `from` ("-%}" with the white space after it, "+%}", "%}" with one
  /// newline where `trim`); 0: none there.
  [[nodiscard]] std::size_t tag_end(std::size_t from, std::string_view mark, bool plus,
                                    bool trim) const {
    const std::string_view text = std::string_view(source_).substr(from);
    if (text.starts_with('-') && text.substr(1).starts_with(mark)) {
      return skip_space(from + 1 + mark.size()) - from;
    }
    if (plus && text.starts_with('+') && text.substr(1).starts_with(mark)) return 1 + mark.size();
    if (!text.starts_with(mark)) return 0;
    return mark.size() + (trim && text.substr(mark.size()).starts_with('\n') ? 1 : 0);
  }

  void root() {
    const std::size_t begin = position_;
    std::size_t tag = begin;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        push(TokenKind::Data, source_.substr(begin));
        advance(source_.size() - begin);
        return;
      }
      const char next = source_[tag + 1];
      if (next == '{' || next == '%' || next == '#') break;
      ++tag;
    }
    const char type = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const bool signed_tag = sign == '-' || sign == '+';
    emit_data(std::string_view(source_).substr(begin, tag - begin), sign, type == '{');
    advance(tag - begin);
    if (type == '%' && raw()) return;
    advance(signed_tag ? 3 : 2);
    if (type == '#') {
      comment();
    } else {
      inside(type == '%');
    }
  }

  void comment() {
    const std::uint32_t line = line_;
    for (std::size_t end = source_.find("#}", position_); end != std::string::npos;
         end = source_.find("#}", end + 1)) {
      // A sign before the mark belongs to it, unless it is the sign that opened the comment.
      const bool has_sign = end > position_ && (source_[end - 1] == '-' || source_[end - 1] == '+');
      const std::size_t from = has_sign ? end - 1 : end;
      advance(from + tag_end(from, "#}", true, true) - position_);
      return;
    }
    // Jinja takes a comment that opens with the very last characters.
    if (position_ < source_.size()) stop("Missing end of comment tag", line);
  }

  /// A whole raw block, where one starts here.
  bool raw() {
    const std::size_t name_length = named_tag(position_, "raw");
    if (name_length == 0) return false;
    // The opening tag's newline stays: trim_blocks does not reach it.
    const std::size_t mark = tag_end(position_ + name_length, "%}", false, false);
    if (mark == 0) return false;
    const std::uint32_t line = line_;
    advance(name_length + mark);
    for (std::size_t tag = source_.find("{%", position_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      const std::size_t length = named_tag(tag, "endraw");
      const std::size_t end = length == 0 ? 0 : tag_end(tag + length, "%}", true, true);
      if (end == 0) continue;
      emit_data(std::string_view(source_).substr(position_, tag - position_), source_[tag + 2],
                false);
      advance(tag + length + end - position_);
      return true;
    }
    if (position_ < source_.size()) stop("Missing end of raw directive", line);
    return true;
  }

  void inside(bool is_block) {
    push(is_block ? TokenKind::BlockBegin : TokenKind::VariableBegin, "");
    std::string open;  // closing brackets that are still due
    const std::string_view mark = is_block ? "%}" : "}}";
    while (position_ < source_.size()) {
      if (open.empty()) {
        const std::size_t end = tag_end(position_, mark, is_block, is_block);
        if (end > 0) {
          push(is_block ? TokenKind::BlockEnd : TokenKind::VariableEnd, "");
          advance(end);
          return;
        }
      }
      if (const std::size_t end = skip_space(position_); end > position_) {
        advance(end - position_);
      } else {
        token(open);
      }
    }
  }

  void token(std::string& open) {
    Token number;
    number.line = line_;
    const bool after_dot = position_ > 0 && source_[position_ - 1] == '.';
    if (const std::size_t length = read_number(rest(), after_dot, number); length > 0) {
      tokens_.push_back(std::move(number));
      advance(length);
    } else if (name() || string()) {
      return;
    } else {
      operator_token(open);
    }
  }

  bool name() {
    std::size_t end = position_;
    while (end < source_.size()) {
      std::size_t after = end;
      if (!is_word(next_code_point(source_, after))) break;
      end = after;
    }
    if (end == position_) return false;
    push(TokenKind::Name, source_.substr(position_, end - position_));
    advance(end - position_);
    return true;
  }

  bool string() {
    const char quote = source_[position_];
    if (quote != '\'' && quote != '"') return false;
    for (std::size_t end = position_ + 1; end < source_.size(); ++end) {
      if (source_[end] == '\\') {
        ++end;
      } else if (source_[end] == quote) {
        const std::string_view whole =
            std::string_view(source_).substr(position_, end + 1 - position_);
        push(TokenKind::String, unescape(whole.substr(1, whole.size() - 2), line_));
        advance(whole.size());
        return true;
      }
    }
    stop("a string literal is not closed", line_);
  }

  void operator_token(std::string& open) {
    static constexpr std::array<std::string_view, 26> operators{
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto* found = std::find_if(operators.begin(), operators.end(),
                                     [&](std::string_view candidate) { return at(candidate); });
    if (found == operators.end()) {
      std::size_t end = position_;
      next_code_point(source_, end);
      stop("unexpected char '" + source_.substr(position_, end - position_) + "'", line_);
    }
    balance((*found)[0], open);
    push(TokenKind::Operator, std::string(*found));
    advance(found->size());
  }

  void balance(char c, std::string& open) const {
    if (c == '(') open.push_back(')');
    if (c == '[') open.push_back(']');
    if (c == '{') open.push_back('}');
    if (c != ')' && c != ']' && c != '}') return;
    if (open.empty()) stop(std::string("unexpected '") + c + "'", line_);
    if (open.back() != c) {
      stop(std::string("unexpected '") + c + "', expected '" + open.back() + "'", line_);
    }
    open.pop_back();
  }

  std::string source_;
  std::size_t position_ = 0;
  std::uint32_t line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace croft::jinja
