#pragma once
/// The settings of one run: flag, else environment, else croft.toml, else default; each checked
/// once, here.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/config_file.h"
#include "cli/options.h"
#include "cli/parse.h"

namespace croft::cli {

enum class Origin : std::uint8_t { Flag, Environment, File, Default };

struct Setting {
  const OptionSpec* option = nullptr;
  std::vector<std::string> values;  ///< empty: no value and no default
  Origin origin = Origin::Default;
  std::string place;  ///< "--port", "CROFT_PORT", "/etc/croft/croft.toml:12", "default"
};

/// Value of an environment variable; nullopt where unset or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// Resolves the options of one verb (null: the global ones). `flags` may be null.
/// Errors: InvalidArgument (out of range, wrong kind; the place is named).
Result<std::vector<Setting>> resolve_settings(const VerbSpec* verb, const ParsedArguments* flags,
                                              const Environment& environment,
                                              std::span<const ConfigValue> file);

/// What a verb's code sees. Asking for a name that the table does not have is a bug (CHECK).
class Settings {
 public:
  /// Errors: as resolve_settings; InvalidArgument for a required option without a value.
  static Result<Settings> create(ParsedArguments parsed, const Environment& environment,
                                 std::span<const ConfigValue> file);

  [[nodiscard]] const VerbSpec& verb() const { return *parsed_.verb; }
  [[nodiscard]] const std::vector<std::string>& arguments() const { return parsed_.arguments; }
  [[nodiscard]] const ParsedArguments& parsed() const { return parsed_; }

  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] std::size_t size(
      std::string_view name) const;  ///< an Integer whose minimum is >= 0
  [[nodiscard]] double real(std::string_view name) const;
  [[nodiscard]] const std::string& text(
      std::string_view name) const;  ///< empty where it has no value
  [[nodiscard]] const std::vector<std::string>& list(std::string_view name) const;
  [[nodiscard]] bool has_value(std::string_view name) const;
  [[nodiscard]] Origin origin(std::string_view name) const;

 private:
  [[nodiscard]] const Setting& find(std::string_view name) const;

  ParsedArguments parsed_;
  std::vector<Setting> settings_;
};

/// Whether `text` can be the value of `option`; the error names `place`.
Result<void> check_value(const OptionSpec& option, const std::string& text,
                         const std::string& place);

}  // namespace croft::cli
