#include "cli/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/build_info.h"
#include "cli/terminal.h"

namespace croft::cli {
namespace {

std::string row(std::string_view name, const std::string& text) {
  return dimmed(std::string(name)) + std::string(18 - std::min<std::size_t>(name.size(), 17), ' ') +
         text + "\n";
}

std::string rate_text(double rate) {
  return fixed(rate, rate < 1 ? 3 : rate < 10 ? 2 : rate < 100 ? 1 : 0);
}

/// 40 -> "40", 0.25 -> "0.25": as it was given.
std::string plain(double value) {
  return fmt::format("{}", std::round(value * 1e3) / 1e3);
}

std::string ms(double seconds) {
  return fixed(seconds * 1e3, seconds < 0.01 ? 1 : 0);
}

/// 1234567 -> "1,230,000": three digits are more than a plan knows.
std::string rounded(double value) {
  const double unit = value < 1000 ? 1 : std::pow(10, std::floor(std::log10(value)) - 2);
  std::string text = fixed(std::floor(value / unit) * unit, 0);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string percentile_name(double percentile) {
  const double tenths = std::round(percentile * 10);
  return "p" + (std::fmod(tenths, 10.0) == 0.0 ? fixed(tenths / 10, 0) : fixed(tenths / 10, 1));
}

std::string mix_text(const WorkloadOptions& workload) {
  double shares = 0.0;
  for (const RequestClass& one : workload.mix) shares += one.share;
  std::string text;
  for (const RequestClass& one : workload.mix) {
    text += (text.empty() ? "" : "; ") + one.name + " " + fixed(one.share / shares * 100, 0) +
            " %: " + std::to_string(one.prompt) + " tokens";
    if (one.shared != 0) text += " (" + std::to_string(one.shared) + " shared)";
    text += ", answer " + std::to_string(one.answer);
  }
  return text;
}

std::string bound_text(const BoundBy& bound) {
  return fixed(std::min(bound.fraction, 9.99) * 100, 0) + " % of what it " +
         (bound.name == "arithmetic" ? "computes" : "reads from memory") + " at best";
}

std::string rates_text(const MachineRates& rates) {
  const StepTime& prompt = rates.steps.prompt.back();
  const StepTime& one = rates.steps.answers.front();
  const StepTime& most = rates.steps.answers.back();
  const auto per_second = [](const StepTime& step) {
    return rounded(static_cast<double>(step.count) / step.seconds) + " tokens/s";
  };
  std::string text =
      row("prompts", per_second(prompt) + " in chunks of " + std::to_string(prompt.count) + ": " +
                         bound_text(rates.prompt_bound));
  text += row("one answer", per_second(one) + ": " + bound_text(rates.answer_one_bound));
  if (most.count > 1)
    text += row(std::to_string(most.count) + " answers",
                per_second(most) + ": " + bound_text(rates.answers_bound));
  return text;
}

std::string load_text(const LoadResult& load, const std::string& name) {
  return fmt::format("{:<18}{:>10}{:>12}{:>10}{:>12}{:>10}{:>12}{:>9}\n", name,
                     load.rate == 0.0 ? "-" : rate_text(load.rate), ms(load.first.p50),
                     ms(load.first.target), ms(load.between.p50), ms(load.between.target),
                     fixed(load.whole.target, 2) + " s", fixed(load.busy * 100, 0) + " %");
}

std::string loads_text(const CapacityPlan& plan) {
  const std::string p = percentile_name(plan.workload.target.percentile);
  std::string text =
      fmt::format("{:<18}{:>10}{:>12}{:>10}{:>12}{:>10}{:>12}{:>9}\n", "load", "requests/s",
                  "first p50", p, "between p50", p, "whole " + p, "busy");
  text += load_text(plan.alone, "one alone");
  for (const LoadResult& load : plan.loads)
    text += load_text(load, fixed(load.rate / plan.capacity.rate * 100, 0) + " %");
  text += load_text(plan.capacity, "100 %");
  if (plan.asked)
    text += load_text(*plan.asked,
                      fixed(plan.asked->rate / plan.capacity.rate * 100, 0) + " % (asked)");
  return text;
}

std::uint64_t kv_used(const CapacityPlan& plan) {
  return plan.capacity.kv_pages_max * plan.rates.kv_page_bytes;
}

std::string memory_text(const CapacityPlan& plan) {
  const auto bytes = [](std::uint64_t n) { return human_bytes(static_cast<double>(n)); };
  std::string text =
      "about " + bytes(plan.rates.weights_bytes + plan.rates.work_bytes + kv_used(plan)) +
      ": weights " + bytes(plan.rates.weights_bytes) + ", keys, values and remembered prefixes " +
      bytes(kv_used(plan)) + ", work " + bytes(plan.rates.work_bytes);
  if (plan.capacity.preemptions != 0)
    text += "; " + std::to_string(plan.capacity.preemptions) + " answers had to wait for memory";
  return text;
}

std::string more_text(const CapacityPlan& plan) {
  const double now = plan.capacity.rate;
  const std::size_t threads = plan.rates.threads.back().threads;
  std::string core;
  if (plan.core_low && plan.core_high)
    core = fmt::format(
        "{} to {} requests/s (+{} to +{} %), {} to {} users; extrapolated from {} "
        "to {} threads",
        rate_text(*plan.core_low), rate_text(*plan.core_high),
        fixed((*plan.core_low / now - 1) * 100, 0), fixed((*plan.core_high / now - 1) * 100, 0),
        rounded(people_of(*plan.core_low, plan.usage).users),
        rounded(people_of(*plan.core_high, plan.usage).users), plan.rates.threads.front().threads,
        threads);
  else
    core = "not known: with one thread measured, how speed grows with cores could not be";
  const double both = 2 * plan.machine_no_affinity;
  std::string machine = rate_text(2 * now) + " requests/s, " +
                        rounded(people_of(2 * now, plan.usage).users) + " users";
  if (both < 1.99 * now)
    machine += "; " + rate_text(both) +
               " where shared beginnings belong to one conversation and the balancer does not "
               "send it to the machine that knows it";
  return row("one core more", core) + row("a second machine", machine);
}

std::vector<std::string> assumptions(const CapacityPlan& plan) {
  const WorkloadOptions& work = plan.workload;
  std::vector<std::string> all;
  all.push_back(work.spread == 0.0
                    ? std::string("all lengths are the mean")
                    : fmt::format("lengths are log-normal around the mean, standard deviation {} "
                                  "of it, at most 4 times it",
                                  fixed(work.spread, 2)));
  all.push_back("requests arrive at random and independently (Poisson), evenly over the busy hour");
  all.push_back(
      "all requests of a class begin with the same shared tokens and come with one API "
      "key: keys do not share prefixes");
  all.push_back("no guess of prompt lookup holds; nobody cancels");
  all.push_back(
      fmt::format("the server adds {} ms to a first token and {} ms to a step for every token; the "
                  "network adds nothing",
                  fixed(plan.rates.steps.request_overhead_s * 1e3, 1),
                  fixed(plan.rates.steps.step_overhead_s * 1e3, 3)));
  all.push_back("nothing else runs on the machine, and it stays as fast as when it was measured");
  all.push_back(
      fmt::format("the target must hold in each of {} simulations of {} requests "
                  "(seed {})",
                  work.runs, work.requests, work.seed));
  all.push_back(
      fmt::format("a person makes {} requests a day, {} % of a day's requests come in "
                  "its busiest hour",
                  plain(plan.usage.requests_per_user), plain(plan.usage.busy_hour_share * 100)));
  all.push_back(
      "a core more: at best as the measured thread counts say by Amdahl's law, at worst "
      "half of that gain and none from memory");
  return all;
}

json::object latency_json(const LatencySummary& latency) {
  return {{"p50_ms", latency.p50 * 1e3},
          {"target_percentile_ms", latency.target * 1e3},
          {"p99_ms", latency.p99 * 1e3}};
}

json::object people_json(double rate, const Usage& usage) {
  const People people = people_of(rate, usage);
  return {{"requests_per_second", rate},
          {"requests_per_busy_hour", people.per_hour},
          {"requests_per_day", people.per_day},
          {"users", people.users}};
}

json::object load_json(const LoadResult& load, double capacity) {
  return {{"requests_per_second", load.rate},        {"share_of_capacity", load.rate / capacity},
          {"first_token", latency_json(load.first)}, {"between_tokens", latency_json(load.between)},
          {"end_to_end", latency_json(load.whole)},  {"busy", load.busy},
          {"sequences_mean", load.running_mean}};
}

json::object options_json(const CapacityPlan& plan) {
  json::array mix;
  for (const RequestClass& one : plan.workload.mix)
    mix.push_back(json::object{{"name", one.name},
                               {"share", one.share},
                               {"prompt_tokens", one.prompt},
                               {"answer_tokens", one.answer},
                               {"shared_tokens", one.shared}});
  const WorkloadOptions& work = plan.workload;
  return {{"mix", std::move(mix)},
          {"spread", work.spread},
          {"first_token_ms", work.target.first_s * 1e3},
          {"between_tokens_ms", work.target.between_s * 1e3},
          {"percentile", work.target.percentile},
          {"requests_per_user", plan.usage.requests_per_user},
          {"busy_hour_share", plan.usage.busy_hour_share},
          {"parallel", work.scheduler.parallel},
          {"context", work.context},
          {"prefill_chunk", work.scheduler.chunk_max},
          {"seed", work.seed},
          {"simulations", work.runs},
          {"requests_simulated", work.requests}};
}

json::object next_json(const CapacityPlan& plan) {
  json::object next;
  next["one_core_more"] = nullptr;
  if (plan.core_low && plan.core_high)
    next["one_core_more"] = json::object{{"low", people_json(*plan.core_low, plan.usage)},
                                         {"high", people_json(*plan.core_high, plan.usage)}};
  next["second_machine"] = json::object{
      {"total", people_json(2 * plan.capacity.rate, plan.usage)},
      {"total_without_affinity", people_json(2 * plan.machine_no_affinity, plan.usage)}};
  return next;
}

}  // namespace

People people_of(double requests_per_second, const Usage& usage) {
  const double per_hour = requests_per_second * 3600.0;
  const double per_day = per_hour / usage.busy_hour_share;
  return {.per_hour = per_hour, .per_day = per_day, .users = per_day / usage.requests_per_user};
}

json::object plan_json(const CapacityPlan& plan) {
  json::array loads, said;
  loads.push_back(load_json(plan.alone, plan.capacity.rate));
  for (const LoadResult& load : plan.loads) loads.push_back(load_json(load, plan.capacity.rate));
  loads.push_back(load_json(plan.capacity, plan.capacity.rate));
  for (const std::string& one : assumptions(plan)) said.push_back(json::value(one));
  const auto memory = plan.rates.weights_bytes + plan.rates.work_bytes + kv_used(plan);
  return {{"build", version_text()},
          {"capacity", people_json(plan.capacity.rate, plan.usage)},
          {"loads", std::move(loads)},
          {"asked", plan.asked ? json::value(load_json(*plan.asked, plan.capacity.rate))
                               : json::value(nullptr)},
          {"next", next_json(plan)},
          {"memory", json::object{{"total_bytes", memory},
                                  {"weights_bytes", plan.rates.weights_bytes},
                                  {"kv_bytes", kv_used(plan)},
                                  {"work_bytes", plan.rates.work_bytes},
                                  {"preemptions", plan.capacity.preemptions}}},
          {"options", options_json(plan)},
          {"assumptions", std::move(said)},
          {"rates", rates_json(plan.rates)}};
}

std::string plan_text(const CapacityPlan& plan) {
  const LatencyTarget& target = plan.workload.target;
  const std::string p = percentile_name(target.percentile);
  const People people = people_of(plan.capacity.rate, plan.usage);
  const std::size_t threads = plan.rates.threads.back().threads;
  std::string text =
      row("model", escape_controls(plan.rates.model + ", " + std::to_string(threads) +
                                   (threads == 1 ? " thread of " : " threads of ") +
                                   plan.rates.cpu + " (" + plan.rates.isa + ")"));
  text += rates_text(plan.rates);
  text += row("mix", mix_text(plan.workload));
  text += row("target", "first token " + p + " within " + ms(target.first_s) +
                            " ms, between tokens " + p + " within " + ms(target.between_s) + " ms");
  text += "\n" + row("capacity", bold(rate_text(plan.capacity.rate) + " requests/s"));
  text += row("", rounded(people.per_hour) + " requests in the busiest hour");
  text += row("", rounded(people.per_day) + " requests a day");
  text += row("", bold(rounded(people.users) + " users") + " with " +
                      plain(plan.usage.requests_per_user) + " requests a day each");
  text += row("memory", memory_text(plan)) + "\n" + loads_text(plan) +
          "(times in ms unless they say s)\n\n" + more_text(plan) + "\nAssumed:\n";
  for (const std::string& one : assumptions(plan)) text += "  - " + one + "\n";
  return text;
}

}  // namespace croft::cli
