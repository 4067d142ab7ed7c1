#include "cli/completions.h"
#include "cli/options.h"

namespace croft::cli {
namespace {

constexpr const char* kHead = R"(# fish completion for croft; made by `croft completions fish`
function __croft_words --description 'The words that are no options, without croft'
    string match --invert --regex '^-' -- (commandline --tokenize --current-process --cut-at-cursor)[2..-1]
end
function __croft_verb --description 'Whether the line begins with this verb'
    set --local words (__croft_words)
    test "$words[1..$(count $argv)]" = "$argv"
end
complete --command croft --no-files
)";

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string values(Completion completion, std::string_view choices) {
  if (!choices.empty()) {
    std::string words;
    for (const auto choice : split_choices(choices))
      words += (words.empty() ? "" : " ") + std::string(choice);
    return " --exclusive --arguments " + quoted(words);
  }
  switch (completion) {
    case Completion::File:
      return " --require-parameter --force-files";
    case Completion::Folder:
      return " --exclusive --arguments '(__fish_complete_directories)'";
    case Completion::Model:
      return " --require-parameter --force-files --arguments '(croft list --names 2>/dev/null)'";
    case Completion::None:
      break;
  }
  return " --exclusive";
}

std::string option_line(const OptionSpec& option, const std::string& condition) {
  std::string line =
      "complete --command croft" + condition + " --long-option " + std::string(option.name);
  if (option.alias != 0) line += std::string(" --short-option ") + option.alias;
  if (option.kind != OptionKind::Flag) line += values(option.completion, option.choices);
  return line + " --description " + quoted(option.help) + "\n";
}

std::string argument_line(const VerbSpec& verb, const ArgumentSpec& argument,
                          const std::string& condition) {
  if (verb.name == "help") {
    std::string names;
    for (const VerbSpec& other : verbs())
      if (!other.hidden) names += (names.empty() ? "" : " ") + std::string(other.name);
    return "complete --command croft" + condition + " --arguments " + quoted(names) + "\n";
  }
  if (argument.completion == Completion::None && argument.choices.empty()) return {};
  std::string line = "complete --command croft" + condition;
  if (!argument.choices.empty()) return line + values(Completion::None, argument.choices) + "\n";
  line += " --force-files";
  if (argument.completion == Completion::Model)
    line += " --arguments '(croft list --names 2>/dev/null)'";
  return line + "\n";
}

}  // namespace

std::string fish_completion() {
  std::string text = kHead;
  for (const OptionSpec& option : global_options()) text += option_line(option, "");
  std::string last_family;
  for (const VerbSpec& verb : verbs()) {
    if (verb.hidden) continue;
    const std::size_t space = verb.name.find(' ');
    const std::string first(verb.name.substr(0, space));
    if (first != last_family)
      text += "complete --command croft --condition 'test -z (__croft_words)[1]' --arguments " +
              first + " --description " + quoted(verb.summary) + "\n";
    if (space != std::string_view::npos) {
      last_family = first;
      text += "complete --command croft --condition '__croft_verb " + first +
              "; and test (count (__croft_words)) -eq 1' --arguments " +
              std::string(verb.name.substr(space + 1)) + " --description " + quoted(verb.summary) +
              "\n";
    }
    const std::string condition = " --condition '__croft_verb " + std::string(verb.name) + "'";
    for (const OptionSpec& option : verb.options) text += option_line(option, condition);
    for (const ArgumentSpec& argument : verb.arguments)
      text += argument_line(verb, argument, condition);
  }
  return text;
}

}  // namespace croft::cli
