#include "cli/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "base/check.h"

namespace croft::cli {
namespace {

template <typename Number>
std::optional<Number> parse_number(const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

std::optional<bool> parse_flag(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

bool in_range(const OptionSpec& option, double value) {
  return std::isfinite(value) && value >= option.min && value <= option.max;
}

std::unexpected<Error> wrong_value(const OptionSpec& option, const std::string& text,
                                   const std::string& place, const std::string& expected) {
  return fail(
      ErrorCode::InvalidArgument,
      place + " is '" + text + "', but " + std::string(option.name) + " must be " + expected, {},
      std::string(option.name));
}

/// Whether a TOML value of this kind may stand for the option: no guessing of "8080" as a number.
bool kind_fits(OptionKind option, TomlKind toml) {
  switch (option) {
    case OptionKind::Flag:
      return toml == TomlKind::Flag;
    case OptionKind::Integer:
      return toml == TomlKind::Integer;
    case OptionKind::Real:
      return toml == TomlKind::Real || toml == TomlKind::Integer;
    case OptionKind::List:
      return toml == TomlKind::Texts || toml == TomlKind::Text;
    case OptionKind::Text:
    case OptionKind::Path:
    case OptionKind::Choice:
      return toml == TomlKind::Text;
  }
  return false;
}

std::string_view kind_name(OptionKind kind) {
  switch (kind) {
    case OptionKind::Flag:
      return "true or false";
    case OptionKind::Integer:
      return "a whole number";
    case OptionKind::Real:
      return "a number";
    case OptionKind::List:
      return "an array of strings";
    case OptionKind::Text:
    case OptionKind::Path:
    case OptionKind::Choice:
      break;
  }
  return "a string";
}

/// "a,b" -> {"a", "b"}: how a list is written in the environment.
std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    if (comma > begin) parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

Result<Setting> resolve_one(const VerbSpec* verb, const OptionSpec& option,
                            const ParsedArguments* flags, const Environment& environment,
                            std::span<const ConfigValue> file) {
  Setting setting{.option = &option, .values = {}, .origin = Origin::Default, .place = "default"};
  if (!option.fallback.empty()) setting.values = {std::string(option.fallback)};
  if (option.kind == OptionKind::Flag) setting.values = {"false"};

  if (option.in_file) {
    const std::string key = config_key(verb, option);
    for (const ConfigValue& value : file) {  // later files win
      if (value.key != key) continue;
      if (!kind_fits(option.kind, value.kind))
        return fail(ErrorCode::InvalidArgument,
                    value.place() + ": " + key + " must be " + std::string(kind_name(option.kind)),
                    {}, key);
      setting = {&option, value.values, Origin::File, value.place()};
    }
  }
  const auto text =
      option.in_environment ? environment(environment_name(option)) : std::optional<std::string>{};
  if (text) {
    const bool is_list = option.kind == OptionKind::List;
    setting = {&option, is_list ? split_commas(*text) : std::vector{*text}, Origin::Environment,
               environment_name(option)};
  }
  if (flags != nullptr) {
    const auto given = flags->options.find(option.name);
    if (given != flags->options.end()) {
      const bool is_list = option.kind == OptionKind::List;
      setting = {&option, is_list ? given->second : std::vector{given->second.back()}, Origin::Flag,
                 "--" + std::string(option.name)};
    }
  }
  for (const std::string& value : setting.values) {
    auto checked = check_value(option, value, setting.place);
    if (!checked) return std::unexpected(std::move(checked).error());
  }
  return setting;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
}

Result<void> check_value(const OptionSpec& option, const std::string& text,
                         const std::string& place) {
  const auto refuse = [&](const std::string& expected) {
    return wrong_value(option, text, place, expected);
  };
  switch (option.kind) {
    case OptionKind::Integer: {
      const auto value = parse_number<std::int64_t>(text);
      if (!value || !in_range(option, static_cast<double>(*value)))
        return refuse("a whole number from " + value_range(option));
      return {};
    }
    case OptionKind::Real: {
      const auto value = parse_number<double>(text);
      if (!value || !in_range(option, *value))
        return refuse("a number from " + value_range(option));
      return {};
    }
    case OptionKind::Choice: {
      const auto choices = split_choices(option.choices);
      if (std::ranges::find(choices, text) == choices.end()) return refuse(value_range(option));
      return {};
    }
    case OptionKind::Flag:
      if (!parse_flag(text)) return refuse("true or false");
      return {};
    case OptionKind::Path:
      if (text.empty()) return refuse("a path");
      return {};
    case OptionKind::Text:
    case OptionKind::List:
      return {};
  }
  return {};
}

Result<std::vector<Setting>> resolve_settings(const VerbSpec* verb, const ParsedArguments* flags,
                                              const Environment& environment,
                                              std::span<const ConfigValue> file) {
  std::vector<Setting> settings;
  for (const OptionSpec& option : verb == nullptr ? global_options() : verb->options) {
    Setting setting = TRY(resolve_one(verb, option, flags, environment, file));
    settings.push_back(std::move(setting));
  }
  return settings;
}

Result<Settings> Settings::create(ParsedArguments parsed, const Environment& environment,
                                  std::span<const ConfigValue> file) {
  Settings settings;
  settings.parsed_ = std::move(parsed);
  const ParsedArguments& flags = settings.parsed_;
  settings.settings_ = TRY(resolve_settings(flags.verb, &flags, environment, file));
  std::vector<Setting> globals = TRY(resolve_settings(nullptr, &flags, environment, file));
  std::ranges::move(globals, std::back_inserter(settings.settings_));
  for (const Setting& setting : settings.settings_)
    if (setting.option->required && setting.values.empty())
      return fail(ErrorCode::InvalidArgument,
                  "'" + std::string(flags.verb->name) + "' needs --" +
                      std::string(setting.option->name) + " " +
                      std::string(setting.option->value_name) + ": " +
                      std::string(setting.option->help),
                  "`croft help " + std::string(flags.verb->name) + "` lists the options",
                  std::string(setting.option->name));
  return settings;
}

const Setting& Settings::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      settings_, [&](const Setting& setting) { return setting.option->name == name; });
  CHECK(found != settings_.end());
  return *found;
}

bool Settings::flag(std::string_view name) const {
  return parse_flag(find(name).values.front()).value_or(false);
}

std::int64_t Settings::integer(std::string_view name) const {
  const Setting& setting = find(name);
  CHECK(!setting.values.empty());
  return parse_number<std::int64_t>(setting.values.front()).value_or(0);
}

std::size_t Settings::size(std::string_view name) const {
  const std::int64_t value = integer(name);
  CHECK(value >= 0);
  return static_cast<std::size_t>(value);
}

double Settings::real(std::string_view name) const {
  const Setting& setting = find(name);
  CHECK(!setting.values.empty());
  return parse_number<double>(setting.values.front()).value_or(0.0);
}

const std::string& Settings::text(std::string_view name) const {
  static const std::string none;
  const Setting& setting = find(name);
  return setting.values.empty() ? none : setting.values.front();
}

const std::vector<std::string>& Settings::list(std::string_view name) const {
  return find(name).values;
}

bool Settings::has_value(std::string_view name) const {
  return !find(name).values.empty();
}

Origin Settings::origin(std::string_view name) const {
  return find(name).origin;
}

}  // namespace croft::cli
