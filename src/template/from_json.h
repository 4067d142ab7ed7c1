#pragma once
/// The context as values: what Python's json.loads would have given.

#include "base/json.h"
#include "template/value.h"

namespace croft::jinja {

/// `trusted`: the operator wrote it; otherwise every byte of every string is marked untrusted.
Value from_json(Heap& heap, const json::value& value, bool trusted, std::size_t depth = 0);

}  // namespace croft::jinja
