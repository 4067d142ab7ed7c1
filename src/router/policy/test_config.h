#pragma once
/// Configurations for tests, written in YAML: the router's parser takes any tree that knows places,
/// and TOML is read by src/cli alone.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "router/policy/import/read_yaml.h"
#include "router/policy/parse_router.h"

namespace croft {

inline ConfigNode test_tree(std::string_view yaml) {
  auto root = read_yaml(yaml, "test.toml");
  if (!root) {
    ADD_FAILURE() << root.error().to_string();
    return {};
  }
  return *std::move(root);
}

inline ParsedRouter parse_test(std::string_view yaml, const RouterSurroundings& around = {}) {
  return parse_router(test_tree(yaml), around);
}

inline std::string all_problems(const ParsedRouter& parsed) {
  std::string text;
  for (const ConfigProblem& problem : parsed.problems)
    text += (problem.is_error ? "error: " : "warning: ") + problem.sentence() + " | " +
            problem.hint + "\n";
  return text;
}

/// Upstreams and models that tests share; routes follow. 13 lines.
inline constexpr std::string_view kTestHead = R"(upstreams:
  one: {dialect: openai, url: "https://one.example.com/v1", key_env: ONE_KEY}
  two: {dialect: anthropic, url: "https://two.example.com"}
models:
  dear: {upstream: one, price_in: 10, price_out: 30, context: 1000, capabilities: [tools, json, images]}
  cheap: {upstream: two, price_in: 1, price_out: 2, context: 1000, weight: 3}
  tiny: {upstream: local, context: 500}
  big: {upstream: local, context: 100000, capabilities: [tools, json, images]}
  bare: {upstream: one, free: true, capabilities: [json]}
routes:
  other: {cloud: [bare]}
  auto:
)";

inline ParsedRouter parse_route_test(std::string_view route,
                                     const RouterSurroundings& around = {}) {
  return parse_test(std::string(kTestHead) + std::string(route), around);
}

}  // namespace croft
