#pragma once
/// What is wrong with a configuration: all of it at once, each with file, line and key.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/policy/config_node.h"

namespace croft {

struct ConfigProblem {
  bool is_error = true;  ///< else a warning: it works, and hardly as meant
  std::string place;     ///< "croft.toml:12"
  std::string key;       ///< upstreams.openai.url
  std::string message;   ///< what is wrong, without place
  std::string hint;      ///< what to do, may be empty

  /// "croft.toml:12: upstreams.openai.url MESSAGE".
  [[nodiscard]] std::string sentence() const;
};

class Problems {
 public:
  void error(const ConfigNode& node, std::string message, std::string hint = {});
  void warning(const ConfigNode& node, std::string message, std::string hint = {});

  [[nodiscard]] const std::vector<ConfigProblem>& list() const { return list_; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::size_t warnings() const { return warnings_; }

 private:
  void add(bool is_error, const ConfigNode& node, std::string message, std::string hint);

  std::vector<ConfigProblem> list_;  ///< at most problems_max; the counts go on
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

inline constexpr std::size_t problems_max = 200;

/// The first error as one InvalidArgument, with how many more there are. Requires an error.
[[nodiscard]] Error first_error(const std::vector<ConfigProblem>& problems);

/// "Did you mean X?" for the closest of `known`, else a list of them (at most 12).
[[nodiscard]] std::string did_you_mean(std::string_view wrong, std::span<const std::string> known);

}  // namespace croft
