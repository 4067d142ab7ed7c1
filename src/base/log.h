#pragma once
/// Logging to stderr behind one small header (spdlog lives in log.cpp only). Never pass prompt text
/// here unless the operator asked for it (threats.md A3).

#include <string_view>

namespace croft {

enum class LogLevel : unsigned char { Debug, Info, Warning, Error, Off };

/// Sets the level and, with `json`, one JSON object per line. Call once at start.
void init_log(LogLevel level, bool json);
void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

}  // namespace croft
