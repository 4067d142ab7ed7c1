#pragma once
/// The one table of the command line. Flags, environment variables, croft.toml keys, `--help`,
/// shell completions, the man page and docs/cli.md are all made from it; adding an option is adding
/// one row.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croft::cli {

enum class OptionKind : std::uint8_t { Flag, Text, Path, Integer, Real, Choice, List };

/// What a shell should offer as the value.
enum class Completion : std::uint8_t { None, File, Folder, Model };

struct OptionSpec {
  std::string_view name;  ///< long name without dashes: "max-tokens"
  char alias = 0;         ///< one-letter form, 0: none
  OptionKind kind = OptionKind::Text;
  std::string_view value_name = {};  ///< as help shows it: "N"
  std::string_view fallback = {};    ///< default, written as the user would; empty: none
  double min = 0.0;                  ///< of Integer and Real, both ends included
  double max = 0.0;
  std::string_view unit = {};     ///< "tokens", "seconds"
  std::string_view choices = {};  ///< of Choice, separated by '|'
  std::string_view help;          ///< one line, no full stop
  Completion completion = Completion::None;
  bool required = false;
  bool in_environment = true;
  bool in_file = true;  ///< false: makes no sense in croft.toml (--json, --yes)
};

struct ArgumentSpec {
  std::string_view name;  ///< "MODEL"
  std::string_view help;
  Completion completion = Completion::None;
  std::size_t count_min = 1;
  std::size_t count_max = 1;
  std::string_view choices = {};  ///< separated by '|'; empty: anything
};

inline constexpr std::size_t arguments_unlimited = 1'000'000;

struct VerbSpec {
  std::string_view name;     ///< "run", or two words: "template render"
  std::string_view summary;  ///< one line for the list of verbs
  std::string_view details;  ///< a paragraph or two for --help and the manual; may be empty
  std::vector<ArgumentSpec> arguments;
  std::vector<OptionSpec> options;
  bool hidden = false;
};

/// Every verb, in the order help shows them.
[[nodiscard]] const std::vector<VerbSpec>& verbs();
/// Options that every verb accepts, also in front of the verb.
[[nodiscard]] const std::vector<OptionSpec>& global_options();
[[nodiscard]] const VerbSpec* find_verb(std::string_view name);
/// Among the verb's own options, then the global ones; null where neither has it.
[[nodiscard]] const OptionSpec* find_option(const VerbSpec& verb, std::string_view name);

/// "max-tokens" -> "CROFT_MAX_TOKENS".
[[nodiscard]] std::string environment_name(const OptionSpec& option);
/// "serve.key_file" for a verb's option, "models_dir" for a global one (`verb` null).
[[nodiscard]] std::string config_key(const VerbSpec* verb, const OptionSpec& option);
[[nodiscard]] std::vector<std::string_view> split_choices(std::string_view choices);
/// "0 to 65535", "f32, f16, bf16 or q8_0"; empty where any value goes.
[[nodiscard]] std::string value_range(const OptionSpec& option);
/// The candidate closest to `wrong`, or empty where none is close (near_names.h).
[[nodiscard]] std::string nearest_name(std::string_view wrong,
                                       std::span<const std::string> candidates);

// The table's three parts, each in its own file, as is the longest row.
[[nodiscard]] std::vector<VerbSpec> engine_verbs();  ///< run, serve, embed, perplexity, bench, plan
[[nodiscard]] VerbSpec plan_verb_spec();
[[nodiscard]] std::vector<VerbSpec> route_gate_verbs();  ///< route train, evaluate
[[nodiscard]] VerbSpec route_label_verb_spec();
[[nodiscard]] VerbSpec route_calibrate_verb_spec();
[[nodiscard]] VerbSpec route_bench_verb_spec();
[[nodiscard]] VerbSpec redact_verb_spec();
[[nodiscard]] VerbSpec privacy_train_verb_spec();
[[nodiscard]] std::vector<VerbSpec>
library_verbs();  ///< pull, list, show, rm, import, tokenize ...
[[nodiscard]] std::vector<VerbSpec> route_policy_verbs();  ///< route check, explain, import
[[nodiscard]] std::vector<VerbSpec> access_verbs();        ///< keys ..., teams ...
[[nodiscard]] std::vector<VerbSpec> price_verbs();         ///< prices list, show, update, check
[[nodiscard]] std::vector<VerbSpec> ledger_verbs();        ///< ledger summary, verify ...
[[nodiscard]] VerbSpec ledger_whatif_verb_spec();
[[nodiscard]] std::vector<VerbSpec> house_verbs();  ///< doctor, config, completions, version ...

}  // namespace croft::cli
