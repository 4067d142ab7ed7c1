#include "template/check_names.h"

#include <algorithm>

#include "template/failure.h"
#include "template/filters.h"
#include "template/tests.h"

namespace croft::jinja {
namespace {

/// Whether an unknown name is refused now or when it is met.
enum class Refuse : std::uint8_t { Now, WhenMet };

void check(const Expr* expr, Refuse refuse) {
  if (expr == nullptr) return;
  if (expr->kind == ExprKind::Condition) refuse = Refuse::WhenMet;
  if (refuse == Refuse::Now) {
    if (expr->kind == ExprKind::Filter && find_filter(expr->name) == nullptr)
      stop("No filter named '" + expr->name + "'.", expr->line);
    if (expr->kind == ExprKind::Test && find_test(expr->name) == nullptr)
      stop("No test named '" + expr->name + "'.", expr->line);
  }
  for (const ExprPtr& item : expr->items) check(item.get(), refuse);
  if (expr->arguments == nullptr) return;
  for (const ExprPtr& argument : expr->arguments->positional) check(argument.get(), refuse);
  for (const auto& [name, argument] : expr->arguments->named) check(argument.get(), refuse);
  check(expr->arguments->unpacked_list.get(), refuse);
  check(expr->arguments->unpacked_dict.get(), refuse);
}

bool sets_loop(const Target& target) {
  return (target.kind == Target::Kind::Name && target.name == "loop") ||
         std::any_of(target.items.begin(), target.items.end(), sets_loop);
}

void check(const Stmt& statement, Refuse refuse, bool in_loop);

void check(const Body& body, Refuse refuse, bool in_loop) {
  for (const auto& statement : body) check(*statement, refuse, in_loop);
}

/// The expressions that belong to the names around the statement.
void check_outer(const Stmt& statement, Refuse refuse) {
  switch (statement.kind) {
    case StmtKind::If:
      for (const ExprPtr& expr : statement.exprs) check(expr.get(), Refuse::WhenMet);
      return;
    case StmtKind::For:
      check(statement.exprs[0].get(), refuse);
      check(statement.exprs[1].get(), Refuse::Now);
      return;
    case StmtKind::SetBlock:
    case StmtKind::FilterBlock:
    case StmtKind::Autoescape:
      refuse = Refuse::Now;
      break;
    default:
      break;
  }
  for (const ExprPtr& expr : statement.exprs) check(expr.get(), refuse);
}

void check(const Stmt& statement, Refuse refuse, bool in_loop) {
  in_loop |= statement.kind == StmtKind::For;
  if (in_loop && std::any_of(statement.targets.begin(), statement.targets.end(), sets_loop))
    stop("Can't assign to special loop variable in for-loop target", statement.line);
  check_outer(statement, refuse);
  if (statement.signature != nullptr) {
    for (const ExprPtr& expr : statement.signature->defaults) check(expr.get(), Refuse::Now);
  }
  const Refuse inner = statement.kind == StmtKind::If ? Refuse::WhenMet : Refuse::Now;
  for (const Body& body : statement.bodies) check(body, inner, in_loop);
}

}  // namespace

void check_names(const ProgramTree& program) {
  check(program.body, Refuse::Now, false);
}

}  // namespace croft::jinja
