#pragma once
/// What Jinja refuses when it compiles a template, though the template parses: filters and tests
/// that do not exist, and a loop that gives the name `loop` a new value.

#include "template/ast.h"

namespace croft::jinja {

/// Throws Failure with the line. A filter or test that does not exist is let through where Jinja
/// puts off its refusal until the expression runs: in an `if` statement or an inline `if`, unless
/// a construct with names of its own (a loop, a macro ...) stands between.
void check_names(const ProgramTree& program);

}  // namespace croft::jinja
