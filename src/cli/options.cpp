#include "cli/options.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "store/near_names.h"

namespace croft::cli {
namespace {

/// 1000000 -> "1000000", 0.5 -> "0.5": as a person writes it, without trailing zeros.
std::string plain_number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

const std::vector<VerbSpec>& verbs() {
  static const std::vector<VerbSpec> all = [] {
    std::vector<VerbSpec> joined = engine_verbs();
    for (auto& part :
         {library_verbs(), std::vector<VerbSpec>{redact_verb_spec(), privacy_train_verb_spec()},
          route_gate_verbs(),
          std::vector<VerbSpec>{route_label_verb_spec(), route_calibrate_verb_spec(),
                                route_bench_verb_spec()},
          route_policy_verbs(), access_verbs(), price_verbs(), ledger_verbs(),
          std::vector<VerbSpec>{ledger_whatif_verb_spec()}, house_verbs()})
      joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }();
  return all;
}

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> all = {
      {.name = "config",
       .kind = OptionKind::Path,
       .value_name = "FILE",
       .help = "read this configuration file instead of the system's and the user's",
       .completion = Completion::File,
       .in_file = false},
      {.name = "models-dir",
       .kind = OptionKind::Path,
       .value_name = "FOLDER",
       .help = "where models are installed; the default is ~/.local/share/croft/models, or "
               "/var/lib/croft/models for a user without a home folder",
       .completion = Completion::Folder},
      {.name = "air-gapped",
       .kind = OptionKind::Flag,
       .help = "open no connection to anywhere, enforced by a filter in the kernel; a server "
               "still listens"},
      {.name = "database",
       .kind = OptionKind::Text,
       .value_name = "ADDRESS",
       .help = "keys, budgets, prices and the ledger: a file, or postgres://USER@HOST/NAME "
               "(passwords: PGPASSWORD or ~/.pgpass); the default is croft.db beside the models "
               "folder",
       .completion = Completion::File},
      {.name = "quiet",
       .alias = 'q',
       .kind = OptionKind::Flag,
       .help = "print results and errors only: no progress, no notes"},
      {.name = "no-color",
       .kind = OptionKind::Flag,
       .help = "no colour on a terminal; a NO_COLOR variable that is not empty says the same"},
      {.name = "help",
       .alias = 'h',
       .kind = OptionKind::Flag,
       .help = "explain the verb and its options",
       .in_environment = false,
       .in_file = false},
  };
  return all;
}

const VerbSpec* find_verb(std::string_view name) {
  const auto found = std::ranges::find(verbs(), name, &VerbSpec::name);
  return found == verbs().end() ? nullptr : &*found;
}

const OptionSpec* find_option(const VerbSpec& verb, std::string_view name) {
  for (const auto* options : {&verb.options, &global_options()}) {
    const auto found = std::ranges::find(*options, name, &OptionSpec::name);
    if (found != options->end()) return &*found;
  }
  return nullptr;
}

std::string environment_name(const OptionSpec& option) {
  std::string name = "CROFT_";
  for (const char c : option.name)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string config_key(const VerbSpec* verb, const OptionSpec& option) {
  std::string key(verb == nullptr ? std::string_view{} : verb->name);
  std::ranges::replace(key, ' ', '.');
  if (verb != nullptr) key += '.';
  key += option.name;
  std::ranges::replace(key, '-', '_');
  return key;
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> parts;
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    parts.push_back(choices.substr(0, bar));
    choices.remove_prefix(bar == std::string_view::npos ? choices.size() : bar + 1);
  }
  return parts;
}

std::string value_range(const OptionSpec& option) {
  if (option.kind == OptionKind::Choice) {
    const auto parts = split_choices(option.choices);
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i != 0) text += i + 1 == parts.size() ? " or " : ", ";
      text += parts[i];
    }
    return text;
  }
  const bool is_number = option.kind == OptionKind::Integer || option.kind == OptionKind::Real;
  if (!is_number) return {};
  return plain_number(option.min) + " to " + plain_number(option.max);
}

std::string nearest_name(std::string_view wrong, std::span<const std::string> candidates) {
  auto near = near_names(wrong, {candidates.begin(), candidates.end()}, 1);
  return near.empty() ? std::string{} : std::move(near.front());
}

}  // namespace croft::cli
