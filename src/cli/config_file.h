#pragma once
/// croft.toml: settings read flat, every value with its dotted key, file and line; the router's
/// tables as a tree. toml++ is seen by config_file.cpp only.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/policy/config_node.h"

namespace croft::cli {

/// The kind of TOML value, so that `port = "8080"` can be refused.
enum class TomlKind : std::uint8_t { Text, Integer, Real, Flag, Texts };

struct ConfigValue {
  std::string key;                  ///< "serve.port"
  std::vector<std::string> values;  ///< one, or the elements of an array of strings
  TomlKind kind = TomlKind::Text;
  std::filesystem::path file;
  std::size_t line = 0;

  /// "/etc/croft/croft.toml:12"
  [[nodiscard]] std::string place() const;
};

/// Parses the text of one file; the router's tables are left out. Errors: InvalidArgument, with
/// file and line (TOML syntax; a date or an array of anything but strings).
Result<std::vector<ConfigValue>> parse_config(std::string_view text,
                                              const std::filesystem::path& file);

/// The router's tables (`upstreams`, `models`, `routes`, `router`) of one file's text, in the
/// file's order; empty where it has none. What is in them is not judged here. Errors:
/// InvalidArgument (TOML syntax).
Result<ConfigNode> parse_router_tables(std::string_view text, const std::filesystem::path& file);

/// The router's tables of the files that load_config reads; entries of later ones replace earlier
/// ones as a whole. Errors: NotFound, Io; InvalidArgument (TOML syntax).
Result<ConfigNode> load_router_tables(const std::filesystem::path& explicit_file);

/// Reads the files that exist among the system's and the user's croft.toml and the *.toml of a
/// conf.d folder beside each; later values win. `explicit_file`, where not empty, is read instead
/// and must exist. Errors: NotFound (explicit_file); Io (unreadable); as parse_config;
/// InvalidArgument for a key that the options table does not have, with a near name.
Result<std::vector<ConfigValue>> load_config(const std::filesystem::path& explicit_file);

/// Files that load_config reads, in order; those of conf.d included.
[[nodiscard]] std::vector<std::filesystem::path> config_files(
    const std::filesystem::path& explicit_file);

/// The user's file, $XDG_CONFIG_HOME/croft/croft.toml or its default; empty without a home folder.
[[nodiscard]] std::filesystem::path user_config_file();

}  // namespace croft::cli
