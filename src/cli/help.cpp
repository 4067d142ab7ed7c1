#include "cli/help.h"

#include <algorithm>

namespace croft::cli {
namespace {

constexpr std::size_t kWidth = 88;

/// Breaks lines at spaces; every line begins with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::string line;
  const auto flush = [&] {
    out += line.empty() ? "\n" : std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') flush();
    text.remove_prefix(end + 1);
  }
  flush();
  return out;
}

std::string rows(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t widest = 0;
  for (const auto& [head, text] : pairs) widest = std::max(widest, head.size());
  std::string out;
  for (const auto& [head, text] : pairs)
    out += "  " + head + std::string(widest - head.size() + 2, ' ') + text + "\n";
  return out;
}

std::string option_block(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const OptionSpec& option : options) {
    out += "  " + option_head(option) + "\n" + wrapped(option.help, 8);
    if (const std::string facts = option_facts(option); !facts.empty())
      out += wrapped("(" + facts + ")", 8);
  }
  return out;
}

}  // namespace

std::string usage_line(const VerbSpec& verb) {
  std::string line = "croft " + std::string(verb.name);
  if (!verb.options.empty()) line += " [OPTIONS]";
  for (const ArgumentSpec& argument : verb.arguments) {
    std::string name(argument.name);
    if (argument.count_max > 1) name += "...";
    line += argument.count_min == 0 ? " [" + name + "]" : " " + name;
  }
  return line;
}

std::string option_head(const OptionSpec& option) {
  std::string head = option.alias != 0 ? std::string("-") + option.alias + ", " : std::string{};
  head += "--" + std::string(option.name);
  if (option.kind != OptionKind::Flag) head += " " + std::string(option.value_name);
  return head;
}

std::string option_facts(const OptionSpec& option) {
  std::string facts;
  const auto add = [&](const std::string& fact) {
    if (fact.empty()) return;
    facts += (facts.empty() ? "" : "; ") + fact;
  };
  std::string range = value_range(option);
  if (!range.empty() && !option.unit.empty()) range += " " + std::string(option.unit);
  add(range);
  if (option.required) add("required");
  if (!option.fallback.empty()) add("default " + std::string(option.fallback));
  if (option.in_environment) add(environment_name(option));
  return facts;
}

std::string overview_help() {
  std::vector<std::pair<std::string, std::string>> table;
  for (const VerbSpec& verb : verbs())
    if (!verb.hidden) table.emplace_back(verb.name, verb.summary);
  return "Croft runs small language models on this machine.\n\nUsage: croft VERB [OPTIONS] ...\n\n"
         "Verbs:\n" +
         rows(table) + "\nOptions of every verb:\n" + option_block(global_options()) +
         "\n`croft help VERB` explains a verb. Two commands to begin with:\n"
         "  croft pull smollm2:135m\n  croft run smollm2:135m \"Why is the sky blue?\"\n";
}

std::string verb_help(const VerbSpec& verb) {
  std::string text = "Usage: " + usage_line(verb) + "\n\n";
  std::string summary(verb.summary);
  summary.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(summary.front())));
  text += wrapped(summary + ".", 0);
  if (!verb.details.empty()) text += "\n" + wrapped(verb.details, 0);
  std::vector<std::pair<std::string, std::string>> arguments;
  for (const ArgumentSpec& argument : verb.arguments) {
    std::string help(argument.help);
    if (!argument.choices.empty()) help += ": " + std::string(argument.choices);
    arguments.emplace_back(argument.name, help);
  }
  if (!arguments.empty()) text += "\nArguments:\n" + rows(arguments);
  if (!verb.options.empty()) text += "\nOptions:\n" + option_block(verb.options);
  return text + "\nOptions of every verb:\n" + option_block(global_options());
}

}  // namespace croft::cli
