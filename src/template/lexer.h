#pragma once
/// Cuts a template into tokens exactly as Jinja's lexer does with trim_blocks, lstrip_blocks and
/// keep_trailing_newline=False.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croft::jinja {

enum class TokenKind : std::uint8_t {
  Data,
  BlockBegin,
  BlockEnd,
  VariableBegin,
  VariableEnd,
  Name,
  String,
  Integer,
  Float,
  Operator,  ///< text is the operator itself
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::uint32_t line = 1;
  std::string text;  ///< data, name, operator, or the unescaped string
  std::int64_t integer = 0;
  double number = 0;
};

/// Throws Failure for text that Jinja would not take.
std::vector<Token> tokenize(std::string_view source);

}  // namespace croft::jinja
