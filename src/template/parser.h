#pragma once
/// Statements: source text to program. Throws Failure.

#include <string_view>

#include "template/ast.h"

namespace croft::jinja {

ProgramTree parse_program(std::string_view source);

}  // namespace croft::jinja
