#include "cli/reference.h"

#include <array>

#include "cli/help.h"
#include "cli/options.h"

namespace croft::cli {
namespace {

std::string capitalized(std::string_view text) {
  std::string out(text);
  out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
  return out;
}

/// In a table cell a bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string{} : "`" + std::string(text) + "`";
}

std::string range_text(const OptionSpec& option) {
  std::string range = value_range(option);
  if (!option.unit.empty()) range += (range.empty() ? "" : " ") + std::string(option.unit);
  return range;
}

std::string option_table(const VerbSpec* verb, const std::vector<OptionSpec>& options) {
  std::string text =
      "| option | what it does | values | default | environment | croft.toml |\n"
      "|---|---|---|---|---|---|\n";
  for (const OptionSpec& option : options) {
    const std::string fallback = option.required ? "required" : code(option.fallback);
    text += "| " + code(option_head(option)) + " | " + cell(option.help) + " | " +
            cell(range_text(option)) + " | " + fallback + " | " +
            (option.in_environment ? code(environment_name(option)) : "") + " | " +
            (option.in_file ? code(config_key(verb, option)) : "") + " |\n";
  }
  return text;
}

std::string verb_section(const VerbSpec& verb) {
  std::string text = "\n## " + std::string(verb.name) + "\n\n" + capitalized(verb.summary) +
                     ".\n\n```\n" + usage_line(verb) + "\n```\n";
  if (!verb.details.empty()) text += "\n" + std::string(verb.details) + "\n";
  if (!verb.arguments.empty()) text += "\n";
  for (const ArgumentSpec& argument : verb.arguments) {
    text += "- " + code(argument.name) + ": " + std::string(argument.help);
    if (!argument.choices.empty()) text += " (" + std::string(argument.choices) + ")";
    text += "\n";
  }
  if (!verb.options.empty()) text += "\n" + option_table(&verb, verb.options);
  return text;
}

struct ExitCode {
  int code;
  std::string_view meaning;
};

constexpr std::array<ExitCode, 14> kExitCodes = {{
    {0, "done"},
    {1, "`doctor` found a problem"},
    {2, "a wrong option, value, setting or input"},
    {3, "no such file or model"},
    {4, "a damaged model file"},
    {5, "a file or an option that Croft does not support"},
    {6, "too large: for the context, for a limit, or for this machine"},
    {7, "refused for want of a key or of permission"},
    {8, "busy; try again later"},
    {9, "the operating system or the network failed, or took too long"},
    {10, "insufficient evidence: the data given cannot prove what was asked"},
    {70, "a bug of Croft"},
    {130, "interrupted by Ctrl-C or SIGTERM"},
    {141, "the reader of standard output has gone"},
}};

constexpr const char* kMarkdownHead = R"(# Command line

This page is made by `croft docs cli` from the options table (`src/cli/options*.cpp`); do not edit it.

A setting is taken from the flag, else from the environment, else from `croft.toml`, else it has its default;
`croft config show --origin` says which. An empty environment variable counts as unset; a list is written with commas
there. One variable has no flag: `CROFT_ISA` (portable, avx2, avx512, avx512vnni, amx; on ARM neon, neon-i8mm) makes
Croft compute with a weaker instruction set than this processor has.

Configuration files, later ones win: `/etc/croft/croft.toml`, `/etc/croft/conf.d/*.toml`,
`$XDG_CONFIG_HOME/croft/croft.toml` (default `~/.config`), and `conf.d/*.toml` beside it. `--config FILE` or
`CROFT_CONFIG` names one file to be read instead of all of these. A key that Croft does not know is an error that names its line.

```toml
quiet = true

[serve]
port = 9000
allow_origin = ["https://intranet.example.com"]
```

Results go to standard output, everything else to standard error. An error is one line, `croft: MESSAGE. HINT`, and an
exit code:

| exit code | meaning |
|---|---|
)";

std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string man_options(const std::vector<OptionSpec>& options) {
  std::string text;
  for (const OptionSpec& option : options) {
    text += ".TP\n.B " + roff(option_head(option)) + "\n" + roff(option.help);
    if (const std::string facts = option_facts(option); !facts.empty())
      text += "\n(" + roff(facts) + ")";
    text += "\n";
  }
  return text;
}

}  // namespace

std::string markdown_reference() {
  std::string text = kMarkdownHead;
  for (const auto& [exit_code, meaning] : kExitCodes)
    text += "| " + std::to_string(exit_code) + " | " + std::string(meaning) + " |\n";
  text += "\n## Options of every verb\n\nThey may stand in front of the verb too.\n\n" +
          option_table(nullptr, global_options());
  for (const VerbSpec& verb : verbs())
    if (!verb.hidden) text += verb_section(verb);
  return text;
}

std::string man_page() {
  std::string text =
      ".\\\" Made by `croft docs man` from the options table; do not edit.\n"
      ".TH CROFT 1\n.SH NAME\ncroft \\- runs small language models on this machine\n"
      ".SH SYNOPSIS\n.B croft\nVERB [OPTIONS] ...\n.SH VERBS\n";
  for (const VerbSpec& verb : verbs()) {
    if (verb.hidden) continue;
    text += ".SS " + roff(usage_line(verb)) + "\n" + roff(capitalized(verb.summary)) + ".\n";
    if (!verb.details.empty()) text += ".PP\n" + roff(verb.details) + "\n";
    text += man_options(verb.options);
  }
  text += ".SH OPTIONS OF EVERY VERB\n" + man_options(global_options());
  text += ".SH EXIT STATUS\n";
  for (const auto& [exit_code, meaning] : kExitCodes)
    text += ".TP\n.B " + std::to_string(exit_code) + "\n" + roff(meaning) + "\n";
  text +=
      ".SH FILES\n.TP\n/etc/croft/croft.toml, ~/.config/croft/croft.toml\nconfiguration; "
      "`croft config show \\-\\-origin` says what was read\n";
  return text;
}

}  // namespace croft::cli
