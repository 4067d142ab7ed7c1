#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace croft::cli {
namespace {

// CLI11 takes a value in square brackets apart ("[a,b]" becomes two); a mark in front keeps it
// whole.
constexpr char kWholeMark = '\x1f';

std::string unmarked(std::string text) {
  if (!text.empty() && text.front() == kWholeMark) text.erase(0, 1);
  return text;
}

/// Where the verb stands, and how many words it has.
struct VerbPlace {
  const VerbSpec* verb = nullptr;
  std::size_t begin = 0;
  std::size_t words = 0;
};

std::unexpected<Error> unknown_verb(const std::string& word) {
  std::vector<std::string> names;
  for (const VerbSpec& verb : verbs())
    if (!verb.hidden) names.emplace_back(verb.name);
  const std::string near = nearest_name(word, names);
  return fail(ErrorCode::InvalidArgument, "there is no verb '" + word + "'",
              near.empty() ? "`croft help` lists the verbs" : "Did you mean `croft " + near + "`?");
}

/// "template" alone names no verb, but begins some.
std::unexpected<Error> incomplete_verb(const std::string& word) {
  std::string choices;
  for (const VerbSpec& verb : verbs())
    if (verb.name.starts_with(word + " ")) choices += " `croft " + std::string(verb.name) + "`";
  return fail(ErrorCode::InvalidArgument, "'" + word + "' needs a second word", "Try" + choices);
}

bool begins_a_verb(const std::string& word) {
  return std::ranges::any_of(
      verbs(), [&](const VerbSpec& verb) { return verb.name.starts_with(word + " "); });
}

/// Skips global options in front of the verb; one that takes a value takes the next word too.
std::size_t skip_global_options(std::span<const std::string> args) {
  std::size_t i = 0;
  while (i < args.size() && args[i].starts_with("-")) {
    const bool takes_next = std::ranges::any_of(global_options(), [&](const OptionSpec& option) {
      return args[i] == "--" + std::string(option.name) && option.kind != OptionKind::Flag;
    });
    i += takes_next ? 2 : 1;
  }
  return i;
}

Result<VerbPlace> find_verb_place(std::span<const std::string> args) {
  const std::size_t begin = skip_global_options(args);
  if (begin >= args.size()) {
    const bool wants_version = std::ranges::any_of(
        args, [](const std::string& arg) { return arg == "--version" || arg == "-V"; });
    return VerbPlace{find_verb(wants_version ? "version" : "help"), args.size(), 0};
  }
  if (begin + 1 < args.size()) {
    if (const VerbSpec* two = find_verb(args[begin] + " " + args[begin + 1]))
      return VerbPlace{two, begin, 2};
  }
  if (const VerbSpec* one = find_verb(args[begin])) return VerbPlace{one, begin, 1};
  // `croft config --help` explains the first verb of the family.
  if (begins_a_verb(args[begin])) return incomplete_verb(args[begin]);
  return unknown_verb(args[begin]);
}

void add_options(CLI::App& app, const std::vector<OptionSpec>& options) {
  for (const OptionSpec& option : options) {
    std::string names = "--" + std::string(option.name);
    if (option.alias != 0) names += std::string(",-") + option.alias;
    CLI::Option* added =
        option.kind == OptionKind::Flag ? app.add_flag(names) : app.add_option(names);
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

std::unexpected<Error> unknown_option(const VerbSpec& verb, const std::string& given) {
  std::vector<std::string> names;
  for (const auto* options : {&verb.options, &global_options()})
    for (const OptionSpec& option : *options) names.push_back("--" + std::string(option.name));
  const std::string near = nearest_name(given.substr(0, given.find('=')), names);
  const std::string help = "`croft help " + std::string(verb.name) + "` lists the options";
  return fail(ErrorCode::InvalidArgument, "'" + std::string(verb.name) + "' has no option " + given,
              near.empty() ? help : "Did you mean " + near + "? " + help);
}

Result<void> check_arguments(const VerbSpec& verb, const std::vector<std::string>& given) {
  std::size_t count_min = 0;
  std::size_t count_max = 0;
  for (const ArgumentSpec& argument : verb.arguments) {
    if (given.size() < count_min + argument.count_min)
      return fail(ErrorCode::InvalidArgument,
                  "'" + std::string(verb.name) + "' needs " + std::string(argument.name) + ": " +
                      std::string(argument.help),
                  "`croft help " + std::string(verb.name) + "` shows how it is called");
    const std::size_t first = count_max;
    count_min += argument.count_min;
    count_max += argument.count_max;
    const auto choices = split_choices(argument.choices);
    for (std::size_t i = first; !choices.empty() && i < std::min(count_max, given.size()); ++i) {
      if (std::ranges::find(choices, given[i]) == choices.end())
        return fail(ErrorCode::InvalidArgument,
                    std::string(argument.name) + " is '" + given[i] + "'",
                    "Choose one of: " + std::string(argument.choices));
    }
  }
  if (given.size() > count_max)
    return fail(ErrorCode::InvalidArgument,
                "'" + std::string(verb.name) + "' takes no argument '" + given[count_max] + "'",
                "Put a text of several words in quotes");
  return {};
}

void collect(const CLI::App& app, const std::vector<OptionSpec>& options, ParsedArguments& parsed) {
  for (const OptionSpec& option : options) {
    const CLI::Option* found = app.get_option("--" + std::string(option.name));
    if (found->count() == 0) continue;
    for (const std::string& value : found->results())
      parsed.options[std::string(option.name)].push_back(unmarked(value));
  }
}

}  // namespace

Result<ParsedArguments> parse_arguments(std::span<const std::string> args) {
  const VerbPlace place = TRY(find_verb_place(args));
  ParsedArguments parsed{.verb = place.verb, .arguments = {}, .options = {}};
  if (place.words == 0 && place.verb->name == "version") return parsed;

  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  add_options(app, place.verb->options);
  add_options(app, global_options());
  CLI::Option* positional = app.add_option("ARGUMENT")->expected(0, arguments_unlimited);
  positional->allow_extra_args();

  std::vector<std::string> reversed;  // CLI11 reads from the back
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i >= place.begin && i < place.begin + place.words) continue;
    reversed.push_back(args[i].starts_with('[') ? kWholeMark + args[i] : args[i]);
  }
  std::ranges::reverse(reversed);
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::InvalidArgument, error.what(),
                "`croft help " + std::string(place.verb->name) + "` lists the options");
  }
  for (const std::string& extra : app.remaining())  // CLI11 counts the marker "--" among these
    if (extra != "--") return unknown_option(*place.verb, extra);

  for (const std::string& value : positional->results())
    parsed.arguments.push_back(unmarked(value));
  collect(app, place.verb->options, parsed);
  collect(app, global_options(), parsed);
  if (!parsed.options.contains("help")) {
    auto checked = check_arguments(*place.verb, parsed.arguments);
    if (!checked) return std::unexpected(std::move(checked).error());
  }
  return parsed;
}

}  // namespace croft::cli
