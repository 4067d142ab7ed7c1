// The inner half of ExpressionParser: literals, names, calls, subscripts, filters and tests.

#include "template/expression_parser.h"

namespace croft::jinja {

ExprPtr ExpressionParser::primary() {
  const Token& token = stream_.current();
  switch (token.kind) {
    case TokenKind::Name:
      return name_or_constant();
    case TokenKind::String: {
      ExprPtr node = make(ExprKind::Constant, token.line);
      std::string joined;
      while (stream_.is(TokenKind::String)) joined += stream_.next().text;
      node->constant = Value::of(constant_text(std::move(joined)));
      return node;
    }
    case TokenKind::Integer:
    case TokenKind::Float: {
      const Token number = stream_.next();
      ExprPtr node = make(ExprKind::Constant, number.line);
      node->constant =
          number.kind == TokenKind::Integer ? Value::of(number.integer) : Value::of(number.number);
      return node;
    }
    default:
      break;
  }
  if (stream_.is_operator("(")) return parenthesized();
  if (stream_.is_operator("[")) return list();
  if (stream_.is_operator("{")) return dict();
  stream_.fail("unexpected '" + TokenStream::describe(token) + "'");
}

ExprPtr ExpressionParser::name_or_constant() {
  const Token token = stream_.next();
  ExprPtr node = make(ExprKind::Constant, token.line);
  if (token.text == "true" || token.text == "True") {
    node->constant = Value::of(true);
  } else if (token.text == "false" || token.text == "False") {
    node->constant = Value::of(false);
  } else if (token.text == "none" || token.text == "None") {
    node->constant = Value::none();
  } else {
    node->kind = ExprKind::Name;
    node->name = token.text;
    node->symbol = symbols_.id(token.text);
    special.caller |= token.text == "caller";
    special.kwargs |= token.text == "kwargs";
    special.varargs |= token.text == "varargs";
  }
  return node;
}

ExprPtr ExpressionParser::parenthesized() {
  const std::uint32_t line = stream_.next().line;
  ExprPtr node = stream_.is_operator(")") ? make(ExprKind::Tuple, line) : tuple();
  stream_.expect_operator(")");
  return node;
}

ExprPtr ExpressionParser::list() {
  ExprPtr node = make(ExprKind::List, stream_.next().line);
  while (!stream_.is_operator("]")) {
    if (!node->items.empty()) stream_.expect_operator(",");
    if (stream_.is_operator("]")) break;
    adopt(*node, expression());
  }
  stream_.expect_operator("]");
  return node;
}

ExprPtr ExpressionParser::dict() {
  ExprPtr node = make(ExprKind::Dict, stream_.next().line);
  while (!stream_.is_operator("}")) {
    if (!node->items.empty()) stream_.expect_operator(",");
    if (stream_.is_operator("}")) break;
    adopt(*node, expression());
    stream_.expect_operator(":");
    adopt(*node, expression());
  }
  stream_.expect_operator("}");
  return node;
}

ExprPtr ExpressionParser::postfix(ExprPtr node) {
  while (true) {
    if (stream_.is_operator(".") || stream_.is_operator("[")) {
      node = member(std::move(node));
    } else if (stream_.is_operator("(")) {
      node = call(std::move(node));
    } else {
      return node;
    }
  }
}

ExprPtr ExpressionParser::filters_and_tests(ExprPtr node) {
  while (true) {
    if (stream_.is_operator("|")) {
      node = filters(std::move(node), false);
    } else if (stream_.is_name("is")) {
      node = test(std::move(node));
    } else if (stream_.is_operator("(")) {
      node = call(std::move(node));
    } else {
      return node;
    }
  }
}

ExprPtr ExpressionParser::member(ExprPtr node) {
  const Token token = stream_.next();
  if (token.text == ".") {
    const Token name = stream_.next();
    if (name.kind == TokenKind::Name) {
      ExprPtr out = make(ExprKind::Attribute, token.line);
      out->name = name.text;
      out->name_value = Value::of(constant_text(name.text));
      adopt(*out, std::move(node));
      return out;
    }
    if (name.kind != TokenKind::Integer) stop("expected name or number", name.line);
    ExprPtr index = make(ExprKind::Constant, name.line);
    index->constant = Value::of(name.integer);
    ExprPtr out = make(ExprKind::Subscript, token.line);
    adopt(*out, std::move(node));
    adopt(*out, std::move(index));
    return out;
  }
  ExprPtr index = make(ExprKind::Tuple, token.line);
  while (!stream_.is_operator("]")) {
    if (!index->items.empty()) stream_.expect_operator(",");
    adopt(*index, subscript_item());
  }
  stream_.expect_operator("]");
  if (index->items.size() > 1) {
    for (const ExprPtr& item : index->items) {
      if (item->kind == ExprKind::Slice)
        stop("a slice cannot be part of a tuple subscript", token.line);
    }
  }
  ExprPtr out = make(ExprKind::Subscript, token.line);
  adopt(*out, std::move(node));
  adopt(*out, index->items.size() == 1 ? std::move(index->items[0]) : std::move(index));
  return out;
}

ExprPtr ExpressionParser::subscript_item() {
  const std::uint32_t line = stream_.current().line;
  ExprPtr start;
  if (!stream_.is_operator(":")) {
    start = expression();
    if (!stream_.is_operator(":")) return start;
  }
  stream_.expect_operator(":");
  const auto part_ends = [&] { return stream_.is_operator("]") || stream_.is_operator(","); };
  ExprPtr out = make(ExprKind::Slice, line);
  adopt(*out, std::move(start));
  adopt(*out, stream_.is_operator(":") || part_ends() ? nullptr : expression());
  const bool has_step = stream_.skip_operator(":");
  adopt(*out, !has_step || part_ends() ? nullptr : expression());
  return out;
}

std::unique_ptr<Arguments> ExpressionParser::arguments(std::uint32_t& depth) {
  auto out = std::make_unique<Arguments>();
  const std::uint32_t line = stream_.current().line;
  stream_.expect_operator("(");
  const auto ensure = [&](bool right) {
    if (!right) stop("invalid syntax for function call expression", line);
  };
  const auto value = [&] {
    ExprPtr expr = expression();
    depth = std::max(depth, expr->depth);
    return expr;
  };
  bool needs_comma = false;
  while (!stream_.is_operator(")")) {
    if (needs_comma) {
      stream_.expect_operator(",");
      if (stream_.is_operator(")")) break;
    }
    needs_comma = true;
    if (stream_.skip_operator("*")) {
      ensure(out->unpacked_list == nullptr && out->unpacked_dict == nullptr);
      out->unpacked_list = value();
    } else if (stream_.skip_operator("**")) {
      ensure(out->unpacked_dict == nullptr);
      out->unpacked_dict = value();
    } else if (stream_.is(TokenKind::Name) && stream_.next_is_operator("=")) {
      ensure(out->unpacked_dict == nullptr);
      std::string name = stream_.next().text;
      stream_.next();
      for (const auto& [other, unused] : out->named) {
        if (other == name) stop("keyword argument repeated: " + name, line);
      }
      out->named.emplace_back(std::move(name), value());
    } else {
      ensure(out->unpacked_list == nullptr && out->unpacked_dict == nullptr && out->named.empty());
      out->positional.push_back(value());
    }
  }
  stream_.expect_operator(")");
  return out;
}

ExprPtr ExpressionParser::call(ExprPtr callee) {
  ExprPtr node = make(ExprKind::Call, stream_.current().line);
  adopt(*node, std::move(callee));
  std::uint32_t depth = 0;
  node->arguments = arguments(depth);
  deepen(*node, depth);
  return node;
}

std::string ExpressionParser::dotted_name() {
  std::string name = stream_.expect(TokenKind::Name, "name").text;
  while (stream_.skip_operator(".")) name += "." + stream_.expect(TokenKind::Name, "name").text;
  return name;
}

ExprPtr ExpressionParser::filters(ExprPtr input, bool start_inline) {
  while (start_inline || stream_.is_operator("|")) {
    if (!start_inline) stream_.next();
    start_inline = false;
    ExprPtr node = make(ExprKind::Filter, stream_.current().line);
    node->name = dotted_name();
    adopt(*node, std::move(input));
    std::uint32_t depth = 0;
    node->arguments = stream_.is_operator("(") ? arguments(depth) : std::make_unique<Arguments>();
    deepen(*node, depth);
    input = std::move(node);
  }
  return input;
}

ExprPtr ExpressionParser::test(ExprPtr node) {
  const Nesting nesting(*this);
  ExprPtr out = make(ExprKind::Test, stream_.next().line);
  const bool negated = stream_.skip_name("not");
  out->name = dotted_name();
  adopt(*out, std::move(node));
  std::uint32_t depth = 0;
  const Token& token = stream_.current();
  const bool takes_operand = token.kind == TokenKind::String || token.kind == TokenKind::Integer ||
                             token.kind == TokenKind::Float || stream_.is_operator("[") ||
                             stream_.is_operator("{") ||
                             (token.kind == TokenKind::Name && token.text != "else" &&
                              token.text != "or" && token.text != "and");
  if (stream_.is_operator("(")) {
    out->arguments = arguments(depth);
  } else {
    out->arguments = std::make_unique<Arguments>();
    if (takes_operand) {
      if (stream_.is_name("is")) stream_.fail("You cannot chain multiple tests with is");
      out->arguments->positional.push_back(postfix(primary()));
      depth = out->arguments->positional[0]->depth;
    }
  }
  deepen(*out, depth);
  if (!negated) return out;
  ExprPtr inverted = make(ExprKind::Not, out->line);
  adopt(*inverted, std::move(out));
  return inverted;
}

Target ExpressionParser::assign_target(std::string_view stop_name, bool with_namespace) {
  const Nesting nesting(*this);
  const auto one = [&]() -> Target {
    if (stream_.skip_operator("(")) {
      Target inner = assign_target({}, with_namespace);
      stream_.expect_operator(")");
      return inner;
    }
    const Token token = stream_.expect(TokenKind::Name, "name");
    for (const char* constant : {"true", "True", "false", "False", "none", "None"}) {
      if (token.text == constant) stop("can't assign to '" + token.text + "'", token.line);
    }
    Target target;
    target.symbol = symbols_.id(token.text);
    target.name = token.text;
    if (with_namespace && stream_.skip_operator(".")) {
      target.kind = Target::Kind::Attribute;
      target.attribute = stream_.expect(TokenKind::Name, "name").text;
    }
    return target;
  };
  const auto ends = [&] {
    return stream_.is_operator(")") || stream_.is_operator("=") ||
           stream_.is(TokenKind::BlockEnd) || (!stop_name.empty() && stream_.is_name(stop_name));
  };
  Target first = one();
  if (!stream_.is_operator(",")) return first;
  Target tuple;
  tuple.kind = Target::Kind::Tuple;
  tuple.items.push_back(std::move(first));
  while (stream_.skip_operator(",") && !ends()) tuple.items.push_back(one());
  return tuple;
}

}  // namespace croft::jinja
