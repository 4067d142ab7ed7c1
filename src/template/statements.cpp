// The statements of Interpreter, apart from loops and macros.

#include "template/interpreter_guards.h"
#include "template/print.h"

namespace croft::jinja {

Interpreter::Flow Interpreter::execute(const Body& body, TextBuilder& out) {
  for (const auto& statement : body) {
    const Flow flow = execute(*statement, out);
    if (flow != Flow::Normal) return flow;
  }
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const Stmt& statement, TextBuilder& out) {
  const Deeper deeper(*this);
  heap_.step();
  line_ = statement.line;
  switch (statement.kind) {
    case StmtKind::Text:
      out.append(*statement.text);
      return Flow::Normal;
    case StmtKind::Print:
      for (const ExprPtr& expr : statement.exprs) append_str(out, evaluate(*expr));
      return Flow::Normal;
    case StmtKind::If:
      return execute_if(statement, out);
    case StmtKind::For:
      return execute_for(statement, out);
    case StmtKind::Set:
      assign(statement.targets[0], evaluate(*statement.exprs[0]));
      return Flow::Normal;
    case StmtKind::SetBlock:
      return execute_block_set(statement);
    case StmtKind::Macro: {
      auto* macro = heap_.make<MacroObject>(0);
      macro->definition = &statement;
      macro->scope = scope_;
      scope_->set(statement.signature->symbol, Value::of(Kind::Macro, macro));
      return Flow::Normal;
    }
    case StmtKind::CallBlock:
      execute_call_block(statement, out);
      return Flow::Normal;
    case StmtKind::FilterBlock:
      return execute_filter_block(statement, out);
    case StmtKind::With:
      return execute_with(statement, out);
    case StmtKind::Scope:
      return execute_in_scope(statement.bodies[0], scope_, out);
    case StmtKind::Block:
      return execute_in_scope(statement.bodies[0], root_, out);
    case StmtKind::Autoescape:
      if (is_true(evaluate(*statement.exprs[0])))
        stop("autoescape is not supported in chat templates");
      return execute_in_scope(statement.bodies[0], scope_, out);
    case StmtKind::Break:
      return Flow::Break;
    case StmtKind::Continue:
      return Flow::Continue;
  }
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute_if(const Stmt& statement, TextBuilder& out) {
  for (std::size_t i = 0; i < statement.exprs.size(); ++i) {
    if (is_true(evaluate(*statement.exprs[i]))) return execute(statement.bodies[i], out);
  }
  if (statement.bodies.size() > statement.exprs.size())
    return execute(statement.bodies.back(), out);
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute_in_scope(const Body& body, Scope* parent, TextBuilder& out) {
  const InScope in_scope(*this, heap_.make<Scope>(0, parent));
  return execute(body, out);
}

Interpreter::Flow Interpreter::execute_with(const Stmt& statement, TextBuilder& out) {
  std::vector<Value> values;
  values.reserve(statement.exprs.size());
  // All values are taken outside: {% with a = 1, b = a %} does not see its own a.
  for (const ExprPtr& expr : statement.exprs) values.push_back(evaluate(*expr));
  const InScope in_scope(*this, heap_.make<Scope>(values.size() * sizeof(Value), scope_));
  for (std::size_t i = 0; i < values.size(); ++i)
    assign(statement.targets[i], std::move(values[i]));
  return execute(statement.bodies[0], out);
}

Interpreter::Flow Interpreter::execute_block_set(const Stmt& statement) {
  TextBuilder body(heap_);
  const Flow flow = execute_in_scope(statement.bodies[0], scope_, body);
  if (flow != Flow::Normal) return flow;
  Value value = Value::of(body.finish());
  if (statement.exprs[0] != nullptr) value = evaluate_filter(*statement.exprs[0], std::move(value));
  assign(statement.targets[0], std::move(value));
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute_filter_block(const Stmt& statement, TextBuilder& out) {
  TextBuilder body(heap_);
  const Flow flow = execute_in_scope(statement.bodies[0], scope_, body);
  if (flow == Flow::Normal)
    append_str(out, evaluate_filter(*statement.exprs[0], Value::of(body.finish())));
  return flow;
}

void Interpreter::assign(const Target& target, Value value) {
  switch (target.kind) {
    case Target::Kind::Name:
      scope_->set(target.symbol, std::move(value));
      return;
    case Target::Kind::Attribute: {
      Value owner;
      for (const Scope* scope = scope_; scope != nullptr && owner.is_missing();
           scope = scope->parent) {
        if (const Value* found = scope->find(target.symbol)) owner = *found;
      }
      if (!owner.is(Kind::Namespace)) stop("cannot assign attribute on non-namespace object");
      owner.as<NamespaceObject>().members.set(heap_, Value::of(constant_text(target.attribute)),
                                              std::move(value));
      return;
    }
    case Target::Kind::Tuple:
      break;
  }
  if (value.is_undefined()) refuse_undefined(value);
  const std::vector<Value> values = items_of(heap_, value);
  if (values.size() < target.items.size()) {
    stop("not enough values to unpack (expected " + std::to_string(target.items.size()) + ", got " +
         std::to_string(values.size()) + ")");
  }
  if (values.size() > target.items.size()) {
    stop("too many values to unpack (expected " + std::to_string(target.items.size()) + ")");
  }
  for (std::size_t i = 0; i < values.size(); ++i) assign(target.items[i], values[i]);
}

}  // namespace croft::jinja
