#include "cli/completions.h"
#include "cli/options.h"

namespace croft::cli {
namespace {

constexpr const char* kHead = R"zsh(#compdef croft
# zsh completion for croft; made by `croft completions zsh`
_croft_models() {
  local -a names
  names=(${(f)"$(croft list --names 2>/dev/null)"})
  (( $#names )) && compadd -a names
  _files
}
_croft() {
  local -a verbs
  verbs=(
)zsh";

/// Inside single quotes of a specification of _arguments or _describe.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += R"('\'')";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string action(Completion completion, std::string_view choices) {
  if (!choices.empty()) {
    std::string words;
    for (const auto choice : split_choices(choices))
      words += (words.empty() ? "" : " ") + std::string(choice);
    return "(" + words + ")";
  }
  switch (completion) {
    case Completion::File:
      return "_files";
    case Completion::Folder:
      return "_files -/";
    case Completion::Model:
      return "_croft_models";
    case Completion::None:
      break;
  }
  return " ";
}

std::string option_line(const OptionSpec& option) {
  const std::string name(option.name);
  const std::string repeat = option.kind == OptionKind::List ? "*" : "";
  std::string value = "[" + quoted(option.help) + "]";
  if (option.kind != OptionKind::Flag)
    value += ":" + quoted(option.value_name) + ":" + action(option.completion, option.choices);
  if (option.alias == 0) return "        '" + repeat + "--" + name + value + "' \\\n";
  const std::string alias(1, option.alias);
  return "        '(-" + alias + " --" + name + ")'{-" + alias + ",--" + name + "}'" + value +
         "' \\\n";
}

std::string verb_case(const VerbSpec& verb) {
  const std::size_t words = verb.name.find(' ') == std::string_view::npos ? 1 : 2;
  std::string text = words == 1
                         ? "    " + std::string(verb.name) + "\\ *)\n"
                         : "    " + std::string(verb.name.substr(0, verb.name.find(' '))) + "\\ " +
                               std::string(verb.name.substr(verb.name.find(' ') + 1)) + "\\ *)\n";
  text += "      shift " + std::to_string(words) +
          " words; (( CURRENT -= " + std::to_string(words) + " ))\n      _arguments -s \\\n";
  for (const auto* options : {&verb.options, &global_options()})
    for (const OptionSpec& option : *options) text += option_line(option);
  for (const ArgumentSpec& argument : verb.arguments) {
    const std::string rest = argument.count_max > 1 ? "*" : "";
    text +=
        "        '" + rest + ":" + quoted(argument.name) + ":" +
        (verb.name == "help" ? "(${verbs%%:*})" : action(argument.completion, argument.choices)) +
        "' \\\n";
  }
  text.erase(text.size() - 3);  // the last line goes on nowhere
  return text + "\n      ;;\n";
}

}  // namespace

std::string zsh_completion() {
  std::string text = kHead;
  std::string cases;
  std::string last_family;
  for (const VerbSpec& verb : verbs()) {
    if (verb.hidden) continue;
    const std::size_t space = verb.name.find(' ');
    const std::string first(verb.name.substr(0, space));
    cases += verb_case(verb);
    if (first == last_family) continue;
    text += "    '" + first + ":" + quoted(verb.summary) + "'\n";
    if (space == std::string_view::npos) continue;
    last_family = first;
    std::string seconds;
    for (const VerbSpec& other : verbs())
      if (other.name.starts_with(first + " "))
        seconds += " " + std::string(other.name.substr(space + 1));
    cases += "    " + first + "\\ *) (( CURRENT == 3 )) && compadd" + seconds + " ;;\n";
  }
  return text +
         "  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n"
         "  case \"${words[2,-1]} \" in\n" +
         cases + "  esac\n}\n_croft \"$@\"\n";
}

}  // namespace croft::cli
