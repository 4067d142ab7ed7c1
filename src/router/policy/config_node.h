#pragma once
/// A configuration as a tree: values, lists and tables, each with its place, so that a mistake can
/// be named by file, line and key. Who reads TOML, YAML or JSON fills it; who parses sees no
/// library.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace croft {

enum class NodeKind : std::uint8_t {
  Text,
  Integer,
  Real,
  Flag,
  List,
  Table,
  Null,   ///< YAML and JSON have one
  Other,  ///< a date, a number out of range: nothing that a setting can be
};

struct ConfigNode {
  NodeKind kind = NodeKind::Table;
  std::string name;                         ///< in its table; "[2]" in a list
  std::string key;                          ///< from the root: routes."croft/auto".rules[2].when
  std::shared_ptr<const std::string> file;  ///< null: unknown
  std::size_t line = 0;                     ///< from 1; 0: unknown

  std::string text;  ///< of Text; of numbers and Other how they were written, where known
  std::int64_t integer = 0;
  double real = 0.0;  ///< of Real, and of Integer too
  bool flag = false;
  std::vector<ConfigNode> items;  ///< of a List and of a Table, in the order of the file

  /// Of a Table; null where it has no such member.
  [[nodiscard]] const ConfigNode* find(std::string_view member) const;
  /// "croft.toml:12", or the file alone, or "(no file)".
  [[nodiscard]] std::string place() const;
  [[nodiscard]] std::filesystem::path folder() const;  ///< of the file: paths are relative to it
};

/// "a string", "a table" ...
[[nodiscard]] std::string_view node_kind_text(NodeKind kind);

/// The key of a member: dotted, quoted where TOML asks for it.
[[nodiscard]] std::string member_key(std::string_view table_key, std::string_view name);

/// Adds what `later` has to `base`: entries of its tables (`upstreams.NAME`, `router.currency`)
/// replace those of the same name as a whole, never in part: half of an old upstream under a new
/// URL would send keys to the wrong place.
void merge_entries(ConfigNode& base, ConfigNode later);

}  // namespace croft
