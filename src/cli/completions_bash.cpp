#include "cli/completions.h"
#include "cli/options.h"

namespace croft::cli {
namespace {

constexpr const char* kHead = R"(# bash completion for croft; made by `croft completions bash`
_croft() {
  local cur prev words cword i verb="" options="" values="" kind=""
  if declare -F _get_comp_words_by_ref >/dev/null; then
    # A model name such as smollm2:135m is one word.
    _get_comp_words_by_ref -n : cur prev words cword
  else
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  for ((i = 1; i < cword; i++)); do
    [[ ${words[i]} == -* ]] && continue
    verb=${words[i]}
    case $verb in
)";

constexpr const char* kTail = R"(  esac
  if [[ $cur == -* && -z $kind ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  case $kind in
    none) return ;;
    model) values=$(croft list --names 2>/dev/null) ;;
  esac
  COMPREPLY=($(compgen -W "$values" -- "$cur"))
  case $kind in
    file|model)
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -f -- "$cur")) ;;
    folder)
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -d -- "$cur")) ;;
  esac
  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _croft croft
)";

std::string kind_word(Completion completion) {
  switch (completion) {
    case Completion::File:
      return "file";
    case Completion::Folder:
      return "folder";
    case Completion::Model:
      return "model";
    case Completion::None:
      break;
  }
  return "none";
}

std::string spaced(std::string_view choices) {
  std::string text;
  for (const auto choice : split_choices(choices))
    text += (text.empty() ? "" : " ") + std::string(choice);
  return text;
}

/// "--port|-p) kind=none ;;": what follows an option that takes a value.
std::string value_case(const OptionSpec& option) {
  if (option.kind == OptionKind::Flag) return {};
  std::string line = "        --" + std::string(option.name);
  if (option.alias != 0) line += std::string("|-") + option.alias;
  if (option.kind == OptionKind::Choice)
    return line + ") kind=choice values=\"" + spaced(option.choices) + "\" ;;\n";
  return line + ") kind=" + kind_word(option.completion) + " ;;\n";
}

std::string option_names(const VerbSpec* verb) {
  std::string names;
  const auto add = [&](const std::vector<OptionSpec>& options) {
    for (const OptionSpec& option : options)
      names += (names.empty() ? "--" : " --") + std::string(option.name);
  };
  if (verb != nullptr) add(verb->options);
  add(global_options());
  return names;
}

std::string verb_case(const VerbSpec& verb) {
  std::string text = "    \"" + std::string(verb.name) + "\")\n";
  text += "      options=\"" + option_names(&verb) + "\"\n      case $prev in\n";
  for (const auto* options : {&verb.options, &global_options()})
    for (const OptionSpec& option : *options) text += value_case(option);
  text += "      esac\n";
  if (!verb.arguments.empty()) {
    const ArgumentSpec& first = verb.arguments.front();
    std::string values = spaced(first.choices);
    if (verb.name == "help") {
      for (const VerbSpec& other : verbs())
        if (!other.hidden) values += (values.empty() ? "" : " ") + std::string(other.name);
    }
    if (!values.empty())
      text += "      [[ -z $kind && $cur != -* ]] && kind=choice values=\"" + values + "\"\n";
    else
      text += "      [[ -z $kind && $cur != -* ]] && kind=" + kind_word(first.completion) + "\n";
  }
  return text + "      ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string families;
  std::string first_words;
  std::string cases;
  std::string last_family;
  for (const VerbSpec& verb : verbs()) {
    if (verb.hidden) continue;
    cases += verb_case(verb);
    const std::size_t space = verb.name.find(' ');
    const std::string first(verb.name.substr(0, space));
    if (first != last_family) first_words += (first_words.empty() ? "" : " ") + first;
    if (space == std::string_view::npos) continue;
    if (first != last_family) {
      std::string seconds;
      for (const VerbSpec& other : verbs())
        if (other.name.starts_with(first + " "))
          seconds += (seconds.empty() ? "" : " ") + std::string(other.name.substr(space + 1));
      families += (families.empty() ? "" : "|") + first;
      cases += "    \"" + first + "\") kind=choice values=\"" + seconds + "\" ;;\n";
    }
    last_family = first;
  }
  return kHead + ("      " + families) +
         ") ((i + 1 < cword)) && verb+=\" ${words[i + 1]}\" ;;\n    esac\n    break\n  done\n"
         "  case $verb in\n    \"\")\n      options=\"" +
         option_names(nullptr) + " --version\"\n      [[ $cur != -* ]] && kind=choice values=\"" +
         first_words + "\"\n      ;;\n" + cases + kTail;
}

}  // namespace croft::cli
