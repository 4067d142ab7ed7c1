#pragma once
/// Reads one table of the configuration by its table of keys: unknown keys, wrong kinds and values
/// out of range become problems; what is read afterwards is right.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/policy/config_keys.h"
#include "router/policy/config_node.h"
#include "router/policy/problems.h"

namespace croft {

/// Looking up a key that `keys` does not have, or not as the kind it is, is a bug (CHECK).
class TableReader {
 public:
  /// Checks every member. `table` that is no table is a problem of its own and reads as empty.
  /// `why_refused` says more about names that are refused on purpose (a key in the configuration).
  using Refusal = std::string_view (*)(std::string_view name);
  TableReader(const ConfigNode& table, std::span<const KeySpec> keys, Problems& problems,
              Refusal why_refused = nullptr);

  /// Null where it was not given, or not as it must be.
  [[nodiscard]] const ConfigNode* given(std::string_view name);
  /// What was given, else the default.
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] std::int64_t integer(std::string_view name);
  [[nodiscard]] double real(std::string_view name);
  [[nodiscard]] bool flag(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);
  [[nodiscard]] std::filesystem::path path(std::string_view name);  ///< empty where not given
  /// Place of the choice in the key's list; `absent` where neither given nor defaulted.
  [[nodiscard]] std::size_t choice(std::string_view name, std::size_t absent);

  /// A problem where it is missing; the hint is the key's help.
  bool require(std::string_view name);

  /// Proves that nothing is accepted and then ignored: every key of the table was asked for.
  void check_all_read() const;

 private:
  void check(const ConfigNode& member, const KeySpec& key);
  const KeySpec& spec(std::string_view name, KeyKind kind);

  const ConfigNode& table_;
  std::span<const KeySpec> keys_;
  Problems& problems_;
  std::vector<const ConfigNode*> members_;  ///< parallel to keys_
  std::vector<bool> asked_;                 ///< parallel to keys_
};

/// The strings of a Texts value: one, or an array of them.
[[nodiscard]] std::vector<std::string> node_texts(const ConfigNode& node);

}  // namespace croft
