#include "template/expression_parser.h"

#include <array>
#include <optional>

#include "base/limits.h"

namespace croft::jinja {
namespace {

std::optional<Operator> comparison_operator(const Token& token) {
  static constexpr std::array<std::pair<std::string_view, Operator>, 6> table{
      {{"==", Operator::Equal},
       {"!=", Operator::NotEqual},
       {"<", Operator::Less},
       {"<=", Operator::LessEqual},
       {">", Operator::Greater},
       {">=", Operator::GreaterEqual}}};
  if (token.kind != TokenKind::Operator) return std::nullopt;
  for (const auto& [text, op] : table) {
    if (token.text == text) return op;
  }
  return std::nullopt;
}

}  // namespace

Symbols::Symbols() {
  for (const char* name : {"loop", "caller", "kwargs", "varargs", "self"})
    id(name);  // the order of WellKnown
}

std::uint32_t Symbols::id(const std::string& name) {
  const auto [entry, is_new] = ids_.emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return entry->second;
}

ExprPtr ExpressionParser::make(ExprKind kind, std::uint32_t line) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->line = line;
  return expr;
}

void ExpressionParser::deepen(Expr& parent, std::uint32_t child_depth) const {
  // Twice the nesting: chains such as a + b + c ... nest to the left without brackets. Python
  // itself gives up on Jinja's code for them at 200.
  constexpr std::uint32_t tree_depth_max = 2 * limits::template_depth_max;
  if (child_depth + 1 > parent.depth) parent.depth = child_depth + 1;
  if (parent.depth > tree_depth_max) {
    stop_too_large("the template has an expression of more than " + std::to_string(tree_depth_max) +
                   " chained operations");
  }
}

void ExpressionParser::adopt(Expr& parent, ExprPtr child) const {
  if (child != nullptr) deepen(parent, child->depth);
  parent.items.push_back(std::move(child));
}

ExprPtr ExpressionParser::binary(Operator op, ExprPtr left, ExprPtr right,
                                 std::uint32_t line) const {
  ExprPtr node = make(ExprKind::Binary, line);
  node->op = op;
  adopt(*node, std::move(left));
  adopt(*node, std::move(right));
  return node;
}

ExprPtr ExpressionParser::tuple(bool with_condition, std::string_view stop_name) {
  const std::uint32_t line = stream_.current().line;
  ExprPtr out = make(ExprKind::Tuple, line);
  bool is_tuple = false;
  while (true) {
    if (!out->items.empty()) stream_.expect_operator(",");
    if (stream_.is(TokenKind::VariableEnd) || stream_.is(TokenKind::BlockEnd) ||
        stream_.is_operator(")") || (!stop_name.empty() && stream_.is_name(stop_name))) {
      break;
    }
    adopt(*out, expression(with_condition));
    if (!stream_.is_operator(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return out;
  if (out->items.empty()) {
    stream_.fail("Expected an expression, got '" + TokenStream::describe(stream_.current()) + "'");
  }
  return std::move(out->items[0]);
}

ExprPtr ExpressionParser::expression(bool with_condition) {
  return with_condition ? condition() : disjunction();
}

ExprPtr ExpressionParser::condition() {
  const Nesting nesting(*this);
  ExprPtr value = disjunction();
  while (stream_.is_name("if")) {
    ExprPtr node = make(ExprKind::Condition, stream_.next().line);
    adopt(*node, std::move(value));
    adopt(*node, disjunction());
    adopt(*node, stream_.skip_name("else") ? condition() : nullptr);
    value = std::move(node);
  }
  return value;
}

ExprPtr ExpressionParser::disjunction() {
  ExprPtr left = conjunction();
  while (stream_.is_name("or")) {
    ExprPtr node = make(ExprKind::Or, stream_.next().line);
    adopt(*node, std::move(left));
    adopt(*node, conjunction());
    left = std::move(node);
  }
  return left;
}

ExprPtr ExpressionParser::conjunction() {
  ExprPtr left = negation();
  while (stream_.is_name("and")) {
    ExprPtr node = make(ExprKind::And, stream_.next().line);
    adopt(*node, std::move(left));
    adopt(*node, negation());
    left = std::move(node);
  }
  return left;
}

ExprPtr ExpressionParser::negation() {
  if (!stream_.is_name("not")) return comparison();
  const Nesting nesting(*this);
  ExprPtr node = make(ExprKind::Not, stream_.next().line);
  adopt(*node, negation());
  return node;
}

ExprPtr ExpressionParser::comparison() {
  ExprPtr first = sum();
  ExprPtr node;
  while (true) {
    const std::uint32_t line = stream_.current().line;
    std::optional<Operator> op = comparison_operator(stream_.current());
    if (op) {
      stream_.next();
    } else if (stream_.skip_name("in")) {
      op = Operator::In;
    } else if (stream_.is_name("not") && stream_.next_is_name("in")) {
      stream_.next();
      stream_.next();
      op = Operator::NotIn;
    } else {
      break;
    }
    if (node == nullptr) {
      node = make(ExprKind::Compare, line);
      adopt(*node, std::move(first));
    }
    node->ops.push_back(*op);
    adopt(*node, sum());
  }
  return node == nullptr ? std::move(first) : std::move(node);
}

ExprPtr ExpressionParser::sum() {
  ExprPtr left = concatenation();
  while (stream_.is_operator("+") || stream_.is_operator("-")) {
    const Token token = stream_.next();
    const Operator op = token.text == "+" ? Operator::Add : Operator::Subtract;
    ExprPtr right = concatenation();
    left = binary(op, std::move(left), std::move(right), token.line);
  }
  return left;
}

ExprPtr ExpressionParser::concatenation() {
  ExprPtr first = product();
  if (!stream_.is_operator("~")) return first;
  ExprPtr node = make(ExprKind::Concat, stream_.current().line);
  adopt(*node, std::move(first));
  while (stream_.skip_operator("~")) adopt(*node, product());
  return node;
}

ExprPtr ExpressionParser::product() {
  ExprPtr left = power();
  while (true) {
    Operator op = Operator::Multiply;
    if (stream_.is_operator("/")) {
      op = Operator::Divide;
    } else if (stream_.is_operator("//")) {
      op = Operator::FloorDivide;
    } else if (stream_.is_operator("%")) {
      op = Operator::Modulo;
    } else if (!stream_.is_operator("*")) {
      return left;
    }
    const std::uint32_t line = stream_.next().line;
    ExprPtr right = power();
    left = binary(op, std::move(left), std::move(right), line);
  }
}

ExprPtr ExpressionParser::power() {
  ExprPtr left = unary(true);
  while (stream_.is_operator("**")) {
    const std::uint32_t line = stream_.next().line;
    ExprPtr right = unary(true);
    left = binary(Operator::Power, std::move(left), std::move(right), line);
  }
  return left;
}

ExprPtr ExpressionParser::unary(bool with_filter) {
  ExprPtr node;
  if (stream_.is_operator("-") || stream_.is_operator("+")) {
    const Nesting nesting(*this);
    const Token token = stream_.next();
    node = make(token.text == "-" ? ExprKind::Negative : ExprKind::Positive, token.line);
    adopt(*node, unary(false));
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filter ? filters_and_tests(std::move(node)) : std::move(node);
}

}  // namespace croft::jinja
