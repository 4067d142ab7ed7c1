#include "template/interpreter.h"

#include <algorithm>

#include "template/filters.h"
#include "template/from_json.h"
#include "template/globals.h"
#include "template/interpreter_guards.h"
#include "template/tests.h"

namespace croft::jinja {

const Value* Scope::find(std::uint32_t symbol) const {
  for (const auto& [name, value] : values) {
    if (name == symbol) return &value;
  }
  return nullptr;
}

void Scope::set(std::uint32_t symbol, Value value) {
  for (auto& [name, old] : values) {
    if (name != symbol) continue;
    old = std::move(value);
    return;
  }
  values.emplace_back(symbol, std::move(value));
}

Interpreter::Interpreter(const ProgramTree& program, const RenderOptions& options)
    : program_(program), options_(options), heap_(options.steps_max) {}

MarkedText Interpreter::run(const json::object& context) {
  Scope* globals = heap_.make<Scope>(0, nullptr);
  root_ = heap_.make<Scope>(0, globals);
  // Only names that the program mentions are looked up: the context may hold much more.
  for (std::uint32_t symbol = 0; symbol < program_.symbols.size(); ++symbol) {
    const std::string& name = program_.symbols[symbol];
    if (symbol == static_cast<std::uint32_t>(WellKnown::Self)) continue;
    if (const json::value* member = context.if_contains(name)) {
      const auto& trusted = options_.trusted_keys;
      const bool is_trusted = std::find(trusted.begin(), trusted.end(), name) != trusted.end();
      globals->set(symbol, from_json(heap_, *member, is_trusted));
    } else if (const Value global = make_global(heap_, name); !global.is_missing()) {
      globals->set(symbol, global);
    }
  }
  globals->set(static_cast<std::uint32_t>(WellKnown::Self), Value::of(Kind::Template, nullptr));
  TextBuilder out(heap_, options_.output_bytes_max);
  const InScope in_root(*this, root_);
  execute(program_.body, out);
  return out.finish_marked();
}

Value Interpreter::filter(std::string_view name, const Value& input, const Args& args) {
  const FilterFunction function = find_filter(name);
  if (function == nullptr) stop("No filter named '" + std::string(name) + "'.");
  heap_.step();
  return function(*this, input, args);
}

bool Interpreter::test(std::string_view name, const Value& input, const Args& args) {
  const TestFunction function = find_test(name);
  if (function == nullptr) stop("No test named '" + std::string(name) + "'.");
  heap_.step();
  return function(*this, input, args);
}

}  // namespace croft::jinja
