#include "engine/stop_filter.h"

#include <algorithm>
#include <utility>

namespace croft {
namespace {

/// Length of the longest end of `text` that is a proper beginning of `stop`.
std::size_t partial_match(std::string_view text, std::string_view stop) {
  for (std::size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n)
    if (text.ends_with(stop.substr(0, n))) return n;
  return 0;
}

}  // namespace

StopFilter::StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

TextDelta StopFilter::push(TokenId token, std::string_view text,
                           std::optional<TokenLogprob> logprob) {
  tokens_.push_back({token, std::move(logprob), shown_bytes_ + held_.size()});
  held_ += text;
  return advance();
}

TextDelta StopFilter::finish(std::string_view text) {
  held_ += text;
  TextDelta delta = advance();
  if (stopped_) return delta;
  delta.text += held_;
  shown_bytes_ += held_.size();
  held_.clear();
  release_tokens(shown_bytes_, true, delta);
  return delta;
}

TextDelta StopFilter::advance() {
  std::size_t found = std::string::npos;
  std::size_t keep = 0;
  for (const std::string& stop : stops_) {
    found = std::min(found, held_.find(stop));
    keep = std::max(keep, partial_match(held_, stop));
  }
  TextDelta delta;
  if (found != std::string::npos) {
    stopped_ = true;
    delta.text = held_.substr(0, found);
    shown_bytes_ += found;
    held_.clear();
    release_tokens(shown_bytes_, false, delta);
    tokens_.clear();
    return delta;
  }
  const std::size_t ready = held_.size() - keep;
  delta.text = held_.substr(0, ready);
  held_.erase(0, ready);
  shown_bytes_ += ready;
  release_tokens(shown_bytes_, keep == 0, delta);
  return delta;
}

void StopFilter::release_tokens(std::size_t offset, bool inclusive, TextDelta& delta) {
  const auto first_held = std::ranges::find_if(tokens_, [&](const HeldToken& token) {
    return inclusive ? token.begin > offset : token.begin >= offset;
  });
  for (auto it = tokens_.begin(); it != first_held; ++it) {
    delta.tokens.push_back(it->id);
    if (it->logprob) delta.logprobs.push_back(std::move(*it->logprob));
  }
  tokens_.erase(tokens_.begin(), first_held);
}

}  // namespace croft
