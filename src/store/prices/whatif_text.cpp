// What a projection says: assumptions first, then money, then which published promises it bears.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "router/bench/line_plot.h"
#include "store/prices/whatif.h"

namespace croft {
namespace {

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

/// Four digits that matter: 0.0001234, 12.34, 123456.
std::string figure(double value) {
  if (value == 0) return "0";
  const int size = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return number(value, std::clamp(3 - size, 0, 12));
}

std::string percent(double share) {
  return number(share * 100.0, 1) + " %";
}

std::string money(double units, const WhatifQuestion& question) {
  return figure(units) + " " + question.work.currency;
}

/// "15.6 times cheaper", "2.1 times dearer".
std::string compared(const WhatifAnswer& answer) {
  const double times = answer.times_cheaper();
  return times >= 1 ? figure(times) + " times cheaper" : figure(1 / times) + " times dearer";
}

std::string row(std::string_view name, std::string_view value) {
  std::string line = "  " + std::string(name);
  line.resize(std::max<std::size_t>(line.size(), 34), ' ');
  return line + " " + std::string(value) + "\n";
}

struct Promise {
  double saved;
  double local;
};

WhatifClaim held_against(const Promise& promise, const WhatifQuestion& question,
                         const WhatifAnswer& answer) {
  WhatifClaim claim{.promise = number(promise.saved * 100, 0) + " % cheaper at " +
                               number(promise.local * 100, 0) + " % local"};
  const double saved = answer.saved_share();
  claim.holds = saved >= promise.saved;
  claim.why = (saved < 0 ? "dearer by " + percent(-saved) : percent(saved) + " saved") + " there; ";
  // The most that this share can save, were the machine free.
  if (promise.local < promise.saved)
    claim.why += "even a free machine saves " + percent(promise.local) +
                 ", because the rest is paid in full";
  else
    claim.why += "local answers cost " + percent(answer.local_per_cloud) +
                 " of the cloud's, at most " +
                 percent((promise.local - promise.saved) / question.tried_share) + " would do";
  return claim;
}

}  // namespace

Result<std::vector<WhatifClaim>> whatif_claims(const WhatifQuestion& question) {
  std::vector<WhatifClaim> claims;
  constexpr std::array<Promise, 4> promises = {
      {{0.85, 0.8}, {0.85, 0.9}, {0.95, 0.9}, {0.95, 0.99}}};
  for (const Promise& promise : promises) {
    WhatifQuestion asked = question;
    asked.local_share = promise.local;
    asked.tried_share = std::max(asked.tried_share, asked.local_share);
    claims.push_back(held_against(promise, asked, TRY(whatif(asked))));
  }
  constexpr double times_claimed = 225.0;
  const WhatifAnswer answer = TRY(whatif(question));
  WhatifClaim times{.promise = "225 times cheaper, all local",
                    .holds = answer.times_cheaper() >= times_claimed};
  times.why = "local answers are " + compared(answer) + " than the cloud's";
  if (!times.holds)
    times.why += "; it takes a machine that is " + figure(times_claimed / answer.times_cheaper()) +
                 " times as fast or as cheap, or a cloud that much dearer";
  claims.push_back(std::move(times));
  return claims;
}

std::string whatif_text(const WhatifQuestion& question, const WhatifAnswer& answer,
                        const std::vector<WhatifClaim>& claims) {
  const WhatifWork& work = question.work;
  const WhatifMachine& machine = question.machine;
  std::string text = "Assumptions\n";
  text += row("requests", std::to_string(work.requests));
  text += row("prompt tokens", std::to_string(work.tokens.prompt()) + ", of them " +
                                   std::to_string(work.tokens.cached_input) +
                                   " read from the cloud's cache");
  text +=
      row("answer tokens", std::to_string(work.tokens.output) + "; the local answers are as long");
  text += row("cloud model", work.cloud_model + ", price list " + work.price_version);
  text += row("answered locally",
              percent(question.local_share) + " of the requests, of average length");
  text += row("tried locally", percent(question.tried_share) +
                                   "; what is tried and not good enough is paid for twice");
  text += row("machine", money(machine.price, question) + " over " + number(machine.years, 1) +
                             " years, then worth nothing");
  text += row("power", number(machine.watts_busy, 0) + " W busy, " + number(machine.watts_idle, 0) +
                           " W idle, " + money(machine.kwh_price, question) + " a kWh");
  text += row("local speed", figure(machine.prompt_rate) + " prompt and " +
                                 figure(machine.answer_rate) + " answer tokens/s in all");
  if (question.days > 0)
    text += row("period", number(question.days, 1) + " days; " + number(answer.machines, 0) +
                              " whole machines, busy at most " + percent(machine.utilisation) +
                              ", here " + percent(answer.utilisation));
  else
    text += row("machine is busy",
                percent(machine.utilisation) + " of its time; the idle rest is paid for as well");
  text += "  not counted: people, rooms, networks, taxes, and what a worse answer costs\n";
  text += "\nCosts\n";
  text += row("all in the cloud", money(answer.cloud_all, question));
  text += row("all local", money(answer.local_all, question) + ", " + compared(answer));
  text += row("hybrid", money(answer.hybrid(), question) + ": cloud " +
                            money(answer.cloud_part, question) + ", hardware " +
                            money(answer.hardware, question) + ", power " +
                            money(answer.power, question));
  const double saved = answer.saved_share();
  text += row(saved < 0 ? "hybrid is dearer by" : "hybrid saves", percent(std::abs(saved)));
  text += row("local computing", figure(answer.busy_seconds / 3600.0) + " h, " +
                                     figure(answer.kwh) + " kWh (by the watts above)");
  text += "\nPublished promises\n";
  for (const WhatifClaim& claim : claims)
    text += row(claim.promise, (claim.holds ? "holds: " : "does not hold: ") + claim.why);
  return text;
}

json::object whatif_json(const WhatifQuestion& question, const WhatifAnswer& answer,
                         const std::vector<WhatifClaim>& claims) {
  const WhatifWork& work = question.work;
  const WhatifMachine& machine = question.machine;
  json::array promises;
  for (const WhatifClaim& claim : claims)
    promises.push_back(
        json::object{{"promise", claim.promise}, {"holds", claim.holds}, {"why", claim.why}});
  return {{"assumptions", json::object{{"requests", work.requests},
                                       {"prompt_tokens", work.tokens.prompt()},
                                       {"cached_tokens", work.tokens.cached_input},
                                       {"completion_tokens", work.tokens.output},
                                       {"cloud_model", work.cloud_model},
                                       {"price_version", work.price_version},
                                       {"local_share", question.local_share},
                                       {"tried_share", question.tried_share},
                                       {"days", question.days},
                                       {"machine_price", machine.price},
                                       {"years", machine.years},
                                       {"utilisation", machine.utilisation},
                                       {"watts", machine.watts_busy},
                                       {"watts_idle", machine.watts_idle},
                                       {"kwh_price", machine.kwh_price},
                                       {"prompt_rate", machine.prompt_rate},
                                       {"answer_rate", machine.answer_rate}}},
          {"currency", work.currency},
          {"cloud_all", answer.cloud_all},
          {"local_all", answer.local_all},
          {"hybrid", answer.hybrid()},
          {"cloud_part", answer.cloud_part},
          {"hardware", answer.hardware},
          {"power", answer.power},
          {"kwh", answer.kwh},
          {"busy_seconds", answer.busy_seconds},
          {"machines", answer.machines},
          {"utilisation", answer.utilisation},
          {"saved_share", answer.saved_share()},
          {"times_cheaper", answer.times_cheaper()},
          {"claims", promises}};
}

Result<std::string> whatif_plot(const WhatifQuestion& question) {
  LinePlot plot{.title = "Saved against all cloud: " + question.work.cloud_model,
                .subtitle = "by share answered locally and how busy the machine is; " +
                            percent(question.tried_share) + " tried locally",
                .x_label = "answered locally (%)",
                .y_label = "saved (%)",
                .lines = {}};
  constexpr int steps = 50;
  PlotLine free{.name = "a machine that costs nothing", .points = {}, .dashed = true};
  for (const double at : {0.0, 1.0}) free.points.push_back({at, at, at, at});
  for (const double busy : {0.02, 0.05, 0.2, 0.8}) {
    PlotLine line{.name = "busy " + number(busy * 100, 0) + " % of its time", .points = {}};
    WhatifQuestion asked = question;
    asked.machine.utilisation = busy;
    asked.days = 0;
    for (int i = 0; i <= steps; ++i) {
      asked.local_share = static_cast<double>(i) / steps;
      asked.tried_share = std::max(question.tried_share, asked.local_share);
      const double saved = std::max(TRY(whatif(asked)).saved_share(), -1.0);
      line.points.push_back({asked.local_share, saved, saved, saved});
    }
    plot.lines.push_back(std::move(line));
  }
  plot.lines.push_back(std::move(free));
  fit_y_axis(plot);
  return line_plot_svg(plot);
}

}  // namespace croft
