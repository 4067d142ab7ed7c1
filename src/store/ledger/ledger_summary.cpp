#include "store/ledger/ledger_summary.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "store/ledger/ledger_time.h"
#include "text/utf8.h"

namespace croft {
namespace {

constexpr std::array<std::pair<std::string_view, LedgerGrouping>, 8> kGroupings = {{
    {"day", LedgerGrouping::Day},
    {"route", LedgerGrouping::Route},
    {"model", LedgerGrouping::Model},
    {"tenant", LedgerGrouping::Tenant},
    {"team", LedgerGrouping::Team},
    {"key", LedgerGrouping::Key},
    {"provider", LedgerGrouping::Provider},
    {"privacy", LedgerGrouping::Privacy},
}};

/// The gate's own words (router/gates/run_gates.cpp) in three classes: which types were found, and
/// how often, would be a group of its own for every request.
std::string privacy_of(const LedgerRow& row) {
  if (!row.gates.contains("\"privacy\"")) return {};
  const Result<json::value> gates = parse_json(row.gates, "the gates");
  const json::value* said =
      gates && gates->is_object() ? find(gates->get_object(), "privacy") : nullptr;
  if (said == nullptr || !said->is_string()) return {};
  const std::string_view outcome = said->get_string();
  if (outcome == "nothing found") return std::string(privacy_names[0]);
  return std::string(privacy_names[outcome == "unknown" ? 2 : 1]);
}

std::string key_of(const LedgerRow& row, LedgerGrouping grouping) {
  switch (grouping) {
    case LedgerGrouping::Day:
      return day_text(day_of(row.time_us));
    case LedgerGrouping::Route:
      return row.route;
    case LedgerGrouping::Model:
      return row.model;
    case LedgerGrouping::Tenant:
      return row.tenant;
    case LedgerGrouping::Team:
      return row.team;
    case LedgerGrouping::Key:
      return row.key_id;
    case LedgerGrouping::Privacy:
      return privacy_of(row);
    case LedgerGrouping::Provider:
      break;
  }
  return row.provider;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%",
                100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

std::string milliseconds(const DurationCounts& counts, double share) {
  const auto us = counts.quantile_us(share);
  if (!us) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), *us < 10'000 ? "%.1f" : "%.0f", *us / 1000.0);
  return text.data();
}

/// "12.34 USD", and what is missing in it.
std::string amounts(const LedgerTotals& totals, MoneyTotal CostTotals::* which) {
  std::string text;
  for (const auto& [currency, cost] : totals.costs) {
    const MoneyTotal& money = cost.*which;
    if (money.known + money.estimated == 0) continue;
    if (!text.empty()) text += " + ";
    text += (money.overflowed ? "over " : "") + money_text(money.nano);
    if (!currency.empty()) text += " " + currency;
  }
  return text.empty() ? "-" : text;
}

std::string missing(const LedgerTotals& totals, MoneyTotal CostTotals::* which) {
  std::uint64_t unpriced = 0, unknown = 0, estimated = 0;
  std::int64_t guessed = 0;
  for (const auto& [currency, cost] : totals.costs) {
    unpriced += (cost.*which).unpriced;
    unknown += (cost.*which).unknown;
    estimated += (cost.*which).estimated;
    guessed += (cost.*which).estimated_nano;
  }
  std::string text;
  if (estimated != 0)
    text = "of it " + money_text(guessed) + " estimated for " + std::to_string(estimated);
  if (unpriced != 0) text += (text.empty() ? "" : ", ") + std::to_string(unpriced) + " unpriced";
  if (unknown != 0) text += (text.empty() ? "" : ", ") + std::to_string(unknown) + " unknown";
  return text.empty() ? text : "  (" + text + ")";
}

std::uint64_t unpriced_count(const LedgerTotals& totals) {
  std::uint64_t count = 0;
  for (const auto& [currency, cost] : totals.costs) count += cost.cloud.unpriced;
  return count;
}

using Cells = std::vector<std::string>;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string table_text(const std::vector<Cells>& rows) {
  std::vector<std::size_t> widths;
  for (const Cells& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], characters(row[i]));
  }
  std::string text;
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - characters(row[i]), ' ');
      // Names stand left, numbers right.
      text += i == 0 ? row[i] + pad : "  " + pad + row[i];
    }
    text += '\n';
  }
  return text;
}

std::string all_text(const LedgerSummary& summary) {
  const LedgerTotals& all = summary.all;
  if (all.requests == 0) return "no requests\n";
  std::string text = std::to_string(all.requests) + " requests from " +
                     time_text(*summary.first_us).substr(0, 19) + "Z to " +
                     time_text(*summary.last_us).substr(0, 19) + "Z\n";
  const auto line = [&](std::string_view name, const std::string& value) {
    text += "  " + std::string(name) + std::string(24 - name.size(), ' ') + value + "\n";
  };
  line("answered locally", std::to_string(all.local) + "  " + percent(all.local, all.requests));
  line("answered by the cloud",
       std::to_string(all.cloud) + "  " + percent(all.cloud, all.requests));
  line("escalated", std::to_string(all.escalated) + "  " + percent(all.escalated, all.requests));
  line("not ok", std::to_string(all.failed) + "  (" + std::to_string(all.refused) + " refused, " +
                     std::to_string(all.cancelled) + " left by the client)");
  line("prompt tokens", std::to_string(all.prompt_tokens) + ", of these cached " +
                            std::to_string(all.cached_tokens));
  line("answer tokens", std::to_string(all.completion_tokens));
  if (all.tokens_unknown != 0) line("tokens unknown of", std::to_string(all.tokens_unknown));
  line("paid to the cloud", amounts(all, &CostTotals::cloud) + missing(all, &CostTotals::cloud));
  line("all in the cloud",
       amounts(all, &CostTotals::counterfactual) + missing(all, &CostTotals::counterfactual));
  line("saved", amounts(all, &CostTotals::saved) + missing(all, &CostTotals::saved) +
                    "  before local cost, where both are known");
  line("local cost", amounts(all, &CostTotals::local) + missing(all, &CostTotals::local));
  line("first token ms", "p50 " + milliseconds(all.first_token, 0.5) + "  p95 " +
                             milliseconds(all.first_token, 0.95) + "  p99 " +
                             milliseconds(all.first_token, 0.99));
  line("whole request ms", "p50 " + milliseconds(all.total, 0.5) + "  p95 " +
                               milliseconds(all.total, 0.95) + "  p99 " +
                               milliseconds(all.total, 0.99));
  for (const auto& [method, used] : all.energy) {
    std::array<char, 96> value{};
    std::snprintf(value.data(), value.size(), "%.3f J over %llu requests",
                  static_cast<double>(used.uj) / 1e6, static_cast<unsigned long long>(used.rows));
    line("energy by " + utf8::repair(method.substr(0, 14), utf8::Invalid::MaximalSubpart),
         value.data());
  }
  return text;
}

}  // namespace

std::string_view grouping_name(LedgerGrouping grouping) {
  return std::ranges::find(kGroupings, grouping, [](const auto& one) { return one.second; })->first;
}

Result<LedgerGrouping> parse_grouping(std::string_view name) {
  for (const auto& [known, grouping] : kGroupings)
    if (known == name) return grouping;
  return fail(ErrorCode::InvalidArgument,
              "cannot add up by '" + std::string(name.substr(0, 40)) + "'",
              "Choose day, route, model, tenant, team, key, provider or privacy.", "by");
}

Result<LedgerSummary> summarise_ledger(Ledger& ledger, const LedgerRange& range,
                                       std::span<const LedgerGrouping> groupings,
                                       const LedgerProgress& progress,
                                       const std::function<bool(const LedgerRow&)>& wanted) {
  LedgerSummary summary;
  summary.groups.resize(groupings.size());
  const auto add = [&](const StoredLedgerRow& stored) -> Result<void> {
    const LedgerRow row = TRY(ledger_row(stored.values));
    if (wanted && !wanted(row)) return {};
    summary.all.add(row);
    summary.first_us = std::min(summary.first_us.value_or(row.time_us), row.time_us);
    summary.last_us = std::max(summary.last_us.value_or(row.time_us), row.time_us);
    for (std::size_t i = 0; i < groupings.size(); ++i) {
      auto& groups = summary.groups[i];
      std::string key = key_of(row, groupings[i]);
      if (groups.size() >= ledger_groups_max && !groups.contains(key)) key = ledger_other_groups;
      groups[key].add(row);
    }
    return {};
  };
  const auto read = ledger.read(range, add, progress);
  if (!read) return std::unexpected(read.error());
  return summary;
}

std::vector<std::string> ordered_groups(const std::map<std::string, LedgerTotals>& groups,
                                        LedgerGrouping grouping) {
  std::vector<std::string> names;
  for (const auto& [name, totals] : groups) names.push_back(name);
  if (grouping != LedgerGrouping::Day)
    std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
      const std::uint64_t left = groups.at(a).requests, right = groups.at(b).requests;
      return left != right ? left > right : a < b;
    });
  return names;
}

json::object summary_json(const LedgerSummary& summary, std::span<const LedgerGrouping> groupings) {
  json::object out = totals_json(summary.all);
  out["first_time"] = summary.first_us ? json::value(time_text(*summary.first_us)) : nullptr;
  out["last_time"] = summary.last_us ? json::value(time_text(*summary.last_us)) : nullptr;
  json::object by;
  for (std::size_t i = 0; i < groupings.size(); ++i) {
    json::array list;
    for (const std::string& name : ordered_groups(summary.groups[i], groupings[i])) {
      json::object one{{"name", name}};
      for (auto& member : totals_json(summary.groups[i].at(name)))
        one[member.key()] = std::move(member.value());
      list.push_back(std::move(one));
    }
    by[grouping_name(groupings[i])] = std::move(list);
  }
  out["by"] = std::move(by);
  return out;
}

std::string summary_text(const LedgerSummary& summary, std::span<const LedgerGrouping> groupings) {
  std::string text = all_text(summary);
  for (std::size_t i = 0; i < groupings.size() && summary.all.requests != 0; ++i) {
    std::string title(grouping_name(groupings[i]));
    std::ranges::transform(title, title.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    std::vector<Cells> rows = {{title, "REQUESTS", "LOCAL", "PROMPT", "ANSWER", "PAID", "ALL CLOUD",
                                "UNPRICED", "P95 MS"}};
    for (const std::string& name : ordered_groups(summary.groups[i], groupings[i])) {
      const LedgerTotals& one = summary.groups[i].at(name);
      rows.push_back({name.empty() ? "(none)" : name, std::to_string(one.requests),
                      percent(one.local, one.requests), std::to_string(one.prompt_tokens),
                      std::to_string(one.completion_tokens), amounts(one, &CostTotals::cloud),
                      amounts(one, &CostTotals::counterfactual),
                      std::to_string(unpriced_count(one)), milliseconds(one.total, 0.95)});
    }
    text += "\n" + table_text(rows);
  }
  return text;
}

}  // namespace croft
