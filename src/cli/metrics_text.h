#pragma once
/// Reads what /metrics of a Croft server answers: Prometheus' text format, as far as `croft top`
/// needs it.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace croft::cli {

/// One look at a server. Samples of one name are summed over their labels.
class MetricsText {
 public:
  /// Lines that are no samples are left out: a proxy's page has none at all. Errors: Corrupt where
  /// there is not one sample whose name begins with "croft_".
  static Result<MetricsText> parse(std::string_view text);

  /// 0 where absent: a counter that nothing has happened to.
  [[nodiscard]] double value(std::string_view name) const;
  /// The value of a label of the first sample that has it; empty where none has.
  [[nodiscard]] std::string label(std::string_view name) const;

  /// The p-quantile (0 to 1) of what histogram `name` has seen since `before`, in the unit of its
  /// buckets, linear inside a bucket; nothing where it has seen nothing.
  [[nodiscard]] std::optional<double> quantile(std::string_view name, double p,
                                               const MetricsText& before) const;

 private:
  std::map<std::string, double, std::less<>> values_;
  /// Cumulative counts by upper bound.
  std::map<std::string, std::map<double, double>, std::less<>> buckets_;
  std::map<std::string, std::string, std::less<>> labels_;
};

}  // namespace croft::cli
