// Macros, call blocks and calls of Interpreter.

#include <algorithm>

#include "template/interpreter_guards.h"
#include "template/methods.h"
#include "template/print.h"

namespace croft::jinja {
namespace {

/// Takes the named argument out of `named`; Missing where it was not given.
Value take(std::vector<std::pair<std::string, Value>>& named, std::string_view name) {
  const auto found = std::find_if(named.begin(), named.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (found == named.end()) return {};
  Value value = std::move(found->second);
  named.erase(found);
  return value;
}

Value take_caller(Heap& heap, std::vector<std::pair<std::string, Value>>& named) {
  Value caller = take(named, "caller");
  if (caller.is_missing() || caller.is(Kind::None))
    return make_undefined(heap, "No caller defined");
  return caller;
}

}  // namespace

void Interpreter::bind_parameters(const MacroObject& macro, const Args& args, Scope& scope) {
  const Signature& signature = *macro.definition->signature;
  const std::size_t count = signature.parameters.size();
  auto named = args.named;
  std::vector<Value> given(args.positional.begin(),
                           args.positional.begin() + static_cast<std::ptrdiff_t>(
                                                         std::min(count, args.positional.size())));
  for (std::size_t i = given.size(); i < count; ++i)
    given.push_back(take(named, signature.parameters[i].second));
  const bool has_caller_parameter =
      std::any_of(signature.parameters.begin(), signature.parameters.end(),
                  [](const auto& parameter) { return parameter.second == "caller"; });
  if (signature.uses_caller && !has_caller_parameter && signature.name != "caller") {
    scope.set(static_cast<std::uint32_t>(WellKnown::Caller), take_caller(heap_, named));
  }
  if (signature.uses_kwargs) {
    auto* rest = heap_.make<DictObject>(0);
    for (auto& [name, value] : named) rest->set(heap_, make_text(heap_, name), value);
    scope.set(static_cast<std::uint32_t>(WellKnown::Kwargs), Value::of(Kind::Dict, rest));
  } else if (!named.empty()) {
    stop("macro '" + signature.name + "' takes no keyword argument '" + named[0].first + "'");
  }
  if (signature.uses_varargs) {
    std::vector<Value> rest;
    for (std::size_t i = count; i < args.positional.size(); ++i) rest.push_back(args.positional[i]);
    scope.set(static_cast<std::uint32_t>(WellKnown::Varargs), make_tuple(heap_, std::move(rest)));
  } else if (args.positional.size() > count) {
    stop("macro '" + signature.name + "' takes not more than " + std::to_string(count) +
         " argument(s)");
  }
  const std::size_t first_default = count - signature.defaults.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [symbol, name] = signature.parameters[i];
    if (given[i].is_missing()) {
      // Defaults are evaluated at each call and see the parameters before them.
      given[i] = i >= first_default
                     ? evaluate(*signature.defaults[i - first_default])
                     : make_undefined(heap_, "parameter '" + name + "' was not provided");
    }
    scope.set(symbol, given[i]);
  }
}

Value Interpreter::call_macro(const MacroObject& macro, const Args& args) {
  const Deeper deeper(*this);
  if (++macro_depth_ > limits::template_depth_max) {
    stop_too_large("the template's macros call each other more than " +
                   std::to_string(limits::template_depth_max) + " levels deep");
  }
  const std::size_t line = line_;
  const InScope in_macro(*this,
                         heap_.make<Scope>(args.positional.size() * sizeof(Value), macro.scope));
  bind_parameters(macro, args, *scope_);
  TextBuilder out(heap_);
  execute(macro.definition->bodies[0], out);
  --macro_depth_;
  line_ = line;
  return Value::of(out.finish());
}

/// self.NAME: a block of the template, to be called; Missing where it has none of that name.
Value Interpreter::block_reference(const Value& self, std::string_view name) {
  for (const auto& [block, statement] : program_.blocks) {
    if (block != name) continue;
    auto* method = heap_.make<MethodObject>(name.size());
    method->self = self;
    method->name = name;
    return Value::of(Kind::Method, method);
  }
  return {};
}

/// Renders the block again; like every block it sees only the top level's names.
Value Interpreter::call_block(std::string_view name, const Args& args) {
  if (!args.positional.empty() || !args.named.empty()) stop("a block takes no arguments");
  if (++macro_depth_ > limits::template_depth_max) {
    stop_too_large("the template's blocks call each other more than " +
                   std::to_string(limits::template_depth_max) + " levels deep");
  }
  TextBuilder out(heap_);
  for (const auto& [block, statement] : program_.blocks) {
    if (block == name) execute_in_scope(statement->bodies[0], root_, out);
  }
  --macro_depth_;
  return Value::of(out.finish());
}

void Interpreter::execute_call_block(const Stmt& statement, TextBuilder& out) {
  auto* caller = heap_.make<MacroObject>(0);
  caller->definition = &statement;
  caller->scope = scope_;
  const Expr& call_expr = *statement.exprs[0];
  const Value callee = evaluate(*call_expr.items[0]);
  Args args = evaluate_arguments(*call_expr.arguments);
  args.named.emplace_back("caller", Value::of(Kind::Macro, caller));
  line_ = statement.line;
  append_str(out, call(callee, args));
}

Value Interpreter::call(const Value& callee, const Args& args) {
  const Deeper deeper(*this);
  heap_.step();
  switch (callee.kind()) {
    case Kind::Macro:
      return call_macro(callee.as<MacroObject>(), args);
    case Kind::Method:
      return call_method(callee.as<MethodObject>(), args);
    case Kind::Function:
      return callee.as<FunctionObject>().function(*this, args);
    case Kind::Loop:
      return call_loop(callee.as<LoopObject>(), args);
    case Kind::Joiner: {
      auto& joiner = callee.as<JoinerObject>();
      if (!args.positional.empty() || !args.named.empty()) stop("a joiner takes no arguments");
      if (std::exchange(joiner.used, true)) return Value::of(joiner.separator);
      return make_text(heap_, "");
    }
    default:
      refuse_undefined(callee);
      stop("'" + type_name(callee) + "' object is not callable");
  }
}

Value Interpreter::call_method(const MethodObject& method, const Args& args) {
  if (method.self.is(Kind::Template)) return call_block(method.name, args);
  if (method.self.is(Kind::Loop)) return loop_method(method.self, method.name, args);
  return call_native_method(*this, method.self, method.name, args);
}

}  // namespace croft::jinja
