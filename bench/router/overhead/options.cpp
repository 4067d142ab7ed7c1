#include "options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace croft::overhead {
namespace {

[[noreturn]] void refuse(const std::string& sentence,
                         const std::map<std::string, Option>& options) {
  std::fprintf(stderr, "overhead_bench: %s\noptions:\n", sentence.c_str());
  for (const auto& [name, option] : options) {
    std::fprintf(stderr, "  --%-16s %s (%s)\n", name.c_str(), option.help.c_str(),
                 option.value.c_str());
  }
  std::exit(2);
}

bool is_number(const std::string& text, std::int64_t most) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= most;
}

}  // namespace

Options::Options(std::vector<Option> known, const std::vector<std::string>& arguments) {
  for (Option& option : known) options_.emplace(option.name, option);
  for (std::size_t at = 0; at < arguments.size(); at += 2) {
    const std::string name = arguments[at].starts_with("--") ? arguments[at].substr(2) : "";
    const auto found = options_.find(name);
    if (found == options_.end()) refuse("no option " + arguments[at], options_);
    if (at + 1 == arguments.size()) refuse("--" + name + " needs a value", options_);
    const std::string& value = arguments[at + 1];
    if (found->second.number_max >= 0 && !is_number(value, found->second.number_max)) {
      refuse("--" + name + " is a whole number from 0 to " +
                 std::to_string(found->second.number_max) + ", not " + value,
             options_);
    }
    found->second.value = value;
  }
}

std::int64_t Options::number(const std::string& name) const {
  return std::strtoll(text(name).c_str(), nullptr, 10);
}

const std::string& Options::text(const std::string& name) const {
  return options_.at(name).value;
}

}  // namespace croft::overhead
