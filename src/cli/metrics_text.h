#pragma once
/// Reads what /metrics of a Croft server answers: Prometheus' text format, as far as `croft top`
/// needs it.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  /// The largest sample: shares of several models add up to nothing that means anything.
  [[nodiscard]] double largest(std::string_view name) const;
  /// The models for which a sample is not 0, in the order of the page.
  [[nodiscard]] std::vector<std::string> models(std::string_view name) const;

  /// The p-quantile (0 to 1) of what histogram `name` has seen since `before`, in the unit of its
  /// buckets, linear inside a bucket; nothing where it has seen nothing.
  [[nodiscard]] std::optional<double> quantile(std::string_view name, double p,
                                               const MetricsText& before) const;

 private:
  std::map<std::string, double, std::less<>> values_;  ///< sums
  std::map<std::string, double, std::less<>> largest_;
  /// Cumulative counts by upper bound.
  std::map<std::string, std::map<double, double>, std::less<>> buckets_;
  /// Values of the `model` label of samples that are not 0.
  std::map<std::string, std::vector<std::string>, std::less<>> models_;
};

}  // namespace croft::cli
