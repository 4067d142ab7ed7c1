#pragma once
/// Jinja's tests: `value is NAME(arguments)`.

#include <string_view>

#include "template/interpreter.h"

namespace croft::jinja {

using TestFunction = bool (*)(Interpreter&, const Value& input, const Args& args);
/// Null where Jinja has no such test.
[[nodiscard]] TestFunction find_test(std::string_view name);

}  // namespace croft::jinja
