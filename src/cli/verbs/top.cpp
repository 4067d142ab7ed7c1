#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/json.h"
#include "cli/interrupts.h"
#include "cli/metrics_text.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/http_client.h"

namespace croft::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Look {
  MetricsText metrics;
  Clock::time_point time;
};

Result<Look> look(const Settings& settings, const std::stop_token& stop) {
  std::string url =
      settings.arguments().empty() ? "http://127.0.0.1:8080" : settings.arguments().front();
  while (url.ends_with('/')) url.pop_back();
  OutboundRequest request{.url = url + "/metrics", .stop = stop};
  if (!settings.text("key").empty()) request.bearer_token = settings.text("key");
  std::string body;
  const OutboundResponse response = TRY(http_get(request, [&](std::span<const std::byte> piece) {
    body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return true;
  }));
  if (response.status == 401)
    return fail(ErrorCode::Unauthorized, url + " asks for a key",
                "Set CROFT_KEY to an API key of that server.");
  if (response.status != 200)
    return fail(ErrorCode::Unavailable,
                url + "/metrics answered with status " + std::to_string(response.status));
  return Look{TRY(MetricsText::parse(body)), Clock::now()};
}

/// What happened between two looks.
struct Numbers {
  double running, waiting, prompt_rate, answer_rate, step_ms, kv_share, kv_bytes, prefix_pages;
  std::optional<double> hits, held, first_ms[2], between_ms[2];
  double preemptions;
};

Numbers numbers_of(const Look& before, const Look& now) {
  const double seconds =
      std::max(1e-3, std::chrono::duration<double>(now.time - before.time).count());
  const auto value = [&](const char* name) { return now.metrics.value(name); };
  const auto grown = [&](const char* name) {
    return std::max(0.0, value(name) - before.metrics.value(name));
  };
  const auto share = [&](const char* part, const char* whole) -> std::optional<double> {
    if (grown(whole) == 0.0) return std::nullopt;
    return grown(part) / grown(whole);
  };
  const auto milliseconds = [&](const char* name, double p) -> std::optional<double> {
    const auto found = now.metrics.quantile(name, p, before.metrics);
    if (!found) return std::nullopt;
    return *found * 1e3;
  };
  Numbers n{};
  n.running = value("croft_requests_running");
  n.waiting = value("croft_requests_waiting");
  n.prompt_rate = grown("croft_engine_prompt_tokens") / seconds;
  n.answer_rate = grown("croft_engine_generated_tokens") / seconds;
  n.step_ms = share("croft_engine_step_seconds", "croft_engine_steps").value_or(0.0) * 1e3;
  n.kv_share = now.metrics.largest("croft_kv_cache_usage_ratio");  // of the fullest model
  n.kv_bytes = value("croft_kv_cache_bytes");
  n.prefix_pages = value("croft_prefix_pages");
  n.hits = share("croft_prefix_hit_tokens", "croft_prefix_lookup_tokens");
  n.held = share("croft_guessed_tokens_held", "croft_guessed_tokens");
  n.preemptions = value("croft_preemptions");
  for (const int i : {0, 1}) {
    const double p = i == 0 ? 0.5 : 0.95;
    n.first_ms[i] = milliseconds("croft_time_to_first_token_seconds", p);
    n.between_ms[i] = milliseconds("croft_inter_token_latency_seconds", p);
  }
  return n;
}

/// The loaded models, the main one first; a server that still loads has none.
std::vector<std::string> loaded_models(const MetricsText& metrics) {
  std::vector<std::string> names = metrics.models("croft_ready");
  for (const std::string& name : metrics.models("croft_model_loaded"))
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  for (std::string& name : names) name = valid_utf8(name);
  return names;
}

json::object to_json(const Numbers& n, const MetricsText& metrics) {
  const auto maybe = [](const std::optional<double>& value) {
    return value ? json::value(*value) : json::value(nullptr);
  };
  const std::vector<std::string> models = loaded_models(metrics);
  return {{"model", models.empty() ? "" : models.front()},
          {"models", json::array(models.begin(), models.end())},
          {"requests_running", n.running},
          {"requests_waiting", n.waiting},
          {"prompt_tokens_per_second", n.prompt_rate},
          {"answer_tokens_per_second", n.answer_rate},
          {"step_milliseconds", n.step_ms},
          {"kv_usage_ratio", n.kv_share},
          {"kv_bytes", n.kv_bytes},
          {"prefix_pages", n.prefix_pages},
          {"prefix_hit_share", maybe(n.hits)},
          {"guesses_held_share", maybe(n.held)},
          {"preemptions", n.preemptions},
          {"first_token_ms_p50", maybe(n.first_ms[0])},
          {"first_token_ms_p95", maybe(n.first_ms[1])},
          {"between_tokens_ms_p50", maybe(n.between_ms[0])},
          {"between_tokens_ms_p95", maybe(n.between_ms[1])}};
}

std::string bar(double share) {
  constexpr int width = 24;
  const int full = static_cast<int>(std::min(1.0, std::max(0.0, share)) * width + 0.5);
  std::string text;
  for (int i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string screen(const Numbers& n, const MetricsText& metrics) {
  const auto percent = [](const std::optional<double>& share) {
    return share ? fixed(*share * 100.0, 0) + " %" : std::string("-");
  };
  const auto pair = [](const std::optional<double>(&ms)[2]) {
    if (!ms[0]) return std::string("-");
    return fixed(*ms[0], 1) + " ms, 95 % below " + fixed(ms[1].value_or(*ms[0]), 1) + " ms";
  };
  const auto row = [](const char* name, const std::string& text) {
    return dimmed(name) + std::string(14 - std::string_view(name).size(), ' ') + text + "\n";
  };
  std::string names;
  for (const std::string& name : loaded_models(metrics))
    names += (names.empty() ? "" : ", ") + name;
  std::string text = bold(escape_controls(names.empty() ? "loading" : names)) + "\n\n";
  text += row("requests", fixed(n.running, 0) + " running, " + fixed(n.waiting, 0) + " waiting, " +
                              fixed(n.preemptions, 0) + " put off since the start");
  text += row("prompts", fixed(n.prompt_rate, 0) + " tokens/s");
  text += row("answers", fixed(n.answer_rate, 0) + " tokens/s");
  text += row("step", fixed(n.step_ms, 1) + " ms");
  text += row("first token", pair(n.first_ms));
  text += row("next tokens", pair(n.between_ms));
  text += row("context used", bar(n.kv_share) + " " + percent(n.kv_share));
  text += row("memory", human_bytes(n.kv_bytes) + " for keys and values");
  text += row("prefixes",
              fixed(n.prefix_pages, 0) + " pages kept, " + percent(n.hits) + " of prompts known");
  text += row("guesses", percent(n.held) + " right");
  return text;
}

/// Sleeps, but wakes for Ctrl-C; false: stop.
bool wait(double seconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Result<int> top_verb(const Settings& settings) {
  Interrupts interrupts;
  const std::stop_token stop = interrupts.begin();
  const double interval = settings.real("interval");
  const std::size_t count = settings.size("count");
  const bool json = settings.flag("json");
  const bool live = !json && stdout_is_terminal();
  Look before = TRY(look(settings, stop));
  for (std::size_t shown = 0; count == 0 || shown < count; ++shown) {
    if (!wait(interval, stop)) break;
    auto next = look(settings, stop);
    if (stop.stop_requested()) break;
    Look now = TRY(std::move(next));
    const Numbers numbers = numbers_of(before, now);
    if (json) {
      TRY(print_line(json::serialize(to_json(numbers, now.metrics))));
    } else {
      // On a terminal each look replaces the last: home, and clear what is below.
      TRY(print((live ? "\x1b[H\x1b[J" : "") + screen(numbers, now.metrics) + (live ? "" : "\n")));
    }
    before = std::move(now);
  }
  return 0;
}

}  // namespace croft::cli
