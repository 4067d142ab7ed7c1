// Goal: no header makes the reader of `traceparent` crash, and what it accepts is written back as
// the same trace. Method: parse any bytes; compare with what was read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "router/trace/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parent = parse_traceparent(text);
  const TraceContext context = begin_trace(text, 0.5);
  CHECK(context.span_id != 0 && context.trace_id != TraceId{});
  CHECK((context.parent_id != 0) == parent.has_value());
  if (!parent) return 0;
  const std::string written = traceparent_text(context, parent->parent_id);
  // All but version and flags, which are ours to set.
  CHECK(written.substr(2, 51) == text.substr(2, 51));
  CHECK(parse_traceparent(written)->sampled == parent->sampled);
  return 0;
}
