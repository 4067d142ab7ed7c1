// Goal: a request becomes the row that an auditor would have written by hand: every attempt at the
// price it began with, nothing unknown or unpriced ever 0, the machine's time as money and energy.
// Method: records and traces made by hand, sums computed by hand.
#include "server/accounting/account_row.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "router/trace/route_trace.h"

namespace croft {
namespace {

AccountingRates rates() {
  AccountingRates rates;
  rates.currency = "EUR";
  rates.reference = TokenRates{.input = 2'000'000'000, .output = 8'000'000'000, .currency = "EUR"};
  rates.reference_version = "2026-01-01-abc";
  rates.hardware_nano_per_hour = 36'000'000;  // 0.036 an hour: 10,000 nano a second
  rates.power_nano_per_kwh = 360'000'000;     // 0.36 a kWh: 100 nano a joule
  return rates;
}
constexpr Power power{.watts = 50.0, .method = PowerMethod::Rapl};

RequestRecord local_request() {
  RequestRecord record;
  record.ledger_id = "r1";
  record.id = "client-1";
  record.route = "/v1/chat/completions";
  record.tenant = "ward-7";
  record.model = "small";
  record.status = 200;
  record.prompt_tokens = 1000;
  record.cached_tokens = 600;
  record.generated_tokens = 100;
  record.compute_seconds = 2.0;
  record.queue_seconds = 0.25;
  record.seconds = 3.0;
  record.first_token_seconds = 0.5;
  record.started = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  return record;
}

AttemptTrace cloud_attempt() {
  AttemptTrace attempt;
  attempt.provider = "acme";
  attempt.model = "big";
  attempt.dialect = "openai";
  attempt.prompt_tokens = 1000;
  attempt.cached_tokens = 400;
  attempt.completion_tokens = 50;
  attempt.first_token_ms = 12.5;
  attempt.price = AttemptPrice{.prompt = 2.0, .cached_prompt = 0.5, .completion = 10.0};
  return attempt;
}

LedgerRow row_of(RouteTrace trace, RequestRecord record = local_request()) {
  record.compute_seconds = 0.0;
  record.trace = std::make_shared<const RouteTrace>(std::move(trace));
  return account_row(record, rates(), power);
}

TEST(AccountRow, ALocalAnswerCostsTimeAndPowerAndSavesTheReference) {
  const LedgerRow row = account_row(local_request(), rates(), power);
  EXPECT_EQ(row.id, "r1");
  EXPECT_EQ(row.request_id, "client-1");
  EXPECT_EQ(row.time_us, 1'700'000'000'000'000);
  EXPECT_EQ(row.tenant, "ward-7");
  EXPECT_EQ(row.model, "small");
  EXPECT_EQ(row.provider, ledger_local_provider);
  EXPECT_EQ(row.prompt_tokens, 1000);
  EXPECT_EQ(row.cached_tokens, 600);
  EXPECT_EQ(row.completion_tokens, 100);
  EXPECT_EQ(row.cloud_cost, Money::known(0));
  // 1,000 x 2 and 100 x 8 per million.
  EXPECT_EQ(row.counterfactual_cost, Money::known(2'800'000));
  // 2 s x 10,000 nano and 100 J x 100 nano.
  EXPECT_EQ(row.local_cost, Money::known(30'000));
  EXPECT_EQ(row.energy_uj, 100'000'000);
  EXPECT_EQ(row.energy_method, "rapl");
  EXPECT_EQ(row.queue_us, 250'000);
  EXPECT_EQ(row.local_us, 2'000'000);
  EXPECT_EQ(row.first_token_us, 500'000);
  EXPECT_EQ(row.total_us, 3'000'000);
  EXPECT_EQ(row.outcome, "ok");
  EXPECT_EQ(row.price_version, "") << "no upstream's price was used";
  EXPECT_EQ(row.reference_version, "2026-01-01-abc");
}

TEST(AccountRow, ACloudAnswerIsPricedAsItWasAgreed) {
  RouteTrace trace;
  trace.route = "croft/auto";
  trace.rule = "hard";
  trace.requested_model = "croft/auto";
  trace.gates = {{.gate = "intent", .outcome = "billing"}};
  trace.attempts = {cloud_attempt()};
  trace.answered_by = 0;
  const LedgerRow row = row_of(trace);
  // 600 x 2, 400 x 0.5, 50 x 10 per million.
  EXPECT_EQ(row.cloud_cost, Money::known(1'200'000 + 200'000 + 500'000));
  EXPECT_EQ(row.model, "big");
  EXPECT_EQ(row.provider, "acme");
  EXPECT_EQ(row.route, "croft/auto");
  EXPECT_EQ(row.rule, "hard");
  EXPECT_EQ(row.gates, R"({"intent":"billing"})");
  EXPECT_EQ(row.first_token_us, 12'500);
  EXPECT_TRUE(row.price_version.starts_with("croft.toml-")) << row.price_version;
  EXPECT_EQ(row.local_cost, Money::known(0));
  EXPECT_EQ(row.energy_method, "none");
  const json::value attempts = json::parse(row.attempts);
  EXPECT_EQ(attempts.at(0).at("cost_nano").as_int64(), 1'900'000);
}

TEST(AccountRow, EveryAttemptCountsAlsoThoseThatDidNotAnswer) {
  RouteTrace trace;
  AttemptTrace failed = cloud_attempt();
  failed.completion_tokens = 0;
  failed.error = ErrorCode::Upstream;
  trace.attempts = {failed, cloud_attempt()};
  trace.answered_by = 1;
  EXPECT_EQ(row_of(trace).cloud_cost, Money::known(1'400'000 + 1'900'000));
}

TEST(AccountRow, AnErrorInsteadOfAnAnswerIsNotCharged) {
  RouteTrace trace;
  AttemptTrace refused = cloud_attempt();
  refused.prompt_tokens = refused.cached_tokens = refused.completion_tokens = std::nullopt;
  refused.error = ErrorCode::Upstream;
  trace.attempts = {refused};
  EXPECT_EQ(row_of(trace).cloud_cost, Money::unknown()) << "it may have begun to answer";
  trace.attempts[0].prompt_tokens = trace.attempts[0].completion_tokens = 0;
  EXPECT_EQ(row_of(trace).cloud_cost, Money::known(0));
}

TEST(AccountRow, WhatBrokeOffIsEstimatedAndSaysSo) {
  RouteTrace trace;
  trace.attempts = {cloud_attempt(), cloud_attempt()};
  trace.attempts[0].estimated = true;
  trace.answered_by = 0;
  const LedgerRow row = row_of(trace);
  EXPECT_EQ(row.cloud_cost, Money::estimated(2 * 1'900'000)) << "a guess makes the sum a guess";
  EXPECT_EQ(row.counterfactual_cost, Money::estimated(1000 * 2'000 + 50 * 8'000));
  const json::value attempts = json::parse(row.attempts);
  EXPECT_EQ(attempts.at(0).at("cost").as_string(), "estimated");
  EXPECT_EQ(attempts.at(1).if_object()->if_contains("cost"), nullptr);
  trace.attempts[1].completion_tokens.reset();
  EXPECT_EQ(row_of(trace).cloud_cost, Money::unknown());
}

TEST(AccountRow, WritingACacheHasItsOwnPrice) {
  RouteTrace trace;
  trace.attempts = {cloud_attempt()};
  trace.attempts[0].cache_write_tokens = 500;
  trace.answered_by = 0;
  // 100 and 500 x 2, 400 x 0.5, 50 x 10 per million: written tokens cost as others do ...
  EXPECT_EQ(row_of(trace).cloud_cost, Money::known(1'900'000));
  EXPECT_EQ(row_of(trace).cache_write_tokens, 500);
  trace.attempts[0].price->cache_write = 2.5;
  EXPECT_EQ(row_of(trace).cloud_cost, Money::known(2'150'000)) << "... unless they are dearer";
}

TEST(AccountRow, TheListIsNamedThatThePriceCameFrom) {
  RouteTrace trace;
  trace.attempts = {cloud_attempt()};
  trace.attempts[0].price->version = "2026-01-31-0123456789ab";
  EXPECT_EQ(row_of(trace).price_version, "2026-01-31-0123456789ab");
}

TEST(AccountRow, CostsOfTwoCurrenciesAreNotPutIntoOneRow) {
  RouteTrace trace;
  trace.attempts = {cloud_attempt()};
  trace.attempts[0].price->currency = "CHF";
  trace.answered_by = 0;
  const LedgerRow row = row_of(trace);
  EXPECT_EQ(row.currency, "CHF");
  EXPECT_EQ(row.cloud_cost, Money::known(1'900'000));
  EXPECT_EQ(row.counterfactual_cost, Money::unpriced()) << "the reference is priced in EUR";
}

TEST(AccountRow, VectorsAreNotPricedAsChats) {
  RequestRecord record = local_request();
  record.route = "/v1/embeddings";
  EXPECT_EQ(account_row(record, rates(), power).counterfactual_cost, Money::unpriced());
  EXPECT_EQ(account_row(record, rates(), power).local_cost, Money::known(30'000));
}

TEST(AccountRow, NobodyWouldHaveAskedAShadow) {
  RouteTrace trace;
  trace.attempts = {cloud_attempt()};
  trace.answered_by = 0;
  trace.shadow = true;
  EXPECT_EQ(row_of(trace).counterfactual_cost, Money::known(0));
  EXPECT_EQ(row_of(trace).cloud_cost, Money::known(1'900'000));
}

TEST(AccountRow, WhatHasNoPriceIsUnpricedAndWhatIsNotToldIsUnknown) {
  RouteTrace trace;
  trace.attempts = {cloud_attempt(), cloud_attempt()};
  trace.attempts[1].price.reset();
  trace.answered_by = 0;
  EXPECT_EQ(row_of(trace).cloud_cost, Money::unpriced());
  trace.attempts[1] = cloud_attempt();
  trace.attempts[1].completion_tokens.reset();
  EXPECT_EQ(row_of(trace).cloud_cost, Money::unknown());

  AccountingRates none;
  const LedgerRow row = account_row(local_request(), none, power);
  EXPECT_EQ(row.counterfactual_cost, Money::unpriced());
  EXPECT_EQ(row.local_cost, Money::unpriced());
}

TEST(AccountRow, TheOutcomeIsWhatTheClientSaw) {
  RequestRecord record = local_request();
  for (const auto& [status, outcome] : {std::pair{200, "ok"},
                                        {400, "error"},
                                        {401, "refused"},
                                        {403, "refused"},
                                        {429, "refused"},
                                        {500, "error"}}) {
    record.status = status;
    EXPECT_EQ(account_row(record, rates(), power).outcome, outcome) << status;
  }
  record.status = 200;
  record.failed = true;
  EXPECT_EQ(account_row(record, rates(), power).outcome, "error") << "a stream that broke off";
  record.client_gone = true;
  EXPECT_EQ(account_row(record, rates(), power).outcome, "cancelled");
}

TEST(AccountRow, WhoWasRefusedCostsNothing) {
  RequestRecord record;
  record.status = 401;
  record.route = "/v1/embeddings";
  const LedgerRow row = account_row(record, rates(), power);
  EXPECT_EQ(row.cloud_cost, Money::known(0));
  EXPECT_EQ(row.local_cost, Money::known(0));
  EXPECT_EQ(row.counterfactual_cost, Money::known(0));
  EXPECT_TRUE(row.model.empty());
}

}  // namespace
}  // namespace croft
