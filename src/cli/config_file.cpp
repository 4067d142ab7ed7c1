#include "cli/config_file.h"

// Debian ships toml++ as a header and a library; the header alone needs no further package at run
// time.
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/options.h"

namespace croft::cli {
namespace {

constexpr const char* kSystemFile = "/etc/croft/croft.toml";

std::string at(const std::filesystem::path& file, std::size_t line) {
  return file.string() + ":" + std::to_string(line);
}

/// The values of one node, or nothing where it is of no kind that an option can have.
bool read_scalar(const toml::node& node, ConfigValue& out) {
  if (const auto* text = node.as_string()) {
    out.kind = TomlKind::Text;
    out.values = {text->get()};
  } else if (const auto* integer = node.as_integer()) {
    out.kind = TomlKind::Integer;
    out.values = {std::to_string(integer->get())};
  } else if (const auto* real = node.as_floating_point()) {
    std::ostringstream written;
    written << real->get();
    out.kind = TomlKind::Real;
    out.values = {written.str()};
  } else if (const auto* flag = node.as_boolean()) {
    out.kind = TomlKind::Flag;
    out.values = {flag->get() ? "true" : "false"};
  } else {
    return false;
  }
  return true;
}

bool read_texts(const toml::node& node, ConfigValue& out) {
  const auto* array = node.as_array();
  if (array == nullptr) return false;
  out.kind = TomlKind::Texts;
  for (const auto& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) return false;
    out.values.push_back(text->get());
  }
  return true;
}

Result<void> flatten(const toml::table& table, const std::string& prefix,
                     const std::filesystem::path& file, std::vector<ConfigValue>& out) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    const std::size_t line = node.source().begin.line;
    if (const auto* inner = node.as_table()) {
      auto read = flatten(*inner, path + ".", file, out);
      if (!read) return read;
      continue;
    }
    ConfigValue value{.key = path, .values = {}, .file = file, .line = line};
    if (!read_scalar(node, value) && !read_texts(node, value))
      return fail(ErrorCode::InvalidArgument, at(file, line) + ": " + path + " has no usable value",
                  "Write a string, a number, true, false or an array of strings", path);
    out.push_back(std::move(value));
  }
  return {};
}

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const OptionSpec& option : global_options())
    if (option.in_file) keys.push_back(config_key(nullptr, option));
  for (const VerbSpec& verb : verbs())
    for (const OptionSpec& option : verb.options)
      if (option.in_file) keys.push_back(config_key(&verb, option));
  return keys;
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf() || stream.eof())) {
    // An empty file makes operator<< fail; it is fine all the same.
    std::error_code unreadable;
    if (!stream.is_open() || std::filesystem::file_size(file, unreadable) != 0)
      return fail(ErrorCode::Io, "cannot read the configuration file " + file.string(),
                  "Check its permissions");
  }
  return text.str();
}

void add_with_folder(const std::filesystem::path& file, std::vector<std::filesystem::path>& out) {
  std::error_code ignored;  // an unreadable folder has no files to offer
  if (std::filesystem::exists(file, ignored)) out.push_back(file);
  std::vector<std::filesystem::path> parts;
  for (const auto& entry :
       std::filesystem::directory_iterator(file.parent_path() / "conf.d", ignored))
    if (entry.path().extension() == ".toml") parts.push_back(entry.path());
  std::ranges::sort(parts);
  out.insert(out.end(), parts.begin(), parts.end());
}

}  // namespace

std::string ConfigValue::place() const {
  return at(file, line);
}

Result<std::vector<ConfigValue>> parse_config(std::string_view text,
                                              const std::filesystem::path& file) {
  std::vector<ConfigValue> values;
  try {
    const toml::table table = toml::parse(text, file.string());
    auto read = flatten(table, "", file, values);
    if (!read) return std::unexpected(std::move(read).error());
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::InvalidArgument,
                at(file, error.source().begin.line) + ": " + std::string(error.description()),
                "The file must be TOML; `croft config check` tries it");
  }
  // toml++ keeps a table's keys sorted; a person reads them in the order of the file.
  std::ranges::sort(values, {}, [](const ConfigValue& value) {
    return std::pair(value.line, std::string_view(value.key));
  });
  const std::vector<std::string> known = known_keys();
  for (const ConfigValue& value : values) {
    if (std::ranges::find(known, value.key) != known.end()) continue;
    const std::string near = nearest_name(value.key, known);
    return fail(
        ErrorCode::InvalidArgument, value.place() + ": there is no setting " + value.key,
        near.empty() ? "`croft config show` lists the settings" : "Did you mean " + near + "?",
        value.key);
  }
  return values;
}

std::filesystem::path user_config_file() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder != nullptr && *folder == '/')
    return std::filesystem::path(folder) / "croft" / "croft.toml";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::filesystem::path(home) / ".config" / "croft" / "croft.toml";
  return {};
}

std::vector<std::filesystem::path> config_files(const std::filesystem::path& explicit_file) {
  std::vector<std::filesystem::path> files;
  if (!explicit_file.empty()) {
    files.push_back(explicit_file);
    return files;
  }
  add_with_folder(kSystemFile, files);
  if (const auto user = user_config_file(); !user.empty()) add_with_folder(user, files);
  return files;
}

Result<std::vector<ConfigValue>> load_config(const std::filesystem::path& explicit_file) {
  std::error_code ignored;
  if (!explicit_file.empty() && !std::filesystem::exists(explicit_file, ignored))
    return fail(ErrorCode::NotFound, "there is no configuration file " + explicit_file.string(),
                "Check --config and CROFT_CONFIG");
  std::vector<ConfigValue> all;
  for (const auto& file : config_files(explicit_file)) {
    const std::string text = TRY(read_text(file));
    const std::vector<ConfigValue> values = TRY(parse_config(text, file));
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace croft::cli
