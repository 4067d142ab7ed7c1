#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/limits.h"
#include "cli/generate.h"
#include "cli/interrupts.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"

namespace croft::cli {
namespace {

/// Scored tokens and their negative log-probability, in nats.
struct Score {
  std::size_t tokens = 0;
  double nll = 0.0;

  [[nodiscard]] double perplexity() const { return std::exp(nll / static_cast<double>(tokens)); }
  [[nodiscard]] json::object to_json() const {
    return {{"tokens", tokens}, {"nll", nll}, {"perplexity", perplexity()}};
  }
};

/// Whole windows of the text; what is left at its end is not scored. With a begin token, each
/// window is that token and one text token fewer.
Result<std::vector<std::vector<TokenId>>> cut_windows(const Tokenizer& tokenizer,
                                                      const std::string& text, std::size_t window,
                                                      std::size_t windows_max) {
  const std::vector<TokenId> ids =
      tokenizer.encode(text, {.add_special = false, .parse_special = false, .untrusted = {}});
  const bool has_begin = tokenizer.adds_bos() && tokenizer.bos().has_value();
  const std::size_t step = window - (has_begin ? 1 : 0);
  std::size_t count = ids.size() / step;
  if (windows_max != 0) count = std::min(count, windows_max);
  if (count == 0)
    return fail(ErrorCode::InvalidArgument,
                "the text has " + std::to_string(ids.size()) + " tokens, fewer than a window of " +
                    std::to_string(window),
                "Give a longer text or a smaller --window", "window");
  std::vector<std::vector<TokenId>> windows(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (has_begin) windows[i].push_back(*tokenizer.bos());
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(i * step);
    windows[i].insert(windows[i].end(), begin, begin + static_cast<std::ptrdiff_t>(step));
  }
  return windows;
}

/// Adds positions [begin, end) of one window.
Result<void> add_scores(const std::vector<TokenLogprob>& logprobs, std::size_t begin,
                        Score& score) {
  for (std::size_t i = begin; i < logprobs.size(); ++i) {
    if (!std::isfinite(logprobs[i].logprob))
      return fail(ErrorCode::Corrupt, "the model gives no probability at a position of the text",
                  "Its weights may be damaged; check the file's SHA-256");
    score.nll -= static_cast<double>(logprobs[i].logprob);
    ++score.tokens;
  }
  return {};
}

}  // namespace

Result<int> perplexity_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.text("model")));
  const std::string text =
      TRY(read_file_or_stdin(settings.text("file"), limits::json_file_bytes_max));
  const std::size_t window = settings.size("window");
  const std::unique_ptr<Engine> engine =
      TRY(open_engine(settings, path, {.context = window, .parallel = 1}));
  auto windows =
      TRY(cut_windows(engine->model().tokenizer(), text, window, settings.size("windows")));
  Interrupts interrupts;
  const std::stop_token cancel = interrupts.begin();
  Score all;
  Score half;
  {
    Progress progress("windows", Progress::Unit::Count);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      GenerationRequest request;
      request.prompt = std::move(windows[i]);
      request.tokens_max = 0;
      request.prompt_logprobs = true;
      request.cancel = cancel;
      const Generated scored = TRY(generate_and_wait(*engine, std::move(request)));
      if (scored.reason == FinishReason::Cancelled) return exit_interrupted;
      TRY(add_scores(scored.prompt_logprobs, 1, all));
      TRY(add_scores(scored.prompt_logprobs, window / 2, half));
      progress.update(i + 1, windows.size());
    }
  }
  if (settings.flag("json")) {
    json::object document = all.to_json();
    document["half"] = half.to_json();
    document["windows"] = windows.size();
    document["window"] = window;
    TRY(print_line(json::serialize(document)));
  } else {
    TRY(print("perplexity " + fixed(all.perplexity(), 4) + " over " + std::to_string(all.tokens) +
              " tokens; second half of each window " + fixed(half.perplexity(), 4) + "\n"));
  }
  return 0;
}

}  // namespace croft::cli
