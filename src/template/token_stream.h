#pragma once
/// The parser's reading head, with the questions it asks of tokens.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "template/failure.h"
#include "template/lexer.h"

namespace croft::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  [[nodiscard]] const Token& current() const { return tokens_[position_]; }
  [[nodiscard]] const Token& look() const {
    return tokens_[position_ + 1 < tokens_.size() ? position_ + 1 : position_];
  }
  [[nodiscard]] bool is(TokenKind kind) const { return current().kind == kind; }
  [[nodiscard]] bool is_name(std::string_view name) const {
    return test(current(), TokenKind::Name, name);
  }
  [[nodiscard]] bool is_operator(std::string_view op) const {
    return test(current(), TokenKind::Operator, op);
  }
  [[nodiscard]] bool next_is_name(std::string_view name) const {
    return test(look(), TokenKind::Name, name);
  }
  [[nodiscard]] bool next_is_operator(std::string_view op) const {
    return test(look(), TokenKind::Operator, op);
  }

  Token next() {
    Token token = tokens_[position_];
    if (position_ + 1 < tokens_.size()) ++position_;
    return token;
  }
  bool skip_name(std::string_view name) { return is_name(name) && (next(), true); }
  bool skip_operator(std::string_view op) { return is_operator(op) && (next(), true); }

  void expect_operator(std::string_view op) {
    if (!skip_operator(op)) fail_expected(std::string(op));
  }
  void expect_name(std::string_view name) {
    if (!skip_name(name)) fail_expected(std::string(name));
  }
  Token expect(TokenKind kind, std::string_view what) {
    if (!is(kind)) fail_expected(std::string(what));
    return next();
  }
  [[noreturn]] void fail(std::string message) const { stop(std::move(message), current().line); }
  [[noreturn]] void fail_expected(const std::string& what) const {
    fail("expected token '" + what + "', got '" + describe(current()) + "'");
  }

  static std::string describe(const Token& token) {
    switch (token.kind) {
      case TokenKind::Data:
        return "template data / text";
      case TokenKind::BlockBegin:
        return "begin of statement block";
      case TokenKind::BlockEnd:
        return "end of statement block";
      case TokenKind::VariableBegin:
        return "begin of print statement";
      case TokenKind::VariableEnd:
        return "end of print statement";
      case TokenKind::String:
        return "string";
      case TokenKind::Integer:
        return "integer";
      case TokenKind::Float:
        return "float";
      case TokenKind::End:
        return "end of template";
      case TokenKind::Name:
      case TokenKind::Operator:
        break;
    }
    return token.text;
  }

 private:
  static bool test(const Token& token, TokenKind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }

  std::vector<Token> tokens_;
  std::size_t position_ = 0;
};

}  // namespace croft::jinja
