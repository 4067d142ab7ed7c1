#pragma once
/// A foreign configuration while it is imported: it remembers what was taken from it, so that the
/// rest can be listed. That nothing is lost in silence follows from this, not from care.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "router/policy/config_node.h"
#include "router/policy/import/import_router.h"

namespace croft {

class ForeignTree {
 public:
  explicit ForeignTree(const ConfigNode& root) : root_(root) {}

  [[nodiscard]] const ConfigNode& root() const { return root_; }

  /// A table or list to go into, null where it is none; not taken yet.
  [[nodiscard]] static const ConfigNode* table(const ConfigNode* node, std::string_view name);
  [[nodiscard]] static const ConfigNode* list(const ConfigNode* node, std::string_view name);

  /// The value of a member, which counts as taken; none where it is absent or of another kind.
  std::optional<std::string> text(const ConfigNode* table, std::string_view name);
  std::optional<double> number(const ConfigNode* table, std::string_view name);
  std::optional<bool> flag(const ConfigNode* table, std::string_view name);

  void take(const ConfigNode& node);  ///< with all that is in it
  void note(ImportNoteKind kind, const ConfigNode& node, std::string reason);
  /// Not carried over: noted once, with all that is in it.
  void drop(const ConfigNode& node, std::string reason);

  /// Why a key of this name is not carried over; empty: nothing particular.
  using Reasons = std::string_view (*)(std::string_view name);
  /// Notes what was not taken, whole tables as one, in the order of the file.
  std::vector<ImportNote> finish(Reasons reasons);

 private:
  [[nodiscard]] bool any_taken(const ConfigNode& node) const;
  void list_rest(const ConfigNode& node, Reasons reasons);

  const ConfigNode& root_;
  std::unordered_set<const ConfigNode*> taken_;
  std::vector<ImportNote> notes_;
};

/// Text that goes into a TOML file.
[[nodiscard]] std::string toml_text(std::string_view value);  ///< quoted and escaped
[[nodiscard]] std::string toml_number(double value);
[[nodiscard]] std::string toml_texts(const std::vector<std::string>& values);
[[nodiscard]] std::string toml_comment(
    std::string_view value);  ///< one line, no control characters

}  // namespace croft
