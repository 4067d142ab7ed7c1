#include "store/ledger/report_page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "io/sha256.h"
#include "store/ledger/ledger_time.h"
#include "store/ledger/report_plots.h"

namespace croft {
namespace {

constexpr std::size_t days_max = 366;
constexpr std::size_t rows_max = 20;
constexpr std::size_t currencies_max = 3;

// Its hash stands in the page's policy: nothing else may style it.
constexpr std::string_view kStyle =
    R"(:root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--soft:#57606a;--line:#d8dee4;--c0:#1b6f5a;--c1:#2a6fb0;--c2:#b35900;--c3:#7a5bb5;--warn:#9a3412}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--line:#2a313a;--c0:#63c7a8;--c1:#79b8f0;--c2:#f0a35e;--c3:#b9a3ec;--warn:#ffb38a}}
body{margin:0 auto;max-width:1360px;padding:24px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 8px}p{margin:4px 0}.soft{color:var(--soft)}.warn{color:var(--warn);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px;margin:20px 0}
.tile{border:1px solid var(--line);border-radius:8px;padding:12px}.tile b{display:block;font-size:20px;overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:20px}
svg{width:100%;height:auto;border:1px solid var(--line);border-radius:8px;padding:12px;box-sizing:border-box}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg .title{font-size:14px;font-weight:600;fill:var(--ink)}
.grid{stroke:var(--line)}.c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{padding:6px 8px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:13em}th{color:var(--soft);font-weight:600}
h2{break-after:avoid}tr,svg,.tile{break-inside:avoid}
@media print{body{max-width:none}.plots{grid-template-columns:1fr 1fr}})";

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      group = (group << 8) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= count ? letters[(group >> (18 - 6 * j)) & 63] : '=';
  }
  return out;
}

std::string style_source() {
  const std::string digits = sha256_hex(std::as_bytes(std::span(kStyle)));
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return "'sha256-" + base64(bytes) + "'";
}

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}
std::string grouped(std::int64_t value) {
  return grouped(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)));
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%",
                100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

std::string ms(const DurationCounts& counts, double share) {
  const auto us = counts.quantile_us(share);
  if (!us) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), *us < 10'000 ? "%.1f" : "%.0f", *us / 1000.0);
  return text.data();
}

std::string amounts(const LedgerTotals& totals, MoneyTotal CostTotals::* which) {
  std::string text;
  for (const auto& [currency, cost] : totals.costs) {
    const MoneyTotal& money = cost.*which;
    if (money.known == 0) continue;
    if (!text.empty()) text += " + ";
    text += (money.overflowed ? "over " : "") + money_text(money.nano) + " " + currency;
  }
  return text.empty() ? "-" : text;
}

std::string minute_text(std::int64_t us) {
  std::string text = time_text(us).substr(0, 16);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

struct Missing {
  std::uint64_t unpriced = 0, unknown = 0, estimated = 0;
};
Missing missing(const LedgerTotals& totals, MoneyTotal CostTotals::* which) {
  Missing sum;
  for (const auto& [currency, cost] : totals.costs) {
    sum.unpriced += (cost.*which).unpriced;
    sum.unknown += (cost.*which).unknown;
    sum.estimated += (cost.*which).estimated;
  }
  return sum;
}

std::string tile(std::string_view name, const std::string& value, const std::string& below = {}) {
  return "<div class=\"tile\"><span class=\"soft\">" + html_text(name) + "</span><b>" +
         html_text(value) + "</b><span class=\"soft\">" + html_text(below) + "</span></div>\n";
}

std::string gaps_text(const Missing& gaps) {
  const std::string guesses =
      gaps.estimated == 0 ? "" : grouped(gaps.estimated) + " broke off: estimated";
  if (gaps.unpriced == 0 && gaps.unknown == 0)
    return guesses.empty() ? "all requests priced" : guesses;
  return grouped(gaps.unpriced) + " unpriced, " + grouped(gaps.unknown) + " unknown: not in it" +
         (guesses.empty() ? "" : "; " + guesses);
}

std::string tiles(const LedgerTotals& all) {
  std::string out = "<div class=\"tiles\">\n";
  out +=
      tile("Requests", grouped(all.requests),
           grouped(all.refused) + " refused, " + grouped(all.failed - all.refused - all.cancelled) +
               " failed, " + grouped(all.cancelled) + " left by the client");
  out += tile("Answered on this machine", percent(all.local, all.requests),
              grouped(all.local) + "; " + grouped(all.escalated) + " tried and escalated");
  out += tile("Answered by the cloud", percent(all.cloud, all.requests), grouped(all.cloud));
  out += tile("Prompt tokens", grouped(all.prompt_tokens),
              grouped(all.cached_tokens) + " of them cached");
  out += tile("Answer tokens", grouped(all.completion_tokens),
              all.tokens_unknown == 0 ? "" : grouped(all.tokens_unknown) + " requests unknown");
  out += tile("Paid to the cloud", amounts(all, &CostTotals::cloud),
              gaps_text(missing(all, &CostTotals::cloud)));
  out += tile("Had all gone to the cloud", amounts(all, &CostTotals::counterfactual),
              gaps_text(missing(all, &CostTotals::counterfactual)));
  out += tile("Saved, before local cost", amounts(all, &CostTotals::saved), "where both are known");
  out += tile("Local cost", amounts(all, &CostTotals::local),
              gaps_text(missing(all, &CostTotals::local)));
  return out + "</div>\n";
}

/// One entry a day without holes, the last days_max of them.
struct Days {
  std::vector<std::string> labels;
  std::vector<const LedgerTotals*> totals;  ///< null: nothing that day
};
Days days_of(const LedgerSummary& summary) {
  Days days;
  const std::int64_t last = day_of(*summary.last_us);
  const std::int64_t first =
      std::max(day_of(*summary.first_us), last - static_cast<std::int64_t>(days_max) + 1);
  for (std::int64_t day = first; day <= last; ++day) {
    const std::string name = day_text(day);
    const auto found = summary.groups[0].find(name);
    days.labels.push_back(name.substr(5));
    days.totals.push_back(found == summary.groups[0].end() ? nullptr : &found->second);
  }
  return days;
}

template <typename Value>
BarSeries series(std::string name, const Days& days, Value&& value) {
  BarSeries out{.name = std::move(name), .values = {}};
  for (const LedgerTotals* totals : days.totals)
    out.values.push_back(totals == nullptr ? 0.0
                                           : std::max(0.0, static_cast<double>(value(*totals))));
  return out;
}

double money_of(const LedgerTotals& totals, const std::string& currency,
                MoneyTotal CostTotals::* which) {
  const auto found = totals.costs.find(currency);
  return found == totals.costs.end() ? 0.0 : static_cast<double>((found->second.*which).nano) / 1e9;
}

std::string plots(const LedgerSummary& summary) {
  const Days days = days_of(summary);
  std::string out = "<h2>By day</h2>\n";
  if (day_of(*summary.last_us) - day_of(*summary.first_us) >= static_cast<std::int64_t>(days_max))
    out += "<p class=\"soft\">The last " + std::to_string(days_max) +
           " days; the sums above and below are of all.</p>\n";
  out += "<div class=\"plots\">\n";
  out += bar_plot_svg(
      {.title = "Requests, by who answered",
       .unit = {},
       .labels = days.labels,
       .series = {series("on this machine", days, [](const auto& t) { return t.local; }),
                  series("by the cloud", days, [](const auto& t) { return t.cloud; }),
                  series("not answered", days,
                         [](const auto& t) { return t.requests - t.local - t.cloud; })}});
  out += bar_plot_svg({.title = "Share answered on this machine",
                       .unit = "%",
                       .labels = days.labels,
                       .series = {series("local share", days,
                                         [](const auto& t) {
                                           return 100.0 * static_cast<double>(t.local) /
                                                  static_cast<double>(t.requests);
                                         })},
                       .at_least = 100.0});
  out += bar_plot_svg(
      {.title = "Tokens",
       .unit = {},
       .labels = days.labels,
       .series = {series("prompt", days, [](const auto& t) { return t.prompt_tokens; }),
                  series("answer", days, [](const auto& t) { return t.completion_tokens; })}});
  std::size_t shown = 0;
  for (const auto& [currency, cost] : summary.all.costs) {
    if (cost.cloud.known + cost.counterfactual.known + cost.local.known == 0) continue;
    if (++shown > currencies_max) break;
    const auto of = [&, name = currency](MoneyTotal CostTotals::* which) {
      return [which, name](const LedgerTotals& t) { return money_of(t, name, which); };
    };
    out += bar_plot_svg(
        {.title = "Money, known prices only",
         .unit = currency,
         .labels = days.labels,
         .series = {series("paid to the cloud", days, of(&CostTotals::cloud)),
                    series("had all gone to the cloud", days, of(&CostTotals::counterfactual)),
                    series("local cost", days, of(&CostTotals::local))},
         .stacked = false});
  }
  return out + "</div>\n";
}

std::string cells(std::string_view kind, const std::vector<std::string>& values) {
  std::string out = "<tr>";
  for (const std::string& value : values)
    out += "<" + std::string(kind) + ">" + html_text(value) + "</" + std::string(kind) + ">";
  return out + "</tr>\n";
}

std::string latency(const LedgerTotals& all) {
  std::string out = "<h2>Latency</h2>\n<div class=\"wide\"><table>\n";
  out += cells("th", {"Milliseconds", "Requests", "p50", "p90", "p95", "p99"});
  const auto line = [](std::string name, const DurationCounts& counts) {
    return cells("td", {std::move(name), grouped(counts.count()), ms(counts, 0.5), ms(counts, 0.9),
                        ms(counts, 0.95), ms(counts, 0.99)});
  };
  out += line("To the first token", all.first_token) + line("Whole request", all.total);
  return out + "</table></div>\n<p class=\"soft\">Each to within 3 %.</p>\n";
}

std::string energy_name(const std::string& method) {
  if (method == "rapl") return "measured by the processor (rapl)";
  if (method == "hwmon") return "measured by a sensor (hwmon)";
  if (method == "model") return "not measured: time x watts (model)";
  return method;
}

std::string energy(const LedgerTotals& all) {
  std::string out = "<h2>Energy</h2>\n";
  if (all.energy.empty()) return out + "<p class=\"soft\">Nothing was measured.</p>\n";
  out += "<div class=\"wide\"><table>\n" +
         cells("th", {"How it is known", "Requests", "Watt-hours", "Joules a request"});
  for (const auto& [method, used] : all.energy) {
    const double joules = static_cast<double>(used.uj) / 1e6;
    std::array<char, 48> hours{}, each{};
    std::snprintf(hours.data(), hours.size(), "%.3f", joules / 3600.0);
    std::snprintf(each.data(), each.size(), "%.3f", joules / static_cast<double>(used.rows));
    out += cells("td", {energy_name(method), grouped(used.rows), hours.data(), each.data()});
  }
  return out + "</table></div>\n";
}

/// What a group without a name is.
std::string_view nameless(LedgerGrouping grouping) {
  switch (grouping) {
    case LedgerGrouping::Route:
      return "(no route was asked)";
    case LedgerGrouping::Model:
      return "(nobody answered)";
    case LedgerGrouping::Key:
      return "(no key)";
    case LedgerGrouping::Team:
      return "(no team)";
    case LedgerGrouping::Privacy:
      return "not looked at: no route was asked";
    default:
      return "(none)";
  }
}

std::string shown_name(const std::string& name, LedgerGrouping grouping) {
  if (name.empty()) return std::string(nameless(grouping));
  if (grouping != LedgerGrouping::Privacy) return name;
  if (name == privacy_names[0]) return "nothing personal or secret";
  if (name == privacy_names[1]) return "something personal or secret";
  return name == privacy_names[2] ? "could not be looked through" : name;
}

std::string top_table(std::string_view title, const std::map<std::string, LedgerTotals>& groups,
                      LedgerGrouping grouping) {
  std::string out = "<h2>" + std::string(title) + "</h2>\n<div class=\"wide\"><table>\n";
  out += cells("th", {"Name", "Requests", "Here", "Cloud", "Refused", "Failed", "Prompt", "Answer",
                      "Paid", "All cloud", "Unpriced", "p95 ms"});
  const std::vector<std::string> names = ordered_groups(groups, grouping);
  for (std::size_t i = 0; i < std::min(names.size(), rows_max); ++i) {
    const LedgerTotals& one = groups.at(names[i]);
    out += cells("td", {shown_name(names[i], grouping), grouped(one.requests), grouped(one.local),
                        grouped(one.cloud), grouped(one.refused), grouped(one.failed - one.refused),
                        grouped(one.prompt_tokens), grouped(one.completion_tokens),
                        amounts(one, &CostTotals::cloud), amounts(one, &CostTotals::counterfactual),
                        grouped(missing(one, &CostTotals::cloud).unpriced), ms(one.total, 0.95)});
  }
  out += "</table></div>\n";
  if (names.size() > rows_max)
    out += "<p class=\"soft\">The busiest " + std::to_string(rows_max) + " of " +
           std::to_string(names.size()) + ".</p>\n";
  return out;
}

}  // namespace

std::string ledger_report(const LedgerSummary& summary, const LedgerHead& head,
                          std::int64_t made_us) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src " +
      style_source() +
      "; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Croft ledger</title>\n<style>";
  out += std::string(kStyle) + "</style>\n</head>\n<body>\n<h1>Croft ledger</h1>\n";
  const LedgerTotals& all = summary.all;
  out +=
      "<p class=\"soft\">" +
      (all.requests == 0
           ? std::string("No requests in this time")
           : html_text(minute_text(*summary.first_us) + " to " + minute_text(*summary.last_us))) +
      ". Made " + minute_text(made_us) + ". All times are UTC.</p>\n";
  const std::uint64_t unpriced = missing(all, &CostTotals::cloud).unpriced;
  if (unpriced != 0)
    out += "<p class=\"warn\">" + grouped(unpriced) +
           (unpriced == 1 ? " request has" : " requests have") +
           " no price: what they cost is missing in every sum below.</p>\n";
  out += tiles(all);
  if (all.requests != 0) {
    out += plots(summary) + latency(all) + energy(all);
    out += top_table("Routes", summary.groups[1], report_groupings[1]);
    out += top_table("Models", summary.groups[2], report_groupings[2]);
    if (summary.groups[3].size() > 1 || !summary.groups[3].contains(""))
      out += top_table("Teams", summary.groups[3], report_groupings[3]);
    out += top_table("Keys", summary.groups[4], report_groupings[4]);
    out += top_table("What was found in requests", summary.groups[5], report_groupings[5]);
  }
  out += "<h2>Which ledger</h2>\n<p class=\"soft\">" + html_text(head.ledger_id) + ", head " +
         std::to_string(head.count) + ":" + hash_text(head.hash) +
         ". Check it: croft ledger verify --head " + std::to_string(head.count) + ":" +
         hash_text(head.hash) + "</p>\n</body>\n</html>\n";
  return out;
}

}  // namespace croft
