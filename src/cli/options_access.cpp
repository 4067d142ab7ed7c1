// The options table: `croft keys` and `croft teams`.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

/// Of one key or team: no place for it in croft.toml or the environment.
OptionSpec given(std::string_view name, std::string_view value_name, std::string_view help,
                 OptionKind kind = OptionKind::Text) {
  return {.name = name,
          .kind = kind,
          .value_name = value_name,
          .help = help,
          .in_environment = false,
          .in_file = false};
}

std::vector<OptionSpec> limit_options() {
  return {given("models", "NAME",
                "a model or route that may be used, * stands for anything; repeatable; none: all",
                OptionKind::List),
          given("max-budget", "AMOUNT", "the most that may be spent, such as 20 or 0.50"),
          given("budget-currency", "CODE", "of the budget, such as EUR; a new one has USD"),
          given("budget-duration", "TIME",
                "when the budget begins again: 30s, 15m, 24h, 30d, 2w or 1mo"),
          given("rpm-limit", "N", "requests a minute"),
          given("tpm-limit", "N", "tokens a minute, of prompts and answers"),
          given("max-parallel-requests", "N", "requests at a time")};
}

std::vector<OptionSpec> key_options() {
  std::vector<OptionSpec> options = {
      given("team", "TEAM", "alias or id of its team, whose limits apply as well"),
      {.name = "role",
       .kind = OptionKind::Choice,
       .value_name = "ROLE",
       .choices = "admin|operator|user|viewer",
       .help = "what it may do; a new key is a user",
       .in_environment = false,
       .in_file = false},
      given("expires", "WHEN", "a day, a time (2026-01-31T12:00:00Z) or from now (30d)")};
  for (OptionSpec& option : limit_options()) options.push_back(option);
  return options;
}

std::vector<OptionSpec> with(std::vector<OptionSpec> options,
                             std::initializer_list<OptionSpec> more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

ArgumentSpec which(std::string_view name, std::string_view help) {
  return {.name = name, .help = help};
}

VerbSpec verb(std::string_view name, std::string_view summary, std::string_view details,
              std::vector<ArgumentSpec> arguments, std::vector<OptionSpec> options) {
  return {.name = name,
          .summary = summary,
          .details = details,
          .arguments = std::move(arguments),
          .options = std::move(options)};
}

}  // namespace

std::vector<VerbSpec> access_verbs() {
  const OptionSpec off = flag("off", "let it work again");
  const OptionSpec all = flag("all", "those that are deleted too");
  const OptionSpec alias = given("alias", "ALIAS", "another name");
  const ArgumentSpec key = which("KEY", "alias or id of the key");
  const ArgumentSpec team = which("TEAM", "alias or id of the team");
  return {
      verb("keys create", "make an API key and print it once",
           "Prints the key on standard output; only its hash is kept. What is not limited here is "
           "not limited, unless its team is. A running server knows the key within a second.",
           {which("ALIAS", "who it is for; unique")}, with(key_options(), {json_option()})),
      verb("keys list", "list API keys, what they may do and have spent", "", {},
           {all, json_option()}),
      verb("keys show", "show one API key's limits and budget", "", {key}, {json_option()}),
      verb("keys update", "change an API key's limits",
           "Changes only what is given; none takes a limit away. Another --budget-duration begins "
           "a new window with what was spent so far.",
           {key}, with(key_options(), {alias, json_option()})),
      verb("keys block", "stop an API key, or let it work again",
           "Works on running servers within a second. Requests under way are not stopped.", {key},
           {off, json_option()}),
      verb("keys delete", "delete an API key for good",
           "Its row stays, so that the ledger still says who it was; its alias is free again.",
           {key}, {json_option()}),
      verb("teams create", "make a team, whose limits hold for all its keys", "",
           {which("ALIAS", "its name; unique")}, with(limit_options(), {json_option()})),
      verb("teams list", "list teams and what they have spent", "", {}, {all, json_option()}),
      verb("teams show", "show one team's limits and budget", "", {team}, {json_option()}),
      verb("teams update", "change a team's limits",
           "Changes only what is given; none takes a limit away.", {team},
           with(limit_options(), {alias, json_option()})),
      verb("teams block", "stop all keys of a team, or let them work again", "", {team},
           {off, json_option()}),
      verb("teams delete", "delete a team that has no keys left", "", {team}, {json_option()}),
  };
}

}  // namespace croft::cli
