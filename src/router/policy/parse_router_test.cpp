// Goal: every mistake in the router's tables is named by line and key with what to do, all of them
// at once, and what is right is read as written. Method: tables of wrong configurations; one right
// one read in full.
#include "router/policy/parse_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "router/policy/config_keys.h"
#include "router/policy/test_config.h"

namespace croft {
namespace {

using testing::HasSubstr;

struct Wrong {
  std::string yaml;
  std::string_view says;  ///< in "error: test.toml:LINE: KEY MESSAGE | HINT"
};

std::string upstream(std::string_view fields) {
  return "upstreams: {u: {dialect: openai, url: \"https://a.example.com\", " + std::string(fields) +
         "}}\n";
}
std::string model(std::string_view fields) {
  return "upstreams: {u: {dialect: openai, url: \"https://a.example.com\"}}\nmodels: {m: {" +
         std::string(fields) + "}}\n";
}
std::string url(std::string_view value) {
  return "upstreams: {u: {dialect: openai, url: \"" + std::string(value) + "\"}}\n";
}

const Wrong kWrong[] = {
    // Kinds, ranges, names.
    {"upstreams: 5\n", "upstreams must be a table, not a whole number"},
    {"upstreams: {u: 5}\n", "upstreams.u must be a table"},
    {"upstreams:\n  u:\n    dialect: openai\n", "test.toml:3: upstreams.u needs url"},
    {"upstreams: {u: {url: \"https://a.example.com\"}}\n", "upstreams.u needs dialect"},
    {upstream("conect_ms: 5"), "conect_ms is no key of this table | Did you mean connect_ms?"},
    {upstream("connect_ms: 0"), "connect_ms is 0, but must be a whole number from 1 to"},
    {upstream("connect_ms: \"5\""), "connect_ms must be a whole number from 1"},
    {upstream("connect_ms: 1.5"), "connect_ms must be a whole number"},
    {upstream("retries: 21"), "retries is 21"},
    {upstream("hedge_ms: .nan"), "hedge_ms must be"},
    {"upstreams: {u: {dialect: openay, url: \"https://a.example.com\"}}\n",
     "dialect is 'openay', but must be one of openai, anthropic, ollama | Did you mean openai?"},
    {"upstreams: {local: {dialect: openai, url: \"https://a.example.com\"}}\n",
     "upstreams.local has a name that means models of this machine"},
    {"upstreams: {\" x\": {dialect: openai, url: \"https://a.example.com\"}}\n",
     "has a name that is empty"},
    // Addresses.
    {url("a.example.com"), "upstreams.u.url must begin with https:// or http://"},
    {url("ftp://a"), "must begin with https://"},
    {url("https://"), "has no host name"},
    {url("https://a.example.com:99999"), "has no port from 1 to 65535"},
    {url("https://a.example.com:"), "has no port"},
    {url("https://me:pw@a.example.com"), "has a user name or password in it"},
    {url("https://a.example.com/v1?key=1"), "must have neither ? nor #"},
    {url("https://a b"), "has a space"},
    {url("http://a.example.com"), "is plain http to another machine"},
    {url("http://127.0.0.1.example.com"), "is plain http to another machine"},
    {upstream("proxy: \"http://me:pw@p\""), "proxy has a user name or password in it"},
    // Keys.
    {upstream("api_key: sk-1"), "api_key is refused | A configuration is copied and shown around"},
    {upstream("Token: sk-1"), "Token is refused"},
    {upstream("key_env: sk-abc-123"), "key_env is no name of an environment variable"},
    {upstream("key_env: A, key_file: b"), "key_file and key_env are both given"},
    {upstream("headers: {Authorization: x}"), "headers.Authorization carries a key"},
    {upstream("headers: {X-Api-Key: x}"), "carries a key"},
    {upstream("headers: {\"a b\": x}"), "is no name of a header"},
    {upstream("headers: {a: \"x\\ny\"}"), "has a control character in its value"},
    {upstream("headers: {a: 5}"), "headers.a must be a string"},
    // Models.
    {model("price_in: 1, price_out: 1"), "models.m needs upstream"},
    {model("upstream: w, free: true"), "upstream is 'w', which is no upstream"},
    {model("upstream: u"), "models.m has no price | Give price_in and price_out"},
    {model("upstream: u, price_in: 1"), "models.m has no price"},
    {model("upstream: u, price_in: -1, price_out: 1"), "price_in is -1"},
    {model("upstream: u, price: unknown, price_in: 1"), "is given, and so is `price`"},
    {model("upstream: u, price: unknown, free: true"), "is given, and so is free = true"},
    {model("upstream: u, price_in: 1, price_out: 1, free: true"), "is given, and so is free"},
    {model("upstream: u, free: true, currency: euro"), "currency must be three capital letters"},
    {model("upstream: u, free: true, capabilities: [tool]"),
     "has 'tool' in it, which is no capability | Did you mean tools?"},
    {model("upstream: u, free: true, capabilities: []"), "capabilities is an empty array"},
    {"router: {currency: dollars}\n", "router.currency must be three capital letters"},
    {"router: {curency: EUR}\n", "Did you mean currency?"},
};

const Wrong kWrongRoutes[] = {
    {"{}", "routes.auto has no candidates"},
    {"{cloud: nobody}", "cloud names nobody, which is no entry of [models]"},
    {"{cloud: dera}", "Did you mean dear?"},
    {"{cloud: [dear, dear]}", "cloud names dear twice"},
    {"{cloud: tiny}", "names tiny, which is a model of this machine | Name it under local"},
    {"{local: dear}", "names dear, which is a model of an upstream"},
    {"{local: \"local:dear\"}", "[models] has another dear"},
    {"{local: tinny}",
     "names tinny, which is no installed model and no [models] entry | Did you "
     "mean tiny?"},
    {"{cloud: dear, default: local}", "default needs local candidates"},
    {"{local: tiny, default: cascade}", "default needs cloud candidates"},
    {"{cloud: dear, order: cheapest}", "order is 'cheapest'"},
    {"{cloud: dear, privacy: none}", "privacy is 'none'"},
    {"{cloud: dear, privacy: pseudonymize}", "privacy is 'pseudonymize'"},
    {"{cloud: dear, local: tiny, shadow: 2}", "shadow"},
    {"{cloud: dear, rules: 5}", "rules must be an array of tables"},
    {"{cloud: dear, rules: [{use: cloud}]}", "rules[0] needs name"},
    {"{cloud: dear, rules: [{name: a}]}", "rules[0] needs use"},
    {"{cloud: dear, rules: [{name: default, use: cloud}]}", "has the name default"},
    {"{cloud: dear, rules: [{name: a, use: cloud, when: {tools: true}}, {name: a, use: cloud}]}",
     "has the name a, as an earlier rule has"},
    {"{cloud: dear, rules: [{name: a, use: local}]}", "use needs local candidates"},
    {"{local: tiny, rules: [{name: a, use: cascade}]}", "use needs cloud candidates"},
    {"{cloud: dear, rules: [{name: a, use: cheap}]}",
     "use is 'cheap', which is no candidate of this route"},
    {"{cloud: dear, rules: [{name: a, use: clod}]}", "Did you mean cloud?"},
    {"{rules: [{name: a, use: auto}]}", "goes on to auto, which leads back here"},
};

const Wrong kWrongConditions[] = {
    {"{tokens_min: 5, tokens_max: 4}", "tokens_min is more than tokens_max: both can never hold"},
    {"{characters_min: -1}", "characters_min is -1"},
    {"{intent_below: 2}", "intent_below is 2"},
    {"{intent_below: 0}", "can never hold"},
    {"{budget_left_below: 0}", "can never hold"},
    {"{intent: a, no_intent_signal: true}", "no_intent_signal contradicts intent"},
    {"{intent: refnud}",
     "asks for the intent refnud, which the intent model does not know | Did "
     "you mean refund?"},
    {"{sensitivity: iban}", "has 'iban' in it"},
    {"{hours: \"8-18\"}", "hours is '8-18', but must be hours such as 08:00-18:00"},
    {"{hours: \"08:00-24:01\"}", "must be hours"},
    {"{hours: \"24:00-08:00\"}", "must be hours"},
    {"{hours: \"08:60-09:00\"}", "must be hours"},
    {"{hours: \"08:00-08:00\"}", "begins and ends at the same minute"},
    {"{days: monday}", "has 'monday' in it, which is no day"},
    {"{days: mon-}", "has 'mon-' in it"},
    {"{language: german}", "which is no language"},
    {"{keywords_any: [\"\"]}", "has an empty string in it"},
    {"{keywords_any: [5]}", "must be a string or an array of strings, not an array of something"},
    {"{tools: 1}", "tools must be true or false, not a whole number"},
    {"{token_min: 5}", "Did you mean tokens_min?"},
    {"{any: []}", "any is an empty array"},
    {"{any: [{}]}", "any[0] has no condition in it"},
    {"{not: {}}", "not has no condition in it"},
    {"{not: {not: {not: {not: {not: {not: {not: {not: {not: {tools: true}}}}}}}}}}",
     "is nested more than 8 deep"},
};

RouterSurroundings around_test() {
  RouterSurroundings around;
  around.installed = {{"smollm2:135m"}};
  around.is_model = [](const std::string& name) { return name == "./file.gguf"; };
  around.labels = [](const std::filesystem::path&) {
    return std::optional<std::vector<std::string>>({"refund", "order"});
  };
  return around;
}

TEST(ParseRouter, NamesMistakes) {
  for (const Wrong& each : kWrong) {
    const ParsedRouter parsed = parse_test(each.yaml);
    EXPECT_EQ(parsed.config, nullptr) << each.yaml;
    EXPECT_THAT(all_problems(parsed), HasSubstr(each.says)) << each.yaml;
    EXPECT_THAT(all_problems(parsed), HasSubstr("error: test.toml:")) << each.yaml;
    EXPECT_THAT(all_problems(parsed), testing::Not(HasSubstr("sk-"))) << "shows a key";
    EXPECT_THAT(all_problems(parsed), testing::Not(HasSubstr("pw@"))) << "shows a password";
  }
}

TEST(ParseRouter, NamesMistakesInRoutes) {
  for (const Wrong& each : kWrongRoutes) {
    const ParsedRouter parsed = parse_route_test("    " + each.yaml + "\n", around_test());
    EXPECT_EQ(parsed.config, nullptr) << each.yaml;
    EXPECT_THAT(all_problems(parsed), HasSubstr(each.says)) << each.yaml;
    EXPECT_THAT(all_problems(parsed), HasSubstr("error: test.toml:13: ")) << each.yaml;
  }
}

TEST(ParseRouter, NamesMistakesInConditions) {
  for (const Wrong& each : kWrongConditions) {
    const ParsedRouter parsed = parse_route_test(
        "    {cloud: dear, intents: i, rules: [{name: r, use: cloud, when: " + each.yaml + "}]}\n",
        around_test());
    EXPECT_EQ(parsed.config, nullptr) << each.yaml;
    EXPECT_THAT(all_problems(parsed), HasSubstr(each.says)) << each.yaml;
  }
}

TEST(ParseRouter, NamesOfRoutesAndModelsDiffer) {
  const RouterSurroundings around = around_test();
  EXPECT_THAT(
      all_problems(parse_test("routes: {\"smollm2:135m\": {local: \"smollm2:135m\"}}", around)),
      HasSubstr("has the name of a model: a request could mean either"));
  EXPECT_THAT(all_problems(parse_test(std::string(kTestHead) + "    {cloud: dear}\n  dear: {cloud: "
                                                               "dear}\n",
                                      around)),
              HasSubstr("routes.dear has the name of a model"));
}

TEST(ParseRouter, FindsCirclesOverSeveralRoutes) {
  const ParsedRouter parsed = parse_test(
      "routes:\n"
      "  a: {rules: [{name: x, use: b}]}\n"
      "  b: {rules: [{name: x, use: d}, {name: y, use: c}]}\n"
      "  c: {rules: [{name: x, use: a}]}\n"
      "  d: {rules: [{name: x, use: refuse}]}\n");
  EXPECT_EQ(parsed.config, nullptr);
  EXPECT_THAT(all_problems(parsed),
              HasSubstr("test.toml:4: routes.c.rules[0] goes on to a, which leads back here"));
}

struct Warned {
  std::string_view route;
  std::string_view says;
};

TEST(ParseRouter, WarnsOfWhatHardlyIsMeant) {
  const Warned cases[] = {
      {"{cloud: dear, rules: [{name: a, use: cloud}, {name: b, use: refuse, when: {tools: true}}]}",
       "rules[1] can never match: the rule a (test.toml:13) matches first, having no conditions"},
      {"{cloud: dear, rules: [{name: a, use: cloud, when: {tools: true}}, {name: b, use: refuse, "
       "when: {json: true, tools: true}}]}",
       "rules[1] can never match: the rule a (test.toml:13) matches first, asking nothing"},
      {"{cloud: dear, local: tiny}", "routes.auto cascades without a calibration"},
      {"{cloud: dear, rules: [{name: a, use: cloud, when: {intent: refund}}]}",
       "asks for an intent, and the route has no intent model"},
      {"{cloud: dear, privacy: allow, rules: [{name: a, use: refuse, when: {sensitivity: any}}]}",
       "does not match where the detector fails"},
      {"{cloud: dear}", "models.cheap is used by no route"},
  };
  for (const Warned& each : cases) {
    const ParsedRouter parsed = parse_route_test("    " + std::string(each.route) + "\n");
    EXPECT_NE(parsed.config, nullptr) << each.route << all_problems(parsed);
    EXPECT_THAT(all_problems(parsed), HasSubstr("warning: ")) << each.route;
    EXPECT_THAT(all_problems(parsed), HasSubstr(each.says)) << each.route;
  }
}

TEST(ParseRouter, DifferentCurrenciesCannotBeCompared) {
  const ParsedRouter parsed = parse_test(
      "upstreams: {u: {dialect: openai, url: \"https://a.example.com\"}}\n"
      "models:\n"
      "  a: {upstream: u, price_in: 1, price_out: 1, currency: EUR}\n"
      "  b: {upstream: u, price_in: 1, price_out: 1}\n"
      "routes: {r: {cloud: [a, b]}}\n");
  EXPECT_THAT(all_problems(parsed), HasSubstr("has candidates priced in EUR and USD"));
  EXPECT_EQ(parsed.config, nullptr);
}

TEST(ParseRouter, AllMistakesAtOnceAndTheFirstAsAnError) {
  const ParsedRouter parsed = parse_test(
      "upstreams:\n  u:\n    dialect: openai\n    url: ftp://x\n    retries: 99\nmodels: {m: 1}\n");
  EXPECT_EQ(std::ranges::count(parsed.problems, true, &ConfigProblem::is_error), 3)
      << all_problems(parsed);
  const auto config = router_or_error(parsed);
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(config.error().field, "upstreams.u.retries");
  EXPECT_EQ(config.error().message,
            "test.toml:5: upstreams.u.retries is 99, but must be a whole number from 0 to 20");
  EXPECT_THAT(config.error().hint, HasSubstr("lists all 3 mistakes"));
}

TEST(ParseRouter, ReadsWhatIsWritten) {
  const ParsedRouter parsed = parse_test(R"(
router: {currency: EUR}
upstreams:
  one:
    dialect: anthropic
    url: https://one.example.com:8443/base/
    key_file: keys/one
    ca_file: /etc/ca.pem
    proxy: http://proxy:3128
    headers: {X-Team: blue}
    connect_ms: 1
    first_token_ms: 2
    between_tokens_ms: 3
    total_ms: 4
    retries: 5
    hedge_ms: 4
    concurrency_max: 7
    breaker_failures: 8
    breaker_cool_down_s: 9
models:
  m: {upstream: one, model: their-name, context: 10, price_in: 1.5, price_out: 2.5, price_cached: 0.5, capabilities: images, weight: 0.25}
routes:
  r:
    local: ["local:smollm2:135m", ./file.gguf]
    cloud: m
    order: weighted
    default: cloud
    privacy: block
    calibration: c.json
    intents: /i.bin
    commit: prefix
    shadow: 0.25
    samples: 3
    speculative: true
    after_first_byte: fallback
    rules: [{name: a, use: "local:./file.gguf", reason: because}]
)",
                                         around_test());
  ASSERT_NE(parsed.config, nullptr) << all_problems(parsed);
  const RouterConfig& config = *parsed.config;
  const UpstreamConfig& upstream = config.upstreams.front();
  EXPECT_EQ(upstream.dialect, UpstreamDialect::Anthropic);
  EXPECT_EQ(upstream.url, "https://one.example.com:8443/base");
  EXPECT_EQ(upstream.key_file, "keys/one");
  EXPECT_EQ(upstream.ca_file, "/etc/ca.pem");
  EXPECT_EQ(upstream.proxy, "http://proxy:3128");
  ASSERT_EQ(upstream.headers.size(), 1U);
  EXPECT_EQ(upstream.headers.front().first, "X-Team");
  EXPECT_EQ(upstream.connect.count(), 1);
  EXPECT_EQ(upstream.first_token.count(), 2);
  EXPECT_EQ(upstream.between_tokens.count(), 3);
  EXPECT_EQ(upstream.total.count(), 4);
  EXPECT_EQ(upstream.retries, 5U);
  EXPECT_EQ(upstream.hedge.count(), 4);
  EXPECT_EQ(upstream.concurrency_max, 7U);
  EXPECT_EQ(upstream.breaker_failures, 8U);
  EXPECT_EQ(upstream.breaker_cool_down.count(), 9);
  const CandidateModel& m = *config.find_model("m");
  EXPECT_EQ(m.model, "their-name");
  EXPECT_EQ(m.context, 10U);
  EXPECT_EQ(m.prices.currency, "EUR");
  EXPECT_DOUBLE_EQ(m.prices.cost(1'000'000, 2'000'000), 6.5);
  EXPECT_DOUBLE_EQ(m.prices.cached, 0.5);
  EXPECT_TRUE(!m.tools && !m.json && m.images);
  EXPECT_DOUBLE_EQ(m.weight, 0.25);
  const RouteConfig& route = config.routes.front();
  ASSERT_EQ(route.local.size(), 2U);
  EXPECT_EQ(config.models[route.local[0]].name, "smollm2:135m");
  EXPECT_TRUE(config.models[route.local[0]].is_local());
  EXPECT_EQ(route.order, CandidateOrder::Weighted);
  EXPECT_EQ(route.fallback, RouteMode::Cloud);
  EXPECT_EQ(route.privacy, RoutePrivacy::Block);
  EXPECT_EQ(route.calibration, "c.json");
  EXPECT_EQ(route.intents, "/i.bin");
  EXPECT_EQ(route.commit, CommitPolicy::Prefix);
  EXPECT_DOUBLE_EQ(route.shadow, 0.25);
  EXPECT_EQ(route.samples, 3U);
  EXPECT_TRUE(route.speculative);
  EXPECT_EQ(route.after_first_byte, AfterFirstByte::Fallback);
  EXPECT_EQ(route.rules.front().use.model, route.local[1]);
  EXPECT_EQ(route.rules.front().reason, "because");
}

TEST(ParseRouter, HttpIsAllowedToThisMachineAndWhereItIsSaid) {
  for (const char* fine : {"http://localhost:1", "http://127.0.0.1", "http://[::1]:8080/v1",
                           "https://[2001:db8::1]/v1"})
    EXPECT_NE(parse_test(url(fine)).config, nullptr) << fine;
  EXPECT_NE(parse_test("upstreams: {u: {dialect: openai, url: \"http://10.0.0.1\", insecure_http: "
                       "true}}\n")
                .config,
            nullptr);
}

TEST(ParseRouter, NothingAtAllIsFine) {
  const ParsedRouter parsed = parse_router(ConfigNode{}, {});
  ASSERT_NE(parsed.config, nullptr);
  EXPECT_TRUE(parsed.problems.empty());
}

TEST(ConfigNode, LaterEntriesReplaceEarlierOnesAsAWhole) {
  ConfigNode base = test_tree("upstreams: {a: {x: 1, y: 2}, b: {x: 1}}\nrouter: {currency: EUR}\n");
  merge_entries(base, test_tree("upstreams: {a: {x: 3}, c: {x: 4}}\nmodels: {m: {}}\n"));
  const ConfigNode& upstreams = *base.find("upstreams");
  EXPECT_EQ(upstreams.items.size(), 3U);
  EXPECT_EQ(upstreams.find("a")->find("y"), nullptr);
  EXPECT_EQ(upstreams.find("a")->find("x")->integer, 3);
  EXPECT_NE(base.find("models"), nullptr);
  EXPECT_NE(base.find("router"), nullptr);
}

TEST(ConfigNode, KeysAreQuotedWhereTomlAsksForIt) {
  EXPECT_EQ(member_key("routes", "croft/auto"), "routes.\"croft/auto\"");
  EXPECT_EQ(member_key("routes", "a\"b"), "routes.\"a\\\"b\"");
  EXPECT_EQ(member_key("", "a_b-1"), "a_b-1");
}

TEST(ConfigKeys, DefaultsAreValid) {
  for (const auto keys :
       {upstream_keys(), model_keys(), route_keys(), rule_keys(), condition_keys(), router_keys()})
    for (const KeySpec& key : keys) {
      EXPECT_FALSE(key.help.empty() || key.help.ends_with('.')) << key.name;
      const auto choices = key_choices(key);
      EXPECT_TRUE(choices.empty() || key.fallback.empty() ||
                  std::ranges::find(choices, key.fallback) != choices.end())
          << key.name;
      const bool is_number = key.kind == KeyKind::Integer || key.kind == KeyKind::Real;
      EXPECT_EQ(is_number, key.min < key.max) << key.name;
    }
}

TEST(ConfigKeys, ReferenceIsCurrent) {
  std::ifstream file(CROFT_SOURCE_DIR "/docs/routing-config.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), key_reference())
      << "make it again: croft route check --keys > docs/routing-config.md";
}

TEST(ParseRouter, PricesComeFromTheListWhereAModelAsksForIt) {
  RouterSurroundings around;
  around.listed_price = [](const std::string& name) -> Result<TokenPrices> {
    if (name != "acme/big") return fail(ErrorCode::Forbidden, "no " + name, "Did you mean big?");
    return TokenPrices{
        .in = 2, .out = 8, .cached = 0.5, .cache_write = 2.5, .currency = "EUR", .version = "v1"};
  };
  const auto with = [&](const std::string& price) {
    return parse_test(
        "upstreams: {u: {dialect: openai, url: \"https://a.example.com\"}}\n"
        "models: {m: {upstream: u, price: " +
            price +
            "}}\n"
            "routes: {r: {cloud: m}}\n",
        around);
  };
  const ParsedRouter listed = with("acme/big");
  ASSERT_TRUE(listed.config) << all_problems(listed);
  EXPECT_EQ(listed.config->models[0].prices.out, 8);
  EXPECT_EQ(listed.config->models[0].prices.version, "v1");
  EXPECT_FALSE(listed.config->models[0].prices.unpriced);
  const ParsedRouter unknown = with("unknown");
  ASSERT_TRUE(unknown.config) << all_problems(unknown);
  EXPECT_TRUE(unknown.config->models[0].prices.unpriced);
  EXPECT_GT(unknown.config->models[0].prices.cost(1, 1), 1e300) << "never taken for 0";
  const ParsedRouter wrong = with("acme/none");
  EXPECT_FALSE(wrong.config);
  EXPECT_NE(all_problems(wrong).find("names no price: no acme/none | Did you mean big?"),
            std::string::npos)
      << all_problems(wrong);
}

}  // namespace
}  // namespace croft
