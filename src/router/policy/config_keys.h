#pragma once
/// Every key of the router's tables, once: what the parser accepts, checks and defaults to, and
/// what docs/routing-config.md says (made by key_reference()).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croft {

enum class KeyKind : std::uint8_t {
  Text,
  Choice,
  Path,  ///< relative to the file that names it
  Integer,
  Real,
  Flag,
  Texts,  ///< one string, or an array of them
  Table,
  Tables,  ///< an array of tables
};

struct KeySpec {
  std::string_view name;
  KeyKind kind = KeyKind::Text;
  std::string_view fallback = {};  ///< as it is written in the file; empty: none
  double min = 0.0;                ///< of numbers, both ends included
  double max = 0.0;
  std::string_view unit = {};
  std::string_view choices = {};  ///< of Choice, separated by '|'
  std::string_view help;          ///< Markdown, no full stop
};

[[nodiscard]] std::span<const KeySpec> upstream_keys();   ///< [upstreams.NAME]
[[nodiscard]] std::span<const KeySpec> model_keys();      ///< [models.NAME]
[[nodiscard]] std::span<const KeySpec> route_keys();      ///< [routes."NAME"]
[[nodiscard]] std::span<const KeySpec> rule_keys();       ///< [[routes."NAME".rules]]
[[nodiscard]] std::span<const KeySpec> condition_keys();  ///< `when`, `any`, `all`, `not`
[[nodiscard]] std::span<const KeySpec> router_keys();     ///< [router]
[[nodiscard]] std::span<const KeySpec> privacy_keys();    ///< [privacy]
[[nodiscard]] std::span<const KeySpec> pattern_keys();    ///< [[privacy.patterns]]

/// The top-level tables that belong to the router; the flat settings leave them alone.
[[nodiscard]] std::span<const std::string_view> router_tables();

[[nodiscard]] std::vector<std::string> key_names(std::span<const KeySpec> keys);
[[nodiscard]] std::vector<std::string_view> key_choices(const KeySpec& key);
/// What a value must be: "a whole number from 1 to 10 (seconds)", "one of a, b".
[[nodiscard]] std::string expected_value(const KeySpec& key);

/// docs/routing-config.md.
[[nodiscard]] std::string key_reference();

}  // namespace croft
