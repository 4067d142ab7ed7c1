#pragma once
/// The figures for people: a Markdown page, plots, and JSON for programs.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "router/bench/routing_numbers.h"

namespace croft {

struct NamedPlot {
  std::string file;  ///< "route-mmlu.svg"
  std::string svg;
};

/// One plot a published set, a pair and a mix with a sweep.
[[nodiscard]] std::vector<NamedPlot> routing_plots(const RoutingNumbers& numbers);

/// `plots_folder`: how the page reaches the plots ("plots/"); empty: none are linked. The same
/// figures give the same bytes.
[[nodiscard]] std::string routing_page(const RoutingNumbers& numbers,
                                       const RoutingBenchOptions& options,
                                       std::string_view plots_folder);

[[nodiscard]] json::object routing_json(const RoutingNumbers& numbers,
                                        const RoutingBenchOptions& options);

/// "route-TASK-MODEL.svg" with other characters than letters, digits, '.' and '-' as '-'.
[[nodiscard]] std::string routing_file_name(std::string_view stem, std::string_view ending);

}  // namespace croft
