// The expressions of Interpreter.

#include "template/interpreter_guards.h"
#include "template/operators.h"
#include "template/print.h"

namespace croft::jinja {

Value Interpreter::evaluate(const Expr& expr) {
  const Deeper deeper(*this);
  heap_.step();
  switch (expr.kind) {
    case ExprKind::Constant:
      return expr.constant;
    case ExprKind::Name:
      return evaluate_name(expr);
    case ExprKind::List:
    case ExprKind::Tuple:
    case ExprKind::Dict:
      return evaluate_collection(expr);
    case ExprKind::Attribute: {
      const Value object = evaluate(*expr.items[0]);
      line_ = expr.line;
      return attribute(object, expr.name_value);
    }
    case ExprKind::Subscript:
      return evaluate_subscript(expr);
    case ExprKind::Slice:
      stop("a slice stands outside a subscript", expr.line);
    case ExprKind::Call: {
      const Value callee = evaluate(*expr.items[0]);
      const Args args = evaluate_arguments(*expr.arguments);
      line_ = expr.line;
      return call(callee, args);
    }
    case ExprKind::Filter:
      return evaluate_filter(expr, std::nullopt);
    case ExprKind::Test: {
      const Value input = evaluate(*expr.items[0]);
      const Args args = evaluate_arguments(*expr.arguments);
      line_ = expr.line;
      return Value::of(test(expr.name, input, args));
    }
    case ExprKind::Not:
      return Value::of(!is_true(evaluate(*expr.items[0])));
    case ExprKind::Negative:
    case ExprKind::Positive:
      return negate(evaluate(*expr.items[0]), expr.kind == ExprKind::Negative);
    case ExprKind::Binary: {
      const Value left = evaluate(*expr.items[0]);
      const Value right = evaluate(*expr.items[1]);
      line_ = expr.line;
      return arithmetic(heap_, expr.op, left, right);
    }
    case ExprKind::Concat:
      return evaluate_concat(expr);
    case ExprKind::Compare:
      return evaluate_compare(expr);
    case ExprKind::And: {
      Value left = evaluate(*expr.items[0]);
      return is_true(left) ? evaluate(*expr.items[1]) : left;
    }
    case ExprKind::Or: {
      Value left = evaluate(*expr.items[0]);
      return is_true(left) ? left : evaluate(*expr.items[1]);
    }
    case ExprKind::Condition:
      return evaluate_condition(expr);
  }
  return {};
}

Value Interpreter::evaluate_name(const Expr& expr) {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    if (const Value* found = scope->find(expr.symbol)) return *found;
  }
  return make_undefined_name(heap_, expr.name);
}

Value Interpreter::evaluate_collection(const Expr& expr) {
  if (expr.kind == ExprKind::Dict) {
    auto* dict = heap_.make<DictObject>(0);
    for (std::size_t i = 0; i < expr.items.size(); i += 2) {
      const Value key = evaluate(*expr.items[i]);
      dict->set(heap_, key, evaluate(*expr.items[i + 1]));
    }
    return Value::of(Kind::Dict, dict);
  }
  std::vector<Value> items;
  items.reserve(expr.items.size());
  for (const ExprPtr& item : expr.items) items.push_back(evaluate(*item));
  return expr.kind == ExprKind::List ? make_list(heap_, std::move(items))
                                     : make_tuple(heap_, std::move(items));
}

Value Interpreter::evaluate_compare(const Expr& expr) {
  Value left = evaluate(*expr.items[0]);
  for (std::size_t i = 0; i < expr.ops.size(); ++i) {
    Value right = evaluate(*expr.items[i + 1]);
    line_ = expr.line;
    if (!compare(heap_, expr.ops[i], left, right)) return Value::of(false);
    left = std::move(right);
  }
  return Value::of(true);
}

Value Interpreter::evaluate_concat(const Expr& expr) {
  TextBuilder out(heap_);
  for (const ExprPtr& item : expr.items) append_str(out, evaluate(*item));
  return Value::of(out.finish());
}

Value Interpreter::evaluate_condition(const Expr& expr) {
  if (is_true(evaluate(*expr.items[1]))) return evaluate(*expr.items[0]);
  if (expr.items[2] != nullptr) return evaluate(*expr.items[2]);
  return make_undefined(heap_, "the inline if-expression on line " + std::to_string(expr.line) +
                                   " evaluated to false and no else section was defined.");
}

Value Interpreter::evaluate_subscript(const Expr& expr) {
  const Value object = evaluate(*expr.items[0]);
  const Expr& key = *expr.items[1];
  if (key.kind != ExprKind::Slice) {
    const Value index = evaluate(key);
    line_ = expr.line;
    return item(object, index);
  }
  const auto part = [&](std::size_t i) {
    return key.items[i] == nullptr ? Value::none() : evaluate(*key.items[i]);
  };
  const Value start = part(0);
  const Value end = part(1);
  const Value step = part(2);
  line_ = expr.line;
  return slice(object, start, end, step);
}

/// `input`: what flows into the innermost filter of a block's chain, whose own input is null.
Value Interpreter::evaluate_filter(const Expr& expr, std::optional<Value> input) {
  const Deeper deeper(*this);
  Value value;
  if (expr.items[0] == nullptr) {
    value = std::move(*input);
  } else if (input) {
    value = evaluate_filter(*expr.items[0], std::move(input));
  } else {
    value = evaluate(*expr.items[0]);
  }
  const Args args = evaluate_arguments(*expr.arguments);
  line_ = expr.line;
  return filter(expr.name, value, args);
}

Args Interpreter::evaluate_arguments(const Arguments& arguments) {
  Args out;
  out.positional.reserve(arguments.positional.size());
  for (const ExprPtr& expr : arguments.positional) out.positional.push_back(evaluate(*expr));
  for (const auto& [name, expr] : arguments.named) out.named.emplace_back(name, evaluate(*expr));
  if (arguments.unpacked_list != nullptr) {
    const Value list = evaluate(*arguments.unpacked_list);
    for (Value& value : items_of(heap_, list)) out.positional.push_back(std::move(value));
  }
  if (arguments.unpacked_dict == nullptr) return out;
  const Value dict = evaluate(*arguments.unpacked_dict);
  refuse_undefined(dict);
  if (!dict.is(Kind::Dict)) stop("argument after ** must be a mapping, not " + type_name(dict));
  for (const auto& [key, value] : dict.as<DictObject>().entries) {
    if (!key.is_string()) stop("keywords must be strings");
    for (const auto& [name, unused] : out.named) {
      if (name == key.bytes()) stop("got multiple values for keyword argument '" + name + "'");
    }
    out.named.emplace_back(std::string(key.bytes()), value);
  }
  return out;
}

}  // namespace croft::jinja
