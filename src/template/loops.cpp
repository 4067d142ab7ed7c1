// The for loop of Interpreter and what templates see as `loop`.

#include "template/interpreter_guards.h"
#include "template/operators.h"
#include "template/print.h"

namespace croft::jinja {

Interpreter::Flow Interpreter::execute_for(const Stmt& statement, TextBuilder& out) {
  const Value iterable = evaluate(*statement.exprs[0]);
  auto* loop = heap_.make<LoopObject>(0);
  loop->statement = &statement;
  loop->scope = scope_;
  loop->items = items_of(heap_, iterable);
  heap_.charge(loop->items.capacity() * sizeof(Value));
  return run_loop(*loop, out);
}

Interpreter::Flow Interpreter::run_loop(LoopObject& loop, TextBuilder& out) {
  const Stmt& statement = *loop.statement;
  const InScope in_outer(*this, loop.scope);
  bool ended_body = false;
  while (advance(loop)) {
    heap_.step();
    const InScope in_body(*this, heap_.make<Scope>(2 * sizeof(Value), loop.scope));
    scope_->set(static_cast<std::uint32_t>(WellKnown::Loop), Value::of(Kind::Loop, &loop));
    assign(statement.targets[0], loop.current);
    const Flow flow = execute(statement.bodies[0], out);
    if (flow == Flow::Break) break;
    ended_body |= flow == Flow::Normal;
  }
  // Unlike Python's: Jinja runs `else` unless the end of the body was reached at least once.
  if (ended_body) return Flow::Normal;
  return execute_in_scope(statement.bodies[1], loop.scope, out);
}

/// The next item that passes the loop's `if`. Lazily: the test may read what the body has changed.
std::optional<Value> Interpreter::draw(LoopObject& loop) {
  const Expr* condition = loop.statement->exprs[1].get();
  while (loop.next < loop.items.size()) {
    Value item = loop.items[loop.next++];
    if (condition == nullptr || loop.is_filtered) return item;
    const InScope in_test(*this, heap_.make<Scope>(sizeof(Value), loop.scope));
    assign(loop.statement->targets[0], item);
    if (is_true(evaluate(*condition))) return item;
  }
  return std::nullopt;
}

bool Interpreter::peek(LoopObject& loop) {
  if (!loop.peeked && !loop.peeked_end) {
    loop.peeked = draw(loop);
    loop.peeked_end = !loop.peeked;
  }
  return loop.peeked.has_value();
}

bool Interpreter::advance(LoopObject& loop) {
  if (!peek(loop)) return false;
  ++loop.index0;
  loop.before = std::move(loop.current);
  loop.current = std::move(*loop.peeked);
  loop.peeked.reset();
  return true;
}

std::int64_t Interpreter::loop_length(LoopObject& loop) {
  if (loop.length) return *loop.length;
  if (loop.statement->exprs[1] == nullptr) {
    loop.length = static_cast<std::int64_t>(loop.items.size());
    return *loop.length;
  }
  // A filtered loop has to be drawn to its end to be counted.
  const std::int64_t drawn = loop.index0 + 1 + (loop.peeked ? 1 : 0);
  std::vector<Value> rest;
  while (std::optional<Value> item = draw(loop)) rest.push_back(std::move(*item));
  loop.length = drawn + static_cast<std::int64_t>(rest.size());
  loop.items = std::move(rest);
  loop.next = 0;
  loop.is_filtered = true;
  if (!loop.peeked) loop.peeked_end = false;
  return *loop.length;
}

Value Interpreter::loop_attribute(const Value& value, std::string_view name) {
  auto& loop = value.as<LoopObject>();
  const std::int64_t index = loop.index0 + 1;
  if (name == "index") return Value::of(index);
  if (name == "index0") return Value::of(loop.index0);
  if (name == "first") return Value::of(loop.index0 == 0);
  if (name == "last") return Value::of(!peek(loop));
  if (name == "length") return Value::of(loop_length(loop));
  if (name == "revindex") return Value::of(loop_length(loop) - loop.index0);
  if (name == "revindex0") return Value::of(loop_length(loop) - index);
  if (name == "depth") return Value::of(loop.depth);
  if (name == "depth0") return Value::of(loop.depth - 1);
  if (name == "previtem") {
    return loop.index0 == 0 ? make_undefined(heap_, "there is no previous item") : loop.before;
  }
  if (name == "nextitem")
    return peek(loop) ? *loop.peeked : make_undefined(heap_, "there is no next item");
  if (name != "cycle" && name != "changed") return {};
  auto* method = heap_.make<MethodObject>(name.size());
  method->self = value;
  method->name = name;
  return Value::of(Kind::Method, method);
}

Value Interpreter::loop_method(const Value& value, std::string_view name, const Args& args) {
  auto& loop = value.as<LoopObject>();
  if (!args.named.empty()) stop("loop." + std::string(name) + "() takes no keyword arguments");
  const std::vector<Value>& values = args.positional;
  if (name == "cycle") {
    if (values.empty()) stop("no items for cycling given");
    return values[static_cast<std::size_t>(loop.index0) % values.size()];
  }
  bool is_same = loop.changed && loop.changed->size() == values.size();
  for (std::size_t i = 0; is_same && i < values.size(); ++i) {
    is_same = equals(heap_, (*loop.changed)[i], values[i]);
  }
  if (!is_same) loop.changed = values;
  return Value::of(!is_same);
}

Value Interpreter::call_loop(LoopObject& loop, const Args& args) {
  if (!loop.statement->recursive) {
    stop("The loop must have the 'recursive' marker to be called recursively.");
  }
  if (args.positional.size() != 1 || !args.named.empty()) stop("loop() takes exactly one argument");
  if (++macro_depth_ > limits::template_depth_max) {
    stop_too_large("the template's loop calls itself more than " +
                   std::to_string(limits::template_depth_max) + " times");
  }
  auto* inner = heap_.make<LoopObject>(0);
  inner->statement = loop.statement;
  inner->scope = loop.scope;
  inner->depth = loop.depth + 1;
  inner->items = items_of(heap_, args.positional[0]);
  heap_.charge(inner->items.capacity() * sizeof(Value));
  TextBuilder out(heap_);
  run_loop(*inner, out);
  --macro_depth_;
  return Value::of(out.finish());
}

}  // namespace croft::jinja
