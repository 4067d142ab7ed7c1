// docs/routing-config.md, made from the table of keys.
#include "router/policy/config_keys.h"

namespace croft {
namespace {

constexpr std::string_view kHead = R"(# Routing: every key of the configuration

This page is made by `croft route check --keys` from the table in `src/router/policy/config_keys.cpp`; do not edit it.

A client asks for a route by its name in `model`. `croft route check` names the file, line and key of every mistake;
`croft route explain "prompt"` says what would be decided and why. Of several configuration files a later one replaces
whole entries (`[upstreams.NAME]`, `[models.NAME]`, `[routes."NAME"]`), never parts of one. Relative paths begin at the
file that names them.

```toml
[upstreams.openai]
dialect = "openai"
url = "https://api.openai.com/v1"
key_env = "OPENAI_API_KEY"

[models.large]
upstream = "openai"
model = "gpt-4.1"
context = 1000000
price_in = 2.0
price_out = 8.0
currency = "USD"

[routes."croft/auto"]
local = ["smollm2:135m"]
cloud = ["large"]
default = "cascade"
calibration = "auto.calibration.json"

[[routes."croft/auto".rules]]
name = "contracts stay here"
when = { tenant = "legal-*" }
use = "local"

[[routes."croft/auto".rules]]
name = "long ones at once"
when = { tokens_min = 6000, sensitivity = "none" }
use = "cloud"
reason = "longer than the local model reads well"
```

## How a decision is made

Rules are tried in order and the first match wins; where none matches, the route's `default` holds. All conditions of a
rule must hold; of a list, one value must. A condition whose signal is missing (no intent model, a detector that
failed) neither holds nor fails: such a rule does not match, also not through `not`, unless the condition asks for
`unknown`.

Then candidates are left out that cannot take the request (context too small, no tools, JSON or images, dearer than the
budget that is left), and privacy is applied: except under `privacy = "allow"`, a request leaves this machine only where
its text was examined and nothing was found, or, under `privacy = "pseudonymise"`, where all that was found can be
replaced. A detector that fails or takes too long counts as something found that cannot.

What is left: `local` and a local candidate that was named stay on this machine or are refused. `cloud` falls back to
the local candidates where no cloud candidate is left; where one was named, only if privacy keeps the request here. A
`cascade` becomes what is left of it.
)";

void section(std::string& out, std::string_view title, std::string_view text,
             std::span<const KeySpec> keys) {
  out += "\n## " + std::string(title) + "\n\n";
  if (!text.empty()) out += std::string(text) + "\n\n";
  out += "| key | value | default | |\n|---|---|---|---|\n";
  for (const KeySpec& key : keys) {
    out += "| `" + std::string(key.name) + "` | " + expected_value(key) + " | ";
    if (!key.fallback.empty()) out += "`" + std::string(key.fallback) + "`";
    out += " | " + std::string(key.help) + " |\n";
  }
}

}  // namespace

std::string key_reference() {
  std::string out(kHead);
  section(out, "`[upstreams.NAME]`: who answers", "", upstream_keys());
  section(out, "`[models.NAME]`: what they offer",
          "A local model needs no entry; one with `upstream = \"local\"` says more about it.",
          model_keys());
  section(out, "`[routes.\"NAME\"]`: what clients ask for",
          "A name may not be that of a model, and not begin with `local:`.", route_keys());
  section(out, "`[[routes.\"NAME\".rules]]`", "", rule_keys());
  section(out, "Conditions: `when`, and tables within `any`, `all`, `not`", "", condition_keys());
  section(out, "`[router]`", "", router_keys());
  section(
      out, "`[privacy]`: what else is personal",
      "For every route, beside what Croft finds by itself ([privacy.md](privacy.md)). Types that "
      "it does not know keep a request here as persons and accounts do.",
      privacy_keys());
  section(out, "`[[privacy.patterns]]`", "", pattern_keys());
  return out;
}

}  // namespace croft
