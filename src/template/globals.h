#pragma once
/// The functions a template finds without being given them: range, dict, namespace, raise_exception
/// ...

#include <string_view>

#include "template/value.h"

namespace croft::jinja {

/// The global of that name, or Missing.
Value make_global(Heap& heap, std::string_view name);

}  // namespace croft::jinja
