// The options table: the router's configuration, tried and imported.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

VerbSpec check_spec() {
  return {.name = "route check",
          .summary = "check the router's configuration",
          .details =
              "Names file, line and key of every mistake in [upstreams], [models], [routes] "
              "and [router], and lists routes with their candidates, prices and rules. Ends "
              "with exit code 1 where there is a mistake; warnings alone do not count.",
          .arguments = {},
          .options = {flag("keys", "print the reference of all keys (Markdown) instead"),
                      json_option()}};
}

VerbSpec explain_spec() {
  return {
      .name = "route explain",
      .summary = "say where a prompt would go, and why",
      .details =
          "Runs the gates and the rules and prints the decision, every rule with its conditions, "
          "and the candidates that were left out. Nothing is sent. --file tries up to 100 prompts, "
          "one JSON object a line: {\"prompt\": ...} or {\"request\": {...}} with the body of a "
          "chat, \"expected\" (a mode, a candidate, a rule or default) and \"tenant\"; it prints "
          "how many went where they should, and a confusion matrix.",
      .arguments = {{.name = "PROMPT",
                     .help = "the user's message; - is standard input",
                     .count_min = 0}},
      .options = {
          {.name = "route",
           .kind = OptionKind::Text,
           .value_name = "NAME",
           .help = "which route; the default is the only one, or croft/auto",
           .in_environment = false,
           .in_file = false},
          {.name = "tenant",
           .kind = OptionKind::Text,
           .value_name = "NAME",
           .help = "whose request it is",
           .in_environment = false,
           .in_file = false},
          {.name = "at",
           .kind = OptionKind::Text,
           .value_name = "TIME",
           .help = "local time for rules about hours: 2026-11-23T22:30, or a day and time such as "
                   "mon 22:30; the default is now",
           .in_environment = false,
           .in_file = false},
          {.name = "assume",
           .kind = OptionKind::List,
           .value_name = "SIGNAL",
           .help = "what a gate found, KEY=VALUE: sensitivity, intent (LABEL:PROBABILITY), "
                   "language, code, tokens, answer_tokens, deadline_ms, budget_left, draw; "
                   "repeatable",
           .in_environment = false,
           .in_file = false},
          {.name = "file",
           .kind = OptionKind::Path,
           .value_name = "FILE",
           .help = "prompts to try, JSON lines; - is standard input",
           .completion = Completion::File,
           .in_environment = false,
           .in_file = false},
          json_option()}};
}

VerbSpec import_spec() {
  return {.name = "route import",
          .summary = "turn another router's configuration into croft.toml",
          .details =
              "Prints tables for croft.toml to standard output, and to standard error what could "
              "not be carried over, each with its path and the reason. Keys are never copied. "
              "litellm is a config.yaml of LiteLLM's proxy, lemonade a collection.router of "
              "Lemonade. `croft route check --config` tries the result.",
          .arguments = {{.name = "FILE",
                         .help = "the file to import; - is standard input",
                         .completion = Completion::File}},
          .options = {{.name = "format",
                       .kind = OptionKind::Choice,
                       .value_name = "FORMAT",
                       .fallback = "auto",
                       .choices = "auto|litellm|lemonade",
                       .help = "what the file is; auto looks",
                       .in_environment = false,
                       .in_file = false},
                      {.name = "cloud",
                       .kind = OptionKind::List,
                       .value_name = "MODEL",
                       .help = "lemonade: a candidate that runs in the cloud, which the file does "
                               "not say; repeatable",
                       .in_environment = false,
                       .in_file = false},
                      json_option()}};
}

}  // namespace

std::vector<VerbSpec> route_policy_verbs() {
  return {check_spec(), explain_spec(), import_spec()};
}

}  // namespace croft::cli
