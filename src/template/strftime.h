#pragma once
/// Python's datetime.strftime in the C locale.

#include <chrono>
#include <string>
#include <string_view>

namespace croft::jinja {

/// `now` is local calendar time without a zone: %z and %Z are empty, as for Python's naive
/// datetime.
std::string format_time(std::string_view format, std::chrono::sys_seconds now);

}  // namespace croft::jinja
