// Goal: no text of a croft.toml makes the router's reader, parser or decisions crash or hang; every
// mistake has a place, and what is accepted can be decided on. Method: parse any bytes; decide some
// requests on every route and render the trace.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/config_file.h"
#include "router/policy/explain.h"
#include "router/policy/parse_router.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto root = cli::parse_router_tables(text, "croft.toml");
  if (!root) {
    CHECK(root.error().code == ErrorCode::InvalidArgument);
    return 0;
  }
  RouterSurroundings around;
  around.installed = {{"smollm2:135m"}};
  around.labels = [](const auto&) { return std::optional<std::vector<std::string>>({"refund"}); };
  const ParsedRouter parsed = parse_router(*root, around);
  for (const ConfigProblem& problem : parsed.problems) {
    CHECK(!problem.message.empty());
    CHECK(problem.place.starts_with("croft.toml"));
  }
  if (parsed.config == nullptr) {
    CHECK(!first_error(parsed.problems).message.empty());
    return 0;
  }
  GateSignals signals;
  signals.text = signals.folded = text;
  signals.tokens = size;
  signals.tools = size % 2 == 0;
  signals.draw = size;
  for (const RouteConfig& route : parsed.config->routes)
    for (const auto verdict :
         {SensitivitySignal::None, SensitivitySignal::Unknown, SensitivitySignal::Found}) {
      signals.sensitivity = verdict;
      const WallClock now{.weekday = static_cast<int>(size % 7), .minute = 60};
      RouteDecision decision;
      decide(*parsed.config, route, signals, now, decision);
      for (const ChosenCandidate& each : decision.candidates)
        CHECK(verdict == SensitivitySignal::None || parsed.config->models[each.model].is_local() ||
              decision.route->privacy == RoutePrivacy::Allow ||
              (decision.route->privacy == RoutePrivacy::Pseudonymise &&
               verdict == SensitivitySignal::Found));
      CHECK((decision.mode == RouteMode::Refuse) == decision.candidates.empty());
      CHECK(!decision_json(*parsed.config, decision, signals, now).empty());
    }
  return 0;
}
