#include "cli/metrics_text.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace croft::cli {
namespace {

std::optional<double> number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Takes one name="value" off the front of a label list; nothing where there is none.
struct Label {
  std::string_view name;
  std::string value;
};
std::optional<Label> take_label(std::string_view& list) {
  const std::size_t equals = list.find("=\"");
  if (equals == std::string_view::npos) return std::nullopt;
  Label label{list.substr(0, equals), {}};
  std::size_t at = equals + 2;
  for (; at < list.size() && list[at] != '"'; ++at) {
    if (list[at] == '\\' && at + 1 < list.size()) ++at;
    label.value.push_back(list[at]);
  }
  if (at >= list.size()) return std::nullopt;
  ++at;
  if (at < list.size() && list[at] == ',') ++at;
  list.remove_prefix(at);
  return label;
}

}  // namespace

Result<MetricsText> MetricsText::parse(std::string_view text) {
  MetricsText metrics;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with("croft_")) continue;
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) continue;
    const auto value = number(line.substr(space + 1));
    if (!value) continue;
    std::string_view name = line.substr(0, space), labels;
    if (const std::size_t brace = name.find('{'); brace != std::string_view::npos) {
      labels = name.substr(brace + 1);
      if (labels.ends_with('}')) labels.remove_suffix(1);
      name = name.substr(0, brace);
    }
    std::optional<double> bound;
    std::optional<std::string> model;
    while (const auto label = take_label(labels)) {
      if (label->name == "le") bound = number(label->value);
      if (label->name == "model") model = label->value;
    }
    if (bound && name.ends_with("_bucket")) {
      metrics.buckets_[std::string(name.substr(0, name.size() - 7))][*bound] += *value;
      continue;
    }
    metrics.values_[std::string(name)] += *value;
    const auto largest = metrics.largest_.try_emplace(std::string(name), *value).first;
    largest->second = std::max(largest->second, *value);
    if (model && *value != 0.0) metrics.models_[std::string(name)].push_back(*model);
  }
  if (metrics.values_.empty())
    return fail(ErrorCode::Corrupt, "what answered is not a Croft server's /metrics",
                "Give the server's address, such as http://127.0.0.1:8080.");
  return metrics;
}

double MetricsText::value(std::string_view name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? 0.0 : at->second;
}

double MetricsText::largest(std::string_view name) const {
  const auto at = largest_.find(name);
  return at == largest_.end() ? 0.0 : at->second;
}

std::vector<std::string> MetricsText::models(std::string_view name) const {
  const auto at = models_.find(name);
  return at == models_.end() ? std::vector<std::string>{} : at->second;
}

std::optional<double> MetricsText::quantile(std::string_view name, double p,
                                            const MetricsText& before) const {
  const auto now = buckets_.find(name);
  if (now == buckets_.end() || now->second.empty()) return std::nullopt;
  const auto old = before.buckets_.find(name);
  const auto seen = [&](double bound, double count) {
    if (old == before.buckets_.end()) return count;
    const auto at = old->second.find(bound);
    return at == old->second.end() ? count : count - at->second;
  };
  const auto& [last_bound, last_count] = *now->second.rbegin();
  const double total = seen(last_bound, last_count);
  if (!(total > 0.0)) return std::nullopt;
  double below = 0.0, lower = 0.0;
  for (const auto& [bound, count] : now->second) {
    const double up_to = seen(bound, count);
    if (up_to >= p * total && up_to > below) {
      if (bound == std::numeric_limits<double>::infinity()) return lower;
      return lower + (bound - lower) * (p * total - below) / (up_to - below);
    }
    below = up_to;
    lower = bound;
  }
  return lower;
}

}  // namespace croft::cli
