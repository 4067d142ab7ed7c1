// Goal: no pattern, word list or text makes the rules of the configuration crash or hang, and their
// findings lie in the text. Method: the input is three parts with a zero byte between: a pattern, a
// word list, a text (all that is left over is part of it); each is taken or refused with a reason.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "router/privacy/custom/custom_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  using namespace croft::privacy;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto part = [&] {
    const std::string_view taken = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), taken.size() + 1));
    return taken;
  };
  const std::string_view regex = part();
  const std::string_view lines = part();
  CustomRules rules;
  const auto added = rules.add_pattern(
      {.type = EntityType::Person, .regex = std::string(regex), .context = {"staff"}});
  CHECK(added || (added.error().code == ErrorCode::InvalidArgument && !added.error().hint.empty()));
  WordLists lists;
  const auto listed = lists.add(lines, "list", EntityType::Organization);
  CHECK(listed || listed.error().code == ErrorCode::InvalidArgument);
  lists.finish();
  rules.set_words(std::move(lists));
  rules.set_allowed({"staff", std::string(lines.substr(0, lines.find('\n')))});

  std::vector<Finding> findings;
  CHECK(rules.apply(rest, nullptr, findings));
  for (const Finding& finding : findings) {
    CHECK(finding.start < finding.end && finding.end <= rest.size());
    CHECK(finding.score > 0.0f && finding.score <= 1.0f);
  }
  // In the whole detector, findings of all kinds meet.
  FindScratch scratch;
  scratch.custom = &rules;
  std::size_t last = 0;
  for (const Finding& finding : find_entities(rest, scratch)) {
    CHECK(last <= finding.start && finding.start < finding.end && finding.end <= rest.size());
    last = finding.end;
  }
  return 0;
}
