#pragma once
/// Names of models, as people type them. A name becomes folders below the library's root, so
/// everything that could leave it is refused here, once (threats.md S5).
///
///   smollm2, smollm2:135m          a model of the catalogue or one that was imported
///   hf:user/repo, user/repo:q4_k_m a repository of the hub, with the quantization wanted

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

/// A checked name. Each part is 1 to 96 (all together at most 200) characters of [A-Za-z0-9._-] and
/// starts with a letter or digit.
struct ModelName {
  std::string user;   ///< the hub's user or organisation; empty for a model of the library
  std::string model;  ///< family ("smollm2") or repository; a family is lower case
  std::string
      tag;  ///< tag ("135m") or quantization ("q4_k_m"), lower case; empty where none was given

  /// Errors: InvalidArgument, with the part and the rule it breaks.
  static Result<ModelName> parse(std::string_view text);

  [[nodiscard]] bool on_hub() const { return !user.empty(); }
  /// The name written out: "smollm2:135m", "hf:user/repo:q4_k_m".
  [[nodiscard]] std::string text() const;
  /// Folder below the root: "smollm2/135m", "hf/user/repo/q4_k_m". Requires a tag.
  [[nodiscard]] std::filesystem::path folder() const;
};

}  // namespace croft
