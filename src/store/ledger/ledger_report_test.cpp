// Goal: sums, exports and the report say what the rows say: exact money, nothing unpriced as 0,
// nothing from a row that could act in a spreadsheet, a terminal or a browser.
// Method: rows whose sums are known by hand; hostile names in every text field.
#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "base/json.h"
#include "store/ledger/ledger_export.h"
#include "store/ledger/ledger_time.h"
#include "store/ledger/report_page.h"
#include "store/ledger/report_plots.h"
#include "store/ledger/test_rows.h"

namespace croft {
namespace {

Ledger ledger_of(const std::vector<LedgerRow>& rows) {
  Ledger ledger = must(Ledger::open(must(Database::open(":memory:"))));
  must(ledger.append(rows, Repeats::Impossible));
  return ledger;
}

TEST(LedgerTime, ReadsWhatPeopleWrite) {
  constexpr std::int64_t now = 1'780'000'000'000'000;
  EXPECT_EQ(must(parse_ledger_time("1970-01-02", now)), 86'400'000'000);
  EXPECT_EQ(must(parse_ledger_time("2026-01-31T12:30Z", now)), 1'769'862'600'000'000);
  EXPECT_EQ(must(parse_ledger_time("2026-01-31T12:30:05Z", now)), 1'769'862'605'000'000);
  EXPECT_EQ(must(parse_ledger_time("7d", now)), now - 7 * 86'400'000'000LL);
  EXPECT_EQ(must(parse_ledger_time("90m", now)), now - 90 * 60'000'000LL);
  for (const char* bad : {"", "d", "-7d", "7", "7w", "2026-02-30", "2026-13-01", "2026-1-1",
                          "2026-01-31T25:00Z", "2026-01-31T12:00", "99999999999999999999d",
                          "9223372036854775807d", "2026-01-31T12:30:05Zx", "12h "})
    EXPECT_FALSE(parse_ledger_time(bad, now)) << bad;
  EXPECT_EQ(time_text(1'769'862'605'000'007), "2026-01-31T12:30:05.000007Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(day_text(day_of(-1)), "1969-12-31");
  EXPECT_FALSE(time_text(std::numeric_limits<std::int64_t>::min()).empty());
}

TEST(LedgerTotals, MoneyIsExactAndNothingUnknownIsZero) {
  EXPECT_EQ(money_text(0), "0.00");
  EXPECT_EQ(money_text(1'500'000'000), "1.50");
  EXPECT_EQ(money_text(123'456'789), "0.123457");
  EXPECT_EQ(money_text(-123'456'500), "-0.123457");
  EXPECT_EQ(money_text(-400), "0.00");
  EXPECT_EQ(money_text(std::numeric_limits<std::int64_t>::min()), "-9223372036.854776");
  LedgerRow row;
  row.currency = "USD";
  row.outcome = "ok";
  row.model = "large";
  row.provider = "acme";
  LedgerTotals totals;
  row.cloud_cost = Money::known(300);
  row.counterfactual_cost = Money::known(1000);
  totals.add(row);
  row.cloud_cost = Money::unpriced();
  totals.add(row);
  row.cloud_cost = Money::unknown();
  row.currency = "EUR";
  totals.add(row);
  const CostTotals& usd = totals.costs.at("USD");
  EXPECT_EQ(usd.cloud.nano, 300);
  EXPECT_EQ(usd.cloud.known, 1U);
  EXPECT_EQ(usd.cloud.unpriced, 1U);
  EXPECT_EQ(usd.saved.nano, 700);  // of the one row where both are known
  EXPECT_EQ(usd.saved.known, 1U);
  EXPECT_EQ(usd.counterfactual.nano, 2000);
  EXPECT_EQ(totals.costs.at("EUR").cloud.unknown, 1U);
  EXPECT_EQ(totals.tokens_unknown, 3U);
  EXPECT_EQ(totals.cloud, 3U);
  row.model = row.provider = "";
  row.outcome = "refused";
  row.energy_uj = 0;  // by "none": nothing was computed, which is no measurement
  totals.add(row);
  row.outcome = "cancelled";
  totals.add(row);
  EXPECT_EQ(totals.tokens_unknown, 3U);  // nobody answered: there is nothing to know
  EXPECT_EQ(totals.refused, 1U);
  EXPECT_EQ(totals.cancelled, 1U);
  EXPECT_EQ(totals.failed, 2U);
  EXPECT_TRUE(totals.energy.empty());
  MoneyTotal full;
  full.add(Money::known(std::numeric_limits<std::int64_t>::max()));
  full.add(Money::known(1));
  EXPECT_TRUE(full.overflowed);
}

TEST(LedgerTotals, QuantilesAreWithinThreePerCent) {
  DurationCounts counts;
  EXPECT_FALSE(counts.quantile_us(0.5));
  for (std::int64_t us = 1; us <= 100'000; ++us) counts.add(us);
  for (const double share : {0.01, 0.5, 0.95, 0.99, 1.0})
    EXPECT_NEAR(counts.quantile_us(share).value(), share * 100'000, share * 3000);
  counts.add(std::numeric_limits<std::int64_t>::max());
  counts.add(-5);
  EXPECT_GT(counts.quantile_us(1.0).value(), 8e18);
  EXPECT_EQ(counts.quantile_us(0.0).value(), 0.0);
}

TEST(LedgerSummary, AddsUpByEachGrouping) {
  const std::vector<LedgerRow> rows = sample_rows(0, 60);
  Ledger ledger = ledger_of(rows);
  const LedgerGrouping groupings[] = {LedgerGrouping::Tenant, LedgerGrouping::Model,
                                      LedgerGrouping::Day};
  const LedgerSummary all = must(summarise_ledger(ledger, {}, groupings));
  std::int64_t prompt = 0, cloud = 0;
  std::uint64_t local = 0;
  for (const LedgerRow& row : rows) {
    prompt += row.prompt_tokens.value();
    cloud += row.cloud_cost.nano;
    local += row.provider == "local" ? 1 : 0;
  }
  EXPECT_EQ(all.all.requests, 60U);
  EXPECT_EQ(all.all.prompt_tokens, prompt);
  EXPECT_EQ(all.all.local, local);
  EXPECT_EQ(all.all.costs.at("USD").cloud.nano, cloud);
  EXPECT_EQ(all.all.costs.at("USD").counterfactual.unpriced, 5U);
  EXPECT_EQ(all.groups[0].size(), 3U);
  EXPECT_EQ(all.groups[1].at("gpt-large").requests, 60 - local);
  const json::object document = summary_json(all, groupings);
  EXPECT_EQ(document.at("by").at("model").as_array().size(), 2U);
  EXPECT_EQ(document.at("costs").at(0).at("cloud").at("nano").to_number<std::int64_t>(), cloud);
  const std::string text = summary_text(all, groupings);
  EXPECT_TRUE(text.contains("5 unpriced")) << text;
  const LedgerSummary part = must(
      summarise_ledger(ledger, {.since_us = rows[10].time_us, .until_us = rows[20].time_us}, {}));
  EXPECT_EQ(part.all.requests, 10U);
  const LedgerSummary none = must(summarise_ledger(ledger, {.until_us = 5}, {}));
  EXPECT_EQ(none.all.requests, 0U);
  EXPECT_EQ(summary_text(none, {}), "no requests\n");
  EXPECT_FALSE(parse_grouping("colour"));
}

std::string report_of(const std::vector<LedgerRow>& rows) {
  Ledger ledger = ledger_of(rows);
  const LedgerSummary summary = must(summarise_ledger(ledger, {}, report_groupings));
  return ledger_report(summary, must(ledger.head()), 1'780'000'000'000'000);
}

TEST(LedgerSummary, SaysInHowManyRequestsSomethingWasFound) {
  std::vector<LedgerRow> rows = sample_rows(0, 5);
  rows[0].gates = R"({"length":"12 tokens","privacy":"nothing found"})";
  rows[1].gates = R"({"privacy":"2 CREDIT_CARD, 1 PERSON"})";
  rows[2].gates = R"({"privacy":"1 EMAIL_ADDRESS"})";
  rows[3].gates = R"({"privacy":"unknown"})";
  rows[4].gates = R"({"cut":70000,"note":"\"privacy\""})";
  Ledger ledger = ledger_of(rows);
  const LedgerGrouping groupings[] = {LedgerGrouping::Privacy};
  const LedgerSummary all = must(summarise_ledger(ledger, {}, groupings));
  EXPECT_EQ(all.groups[0].at("nothing").requests, 1U);
  EXPECT_EQ(all.groups[0].at("something").requests, 2U);
  EXPECT_EQ(all.groups[0].at("unknown").requests, 1U);
  EXPECT_EQ(all.groups[0].at("").requests, 1U);
  EXPECT_TRUE(report_of(rows).contains("something personal or secret"));
}

TEST(LedgerSummary, ManyGroupsAreBounded) {
  Ledger ledger = must(Ledger::open(must(Database::open(":memory:"))));
  std::vector<LedgerRow> rows;
  for (int i = 0; i < static_cast<int>(ledger_groups_max) + 50; ++i) {
    rows.push_back(sample_row(i));
    rows.back().tenant = "tenant " + std::to_string(i);
  }
  must(ledger.append(rows, Repeats::Impossible));
  const LedgerGrouping groupings[] = {LedgerGrouping::Tenant};
  const LedgerSummary summary = must(summarise_ledger(ledger, {}, groupings));
  EXPECT_LE(summary.groups[0].size(), ledger_groups_max + 1);
  EXPECT_EQ(summary.groups[0].at(std::string(ledger_other_groups)).requests, 50U);
}

struct Lines {
  std::string csv, jsonl;
};
Lines lines_of(const LedgerRow& row) {
  Ledger ledger = ledger_of({row});
  Lines lines;
  must(ledger.read({}, [&](const StoredLedgerRow& stored) -> Result<void> {
    lines = {ledger_csv_line(stored), ledger_json_line(stored)};
    return {};
  }));
  return lines;
}

TEST(LedgerExport, CsvIsHarmlessAndQuoted) {
  LedgerRow row = sample_row(1);
  row.model = "=HYPERLINK(\"http://x\")";
  row.reason = "a,b\r\nc";
  row.team = "-1+1";
  row.tenant = "@SUM(A1)";
  row.key_id = "\tx";
  row.queue_us = -5;
  row.gates_us.reset();
  const std::string csv = lines_of(row).csv;
  EXPECT_TRUE(csv.contains(",\"'=HYPERLINK(\"\"http://x\"\")\",")) << csv;
  EXPECT_TRUE(csv.contains(",\"a,b\r\nc\",")) << csv;
  EXPECT_TRUE(csv.contains(",'-1+1,")) << csv;
  EXPECT_TRUE(csv.contains(",'@SUM(A1),")) << csv;
  EXPECT_TRUE(csv.contains(",'\tx,")) << csv;
  EXPECT_TRUE(csv.contains(",-5,,")) << csv;  // a number stays one; not known is empty
  EXPECT_TRUE(csv.ends_with("\r\n"));
  EXPECT_EQ(std::ranges::count(ledger_csv_head(), ','), 42 + 3);
}

TEST(LedgerExport, JsonLinesAreJson) {
  LedgerRow row = sample_row(1);
  row.reason = "a\"\n\xE2\x80\xA8";
  row.attempts = R"([{"model":"m","cost_nano":5}])";
  row.gates = "not json\n";
  row.cloud_cost = Money::unpriced();
  const std::string line = lines_of(row).jsonl;
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const json::value value = must(parse_json(line, "line"));
  EXPECT_EQ(value.at("reason").as_string(), row.reason);
  EXPECT_EQ(value.at("attempts").at(0).at("cost_nano").as_int64(), 5);
  EXPECT_EQ(value.at("gates").as_string(), row.gates);
  EXPECT_TRUE(value.at("cloud_cost_nano").is_null());
  EXPECT_EQ(value.at("cloud_cost_state").as_string(), "unpriced");
  EXPECT_EQ(value.at("streamed").as_bool(), true);
  EXPECT_EQ(value.at("hash").as_string().size(), 64U);
}

TEST(LedgerReport, IsOnePageThatAsksNobody) {
  std::vector<LedgerRow> rows = sample_rows(0, 40);
  rows[5].model = "<script>alert(1)</script>\" onload='x'";
  rows[6].route = "a&b";
  rows[7].currency = "<b>";
  rows[8].cloud_cost = Money::unpriced();
  rows[39].time_us += 3LL * 86'400'000'000;  // days without a request in between
  const std::string page = report_of(rows);
  EXPECT_FALSE(page.contains("<script"));
  EXPECT_FALSE(page.contains("<b>alert"));
  EXPECT_TRUE(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39;"));
  EXPECT_TRUE(page.contains("a&amp;b"));
  EXPECT_TRUE(page.contains("default-src 'none'; style-src 'sha256-"));
  for (const char* outside : {"http:", "https:", "src=", "href=", "url(", "@import", "style=\""})
    EXPECT_FALSE(page.contains(outside)) << outside;
  EXPECT_TRUE(page.contains("1 request has no price")) << page.substr(0, 4000);
  EXPECT_EQ(page, report_of(rows).replace(page.find("Which ledger"), std::string::npos,
                                          page.substr(page.find("Which ledger"))));
  EXPECT_TRUE(report_of({}).contains("No requests in this time"));
}

TEST(LedgerReport, AxesAreRound) {
  for (const auto& [value, top, step] : std::vector<std::array<double, 3>>{{0, 1, 0.25},
                                                                           {1, 1, 0.5},
                                                                           {7, 8, 2},
                                                                           {100, 100, 50},
                                                                           {101, 150, 50},
                                                                           {0.003, 0.003, 0.001}}) {
    const PlotAxis axis = plot_axis(value);
    EXPECT_NEAR(axis.top, top, top * 1e-6) << value;
    EXPECT_NEAR(axis.step, step, step * 1e-6) << value;
  }
  const std::string svg = bar_plot_svg(
      {.title = "a < b", .unit = {}, .labels = {"one", "two"}, .series = {{"s", {0.0, 3.0}}}});
  EXPECT_TRUE(svg.contains("a &lt; b"));
  EXPECT_FALSE(svg.contains("nan"));
}

}  // namespace
}  // namespace croft
